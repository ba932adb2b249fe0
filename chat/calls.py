"""Calls: "I need a second". A peer in a one-to-one, or the leader of a room, calls for a moderator.

A call is a case in the queue of the reports, but for its evidence: it has none. It says which room, how urgent, and who
calls; what was said there stays closed to the moderators.
"""

import sqlalchemy as sa

from chat import access, audit, rooms, timeline
from chat.cases import HOUR_MS, REPORTS_PER_HOUR
from chat.ids import CaseId, PersonId, RoomId, new_id
from chat.keys import Keys
from chat.protocol import Call
from chat.refusals import NotAMember, Refusal, SignedOut, TooFast, Unavailable
from chat.store import Store, Transaction
from chat.tables import cases, people
from chat.tables import rooms as rooms_table

CALLERS = ("peer", "leader")


async def call(store: Store, keys: Keys, caller: PersonId, command: Call) -> CaseId:
    """Call for a moderator; while a call from this room stands, calling again is the same one. A muted person may call.

    Raises:
        NotAMember: neither the peer of the one-to-one nor a leader of the room. TooFast: REPORTS_PER_HOUR.
    """
    room = RoomId(command.room)
    async with store.reading() as tx:  # whoever is refused here has cost no key
        standing = await _standing(tx, caller, room)
    if standing is not None:
        return standing
    case = CaseId(new_id())
    await keys.make(case, "case")  # the reasons of acts on it are sealed under it
    try:
        async with store.transaction() as tx:
            kept = await _call(tx, keys, case, caller, command)
    except Refusal as refusal:
        if not isinstance(refusal, Unavailable):  # then the commit may have happened; a sweep finds what is nobody's
            await keys.destroy(case, "case")
        raise
    if kept != case:
        await keys.destroy(case, "case")
    return kept


async def _call(tx: Transaction, keys: Keys, case: CaseId, caller: PersonId, command: Call) -> CaseId:
    desk, room = await rooms.desk(tx), RoomId(command.room)
    await tx.lock(people, [caller])
    await tx.lock(rooms_table, [desk])
    standing = await _standing(tx, caller, room)
    if standing is not None:
        return standing
    row = {"id": case, "kind": "call", "state": "open", "level": command.level, "room": room, "reporter": caller}
    await tx.execute(cases.insert().values(row | {"created_at": await tx.now()}))
    await timeline.append(tx, desk, "called", ref=case, code=command.level)
    await audit.append(tx, keys.derive("audit"), "called", caller, room=room, ref=case, code=command.level)
    return case


async def _standing(tx: Transaction, caller: PersonId, room: RoomId) -> CaseId | None:
    """Ask whether they may call from here, and return their call that stands; under the caller's lock that is exact."""
    state = (await tx.execute(sa.select(people.c.state).where(people.c.id == caller))).scalar()
    if state != "active":
        raise SignedOut
    if (await access.require_member(tx, room, caller)).part not in CALLERS:
        raise NotAMember
    now = await tx.now()
    theirs = sa.select(cases).where(cases.c.reporter == caller, cases.c.created_at > now - HOUR_MS)
    recent = list(await tx.execute(theirs))
    open_one = sa.select(cases.c.id).where(
        cases.c.reporter == caller, cases.c.room == room, cases.c.kind == "call", cases.c.state != "closed"
    )
    found = (await tx.execute(open_one)).scalar()
    if found is not None:
        return CaseId(found)
    if len(recent) >= REPORTS_PER_HOUR:
        raise TooFast((min(one.created_at for one in recent) + HOUR_MS - now) / 1000)
    return None
