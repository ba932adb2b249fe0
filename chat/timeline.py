"""The timeline: a room's durable record of entries, numbered 1, 2, 3 … without gaps.

`append` numbers an entry under the room's row lock, in the caller's transaction. `read` returns entries as they are to
be shown now: later edits, retractions and removals folded in, so whoever reads late never sees what was hidden early.
(What members say takes the fast path in `group`; everything else is appended here.)
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from chat.ids import Millis, PersonId, RoomId, Seq
from chat.keys import Keys
from chat.protocol import Entry, Quiet
from chat.refusals import Gone
from chat.seal import DataKey, SealBroken, about
from chat.store import Store, Transaction, paired, pairs
from chat.tables import entries, hidden, people, rooms

HIDING = ("edited", "retracted", "removed")


class Sealed(Quiet, frozen=True):
    """Words sealed for one place in one room; made before the transaction, so no key is awaited inside it."""

    say_id: str
    body: bytes
    key_version: int
    mac: bytes


def seal(key: DataKey, room: RoomId, author: PersonId, say_id: str, text: str) -> Sealed:
    """Seal what `author` says in `room` under their `said` key."""
    body = key.seal(text, about("entries", room, author, say_id, key.version))
    return Sealed(say_id, body, key.version, key.mac(text))


async def append(
    tx: Transaction,
    room: RoomId,
    kind: str,
    author: PersonId | None = None,
    *,
    target: Seq | None = None,
    ref: int | None = None,
    code: str | None = None,
    sealed: Sealed | None = None,
) -> Seq:
    """Append an entry and return its seq. The caller has locked the room's row (`tx.lock(rooms, …)`).

    An entry that hides its target (edited, retracted, removed) hides it, and every earlier edit of it, from now on.
    """
    assert tx.holds(rooms, room), "append needs the room's lock: it takes the next number"
    grown = sa.update(rooms).where(rooms.c.id == room).values(last_seq=rooms.c.last_seq + 1).returning(rooms.c.last_seq)
    seq = Seq((await tx.execute(grown)).scalar_one())
    at = await tx.now()
    row: dict[str, object] = {"room": room, "seq": seq, "kind": kind, "author": author, "at": at}
    row |= {"target": target, "ref": ref, "code": code}
    if sealed is not None:
        row |= {"say_id": sealed.say_id, "body": sealed.body, "key_version": sealed.key_version, "mac": sealed.mac}
    await tx.execute(entries.insert().values(row))
    if kind in HIDING and target is not None:
        await _hide(tx, room, {target: seq}, at)
    tx.touched[room] = seq
    return seq


async def append_about(
    tx: Transaction, room: RoomId, kind: Literal["removed", "restored"], targets: Sequence[Seq], ref: int, code: str
) -> None:
    """Append one entry about each of many, at once; `removed` hides them. The caller has locked the room's row."""
    assert tx.holds(rooms, room), "append needs the room's lock: it takes the next numbers"
    if not targets:
        return
    grown = sa.update(rooms).where(rooms.c.id == room).values(last_seq=rooms.c.last_seq + len(targets))
    last = (await tx.execute(grown.returning(rooms.c.last_seq))).scalar_one()
    at = await tx.now()
    seqs = {target: Seq(last - len(targets) + n) for n, target in enumerate(targets, start=1)}
    row: dict[str, object] = {"room": room, "kind": kind, "author": None, "at": at, "ref": ref, "code": code}
    await tx.execute(entries.insert(), [row | {"seq": seq, "target": target} for target, seq in seqs.items()])
    if kind in HIDING:
        await _hide(tx, room, seqs, at)
    tx.touched[room] = Seq(last)


async def append_by(
    tx: Transaction, room: RoomId, kind: Literal["joined", "left"], authors: Iterable[PersonId], code: str | None = None
) -> dict[PersonId, Seq]:
    """Append one entry by each of many, at once, and return their seqs. The caller has locked the room's row."""
    assert tx.holds(rooms, room), "append needs the room's lock: it takes the next numbers"
    authors = list(authors)
    if not authors:
        return {}
    grown = sa.update(rooms).where(rooms.c.id == room).values(last_seq=rooms.c.last_seq + len(authors))
    last = (await tx.execute(grown.returning(rooms.c.last_seq))).scalar_one()
    at = await tx.now()
    seqs = {author: Seq(last - len(authors) + n) for n, author in enumerate(authors, start=1)}
    row: dict[str, object] = {"room": room, "kind": kind, "at": at, "code": code}
    await tx.execute(entries.insert(), [row | {"seq": seq, "author": author} for author, seq in seqs.items()])
    tx.touched[room] = Seq(last)
    return seqs


