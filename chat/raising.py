"""Raising: what a detector found becomes a case that nobody reported. Nobody is muted, hidden or banned by it. (A room
that many come into at once becomes slow while nobody looks, see `valve`.)

What is found again within an hour (the same of the same person in the same room) counts up the case that stands, so a
raid of a thousand entries is a few cases. Who seems to be in danger is offered help, in their inbox, once a day; their
words have long been sent as they are. Whoever looks says what else they have done, such as moving their cursor; it
is kept together with the cases or not at all, so an entry is raised once however often a process dies over it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from chat import audit, evidence, rooms, timeline, valve
from chat.acts import Nobody
from chat.ids import CaseId, Millis, PersonId, RoomId, Seq, new_id
from chat.keys import Keys
from chat.store import Store, Transaction, clock
from chat.tables import cases, entries, people
from chat.tables import evidence as evidence_table
from chat.tables import rooms as rooms_table

WINDOW = 5
"""So many entries before and after the one that was found go into evidence."""
HOUR_MS = 3_600_000
OFFERED_MS = 24 * HOUR_MS
"""Help is offered to one person so often at most."""
BURST = "joining"
"""What a detector calls it when many come in at once."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector found in one entry, or, `seq` None, in what waits (`held`). `subject`: whom it is about; None: a
    room and nobody in it."""

    room: RoomId
    seq: Seq | None
    subject: PersonId | None
    code: str
    level: str
    held: int | None = None

    @property
    def again(self) -> tuple[PersonId | None, str]:
        """What two findings in one room have in common when the second is no new case."""
        return self.subject, self.code


class Stale(Exception):
    """Somebody else has been here meanwhile: nothing was kept, and who is due will look again."""


Also = Callable[[Transaction], Awaitable[None]]


async def raise_cases(store: Store, keys: Keys, found: Sequence[Found], also: Also) -> int:
    """Open a case for each finding in one room, or count it to the case that stands; return how many were opened.

    Args:
        found: in the order of their entries.
        also: done in the same transaction, before any case is touched.

    Raises:
        Stale: by `also`, or a case that stood was closed meanwhile. Unavailable: the database does not answer.
    """
    made: dict[tuple[PersonId | None, str], tuple[CaseId, list[evidence.Piece]]] = {}
    async with store.reading() as tx:
        now = await tx.now()
        for one in found:
            if one.again not in made and await _standing(tx, one, now) is None:
                made[one.again] = CaseId(new_id()), await _around(tx, one)
    rows = {}
    for again, (case, pieces) in made.items():
        await keys.make(case, "case")
        rows[again] = case, await evidence.reseal(keys, case, found[0].room, "", pieces)
    try:
        async with store.transaction() as tx:
            opened = await _raise(tx, keys, found, rows, also)
    except Stale:
        await _forget(keys, {case for case, _ in made.values()})
        raise
    await _forget(keys, {case for case, _ in made.values()} - opened)  # else a sweep finds what is nobody's
    return len(opened)


async def _raise(
    tx: Transaction,
    keys: Keys,
    found: Sequence[Found],
    made: dict[tuple[PersonId | None, str], tuple[CaseId, list[dict[str, object]]]],
    also: Also,
) -> set[CaseId]:
    desk = await rooms.desk(tx)
    offers = await _offers(tx, found)
    burst = next((one for one in reversed(found) if one.code == BURST), None)
    slowing = [] if burst is None else [burst.room]
    await tx.lock(rooms_table, [desk, *offers.values(), *slowing])  # who reports, claims and closes holds the desk too
    await also(tx)
    now, opened = await tx.now(), dict[CaseId, Found]()
    for one in found:
        standing = await _standing(tx, one, now)
        if standing is not None:
            counted = sa.update(cases).where(cases.c.id == standing, sa.not_(_itself(one)))
            await tx.execute(counted.values(times=cases.c.times + 1))
            continue
        if one.again not in made:
            raise Stale
        case, rows = made[one.again]
        row = {
            "id": case,
            "kind": "signal",
            "state": "open",
            "level": one.level,
            "room": one.room,
            "seq": one.seq,
            "held": one.held,
            "code": one.code,
        }
        await tx.execute(cases.insert().values(row | {"subject": one.subject, "created_at": now}))
        await tx.execute(evidence_table.insert(), [piece | {"at": piece["at"] or now} for piece in rows])
        await timeline.append(tx, desk, "reported", ref=case, code=one.level)
        opened[case] = one
        if one.level == "imminent" and one.subject in offers:
            await timeline.append(tx, offers.pop(one.subject), "notice", ref=case, code="offered_help")
    key = keys.derive("audit")
    for case, one in opened.items():
        await audit.append(tx, key, "raised", None, subject=one.subject, room=one.room, ref=case, code=one.code)
    belongs = None if burst is None else await _standing(tx, burst, now)
    if burst is not None and burst.seq is not None and belongs is not None:
        await valve.slow(tx, Nobody(key), burst.room, burst.seq, belongs)
    return set(opened)


async def _offers(tx: Transaction, found: Sequence[Found]) -> dict[PersonId, RoomId]:
    """Return the inboxes in which help may be offered: of who seems to be in danger, and was offered none today."""
    told = sa.exists().where(
        entries.c.room == people.c.inbox,
        entries.c.kind == "notice",
        entries.c.code == "offered_help",
        entries.c.at > clock(tx.is_postgresql) - OFFERED_MS,
    )
    wanted = sa.select(people.c.id, people.c.inbox).where(
        people.c.id.in_([one.subject for one in found if one.level == "imminent" and one.subject is not None]),
        people.c.state == "active", sa.not_(told),
    )  # fmt: skip
    return {PersonId(row.id): RoomId(row.inbox) for row in await tx.execute(wanted)}


async def _around(tx: Transaction, one: Found) -> list[evidence.Piece]:
    if one.seq is not None:
        return await evidence.around(tx, one.room, one.seq, WINDOW)
    assert one.held is not None  # then it is what waits
    return await evidence.around_held(tx, one.held, WINDOW)


def _itself(one: Found) -> "sa.ColumnElement[bool]":
    """Whether a case is of this very entry, or of what waits; never null."""
    if one.seq is not None:
        return cases.c.seq.is_not_distinct_from(one.seq)
    return cases.c.held.is_not_distinct_from(one.held)


async def _forget(keys: Keys, unused: set[CaseId]) -> None:
    for case in unused:
        await keys.destroy(case, "case")


async def _standing(tx: Transaction, one: Found, now: Millis) -> CaseId | None:
    """Return the case that a finding belongs to: of itself, or of the same kind and not an hour old."""
    same = sa.and_(
        cases.c.state != "closed", cases.c.subject.is_not_distinct_from(one.subject),
        cases.c.created_at > now - HOUR_MS,
    )  # fmt: skip
    wanted = sa.select(cases.c.id).where(cases.c.room == one.room, cases.c.code == one.code, sa.or_(_itself(one), same))
    found = (await tx.execute(wanted.order_by(cases.c.created_at.desc()).limit(1))).scalar()
    return None if found is None else CaseId(found)
