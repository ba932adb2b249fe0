"""Evidence: what a report freezes, re-sealed under a key of the case's own.

The one idea: words stay their author's, and only evidence outlives the author's wish to hide it. A report copies the
reported entry, its edits and a window around it that the reporter may see and chose, as they still are in the database
(also what was retracted, edited or removed in the last 72 h), and the copy dies with the case.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chat import access
from chat.ids import CaseId, Millis, PersonId, RoomId, Seq
from chat.keys import Keys
from chat.refusals import NotAMember
from chat.seal import DataKey, SealBroken, about
from chat.store import Transaction
from chat.tables import entries, evidence, held, rooms

WORDS = ("said", "edited")
NO_ENTRY = Seq(0)
"""Of what waits, or was declined: it has no number in its room."""


@dataclass(frozen=True, slots=True, repr=False)
class Piece:
    """One entry as it is kept: still sealed by its author, or `body` None when it was destroyed."""

    seq: Seq
    kind: str
    author: PersonId
    at: Millis
    target: Seq | None
    say_id: str
    body: bytes | None
    key_version: int


@dataclass(frozen=True, slots=True, repr=False)
class Frozen:
    """One row of evidence, opened. `text` is None where the words had been destroyed before the report."""

    n: int
    seq: Seq
    kind: str
    author: PersonId
    at: Millis
    text: str | None


async def gather(
    tx: Transaction, reporter: PersonId, room: RoomId, seq: Seq | None, window: int
) -> tuple[PersonId | None, list[Piece]]:
    """Return the author of the reported entry and what of the room goes into evidence, in order.

    Only what lies in the reporter's ranges is taken. Without `seq` the window is the newest entries.

    Raises:
        NotAMember: the reporter never was in the room, or may not see that entry.
    """
    seen = await ranges(tx, reporter, room)
    visible = sa.and_(entries.c.room == room, sa.or_(*(entries.c.seq.between(low, high) for low, high in seen)))
    if seq is None:
        said = sa.select(entries.c.seq).where(visible, entries.c.kind == "said").limit(window)
        wanted = set((await tx.execute(said.order_by(entries.c.seq.desc()))).scalars())
        return None, await _pieces(tx, visible, wanted)
    found = (await tx.execute(sa.select(entries).where(visible, entries.c.seq == seq))).first()
    if found is None or found.author is None or found.kind not in WORDS:
        raise NotAMember
    core = found.target if found.kind == "edited" else seq
    if not any(low <= core <= high for low, high in seen):
        raise NotAMember  # they saw that something was changed, and not what
    return found.author, await _around(tx, visible, core, window)


async def around(tx: Transaction, room: RoomId, seq: Seq, window: int) -> list[Piece]:
    """Return what goes into evidence where nobody reported: the entry a detector found, its edits and a window."""
    here = entries.c.room == room
    found = (await tx.execute(sa.select(entries.c.kind, entries.c.target).where(here, entries.c.seq == seq))).one()
    return await _around(tx, here, found.target if found.kind == "edited" else seq, window)


async def around_held(tx: Transaction, which: int, window: int) -> list[Piece]:
    """Return the same of what waits: what was said in its room before, and itself. Nothing, when it waits no more."""
    row = (await tx.execute(sa.select(held).where(held.c.id == which))).first()
    if row is None:
        return []
    here = sa.and_(entries.c.room == row.room, entries.c.at <= row.at)
    said = sa.select(entries.c.seq).where(here, entries.c.kind == "said").order_by(entries.c.seq.desc())
    before = await _pieces(tx, here, (await tx.execute(said.limit(window))).scalars())
    return [*before, piece_of_held(row)]


async def own(tx: Transaction, room: RoomId, seqs: Iterable[int], person: PersonId) -> list[Piece]:
    """Return what somebody said under these seqs of a room, in order, with its edits."""
    return await _pieces(tx, sa.and_(entries.c.room == room, entries.c.author == person), seqs)


async def ranges(tx: Transaction, person: PersonId, room: RoomId) -> list[tuple[int, int]]:
    """Return the (first, last) seqs of a room that a person may see, of what is kept.

    Raises:
        NotAMember: nothing of it, or no such room.
    """
    where = (await tx.execute(sa.select(rooms.c.first_seq, rooms.c.last_seq).where(rooms.c.id == room))).first()
    theirs = await access.memberships_of(tx, room, person)
    if where is None or not theirs:
        raise NotAMember
    return [
        (max(one.from_seq, where.first_seq), where.last_seq if one.to_seq is None else one.to_seq) for one in theirs
    ]


async def reseal(
    keys: Keys, case: CaseId, room: RoomId, reason: str, pieces: Sequence[Piece]
) -> list[dict[str, object]]:
    """Return the rows of evidence, sealed under the case's key, which was made before. Row 0 is the reason."""
    key = await keys.get(case, "case")
    said = await keys.many({one.author for one in pieces}, "said")
    rows: list[dict[str, object]] = [
        {"case": case, "n": 0, "seq": None, "kind": "reason", "author": None, "at": 0,
         "body": key.seal(reason, bound(case, 0)) if reason else None}
    ]  # fmt: skip
    for n, one in enumerate(pieces, 1):
        text = as_said(said.get(one.author), room, one)
        rows.append(
            {"case": case, "n": n, "seq": one.seq, "kind": one.kind, "author": one.author, "at": one.at,
             "body": None if text is None else key.seal(text, bound(case, n))}
        )  # fmt: skip
    return rows