async def _hide(tx: Transaction, room: RoomId, by: Mapping[Seq, Seq], at: Millis) -> None:
    """Hide each target, and every edit of it so far, by its entry; what was hidden stays hidden since then."""
    edits = sa.and_(entries.c.target.in_(by), entries.c.kind == "edited")
    earlier = sa.select(entries.c.seq, entries.c.target).where(
        entries.c.room == room, entries.c.seq < min(by.values()), sa.or_(entries.c.seq.in_(by), edits)
    )
    covered = {row.seq: by[row.seq if row.seq in by else row.target] for row in await tx.execute(earlier)}
    stand = sa.select(hidden.c.seq).where(hidden.c.room == room, hidden.c.seq.in_(covered))
    known = set((await tx.execute(stand)).scalars())
    await _hide_by(tx, room, {one: by for one, by in covered.items() if one in known})
    fresh = [{"room": room, "seq": one, "by_seq": covered[one], "at": at} for one in sorted(covered.keys() - known)]
    if fresh:
        await tx.execute(hidden.insert(), fresh)


async def _hide_by(tx: Transaction, room: RoomId, by: Mapping[Seq, Seq]) -> None:
    if not by:
        return
    again = sa.update(hidden).where(hidden.c.room == room, hidden.c.seq == sa.bindparam("covered"))
    values: list[dict[str, object]] = [{"covered": one, "covers": covers} for one, covers in sorted(by.items())]
    await tx.execute(again.values(by_seq=sa.bindparam("covers")), values)


async def restore(tx: Transaction, room: RoomId, act: int, *, most: int | None = None) -> int:
    """Show again what an act removed (its `removed` entries bear the act as `ref`), as it would look without them: what
    its author took back stays taken back. The caller has locked the room's row.

    Args:
        most: so many of its removals, the oldest of those that still hide something; None: all.

    Returns:
        How many removals that were.

    Raises:
        Gone: the words are destroyed.
    """
    gone = sa.select(entries.c.seq, entries.c.target).where(
        entries.c.room == room, entries.c.target.is_not(None), entries.c.kind == "removed", entries.c.ref == act
    )
    gone = gone.join(hidden, sa.and_(hidden.c.room == room, hidden.c.seq == entries.c.target))
    gone = gone.where(hidden.c.by_seq == entries.c.seq).order_by(entries.c.seq).limit(most)
    removals = {row.seq: Seq(row.target) for row in await tx.execute(gone)}
    covered = sa.select(hidden).where(hidden.c.room == room, hidden.c.by_seq.in_(removals))
    rows = list(await tx.execute(covered.order_by(hidden.c.seq)))
    others = sa.select(entries.c.seq, entries.c.target).where(
        entries.c.room == room, entries.c.target.in_(removals.values()), entries.c.kind.in_(["edited", "retracted"])
    )
    hides = list(await tx.execute(others))
    by: dict[Seq, Seq] = {}
    for row in rows:
        target = removals[row.by_seq]
        newest = max((one.seq for one in hides if one.target == target and one.seq > row.seq), default=None)
        if newest is not None:
            by[Seq(row.seq)] = Seq(newest)
    shown = [row for row in rows if row.seq not in by]
    if any(row.destroyed for row in shown):
        raise Gone
    await tx.execute(sa.delete(hidden).where(hidden.c.room == room, hidden.c.seq.in_([row.seq for row in shown])))
    await _hide_by(tx, room, by)
    targets = sorted({removals[row.by_seq] for row in rows})
    await append_about(tx, room, "restored", targets, act, "undone")
    return len(removals)


_by = entries.alias("by_entry")
_columns = sa.select(
    entries, people.c.nickname, people.c.state, hidden.c.by_seq,
    _by.c.kind.label("by_kind"), _by.c.body.label("by_body"), _by.c.say_id.label("by_say_id"),
    _by.c.key_version.label("by_version"),
).select_from(
    entries.outerjoin(people, people.c.id == entries.c.author)
    .outerjoin(hidden, sa.and_(hidden.c.room == entries.c.room, hidden.c.seq == entries.c.seq))
    .outerjoin(_by, sa.and_(_by.c.room == hidden.c.room, _by.c.seq == hidden.c.by_seq))
)  # fmt: skip


