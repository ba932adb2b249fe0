"""Moderation: mute, unmute and remove.

Each act is one transaction: the rule's row, the audit's row, an entry on the desk and an entry in the inbox of whom it
is about. A mute takes the person's row, which every group of says takes too: when the moderator is told `done`, nothing
of theirs is accepted any more, on any process. Reasons are sealed before the transaction.
"""

from typing import Any

import sqlalchemy as sa

from chat import access, audit, timeline
from chat.ids import CaseId, MuteId, PersonId, RoomId, Seq, new_id
from chat.keys import KeyDestroyed, Keys
from chat.protocol import Mute, Remove, Unmute
from chat.refusals import Gone, NotAllowed, NotAMember
from chat.rooms import desk as find_desk
from chat.store import Store, Transaction
from chat.tables import cases, entries, hidden, memberships, mutes, people, roles, rooms

MINUTE_MS = 60_000


async def mute(store: Store, keys: Keys, moderator: PersonId, command: Mute) -> MuteId:
    """Mute a person: in one room, or everywhere but in one-to-ones. In a one-to-one that is named the peer is told.

    Raises:
        NotAllowed: no role for it, oneself, or one of the staff (an organiser may mute them).
        NotAMember: no such person, room or case. Gone: the case is closed.
    """
    reason = await seal_reason(store, keys, moderator, CaseId(command.case) if command.case else None, command.reason)
    async with store.transaction() as tx:
        return await _mute(tx, keys, moderator, command, reason)


async def unmute(store: Store, keys: Keys, moderator: PersonId, command: Unmute) -> None:
    """Lift a mute. One that is lifted or over is left as it is.

    Raises:
        NotAllowed: as for a mute. NotAMember: no such mute.
    """
    reason = await seal_reason(store, keys, moderator, None, command.reason)
    async with store.transaction() as tx:
        await _unmute(tx, keys, moderator, command, reason)


async def remove(store: Store, keys: Keys, moderator: PersonId, command: Remove) -> Seq:
    """Hide somebody's entry from everybody, and return the seq of the entry that says so; repeating is harmless.

    Raises:
        NotAllowed: no role for it. NotAMember: no such entry with words. Gone: the case is closed.
    """
    reason = await seal_reason(store, keys, moderator, CaseId(command.case) if command.case else None, command.reason)
    async with store.transaction() as tx:
        return await _remove(tx, keys, moderator, command, reason)


async def seal_reason(store: Store, keys: Keys, actor: PersonId, case: CaseId | None, text: str) -> audit.Reason | None:
    """Seal a reason (see `audit.seal_reason`), once it is known that the actor has a role: nobody else learns here
    whether there is such a case.

    Raises:
        NotAllowed: no role. Gone: the case is closed, or never was.
    """
    async with store.reading() as tx:
        await access.require_role(tx, actor, *access.DESK)
    try:
        return await audit.seal_reason(keys, actor, case, text)
    except KeyDestroyed:
        raise Gone from None


async def require_staff(tx: Transaction, moderator: PersonId, subject: PersonId | None) -> "dict[int, sa.Row[Any]]":
    """Lock both people, ask whether one may act on the other, and return their rows.

    Raises:
        NotAllowed: no role, not active, oneself, or one of the staff and the actor is no organiser.
        NotAMember: no such person.
    """
    found = await tx.lock(people, [moderator] if subject is None else [moderator, subject])
    if moderator not in found or found[moderator].state != "active":
        raise NotAllowed
    await access.require_role(tx, moderator, *access.STAFF)
    if subject is None:
        return found
    if subject not in found or found[subject].state == "erased":
        raise NotAMember
    if subject == moderator:
        raise NotAllowed
    held = set((await tx.execute(sa.select(roles.c.role).where(roles.c.person == subject))).scalars())
    if held & set(access.DESK):
        await access.require_role(tx, moderator, "organiser")
    return found


