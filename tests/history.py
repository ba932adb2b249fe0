"""The judge of a run: from what clients saw and what the database holds at the end, every broken promise.

Times are seconds of one clock of the one process that drove all clients. A rule is one function; each yields what it
finds wrong. (The promises: PROMISES 1-4 and 8.)
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Say:
    """One say: what its author knows of it. `sent_at`: first try. `acked_at`, `seq`: the first acknowledgement;
    `again`: seqs of later acknowledgements of the same say_id."""

    room: int
    author: int
    say_id: str
    sent_at: float
    acked_at: float | None = None
    seq: int = 0
    again: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry as it came to one reader. `session`: which of the reader's connections it came over."""

    room: int
    reader: int
    session: int
    seq: int
    author: int
    say_id: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One entry of the database at the end. What is not said has an empty say_id."""

    room: int
    seq: int
    author: int
    say_id: str


@dataclass(frozen=True, slots=True)
class Stay:
    """A reader who was owed every entry of a room after `since`, up to `upto`."""

    room: int
    reader: int
    since: int
    upto: int


@dataclass(frozen=True, slots=True)
class Silence:
    """A mute: its moderator was told at `told_at`."""

    room: int
    author: int
    told_at: float


@dataclass(slots=True)
class History:
    """All of a run. `kept` must hold whole rooms, from seq 1."""

    says: list[Say] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wrong:
    """One broken promise. `rule` names it; `about` holds ids and numbers, never words."""

    rule: str
    about: tuple[object, ...]


def judge(history: History) -> list[Wrong]:
    """Return everything that is wrong; nothing is the only good answer."""
    return [wrong for rule in RULES for wrong in rule(history)]


def numbered_without_holes(history: History) -> Iterator[Wrong]:
    """The seqs of every room are 1, 2, 3 …"""
    for room, kept in _by_room(history.kept).items():
        seqs = sorted(one.seq for one in kept)
        if seqs != list(range(1, len(seqs) + 1)):
            yield Wrong("hole or repeat in seq", (room, len(seqs), seqs[-1]))


def kept_once(history: History) -> Iterator[Wrong]:
    """A say_id of an author is kept once, whatever the room."""
    found: dict[tuple[int, str], Kept] = {}
    for one in history.kept:
        if one.say_id and found.setdefault((one.author, one.say_id), one) is not one:
            yield Wrong("kept twice", (one.author, one.say_id, one.room, one.seq))


def nothing_invented(history: History) -> Iterator[Wrong]:
    """What is kept was said, by that author, in that room."""
    said = {(one.room, one.author, one.say_id) for one in history.says}
    for one in history.kept:
        if one.say_id and (one.room, one.author, one.say_id) not in said:
            yield Wrong("never said", (one.room, one.seq))


def acknowledged_is_kept(history: History) -> Iterator[Wrong]:
    """What was acknowledged is kept, at the seq that was told."""
    kept = {(one.room, one.seq): (one.author, one.say_id) for one in history.kept}
    for one in history.says:
        if one.acked_at is not None and kept.get((one.room, one.seq)) != (one.author, one.say_id):
            yield Wrong("acknowledged and lost", (one.room, one.author, one.say_id, one.seq))


def acknowledged_alike(history: History) -> Iterator[Wrong]:
    """A say that is sent again is told the same seq."""
    for one in history.says:
        if any(seq != one.seq for seq in one.again):
            yield Wrong("acknowledged with another seq", (one.room, one.author, one.say_id, one.seq, one.again))


def seen_is_kept(history: History) -> Iterator[Wrong]:
    """What a reader was shown is what the database holds there."""
    kept = {(one.room, one.seq): (one.author, one.say_id) for one in history.kept}
    for one in history.seen:
        if kept.get((one.room, one.seq)) != (one.author, one.say_id):
            yield Wrong("shown and not kept", (one.room, one.reader, one.seq))


def seen_once(history: History) -> Iterator[Wrong]:
    """Nobody is shown an entry twice, over all their connections."""
    found: set[tuple[int, int, int]] = set()
    for one in history.seen:
        if (one.room, one.reader, one.seq) in found:
            yield Wrong("shown twice", (one.room, one.reader, one.seq))
        found.add((one.room, one.reader, one.seq))


def seen_in_order(history: History) -> Iterator[Wrong]:
    """On one connection the seqs of a room only rise."""
    last: dict[tuple[int, int, int], int] = defaultdict(int)
    for one in history.seen:
        at = (one.room, one.reader, one.session)
        if one.seq < last[at]:
            yield Wrong("out of order", (one.room, one.reader, one.seq, last[at]))
        last[at] = max(last[at], one.seq)


def nothing_missed(history: History) -> Iterator[Wrong]:
    """Who stayed, or came back, has seen everything they were owed."""
    found: dict[tuple[int, int], set[int]] = defaultdict(set)
    for one in history.seen:
        found[one.room, one.reader].add(one.seq)
    for stay in history.stays:
        missed = set(range(stay.since + 1, stay.upto + 1)) - found[stay.room, stay.reader]
        if missed:
            yield Wrong("missed", (stay.room, stay.reader, len(missed), sorted(missed)[:5]))


def real_time_order(history: History) -> Iterator[Wrong]:
    """What was acknowledged before another say was sent has the lower seq."""
    for room in {one.room for one in history.says}:
        acked = sorted((one.acked_at, one.seq) for one in history.says if one.room == room and one.acked_at is not None)
        times, highest, top = [at for at, _ in acked], [], 0
        for _, seq in acked:
            top = max(top, seq)
            highest.append(top)
        for one in history.says:
            if one.room != room or one.acked_at is None:
                continue
            before = bisect_left(times, one.sent_at)
            if before and highest[before - 1] > one.seq:
                yield Wrong("before what came earlier", (room, one.seq, highest[before - 1]))


def silence_holds(history: History) -> Iterator[Wrong]:
    """Nothing that was said after the moderator was told of a mute is kept."""
    kept = {(one.author, one.say_id) for one in history.kept}
    for silence in history.silences:
        for one in history.says:
            late = one.sent_at > silence.told_at and (one.room, one.author) == (silence.room, silence.author)
            if late and (one.author, one.say_id) in kept:
                yield Wrong("kept after the mute", (one.room, one.author, one.say_id))


RULES = (
    numbered_without_holes, kept_once, nothing_invented, acknowledged_is_kept, acknowledged_alike, seen_is_kept,
    seen_once, seen_in_order, nothing_missed, real_time_order, silence_holds,
)  # fmt: skip


def _by_room(kept: Iterable[Kept]) -> dict[int, list[Kept]]:
    found: dict[int, list[Kept]] = defaultdict(list)
    for one in kept:
        found[one.room].append(one)
    return found