async def read(
    store: Store,
    keys: Keys,
    room: RoomId,
    *,
    after: int = 0,
    before: int | None = None,
    limit: int,
    newest: bool = False,
) -> list[Entry]:
    """Return entries with after < seq < before, ascending, at most `limit`: the oldest of them, or the `newest`.

    No permission is asked here: see `access`, and `within` for what one member may see of them.
    """
    wanted = _columns.where(entries.c.room == room, entries.c.seq > after)
    if before is not None:
        wanted = wanted.where(entries.c.seq < before)
    wanted = wanted.order_by(entries.c.seq.desc() if newest else entries.c.seq).limit(limit)
    async with store.reading() as tx:
        rows = list(await tx.execute(wanted))
    if newest:
        rows.reverse()
    return await unseal(keys, rows)


async def read_rooms(store: Store, keys: Keys, cursors: dict[RoomId, Seq], limit: int) -> dict[RoomId, list[Entry]]:
    """Return, for many rooms at once, the entries after each room's cursor, ascending, at most `limit` in all rooms
    together beyond the first of each; a room that is not finished is simply asked for again."""
    async with store.reading() as tx:
        asked = paired(tx.is_postgresql, list(cursors.items()))
        rows = list(await tx.execute(_of_rooms(tx.is_postgresql).limit(limit), asked))
    found: dict[RoomId, list[Entry]] = {}
    for row, entry in zip(rows, await unseal(keys, rows), strict=True):
        found.setdefault(row.room, []).append(entry)
    return found


@cache
def _of_rooms(is_postgresql: bool) -> "sa.Select[Any]":
    after = pairs(is_postgresql)
    wanted = _columns.join_from(entries, after, after.c.room == entries.c.room).where(entries.c.seq > after.c.after)
    return wanted.order_by(entries.c.room, entries.c.seq)


async def unseal(keys: Keys, rows: "Iterable[sa.Row[Any]]") -> list[Entry]:
    """Turn rows into entries: fetch the keys of all authors at once, open what may be shown."""
    rows = list(rows)
    said = await keys.many({row.author for row in rows if row.body is not None or row.by_body is not None}, "said")
    return [_entry(row, said.get(row.author)) for row in rows]


def _entry(row: "sa.Row[Any]", key: DataKey | None) -> Entry:
    body, say_id, version, edited, hides = row.body, row.say_id, row.key_version, 0, ""
    if row.by_seq is not None:
        body, hides = None, row.by_kind
        if row.by_kind == "edited" and row.kind == "said":
            body, say_id, version, edited, hides = row.by_body, row.by_say_id, row.by_version, row.by_seq, ""
    text = ""
    if row.state == "erased":
        body, hides = None, "erased"
    if body is not None and key is not None:
        try:
            text = key.open(body, about("entries", row.room, row.author, say_id, version))
        except SealBroken:
            hides = "erased"
    elif row.kind in ("said", "edited") and not hides:
        hides = "erased"
    return Entry(
        seq=row.seq, kind=row.kind, at=row.at, author=row.author or 0, name=row.nickname or "", say_id=row.say_id or "",
        target=row.target or 0, ref=row.ref or 0, code=row.code or "", text=text, edited=edited, hidden=hides,
    )  # fmt: skip


def within(entry: Entry, from_seq: int, to_seq: int | None) -> Entry:
    """Return the entry as a member of from_seq … to_seq may see it: never words of an entry outside that range."""
    if entry.kind == "edited" and 0 < entry.target < from_seq:
        return msgspec.structs.replace(entry, text="", hidden="edited")
    if to_seq is not None and entry.edited > to_seq:
        return msgspec.structs.replace(entry, text="", edited=0, hidden="edited")
    return entry


async def with_marks(store: Store, room: RoomId, page: list[Entry], *, until: int | None = None) -> list[Entry]:
    """Return a page of history with the marks on each entry, as of now, or as of the entry `until`."""
    if not page:
        return page
    wanted = sa.select(entries.c.target, entries.c.author, entries.c.code, entries.c.ref).where(
        entries.c.room == room, entries.c.kind == "reacted",
        entries.c.target.is_not(None), entries.c.target.in_([entry.seq for entry in page]),
    ).order_by(entries.c.seq)  # fmt: skip
    if until is not None:
        wanted = wanted.where(entries.c.seq <= until)
    standing: dict[tuple[int, str, int], bool] = {}
    async with store.reading() as tx:
        for row in await tx.execute(wanted):
            standing[row.target, row.code, row.author] = bool(row.ref)
    marks: dict[int, dict[str, list[int]]] = {}
    for (target, mark, person), on in standing.items():
        if on:
            marks.setdefault(target, {}).setdefault(mark, []).append(person)
    return [
        msgspec.structs.replace(entry, marks={mark: tuple(who) for mark, who in marks[entry.seq].items()})
        if entry.seq in marks
        else entry
        for entry in page
    ]