async def _mute(tx: Transaction, keys: Keys, moderator: PersonId, command: Mute, reason: audit.Reason | None) -> MuteId:
    person = PersonId(command.person)
    room = RoomId(command.room) if command.room is not None else None
    found = await require_staff(tx, moderator, person)
    desk, inbox = await find_desk(tx), RoomId(found[person].inbox)
    locked = await tx.lock(rooms, [desk, inbox, *([] if room is None else [room])])
    if room is not None:
        await _require_was_in(tx, room, person)
    await _require_case(tx, command.case)
    made, now = MuteId(new_id()), await tx.now()
    row = {"id": made, "person": person, "room": room, "rule": command.rule, "made_by": moderator, "made_at": now}
    await tx.execute(mutes.insert().values(row | {"until": now + command.minutes * MINUTE_MS}))
    await timeline.append(tx, inbox, "muted", ref=made, code=command.rule)
    await timeline.append(tx, desk, "muted", moderator, ref=made, code=command.rule)
    if room is not None and locked[room].kind == "one_to_one":
        await timeline.append(tx, room, "notice", ref=made, code="paused")
    await audit.append(
        tx, keys.derive("audit"), "muted", moderator, subject=person, room=room, ref=made, code=command.rule,
        reason=reason,
    )  # fmt: skip
    return made


async def _unmute(
    tx: Transaction, keys: Keys, moderator: PersonId, command: Unmute, reason: audit.Reason | None
) -> None:
    row = (await tx.execute(sa.select(mutes).where(mutes.c.id == command.mute))).first()
    if row is None:
        await require_staff(tx, moderator, None)
        raise NotAMember
    found = await require_staff(tx, moderator, row.person)
    desk, inbox = await find_desk(tx), RoomId(found[row.person].inbox)
    locked = await tx.lock(rooms, [desk, inbox, *([] if row.room is None else [row.room])])
    now = await tx.now()
    lifted = sa.update(mutes).where(mutes.c.id == row.id, mutes.c.lifted_at.is_(None), mutes.c.until > now)
    if (await tx.execute(lifted.values(lifted_at=now).returning(mutes.c.id))).first() is None:
        return
    await timeline.append(tx, inbox, "unmuted", ref=row.id)
    await timeline.append(tx, desk, "unmuted", moderator, ref=row.id)
    if row.room is not None and locked[row.room].kind == "one_to_one":
        await timeline.append(tx, row.room, "notice", ref=row.id, code="resumed")
    await audit.append(
        tx, keys.derive("audit"), "unmuted", moderator, subject=row.person, room=row.room, ref=row.id, reason=reason
    )


async def _remove(
    tx: Transaction, keys: Keys, moderator: PersonId, command: Remove, reason: audit.Reason | None
) -> Seq:
    room = RoomId(command.room)
    await require_staff(tx, moderator, None)
    columns = (entries.c.kind, entries.c.author, entries.c.target, people.c.inbox, rooms.c.kind.label("place"))
    wanted = sa.select(*columns).select_from(entries.join(people).join(rooms, rooms.c.id == entries.c.room))
    wanted = wanted.where(entries.c.room == room, entries.c.seq == command.seq)
    row = (await tx.execute(wanted)).first()
    if row is None or row.kind not in ("said", "edited") or row.place not in ("group", "one_to_one"):
        raise NotAMember
    target = Seq(row.target if row.kind == "edited" else command.seq)
    desk, inbox = await find_desk(tx), RoomId(row.inbox)
    await tx.lock(rooms, [desk, inbox, room])
    await _require_case(tx, command.case)
    by = entries.alias("by")
    done = sa.select(by.c.seq).join(hidden, sa.and_(hidden.c.room == by.c.room, hidden.c.by_seq == by.c.seq)).where(
        hidden.c.room == room, hidden.c.seq == target, by.c.kind == "removed"
    )  # fmt: skip
    earlier = (await tx.execute(done)).scalar()
    if earlier is not None:
        return Seq(earlier)
    seq = await timeline.append(tx, room, "removed", target=target, code=command.rule)
    await timeline.append(tx, inbox, "removed", ref=room, code=command.rule)
    await timeline.append(tx, desk, "removed", moderator, ref=command.case, code=command.rule)
    await audit.append(
        tx, keys.derive("audit"), "removed", moderator, subject=row.author, room=room, ref=target, code=command.rule,
        reason=reason,
    )  # fmt: skip
    return seq


async def _require_was_in(tx: Transaction, room: RoomId, person: PersonId) -> None:
    ever = sa.select(rooms.c.id).join(memberships, memberships.c.room == rooms.c.id).where(
        rooms.c.id == room, rooms.c.kind.in_(["group", "one_to_one"]), memberships.c.person == person
    )  # fmt: skip
    if (await tx.execute(ever)).first() is None:
        raise NotAMember


async def _require_case(tx: Transaction, case: int | None) -> None:
    if case is None:
        return
    row = (await tx.lock(cases, [case])).get(case)
    if row is None:
        raise NotAMember
    if row.state == "closed":
        raise Gone
