"""Group commit: what members say, from all rooms, kept in one transaction a turn.

The one idea: a commit costs about the same for one say as for five hundred. One writer per process takes whatever waits
and commits it together; while it commits, the next group gathers. Rules are asked inside that transaction, with the
authors' and rooms' rows locked, so a mute that is acknowledged holds for every later group in every process.
`decide` is the rule, pure; a `Driver` fetches the facts and writes the rows, in the database's own driver.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from msgspec import Struct

from chat.ids import Millis, PersonId, RoomId, Seq
from chat.protocol import Quiet
from chat.refusals import (
    Gone,
    Held,
    Muted,
    NotAllowed,
    NotAMember,
    Refusal,
    RoomClosed,
    RoomLocked,
    SayIdConflict,
    SignedOut,
    Slow,
    TooFast,
    Unavailable,
)
from chat.timeline import Sealed

logger = logging.getLogger(__name__)

GROUP_SAYS = 512
"""Says in one transaction: more gains nothing (measured) and makes the others wait."""
WAITING_SAYS = 20_000
"""Says that may wait in one process; beyond it the next is refused at once, which is kinder than a minute's silence."""
RETRY_AFTER_S = 2.0
AGAIN_S = 0.05
"""After a circle of locks a say is tried once more so much later: whoever it met has had their turn by then."""


class Saying(Quiet, frozen=True):
    """One say on its way. `text` goes to those who are connected here; the database gets `sealed`."""

    room: RoomId
    author: PersonId
    sealed: Sealed
    text: str
    reply_to: Seq | None
    answer: "Callable[[Said | Refusal], None]"


class Said(Quiet, frozen=True):
    """A say that is kept for good. `fresh` is False when it had been kept before (a repeated say_id)."""

    seq: Seq
    at: Millis
    name: str
    fresh: bool


class Author(Quiet, frozen=True):
    """A locked person's row."""

    state: str
    nickname: str
    says: int
    says_since: Millis


class Where(Struct, frozen=True):
    """A locked room's row. `holds`: what members say in it waits for a moderator now; see `holding`."""

    kind: str
    state: str
    last_seq: Seq
    slow_s: int = 0
    holds: bool = False


class Standing(Struct, frozen=True):
    """What the database says of one say: the author's open membership, a mute that reaches the room, the entry that
    already bears its say_id, when the author spoke last, if the room is slow, and what waits or has waited as it."""

    from_seq: Seq | None
    muted: bool
    kept_room: RoomId | None = None
    kept_seq: Seq | None = None
    kept_at: Millis | None = None
    kept_mac: bytes | None = None
    spoke_at: Millis | None = None
    held_room: RoomId | None = None
    held_mac: bytes | None = None
    held_ended: Millis | None = None


