"""The hub: who is connected to this process, and what they follow.

One delivery path: `deliver` (committed here), `look` (a commit, a hint or the beat says a room has grown) and the
reader, which takes the timeline's word, all through `Feed`, which lets nothing through but the next entry. Nothing here
is the truth: kill the process, and everyone comes back elsewhere with their cursor.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chat import bus
from chat.feed import SLICE, Feed
from chat.group import Said, Saying
from chat.heap import Heap
from chat.ids import PersonId, RoomId, Seq
from chat.keys import Keys
from chat.outbox import GONE, Follower, Outbox, Turn
from chat.presence import Presence
from chat.protocol import CATCH_UP_ENTRIES, Entry, Gap, Signal
from chat.reader import BEAT_S, PAGE, Reader
from chat.store import Store

TICK_S = 1.0
ASK_TICKS = 10
"""Once in so many whoever is silent is asked whether they are there; a part of them in each."""
ASKED = 100
"""Asked in one turn of the loop: each takes some 10 microseconds, and an answer as much again."""
PRESENCE_PEOPLE = 50
"""In a bigger room only the number of people is told."""


class Hub:
    """Feeds by room, outboxes by person."""

    def __init__(self, store: Store, keys: Keys, presence: Presence, publish: Callable[[bus.Message], None]) -> None:
        self.turn = Turn()
        self.heap = Heap()
        self.people: dict[PersonId, set[Outbox]] = {}
        self._presence = presence
        self._publish = publish
        self._feeds: dict[RoomId, Feed] = {}
        self._reader = Reader(store, keys, self._feeds, self.look, self._take, self.unfollow)
        self._changed: set[int] = set()
        self._paused: set[Outbox] = set()
        self.tasks: asyncio.TaskGroup | None = None

    async def run(self, *, beat_s: float = BEAT_S) -> None:
        """Read what is behind, beat, and tick, until cancelled."""
        async with asyncio.TaskGroup() as self.tasks:
            self.tasks.create_task(self._reader.run(beat_s))
            self.tasks.create_task(self._ticking())

    # Connections

    def connect(self, outbox: Outbox) -> None:
        """Someone has connected."""
        self.people.setdefault(outbox.person, set()).add(outbox)
        self.heap.grow()
        outbox.on_drained = self._drained

    def disconnect(self, outbox: Outbox) -> None:
        """The connection is gone."""
        for room in list(outbox.follows):
            self.unfollow(outbox, room)
        self._paused.discard(outbox)
        mine = self.people.get(outbox.person, set())
        mine.discard(outbox)
        if not mine:
            self.people.pop(outbox.person, None)

    def paused(self, outbox: Outbox) -> None:
        """The connection's transport is over its high-water mark."""
        outbox.pause(time.monotonic())
        self._paused.add(outbox)

    def close_person(self, person: PersonId, session: int = 0) -> None:
        """Close the person's connections (of one session, or all) for good."""
        for outbox in list(self.people.get(person, ())):
            if session in (0, outbox.session):
                outbox.flush()
                outbox.wire.close(1008, "signed out")

    # Following

    @contextmanager
    def expecting(self, room: RoomId) -> Iterator[None]:
        """Somebody is about to follow the room: hints are heard from here on, whoever else leaves meanwhile."""
        feed = self._feeds.setdefault(room, Feed(room))
        feed.expected += 1
        try:
            yield
        finally:
            feed.expected -= 1
            self._forget(feed)

    def follow(self, outbox: Outbox, room: RoomId, follower: Follower, *, last: int, shown: bool) -> None:
        """Let the outbox follow the room from `follower.cursor`; `last` was read while the room was `expecting`. What
        lies between is caught up; more than CATCH_UP_ENTRIES is left to a gap. Who has gone meanwhile follows nothing.
        """
        if outbox not in self.people.get(outbox.person, ()):
            return
        self.unfollow(outbox, room)
        feed = self._feeds.setdefault(room, Feed(room))
        feed.start(last)
        feed.shown = shown
        if last - follower.cursor > CATCH_UP_ENTRIES:
            outbox.send(Gap(room=room, after=follower.cursor, before=last - PAGE + 1))
            follower.cursor = last - PAGE
        feed.followers[outbox] = follower
        outbox.follows[room] = follower
        if shown and not follower.silent:
            self._presence.enter(room, outbox.person)
            self._changed.add(room)
        self._look(feed)
        if follower.cursor < feed.sent:
            self._reader.catch_up(outbox)

    def unfollow(self, outbox: Outbox, room: RoomId) -> None:
        """Follow no more; a feed nobody follows is forgotten."""
        feed = self._feeds.get(room)
        follower = outbox.follows.pop(room, None)
        if feed is None or follower is None:
            return
        del feed.followers[outbox]
        follower.fall_out(outbox)
        follower.cursor = GONE
        if feed.shown and not follower.silent:
            self._presence.leave(room, outbox.person)
            self._changed.add(room)
        self._forget(feed)

    def _forget(self, feed: Feed) -> None:
        if not feed.followers and not feed.expected:
            self._feeds.pop(feed.room, None)

    # Entries

    def deliver(self, fresh: list[tuple[Saying, Said]]) -> None:
        """Send what was just committed here to those who follow it here."""
        for saying, said in fresh:
            feed = self._feeds.get(saying.room)
            if feed is not None:
                entry = Entry(seq=said.seq, kind="said", at=said.at, author=saying.author, name=said.name,
                              say_id=saying.sealed.say_id, target=saying.reply_to or 0, text=saying.text)  # fmt: skip
                feed.take(entry)
                self._look(feed)

    def look(self, touched: dict[RoomId, Seq]) -> None:
        """These rooms have grown, somebody says."""
        for room, last in touched.items():
            feed = self._feeds.get(room)
            if feed is not None:
                feed.hear(last)
                self._look(feed)

    def receive(self, message: bus.Message) -> None:
        """Take a message of the bus; one's own comes back from Redis, and is known already."""
        if message.process == self._presence.process:
            return
        match message:
            case bus.Hints():
                self.look({RoomId(room): Seq(last) for room, last in message.rooms})
            case bus.Here() | bus.Going():
                self._changed |= self._presence.heard(message)
            case bus.Writing():
                typing = Signal(room=message.room, kind="typing", person=message.person)
                self._signal(RoomId(message.room), typing, but=message.person)

    def announce(self, touched: dict[RoomId, Seq]) -> None:
        """After a commit of this process: look here, hint to the others."""
        self.look(touched)
        self._publish(bus.Hints(self._presence.process, list(touched.items())))

    def typing(self, outbox: Outbox, room: RoomId) -> None:
        """Tell the room that this person is writing."""
        self._signal(room, Signal(room=room, kind="typing", person=outbox.person), but=outbox.person)
        self._publish(bus.Writing(self._presence.process, room, outbox.person))

    def people_here(self, room: RoomId) -> set[int]:
        """Who is connected to the room, anywhere."""
        return self._presence.people(room)

    def everybody_here(self) -> set[int]:
        """Who is connected to any room, anywhere."""
        return self._presence.everybody()

    def following(self, room: RoomId) -> set[PersonId]:
        """Who has asked to follow the room, on a connection of this process."""
        feed = self._feeds.get(room)
        followers = list(feed.followers.items()) if feed else []
        return {outbox.person for outbox, follower in followers if not follower.silent}

    def _look(self, feed: Feed) -> None:
        if feed.fresh and not feed.flushing:
            feed.flushing = True
            asyncio.get_running_loop().call_soon(self._flush, feed, None)
        if feed.is_behind:
            self._reader.want(feed.room)

    def _flush(self, feed: Feed, slices: Iterator[list[Outbox]] | None) -> None:
        self.turn.end()  # what waits goes first: who is in step is written to directly
        slices = slices or feed.flush()
        for behind in slices:
            for outbox in behind:
                self._reader.catch_up(outbox)
            if len(feed.followers) > SLICE:
                asyncio.get_running_loop().call_soon(self._flush, feed, slices)
                return
        feed.flushing = False
        for outbox in feed.left() if feed.ended else ():
            self.unfollow(outbox, feed.room)
        self._look(feed)

    def _take(self, feed: Feed, entries: list[Entry]) -> None:
        for entry in entries:
            if feed.take(entry):
                self._observe(feed, entry)
        self._look(feed)

    def _observe(self, feed: Feed, entry: Entry) -> None:
        if entry.kind == "signed_out":  # in an inbox: one person follows it, but not yet on each of their connections
            for person in {outbox.person for outbox in feed.followers}:
                asyncio.get_running_loop().call_soon(self.close_person, person, entry.ref)

    def _drained(self, outbox: Outbox) -> None:
        self._paused.discard(outbox)
        self._reader.catch_up(outbox)

    # Time

    async def _ticking(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(TICK_S)
            ticks += 1
            now = time.monotonic()
            for outbox in [one for one in self._paused if one.is_stuck(now)]:
                outbox.wire.abort()
            await self._ask(ticks % ASK_TICKS)
            self._changed |= self._presence.expire()
            changed, self._changed = self._changed, set()
            if ticks % 2:
                for part in self._presence.all():
                    self._publish(part)
                    await asyncio.sleep(0)  # in a big place this takes long
            if changed:
                self._publish(self._presence.news(changed))
            for room in changed:
                people = self._presence.people(room)
                told = tuple(sorted(people)) if len(people) <= PRESENCE_PEOPLE else ()
                self._signal(RoomId(room), Signal(room=room, kind="presence", here=len(people), people=told))

    async def _ask(self, part: int) -> None:
        people = [person for person in self.people if person % ASK_TICKS == part]
        for start in range(0, len(people), ASKED):
            for person in people[start : start + ASKED]:
                for outbox in tuple(self.people.get(person, ())):
                    outbox.wire.ask()
            await asyncio.sleep(0)

    def _signal(self, room: RoomId, signal: Signal, *, but: int = 0) -> None:
        feed = self._feeds.get(room)
        for outbox, follower in list(feed.followers.items()) if feed else ():
            if not follower.silent and not outbox.paused and outbox.person != but:
                outbox.send(signal)
