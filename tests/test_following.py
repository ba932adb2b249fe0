"""Following: joins, leavings, ends and hints that cross each other lose nothing, double nothing and leak nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from chat import rooms, sessions, timeline
from chat.group import Said, Saying
from chat.hub import Hub
from chat.ids import Millis, PersonId, RoomId, Seq
from chat.outbox import Follower, Outbox
from chat.presence import Presence
from chat.protocol import Join, Joined, Refused
from chat.store import Store, Transaction
from chat.tables import rooms as rooms_table
from chat.timeline import Sealed
from tests.live import NEVER_S, live
from tests.place import Place, open_place
from tests.test_feed import Screen
from tests.words import words

READINGS = 5
"""As many as a store on SQLite allows at once."""


@asynccontextmanager
async def nobody_reads(store: Store) -> AsyncIterator[None]:
    """A gate: whoever wants to read from the store waits until the end."""
    async with AsyncExitStack() as readings:
        for _ in range(READINGS):
            await readings.enter_async_context(store.reading())
        yield


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    for _ in range(500):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come about in five seconds")


def connected(hub: Hub, person: int) -> tuple[Screen, Outbox]:
    screen = Screen()
    outbox = Outbox(screen, hub.turn, PersonId(person), 1)
    hub.connect(outbox)
    return screen, outbox


def committed(room: RoomId, seq: int) -> tuple[Saying, Said]:
    """What the group commit delivers."""
    saying = Saying(room, PersonId(5), Sealed(f"say-{seq:05}", b"", 1, b""), words(), None, lambda _: None)
    return saying, Said(Seq(seq), Millis(1), "Zilpzalp", True)


async def test_a_connection_that_ends_while_it_joins_is_not_here_afterwards(sqlite_url: str, tmp_path: Path) -> None:
    async with open_place(sqlite_url, tmp_path) as place, live(place, beat_s=NEVER_S) as here:
        a, b = await place.person(), await place.person()
        room, other = await place.room(a, b), await place.room(a)
        async with here.client(a) as one, here.client(b) as two:
            async with nobody_reads(here.store):
                await two.send(Join(room=room))
                await two.connection.close()
                await until(lambda: b not in here.hub.people)
            await one.join(other)  # was asked after it, and reads after it
            await one.join(room)
            assert here.hub.people_here(room) == {a}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # on SQLite a join reads one snapshot
async def test_who_leaves_while_a_join_is_on_its_way_hears_nothing_more(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    async with live(place, beat_s=NEVER_S) as here, here.client(a) as one, here.client(b) as two:
        await one.join(room)
        await two.join(two.welcome.you.inbox)
        async with place.store.transaction() as tx:
            await tx.execute(sa.text("lock table rooms in access exclusive mode"))
            ref = await two.send(Join(room=room))
            await place.until_one_waits()
            await rooms.leave(tx, room, b)
        answer = await two.answer(ref)
        await one.say(room, words())
        await one.until(lambda: len(one.texts(room)) == 1)
        await asyncio.sleep(0.05)
        assert two.texts(room) == []
        assert isinstance(answer, Refused) and answer.code == "not_a_member"


async def test_who_was_seen_leaving_before_their_join_was_done_gets_that_and_nothing_after(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    async with live(place, beat_s=NEVER_S) as here, here.client(a) as one:
        await one.join(room)
        await one.say(room, words())
        async with place.store.transaction() as tx:
            await rooms.leave(tx, room, b)
        here.store.announce({room: Seq(4)})
        await one.say(room, words())
        await one.until(lambda: len(one.entries[room]) == 3)
        screen, outbox = connected(here.hub, b)
        here.hub.follow(outbox, room, Follower(3, 2, silent=False), last=3, shown=True)
        await until(lambda: not outbox.follows)
        assert [entry["seq"] for entry in screen.entries()] == [4]
        here.hub.disconnect(outbox)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # on SQLite nothing holds a reading up
async def test_a_hint_that_comes_while_one_joins_and_the_last_one_goes_is_heard(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    async with live(place, beat_s=NEVER_S) as here, here.client(b) as two:
        await two.join(two.welcome.you.inbox)
        async with here.client(a) as one:
            await one.join(room)
            async with place.store.transaction() as tx:
                await tx.execute(sa.text("lock table people in access exclusive mode"))
                ref = await two.send(Join(room=room, after=2, epoch=two.welcome.epoch))
                two._cursor[room] = 2
                await place.until_one_waits()
                await one.connection.close()
                await until(lambda: a not in here.hub.people)
                await _append(tx, room)
                here.store.announce({room: Seq(3)})
        await two.until(lambda: [entry.seq for entry in two.entries[room]] == [3])
        assert isinstance(await two.answer(ref), Joined)


async def test_who_follows_no_more_gets_nothing_of_a_sending_that_has_begun(place: Place) -> None:
    hub, room = Hub(place.store, place.keys, Presence(1), lambda _: None), RoomId(7)
    followed = [connected(hub, person) for person in range(1, 1502)]
    for _, outbox in followed:
        hub.follow(outbox, room, Follower(0, 1, silent=False), last=0, shown=False)
    hub.deliver([committed(room, 1)])
    await asyncio.sleep(0)  # the first slice
    screen, outbox = followed[-1]
    hub.unfollow(outbox, room)
    for _ in range(5):
        await asyncio.sleep(0)
    assert screen.frames == []
    assert [entry["seq"] for entry in followed[-2][0].entries()] == [1]


class Overtaken(Outbox):
    """In the very turn in which it is given its first frame, the next entry is committed."""

    def __init__(self, screen: Screen, hub: Hub, person: PersonId, following: tuple[Saying, Said]) -> None:
        super().__init__(screen, hub.turn, person, 1)
        self.hub, self.following = hub, [following]

    def put(self, frame: bytes) -> None:
        super().put(frame)
        following, self.following = self.following, []
        self.hub.deliver(following)


async def test_who_left_while_they_joined_gets_nothing_said_in_the_turn_after_their_leaving(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    async with live(place, beat_s=NEVER_S) as here, here.client(a) as one:
        await one.join(room)
        async with place.store.transaction() as tx:
            await rooms.leave(tx, room, b)
        here.store.announce({room: Seq(3)})
        await one.until(lambda: len(one.entries[room]) == 1)
        screen = Screen()
        outbox = Overtaken(screen, here.hub, b, committed(room, 4))
        here.hub.connect(outbox)
        here.hub.follow(outbox, room, Follower(2, 2, silent=False), last=2, shown=True)
        await until(lambda: not outbox.follows)
        await asyncio.sleep(0.05)
        assert [entry["seq"] for entry in screen.entries()] == [3]
        here.hub.disconnect(outbox)


async def test_who_lags_is_sent_what_was_said_before_they_left_and_then_their_leaving(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    async with live(place, beat_s=NEVER_S) as here, here.client(a) as one:
        await one.join(room)
        screen, outbox = connected(here.hub, b)
        here.hub.follow(outbox, room, Follower(2, 2, silent=False), last=2, shown=True)
        here.hub.paused(outbox)
        await one.say(room, words())
        async with place.store.transaction() as tx:
            await rooms.leave(tx, room, b)
        here.store.announce({room: Seq(4)})
        await one.say(room, words())
        await one.until(lambda: len(one.entries[room]) == 3)
        outbox.resume()
        await until(lambda: not outbox.follows)
        assert [entry["seq"] for entry in screen.entries()] == [3, 4]
        here.hub.disconnect(outbox)


class Sleepy(Screen):
    """A reader that stops reading at a write, as a transport tells it."""

    def __init__(self, hub: Hub, writes: int) -> None:
        super().__init__()
        self.hub, self.writes = hub, writes
        self.outbox = Outbox(self, hub.turn, PersonId(9), 1)

    def write(self, data: bytes) -> None:
        super().write(data)
        self.writes -= 1
        if self.writes == 0:
            self.hub.paused(self.outbox)


async def test_who_is_in_step_gets_what_waits_for_them_before_the_next_entry(place: Place) -> None:
    hub, room = Hub(place.store, place.keys, Presence(1), lambda _: None), RoomId(7)
    screen, outbox = connected(hub, 9)
    hub.follow(outbox, room, Follower(0, 1, silent=False), last=0, shown=False)
    hub.deliver([committed(room, 1)])
    await until(lambda: len(screen.frames) == 1)
    hub.deliver([committed(room, 2)])
    outbox.put(b"an answer")
    await until(lambda: len(screen.frames) == 3)
    assert screen.frames[1] == b"an answer"
    del screen.frames[1]
    assert [entry["seq"] for entry in screen.entries()] == [1, 2]


async def test_who_stops_reading_in_the_midst_of_a_sending_keeps_their_place(place: Place) -> None:
    hub, room = Hub(place.store, place.keys, Presence(1), lambda _: None), RoomId(7)
    sleepy, (other, awake) = Sleepy(hub, writes=2), connected(hub, 8)
    hub.connect(sleepy.outbox)
    mine = Follower(0, 1, silent=False)
    hub.follow(sleepy.outbox, room, mine, last=0, shown=False)
    hub.follow(awake, room, Follower(0, 1, silent=False), last=0, shown=False)
    for seq in (1, 2, 3):
        hub.deliver([committed(room, seq)])
        await until(lambda seq=seq: len(other.frames) == seq)  # type: ignore[misc]
    assert [entry["seq"] for entry in sleepy.entries()] == [1, 2]
    assert mine.cursor == 2
    assert [entry["seq"] for entry in other.entries()] == [1, 2, 3]


async def test_one_connection_of_a_person_learns_that_a_session_of_another_ended(place: Place) -> None:
    person = await place.person()
    async with live(place, beat_s=NEVER_S) as here, here.client(person) as one, here.client(person) as two:
        await one.join(one.welcome.you.inbox)
        await two.join(two.welcome.you.inbox)
        inbox = RoomId(two.welcome.you.inbox)
        newest = max(here.hub.people[person], key=lambda outbox: outbox.session)
        here.hub.unfollow(newest, inbox)  # as it is while its inbox has been read and is not followed yet
        async with place.store.transaction() as tx:
            await sessions.end(tx, person, newest.session)
        here.store.announce({inbox: Seq(1)})
        await until(lambda: newest not in here.hub.people[person])
        assert len(here.hub.people[person]) == 1


async def test_a_beat_that_fails_is_told_and_is_not_the_last(
    postgresql_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_place(postgresql_url, tmp_path) as place:
        a, b = await place.person(), await place.person()
        room = await place.room(a, b)
        async with live(place, beat_s=0.05) as here, here.client(a) as one:
            await one.join(room)
            async with place.store.transaction() as tx:
                await tx.execute(sa.text("alter table rooms rename column last_seq to away"))
            await until(lambda: "the beat failed" in caplog.text)
            async with place.store.transaction() as tx:
                await tx.execute(sa.text("alter table rooms rename column away to last_seq"))
            text = words()
            await place.say(room, b, text)
            await one.until(lambda: one.texts(room) == [text])


async def _append(tx: Transaction, room: RoomId) -> None:
    await tx.lock(rooms_table, [room])
    await timeline.append(tx, room, "notice")
