"""The reader: what the timeline says, for rooms that have grown and for connections that are behind.

One reading is in flight for all rooms at once, and what becomes behind meanwhile is read by the next: under load it
gathers, as group commit does. The beat is the slow question that finds what no hint told.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import cache

import sqlalchemy as sa

from chat.codec import encode
from chat.feed import Feed, entries_frame, fits
from chat.ids import RoomId, Seq
from chat.keys import Keys
from chat.outbox import Follower, Outbox
from chat.protocol import Entry
from chat.refusals import Refusal, without_words
from chat.store import Store, paired, pairs
from chat.tables import rooms
from chat.timeline import read, read_rooms, within

logger = logging.getLogger(__name__)

BEAT_S = 2.0
"""How long a lost hint may go unnoticed."""
BEAT_ROOMS = 2000
"""Rooms asked for in one statement of the beat."""
READ_ENTRIES = 1000
PAGE = 200
CATCHING_UP = 16
"""Connections caught up at once; the others of a reconnect storm wait their turn."""


class Reader:
    """Reads for the feeds it is given.

    Args:
        feeds: the hub's own, by room.
        look: told which rooms have grown, by the beat.
        take: given a feed and the entries after its head, in order.
        unfollow: told of a connection whose person was found to have left a room.
    """

    def __init__(
        self,
        store: Store,
        keys: Keys,
        feeds: dict[RoomId, Feed],
        look: Callable[[dict[RoomId, Seq]], None],
        take: Callable[[Feed, list[Entry]], None],
        unfollow: Callable[[Outbox, RoomId], None],
    ) -> None:
        self._store = store
        self._keys = keys
        self._feeds = feeds
        self._look = look
        self._take = take
        self._unfollow = unfollow
        self._wanted: set[RoomId] = set()
        self._some = asyncio.Event()
        self._behind: dict[Outbox, bool] = {}  # who is being caught up, and whether that was asked for again meanwhile
        self._cut_short: set[Outbox] = set()
        self._turns = asyncio.Semaphore(CATCHING_UP)
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self, beat_s: float) -> None:
        """Read and beat until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._reading())
            self._tasks.create_task(self._beating(beat_s))

    def want(self, room: RoomId) -> None:
        """Read this room on from its feed's head, soon."""
        self._wanted.add(room)
        self._some.set()

    def catch_up(self, outbox: Outbox) -> None:
        """Send the connection what it lacks of the rooms it follows, page by page, as fast as it drains."""
        if outbox in self._behind:
            self._behind[outbox] = True
        elif self._tasks is not None:
            self._behind[outbox] = False
            self._tasks.create_task(self._catching_up(outbox))

    async def _reading(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            wanted = {room: self._feeds[room] for room in self._wanted if room in self._feeds}
            self._wanted.clear()
            behind = {room: feed.head for room, feed in wanted.items() if feed.is_behind}
            cursors = {room: Seq(head) for room, head in behind.items() if head is not None}
            if not cursors:
                continue
            try:
                found = await read_rooms(self._store, self._keys, cursors, READ_ENTRIES)
            except Refusal:
                continue  # the database is away; the beat asks again
            except Exception as error:  # a bug must not end everyone's delivery; the beat asks again
                logger.error("reading the timeline failed", exc_info=without_words(error))
                continue
            for room, entries in found.items():
                feed = self._feeds.get(room)
                if feed is not None:
                    self._take(feed, entries)
            if sum(map(len, found.values())) >= READ_ENTRIES:  # some rooms were not come to
                for room in cursors.keys() - found.keys():
                    self.want(room)

    async def _catching_up(self, outbox: Outbox) -> None:
        try:
            async with self._turns:
                for room, follower in list(outbox.follows.items()):
                    feed = self._feeds.get(room)
                    while feed is not None and follower.cursor < feed.sent and not outbox.paused:
                        if outbox.follows.get(room) is not follower:
                            break
                        page = await read(self._store, self._keys, room, after=follower.cursor, limit=PAGE)
                        if not page or not await self._send(outbox, room, follower, page):
                            logger.warning("catch-up found no next entry in room %d", room)
                            self._cut_short.add(outbox)
                            break
        except Refusal:
            self._cut_short.add(outbox)  # the database is away; the next entry, or the beat, tries again
        except Exception as error:  # a bug ends this connection, which comes back, and no other
            logger.error("catching up person %d failed", outbox.person, exc_info=without_words(error))
            outbox.wire.abort()
        finally:
            again = self._behind.pop(outbox)
        if again:  # it has begun to follow another room, or the same one afresh
            self.catch_up(outbox)

    async def _send(self, outbox: Outbox, room: RoomId, follower: Follower, page: list[Entry]) -> bool:
        """Send what the page holds beyond the cursor, until the reader lags; False where it does not connect. Their own
        leaving is the last they get: they left while they joined, and the feed had sent it already."""
        leaving = next((n for n, one in enumerate(page) if one.kind == "left" and one.author == outbox.person), None)
        page = page if leaving is None else page[: leaving + 1]
        while page := [entry for entry in page if entry.seq > follower.cursor]:
            if page[0].seq != follower.cursor + 1:
                return False
            if outbox.paused or outbox.follows.get(room) is not follower:
                break
            parts = [encode(within(entry, follower.from_seq, None)) for entry in page]
            count = fits(parts)
            follower.fall_out(outbox)  # the page may reach further than what was flushed
            if not follower.silent:
                outbox.put(entries_frame(room, parts[:count]))
            follower.cursor = page[count - 1].seq
            if leaving is not None and count == len(page):
                self._unfollow(outbox, room)  # now: the feed may send in the next turn
                break
            await asyncio.sleep(0)  # let the turn end, so that `paused` is true; the feed may send meanwhile
        else:
            if leaving is not None and outbox.follows.get(room) is follower:
                self._unfollow(outbox, room)
        return True

    async def _beating(self, beat_s: float) -> None:
        while True:
            await asyncio.sleep(beat_s)
            try:
                await self._beat()
            except Refusal:
                continue
            except Exception as error:  # a bug must not end everyone's delivery
                logger.error("the beat failed", exc_info=without_words(error))

    async def _beat(self) -> None:
        cut_short, self._cut_short = self._cut_short, set()
        for outbox in cut_short:
            self.catch_up(outbox)
        feeds = list(self._feeds.values())
        async with self._store.reading() as tx:
            for start in range(0, len(feeds), BEAT_ROOMS):
                followed = [(one.room, one.head) for one in feeds[start : start + BEAT_ROOMS] if one.head is not None]
                rows = await tx.execute(_grown(tx.is_postgresql), paired(tx.is_postgresql, followed))
                self._look({row.id: row.last_seq for row in rows})


@cache
def _grown(is_postgresql: bool) -> "sa.Select[tuple[int, int]]":
    cursors = pairs(is_postgresql)
    grown = sa.select(rooms.c.id, rooms.c.last_seq).join(cursors, cursors.c.room == rooms.c.id)
    return grown.where(rooms.c.last_seq > cursors.c.after)