Row = tuple[int, int, int, int, str, int | None, bytes, int, bytes]
"""room, seq, author, at, say_id, target, body, key_version, mac"""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that `decide` needs, read under the locks. `standings` is aligned with the says."""

    now: Millis
    people: dict[int, Author]
    rooms: dict[int, Where]
    standings: Sequence[Standing]


@dataclass(frozen=True, slots=True)
class Decision:
    """Outcomes aligned with the says; which of them to insert; and what the locked rows become. `spoke`: who spoke in
    which slow room, and when. `held`: says by author that are counted where they are kept (see `holding`)."""

    outcomes: list[Said | Refusal]
    fresh: list[int]
    last_seqs: dict[int, int]
    counts: dict[int, tuple[int, int]]
    spoke: dict[tuple[int, int], int]
    held: Counter[int] = field(default_factory=Counter)

    def rows(self, sayings: Sequence[Saying]) -> list[Row]:
        """Return what to insert, ordered by (room, seq)."""
        made: list[Row] = []
        for index in self.fresh:
            one, said, sealed = sayings[index], self.outcomes[index], sayings[index].sealed
            assert isinstance(said, Said)
            row = (one.room, said.seq, one.author, said.at, sealed.say_id, one.reply_to)
            made.append((*row, sealed.body, sealed.key_version, sealed.mac))
        return sorted(made, key=lambda row: row[:2])


def decide(sayings: Sequence[Saying], facts: Facts, says: int, says_s: int) -> Decision:
    """Apply every rule of speaking, in order, and number what is accepted, without a hole. A person may send `says`
    in a window of `says_s` seconds that begins with its first."""
    made = Decision([], [], {}, {}, {})
    here: dict[tuple[int, str], tuple[Saying, Said]] = {}
    for index, (saying, standing) in enumerate(zip(sayings, facts.standings, strict=True)):
        author, where = facts.people.get(saying.author), facts.rooms.get(saying.room)
        twin, this = here.get((saying.author, saying.sealed.say_id)), (saying.room, saying.sealed.mac)
        outcome: Said | Refusal
        if author is None or author.state != "active":
            outcome = SignedOut()
        elif twin is not None:
            again = Said(twin[1].seq, twin[1].at, twin[1].name, False)
            outcome = again if (twin[0].room, twin[0].sealed.mac) == this else SayIdConflict()
        elif standing.kept_seq is not None:
            kept = Said(standing.kept_seq, standing.kept_at or facts.now, author.nickname, False)
            outcome = kept if (standing.kept_room, standing.kept_mac) == this else SayIdConflict()
        elif standing.held_mac is not None and (standing.held_room, standing.held_mac) != this:
            outcome = SayIdConflict()
        elif standing.held_ended is not None:
            outcome = Gone()  # declined or taken back: an outbox that heard no answer must not say it after all
        else:
            outcome = _new(saying, standing, author, where, facts.now, made, says, says_s * 1000)
            if isinstance(outcome, Said):
                made.fresh.append(index)
                here[saying.author, saying.sealed.say_id] = (saying, outcome)
        made.outcomes.append(outcome)
    return made


def _new(
    saying: Saying, standing: Standing, author: Author, where: Where | None, now: Millis, made: Decision,
    says: int, window_ms: int,
) -> Said | Refusal:  # fmt: skip
    if where is None or standing.from_seq is None:
        return NotAMember()
    if where.kind not in ("group", "one_to_one"):
        return NotAllowed()
    if standing.muted:
        return Muted()
    if where.state != "open":
        return RoomLocked() if where.state == "locked" else RoomClosed()
    last = made.last_seqs.get(saying.room, where.last_seq)
    if saying.reply_to is not None and not standing.from_seq <= saying.reply_to <= last:
        return NotAMember()
    spoke_at, pause_ms = made.spoke.get((saying.room, saying.author), standing.spoke_at), where.slow_s * 1000
    if spoke_at is not None and spoke_at <= now < spoke_at + pause_ms:
        return Slow((spoke_at + pause_ms - now) / 1000)
    count, since = made.counts.get(saying.author, (author.says, author.says_since))
    if not since <= now < since + window_ms:
        count, since = 0, now
    if count + made.held[saying.author] >= says:
        return TooFast((since + window_ms - now) / 1000)
    if where.holds:
        made.held[saying.author] += 1
        return Held()
    made.counts[saying.author] = (count + 1, since)
    made.last_seqs[saying.room] = last + 1
    if pause_ms:
        made.spoke[saying.room, saying.author] = now
    return Said(Seq(last + 1), now, author.nickname, True)


class Away(Exception):
    """The database cannot be reached. A commit in flight may be kept; trying again is safe: a say_id is kept once."""


class Circle(Exception):
    """The database ended the group to open a circle of locks: nothing was kept, and somebody else goes on now."""


class Driver(Protocol):
    """Commits one group in one transaction."""

    async def commit(self, sayings: Sequence[Saying]) -> list[Said | Refusal]:
        """Return the outcomes, aligned, after they are durable.

        Raises:
            Away: the database cannot be reached. Circle; anything else: this group cannot be kept as it is.
        """

    async def close(self) -> None: ...


class GroupCommit:
    """The one writer of what members say, in this process."""

    def __init__(
        self, driver: Driver, deliver: Callable[[list[tuple[Saying, Said]]], None],
        announce: Callable[[dict[RoomId, Seq]], None], hold: Callable[[Saying], None],
    ) -> None:  # fmt: skip
        self._driver = driver
        self._deliver = deliver
        self._announce = announce
        self._hold = hold
        self._waiting: deque[Saying] = deque()
        self._some = asyncio.Event()
        self._ended = False

    def submit(self, saying: Saying) -> None:
        """Queue a say; its `answer` is called once, after it is durable or refused. Order of calls is order of seqs."""
        if len(self._waiting) >= WAITING_SAYS or self._ended:
            saying.answer(Unavailable(RETRY_AFTER_S))
            return
        self._waiting.append(saying)
        self._some.set()

    async def run(self) -> None:
        """Commit groups until `end` was called and nothing waits."""
        while not (self._ended and not self._waiting):
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                await self._keep(self._next())  # in no variable here: words are held no longer than they wait

    def end(self) -> None:
        """Take no more; `run` ends when what waits is kept."""
        self._ended = True
        self._some.set()

    def _next(self) -> list[Saying]:
        return [self._waiting.popleft() for _ in range(min(GROUP_SAYS, len(self._waiting)))]

    async def _keep(self, group: list[Saying], again: bool = True) -> None:
        try:
            outcomes = await self._driver.commit(group)
        except Away:
            if again:
                return await self._keep(group, again=False)
            for saying in group:
                saying.answer(Unavailable(RETRY_AFTER_S))
            return None
        except Exception as error:  # one bad say must take no other down: halve until it stands alone
            if len(group) > 1:
                await self._keep(group[: len(group) // 2])
                return await self._keep(group[len(group) // 2 :])
            if again and isinstance(error, Circle):
                await asyncio.sleep(AGAIN_S)
                return await self._keep(group, again=False)
            logger.error("a say could not be kept: %s", type(error).__name__)
            group[0].answer(Unavailable(RETRY_AFTER_S))
            return None
        self._tell(group, outcomes)
        return None

    def _tell(self, group: list[Saying], outcomes: list[Said | Refusal]) -> None:
        fresh = [(one, out) for one, out in zip(group, outcomes, strict=True) if isinstance(out, Said) and out.fresh]
        if fresh:
            self._deliver(fresh)
        # Also what was kept before: by a commit whose end was not heard of, perhaps, and then nobody was told.
        kept: dict[RoomId, Seq] = {}
        for saying, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, Said):
                kept[saying.room] = max(outcome.seq, kept.get(saying.room, outcome.seq))
        if kept:
            self._announce(kept)
        for saying, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, Held):
                self._hold(saying)  # which answers it
            else:
                saying.answer(outcome)