async def opened(tx: Transaction, key: DataKey, case: CaseId) -> tuple[str, list[Frozen]]:
    """Return a case's reason and its evidence in order, opened with the case's key."""
    reason, found = "", []
    for row in await tx.execute(sa.select(evidence).where(evidence.c.case == case).order_by(evidence.c.n)):
        text = None if row.body is None else key.open(row.body, bound(case, row.n))
        if row.n == 0:
            reason = text or ""
        else:
            found.append(Frozen(row.n, row.seq, row.kind, row.author, row.at, text))
    return reason, found


def bound(case: CaseId, n: int) -> bytes:
    """Return the associated data of one row of evidence."""
    return f"evidence\0{case}\0{n}".encode()


async def _around(tx: Transaction, visible: "sa.ColumnElement[bool]", core: Seq, window: int) -> list[Piece]:
    said = sa.select(entries.c.seq).where(visible, entries.c.kind == "said").limit(window)
    earlier = said.where(entries.c.seq < core).order_by(entries.c.seq.desc())
    later = said.where(entries.c.seq > core).order_by(entries.c.seq)
    wanted = {core, *(await tx.execute(earlier)).scalars(), *(await tx.execute(later)).scalars()}
    return await _pieces(tx, visible, wanted)


async def _pieces(tx: Transaction, visible: "sa.ColumnElement[bool]", seqs: Iterable[int]) -> list[Piece]:
    asked = sorted(seqs)
    theirs = sa.or_(
        sa.and_(entries.c.seq.in_(asked), entries.c.kind == "said"),
        sa.and_(entries.c.target.in_(asked), entries.c.kind == "edited"),
    )
    rows = await tx.execute(sa.select(entries).where(visible, theirs).order_by(entries.c.seq))
    return [piece(row) for row in rows]


def piece(row: "sa.Row[Any]") -> Piece:
    """Return an entry's row as it is kept."""
    return Piece(row.seq, row.kind, row.author, row.at, row.target, row.say_id or "", row.body, row.key_version or 0)


def piece_of_held(row: "sa.Row[Any]") -> Piece:
    """Return what waits, or was declined, as it is kept."""
    return Piece(NO_ENTRY, "said", row.author, row.at, None, row.say_id, row.body, row.key_version)


def as_said(key: DataKey | None, room: RoomId, one: Piece) -> str | None:
    """Return an entry's own words, whatever hid them since; None where they were destroyed."""
    if key is None or one.body is None:
        return None
    try:
        return key.open(one.body, about("entries", room, one.author, one.say_id, one.key_version))
    except SealBroken:
        return None
