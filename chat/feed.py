"""A feed: one room as one process follows it.

The one idea: the only entry ever sent to a member is its cursor + 1. Commits here, hints from elsewhere and the beat
all only say how far the room has grown; entries are taken in only where they connect, in whatever order they come.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from chat.codec import encode
from chat.ids import RoomId
from chat.outbox import Follower, Outbox, Step, text_frame
from chat.protocol import Entry
from chat.refusals import without_words
from chat.timeline import within

logger = logging.getLogger(__name__)

SLICE = 1000
"""Members written to in one turn of the loop (about 3 ms), so a big room holds nobody else up."""

FLUSH_BYTES = 64 * 1024
"""Sent in one turn of the loop (or one entry that is longer): what one who has just stopped reading may be handed."""


@dataclass(slots=True, repr=False)
class Fresh:
    """An entry taken in and not yet sent: its seq, its JSON, and itself where members may see it differently."""

    seq: int
    json: bytes
    entry: Entry | None


@dataclass(slots=True, repr=False, eq=False)
class Feed:
    """The followers of one room, and how far it is known.

    Attributes:
        head: the last seq taken in; None until a join has read it.
        step: the followers who were sent all that was flushed, in a room of at most SLICE.
        ended: (seq, person) of those whose leaving is in `fresh`.
        expected: how many are about to follow; until then the feed is kept.
        known: the last seq anyone told of; more than `head` means: read the timeline.
    """

    room: RoomId
    head: int | None = None
    known: int = 0
    expected: int = 0
    shown: bool = False
    flushing: bool = False
    fresh: list[Fresh] = field(default_factory=list)
    ended: list[tuple[int, int]] = field(default_factory=list)
    followers: dict[Outbox, Follower] = field(default_factory=dict)
    step: Step = field(default_factory=Step)

    @property
    def sent(self) -> int:
        """The last seq that was flushed to the followers."""
        return self.step.cursor

    def start(self, last: int) -> None:
        """A join read the room's last seq: entries from here on are taken in."""
        if self.head is None:
            self.head = self.step.cursor = last
        self.known = max(self.known, last)

    def hear(self, last: int) -> None:
        """Somebody says the room has grown to `last`."""
        self.known = max(self.known, last)

    @property
    def is_behind(self) -> bool:
        """Whether the timeline has to be read."""
        return self.head is not None and self.known > self.head

    def take(self, entry: Entry) -> bool:
        """Take an entry in if it is the next one; return whether it was. Repeats and jumps are not."""
        self.known = max(self.known, entry.seq)
        if self.head is None or entry.seq != self.head + 1:
            return False
        self.head = entry.seq
        self.fresh.append(Fresh(entry.seq, encode(entry), entry if entry.kind == "edited" else None))
        if entry.kind == "left" and entry.author:
            self.ended.append((entry.seq, entry.author))
        return True

    def flush(self) -> "Iterator[list[Outbox]]":
        """Send what is fresh (FLUSH_BYTES of it): at once to those in step, whose outboxes hold nothing else, then, a
        slice a step, to the others; yields those that are behind and drained, who must be caught up from the timeline.
        """
        count = fits([one.json for one in self.fresh])
        if self.ended:  # what comes after somebody left is sent when they follow no more
            count = min(count, self.ended[0][0] - self.sent)
        fresh, self.fresh = self.fresh[:count], self.fresh[count:]
        before, last = self.sent, fresh[-1].seq
        blob = self._frame(fresh)
        plain = all(one.entry is None for one in fresh)
        if len(self.followers) > SLICE:  # they are written to in several turns: each must know how far it is
            for outbox, follower in list(self.step.outboxes.items()):
                follower.fall_out(outbox)
        abreast = tuple(self.step.outboxes)
        others: list[tuple[Outbox, Follower]] = []
        if len(abreast) < len(self.followers):
            others = [one for one in self.followers.items() if one[0] not in self.step.outboxes]
        self.step.cursor = last
        for outbox in abreast:  # what a say costs is mostly this
            write = outbox.write  # (called in one, Python looks a slot up the long way)
            try:
                write(blob if plain else self._frame(fresh, self.followers[outbox]))
            except Exception as error:  # one that cannot be written to must not end the others' delivery
                logger.error("writing to person %d failed", outbox.person, exc_info=without_words(error))
                outbox.wire.abort()
        for start in range(0, len(others), SLICE):
            behind: list[Outbox] = []
            for outbox, follower in others[start : start + SLICE]:
                if outbox.paused or follower.cursor >= last:
                    continue
                if follower.cursor < before:
                    behind.append(outbox)
                    continue
                rest = fresh if follower.cursor == before else [one for one in fresh if one.seq > follower.cursor]
                follower.cursor = last
                if not follower.silent:
                    outbox.put(blob if plain and rest is fresh else self._frame(rest, follower))
                    if len(self.followers) <= SLICE:
                        follower.fall_in(self.step, outbox)
            yield behind

    def left(self) -> list[Outbox]:
        """Return the connections of those who were sent their leaving. Who came in again since stays; who is behind is
        caught up as far as their leaving, and ends there."""
        gone = {person: seq for seq, person in self.ended if seq <= self.sent}
        self.ended = [one for one in self.ended if one[0] > self.sent]
        return [
            one
            for one, follower in self.followers.items()
            if follower.from_seq <= gone.get(one.person, -1) <= follower.cursor
        ]

    def _frame(self, fresh: list[Fresh], follower: Follower | None = None) -> bytes:
        parts = [
            one.json if one.entry is None or follower is None else encode(within(one.entry, follower.from_seq, None))
            for one in fresh
        ]
        return entries_frame(self.room, parts)


def fits(parts: list[bytes]) -> int:
    """Return how many of the parts go into one turn: what FLUSH_BYTES hold, and at least one."""
    size = 0
    for count, part in enumerate(parts):
        size += len(part)
        if size > FLUSH_BYTES:
            return max(count, 1)
    return len(parts)


def entries_frame(room: RoomId, parts: list[bytes]) -> bytes:
    """Return an `entries` frame of entries that are JSON already."""
    return text_frame(b'{"t":"entries","room":%d,"entries":[%s]}' % (room, b",".join(parts)))
