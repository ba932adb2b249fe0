"""Acts: what was done to a person or a room, each one row with one id: by staff, or by itself (see `valve`).

The notice in the person's inbox, the entry on the desk, the audit's row and the act's undoing all name that id. What an
act changes (a mute, a membership, a state) is written beside it in the same transaction, under the locks of who acts,
of whom it is about and of the rooms; the notice cites the house rule in the version that was in force. What came by
itself cites none: nobody has judged it so far.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import sqlalchemy as sa

from chat import access, audit, house_rules, recusal, timeline
from chat.door import still_stands
from chat.ids import ActId, CaseId, Millis, PersonId, RoomId
from chat.keys import KeyDestroyed, Keys
from chat.refusals import Gone, NotAllowed, NotAMember
from chat.rooms import desk as find_desk
from chat.store import Store, Transaction
from chat.tables import acts, cases, memberships, people, rooms

Kind = Literal["warned", "muted", "removed", "cleared", "expelled", "banned", "locked", "slowed", "guarded",
               "holding", "declined"]  # fmt: skip
BY_ITSELF = "valve"
"""What stands on the desk, in the notice and in the audit where otherwise the house rule does."""


@dataclass(frozen=True, slots=True, repr=False)
class Actor:
    """Who acts, and why: the reason is sealed before the transaction. `key`: the audit's."""

    person: PersonId
    key: bytes
    reason: audit.Reason | None


@dataclass(frozen=True, slots=True, repr=False)
class Nobody:
    """No person acts: it comes by itself, and for no reason of anybody's."""

    key: bytes
    person: ClassVar[None] = None
    reason: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Act:
    """A row of acts, as it is made. See `tables.acts`. `rule`: None exactly when nobody acts."""

    id: ActId
    kind: Kind
    rule: str | None
    person: PersonId | None = None
    room: RoomId | None = None
    seq: int | None = None
    amount: int | None = None
    until: int | None = None
    case: int | None = None
    hours: str | None = None


async def actor(store: Store, keys: Keys, person: PersonId, case: int | None, reason: str) -> Actor:
    """Return who acts, with their reason sealed (see `seal_reason`)."""
    return Actor(person, keys.derive("audit"), await seal_reason(store, keys, person, case, reason))


async def seal_reason(store: Store, keys: Keys, person: PersonId, case: int | None, reason: str) -> audit.Reason | None:
    """Seal a reason (see `audit.seal_reason`), once it is known that the person has a role and is not recused: nobody
    else learns here whether there is such a case.

    Raises:
        NotAllowed: no role. NotAMember: no such case for them. Gone: it is closed.
    """
    async with store.reading() as tx:
        await access.require_role(tx, person, *access.DESK)
        if case is not None:
            row = (await tx.execute(sa.select(cases).where(cases.c.id == case))).first()
            await require_judge(tx, person, row)
    try:
        return await audit.seal_reason(keys, person, None if case is None else CaseId(case), reason)
    except KeyDestroyed:
        raise Gone from None


async def require_staff(tx: Transaction, moderator: PersonId, subject: PersonId | None) -> "dict[int, sa.Row[Any]]":
    """Lock both people, ask whether one may act on the other, and return their rows.

    Raises:
        NotAllowed: no role, not active, or one of the staff and the actor is no organiser.
        NotAMember: no such person, or the moderator is recused.
    """
    found = await tx.lock(people, [moderator] if subject is None else [moderator, subject])
    if moderator not in found or found[moderator].state != "active":
        raise NotAllowed
    await access.require_role(tx, moderator, *access.STAFF)
    if subject is None:
        return found
    if subject not in found or found[subject].state == "erased":
        raise NotAMember
    await recusal.require_apart(tx, moderator, subject)
    if await access.roles_of(tx, subject) & set(access.DESK):
        await access.require_role(tx, moderator, "organiser")
    return found


