"""Thirds: a professional or a supervisor who sees to a case asks into the one-to-one it is about; the member decides.

No answer is a no. With a yes the member says from where the third may read, and there the third's membership begins:
as every path to a room is cut by memberships, none leads to an entry before it. The other of the two does not decide,
and is told what was decided. (What a report froze is read on another path, with a row in the audit: see decision 0008.)
"""

from dataclasses import dataclass
from typing import Any, assert_never

import sqlalchemy as sa

from chat import access, acts, audit, recusal, rooms, timeline
from chat.access import Membership
from chat.ids import CaseId, PersonId, RoomId, new_id
from chat.keys import Keys
from chat.protocol import Choice, Consent, LetGo
from chat.refusals import Gone, NotAllowed, NotAMember, RoomClosed, RoomFull, TooFast
from chat.staff_commands import AskIn
from chat.store import Store, Transaction
from chat.tables import cases, entries, escalations, memberships, people, thirds
from chat.tables import rooms as rooms_table

AGAIN_MS = 10 * 60_000
"""So long nobody asks again, whatever the answer was: a no needs no reason, and silence is no reason to press."""
LAST = 10
"""So many messages are `last`."""


@dataclass(frozen=True, slots=True)
class Asking:
    """An ask that stands: its number, who asks, and as what."""

    id: int
    person: PersonId
    nickname: str
    role: str


async def ask(store: Store, keys: Keys, person: PersonId, command: AskIn) -> None:
    """Ask to come into the one-to-one that a case one sees to is about. While the ask stands, asking is the same one.

    Raises:
        NotAllowed: no role for it, or a case that is not in their hands, or that they came to by no call and no
            escalation, or that is about the peer. NotAMember: no such case, no such chat any more, or one is recused
            from either of the two; that looks the same. RoomFull: a third is there. TooFast: within AGAIN_MS of the
            last ask in this chat, or of how it ended.
    """
    case = CaseId(command.case)
    reason = await acts.seal_reason(store, keys, person, case, command.reason)
    async with store.transaction() as tx:
        about = sa.select(cases.c.room).where(cases.c.id == case)
        room = RoomId((await tx.execute(about)).scalar() or 0)
        pair = await _pair(tx, room)
        who = await tx.lock(people, [person, *pair.values()])
        role = await _role(tx, person)
        if role is None or who[person].state != "active":
            raise NotAllowed
        where = (await acts.lock_rooms(tx, room)).get(room)
        row = (await tx.lock(cases, [case])).get(case)
        await acts.require_judge(tx, person, row)
        assert row is not None
        if not await _sees_to(tx, person, row):
            raise NotAllowed
        pair = await _pair(tx, room)
        if where is None or where.kind != "one_to_one" or where.state != "open" or len(pair) < 2:
            raise NotAMember
        await recusal.require_apart(tx, person, *pair.values())
        if row.subject == pair["peer"]:
            raise NotAllowed  # the peer reads the ask, and would learn from it that they were reported, and by whom
        if await _third(tx, room) is not None:
            raise RoomFull
        now = await tx.now()
        last = await _last(tx, room)
        if last is not None and last.since > now - AGAIN_MS:
            if last.ended_at is None and last.person == person:
                return
            raise TooFast((last.since + AGAIN_MS - now) / 1000)
        lapsed = sa.update(thirds).where(thirds.c.room == room, thirds.c.ended_at.is_(None))
        await tx.execute(lapsed.values(ended_at=now))
        number = new_id()
        made = {"id": number, "room": room, "person": person, "case": case, "role": role, "asked_at": now}
        await tx.execute(thirds.insert().values(made))
        await timeline.append(tx, room, "notice", person, ref=number, code=f"{role}_asks")
        await timeline.append(tx, await rooms.desk(tx), "asked_in", person, ref=case)
        key = keys.derive("audit")
        await audit.append(
            tx, key, "asked_in", person, subject=pair["seeker"], room=room, ref=case, code=role, reason=reason
        )