async def require_author(tx: Transaction, moderator: PersonId, author: PersonId) -> None:
    """Lock both people and ask whether one may act on what the other said: also on staff's words, and on those of who
    has been erased since.

    Raises:
        NotAllowed: no role, or not active. NotAMember: the moderator is recused.
    """
    found = await tx.lock(people, [moderator, author])
    if moderator not in found or found[moderator].state != "active":
        raise NotAllowed
    await access.require_role(tx, moderator, *access.STAFF)
    await recusal.require_apart(tx, moderator, author)


async def require_judge(tx: Transaction, moderator: PersonId, case: "sa.Row[Any] | None") -> None:
    """Ask whether a moderator may see a case: whom it is about and who reported it must both be strangers to them, and
    an appeal must be against somebody else.

    Raises:
        NotAMember: no, or there is none.
    """
    if case is None or not await recusal.may_judge(tx, moderator, case.id):
        raise NotAMember


async def lock_rooms(tx: Transaction, *others: RoomId) -> "dict[int, sa.Row[Any]]":
    """Lock the desk and other rooms, and return their rows."""
    return await tx.lock(rooms, [await find_desk(tx), *others])


async def require_case(tx: Transaction, moderator: PersonId, case: int | None) -> None:
    """Lock the case an act names, if it names one.

    Raises:
        NotAMember: no such case for them. Gone: it is closed.
    """
    if case is None:
        return
    row = (await tx.lock(cases, [case])).get(case)
    await require_judge(tx, moderator, row)
    assert row is not None
    if row.state == "closed":
        raise Gone


async def require_was_in(tx: Transaction, room: RoomId, person: PersonId, *kinds: str) -> None:
    """Ask whether the person is or was in the room, and it is of one of these kinds.

    Raises:
        NotAMember.
    """
    ever = sa.select(rooms.c.id).join(memberships, memberships.c.room == rooms.c.id)
    ever = ever.where(rooms.c.id == room, rooms.c.kind.in_(kinds), memberships.c.person == person)
    if (await tx.execute(ever)).first() is None:
        raise NotAMember


async def record(tx: Transaction, by: Actor | Nobody, act: Act, *, told: RoomId) -> Millis:
    """Keep an act, tell whom it is about, the desk and the audit, and return when. Locks nothing but the audit's head.

    Args:
        told: the person's inbox, or the room; it and the desk are locked.

    Raises:
        Malformed: there is no such house rule.
    """
    version = None if act.rule is None else await house_rules.in_force(tx, act.rule)
    now, code = await tx.now(), act.rule or BY_ITSELF
    await tx.execute(acts.insert().values(
        id=act.id, kind=act.kind, person=act.person, room=act.room, seq=act.seq, amount=act.amount, until=act.until,
        hours=act.hours, case=act.case, rule=act.rule, rule_version=version, made_by=by.person, made_at=now,
    ))  # fmt: skip
    if act.person is not None:
        await timeline.append(tx, told, act.kind, ref=act.id, code=code)
    else:
        notice = act.kind if act.rule is not None else f"{act.kind}_by_itself"
        await timeline.append(tx, told, "notice", ref=act.id, code=notice)
    await tell_staff(tx, by, act.kind, act.id, act.person, act.room, code)
    return now


async def tell_staff(
    tx: Transaction, by: Actor | Nobody, what: str, act: ActId, person: PersonId | None, room: RoomId | None, code: str
) -> None:
    """Put something on the desk and into the audit."""
    await timeline.append(tx, await find_desk(tx), what, by.person, ref=act, code=code)
    await audit.append(tx, by.key, what, by.person, subject=person, room=room, ref=act, code=code, reason=by.reason)


async def standing(tx: Transaction, *where: "sa.ColumnElement[bool]") -> "Sequence[sa.Row[Any]]":
    """Return the acts that stand, the newest last: neither undone nor over."""
    wanted = sa.select(acts).where(still_stands(await tx.now()), *where).order_by(acts.c.made_at, acts.c.id)
    return (await tx.execute(wanted)).all()