async def consent(store: Store, keys: Keys, member: PersonId, command: Consent) -> None:
    """Answer an ask. The same answer again changes nothing.

    Raises:
        NotAMember: no such ask in a chat of theirs, or they are not whom it is for. RoomClosed. Gone: it was answered,
            or whoever asked sees to the case no more.
    """
    async with store.transaction() as tx:
        found = (await tx.execute(sa.select(thirds).where(thirds.c.id == command.ask))).first()
        if found is None:
            raise NotAMember
        room, third, case = RoomId(found.room), PersonId(found.person), CaseId(found.case)
        pair = await _pair(tx, room)
        who = await tx.lock(people, [member, third, *pair.values()])
        where = (await acts.lock_rooms(tx, room))[room]
        own = await _seeker(tx, room, member)
        row = (await tx.lock(cases, [case])).get(case)
        asked = (await tx.execute(sa.select(thirds).where(thirds.c.id == command.ask))).first()
        if asked is None or asked.ended_at is not None:
            if asked is not None and asked.choice == command.choice:
                return
            raise Gone
        if where.state != "open":
            raise RoomClosed
        now = await tx.now()
        answered = sa.update(thirds).where(thirds.c.id == asked.id).values(ended_at=now, choice=command.choice)
        if command.choice != "not_now":
            sees = row is not None and who[third].state == "active" and await _sees_to(tx, third, row)
            if not sees or await _role(tx, third) is None or not await recusal.is_apart(tx, third, *pair.values()):
                raise Gone
        await tx.execute(answered)
        if command.choice == "not_now":
            await timeline.append(tx, room, "notice", code="between_two")
        else:
            await _come_in(tx, where, own, third, asked.role, command.choice)
        await timeline.append(tx, await rooms.desk(tx), "answered", ref=case)
        key = keys.derive("audit")
        await audit.append(tx, key, "answered", member, subject=third, room=room, ref=case, code=command.choice)


async def let_go(store: Store, keys: Keys, member: PersonId, command: LetGo) -> None:
    """Let the third leave: nothing that is said later is shown to them. Where nobody is, nothing changes.

    Raises:
        NotAMember: no such chat, or they are not the one whom it is for.
    """
    room = RoomId(command.room)
    async with store.transaction() as tx:
        await tx.lock(people, [member])
        await acts.lock_rooms(tx, room)
        await _seeker(tx, room, member)
        third = await _third(tx, room)
        if third is None:
            return
        await rooms.leave(tx, room, third, code="let_go")
        last = await _last(tx, room)
        case = None if last is None else CaseId(last.case)  # None: the case is kept no longer
        await timeline.append(tx, await rooms.desk(tx), "let_go", ref=case)
        await audit.append(tx, keys.derive("audit"), "let_go", member, subject=third, room=room, ref=case)


async def standing(tx: Transaction, room: RoomId) -> Asking | None:
    """Return the ask that stands in a room, as long as whoever asked may come in."""
    wanted = sa.select(thirds, people.c.nickname, people.c.state).join(people, people.c.id == thirds.c.person)
    found = (await tx.execute(wanted.where(thirds.c.room == room, thirds.c.ended_at.is_(None)))).first()
    if found is None or found.state != "active":
        return None
    row = (await tx.execute(sa.select(cases).where(cases.c.id == found.case))).first()
    person, pair = PersonId(found.person), await _pair(tx, room)
    if row is None or not await _sees_to(tx, person, row) or await _role(tx, person) is None:
        return None
    if not await recusal.is_apart(tx, person, *pair.values()):
        return None
    return Asking(found.id, person, found.nickname or "", found.role)


async def by_case(tx: Transaction, person: PersonId) -> dict[CaseId, str]:
    """Return how it stands with each case that somebody sees to and whose one-to-one they could come into: `may` (ask),
    `asked` (they have, and it stands), `not_now` (the member said so within AGAIN_MS), `lately` (somebody else asked
    within AGAIN_MS, or was let go), `in`."""
    found: dict[CaseId, str] = {}
    if await _role(tx, person) is None:
        return found
    held = sa.select(cases).join(rooms_table, rooms_table.c.id == cases.c.room).where(
        cases.c.state == "claimed", cases.c.claimed_by == person, rooms_table.c.kind == "one_to_one",
        rooms_table.c.state == "open",
    )  # fmt: skip
    now = await tx.now()
    for row in (await tx.execute(held)).all():
        room = RoomId(row.room)
        third, last, pair = await _third(tx, room), await _last(tx, room), await _pair(tx, room)
        if third == person:
            found[row.id] = "in"
        elif third is not None or not await _sees_to(tx, person, row) or row.subject == pair.get("peer", 0):
            continue
        elif await recusal.is_apart(tx, person, *pair.values()):
            if last is None or last.since <= now - AGAIN_MS:
                found[row.id] = "may"
            elif last.ended_at is None and last.person == person:
                found[row.id] = "asked"
            else:
                found[row.id] = "not_now" if last.choice == "not_now" else "lately"
    return found


async def _come_in(
    tx: Transaction, where: "sa.Row[Any]", own: Membership, third: PersonId, role: str, choice: Choice
) -> None:
    room, low = RoomId(where.id), max(own.from_seq, where.first_seq)
    seq = await timeline.append(tx, room, "joined", third, code=role)
    match choice:
        case "all":
            begin = low
        case "last":
            said = sa.select(entries.c.seq).where(
                entries.c.room == room, entries.c.kind == "said", entries.c.seq >= low
            )
            begin = min((await tx.execute(said.order_by(entries.c.seq.desc()).limit(LAST))).scalars(), default=seq)
        case "from_here":
            begin = seq
        case "not_now":
            raise AssertionError("nobody comes in")
        case _:
            assert_never(choice)
    await rooms.enter(tx, room, third, "professional", begin)
    await timeline.append(tx, room, "notice", third, code=f"reads_{choice}")


async def _seeker(tx: Transaction, room: RoomId, member: PersonId) -> Membership:
    """Return the membership of who decides in a one-to-one: whom it is for.

    Raises:
        NotAMember: somebody else, or no such room.
    """
    own = await access.require_member(tx, room, member)
    if own.part != "seeker":
        raise NotAMember
    return own


async def _role(tx: Transaction, person: PersonId) -> str | None:
    mine = await access.roles_of(tx, person)
    return next((one for one in access.THIRDS if one in mine), None)


async def _sees_to(tx: Transaction, person: PersonId, case: "sa.Row[Any]") -> bool:
    """Whether a case is in their hands, and they came to it by a call or by acknowledging."""
    if case.state != "claimed" or case.claimed_by != person:
        return False
    step = sa.select(escalations.c.step).where(escalations.c.case == case.id, escalations.c.acknowledged_by == person)
    return case.kind == "call" or (await tx.execute(step.limit(1))).first() is not None


async def _pair(tx: Transaction, room: RoomId) -> dict[str, PersonId]:
    """Return the two of a one-to-one who are in it now, by part."""
    inside = sa.select(memberships.c.part, memberships.c.person).where(
        memberships.c.room == room, memberships.c.to_seq.is_(None), memberships.c.part.in_(["seeker", "peer"])
    )
    return {row.part: PersonId(row.person) for row in await tx.execute(inside)}


async def _third(tx: Transaction, room: RoomId) -> PersonId | None:
    inside = sa.select(memberships.c.person).where(
        memberships.c.room == room, memberships.c.to_seq.is_(None), memberships.c.part == "professional"
    )
    return (await tx.execute(inside)).scalar()


async def _last(tx: Transaction, room: RoomId) -> "sa.Row[Any] | None":
    """Return the newest ask in a room, and since when it is quiet there: how it ended, or when the third has left."""
    since = sa.func.coalesce(thirds.c.ended_at, thirds.c.asked_at)
    left = sa.select(sa.func.max(entries.c.at)).join(
        memberships, sa.and_(memberships.c.room == entries.c.room, memberships.c.to_seq == entries.c.seq)
    ).where(entries.c.room == room, memberships.c.part == "professional").scalar_subquery()  # fmt: skip
    quiet = sa.case((left > since, left), else_=since).label("since")
    asks = sa.select(thirds, quiet).where(thirds.c.room == room)
    asks = asks.order_by(thirds.c.asked_at.desc(), thirds.c.id.desc())
    return (await tx.execute(asks.limit(1))).first()
