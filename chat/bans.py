"""Bans: who may not come any more, for some days or for good, and who decides that.

A ban is an act like another; what sign-in, says and matching ask is the person's state, which follows the acts that
stand (`settle`). One moderator bans for days. A ban for good needs four eyes: it holds for WAIT_MS at once, and for
good when somebody else has confirmed it in that time; else it ends by itself.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from chat import access, acts, door, held, people, recusal, rooms, sessions, timeline
from chat.acts import Act, Actor
from chat.ids import ActId, Millis, PersonId, RoomId, new_id
from chat.refusals import Gone, NotAllowed, NotAMember
from chat.staff_commands import Ban
from chat.store import Store, Transaction, clock
from chat.tables import acts as acts_table
from chat.tables import alias, cases, roles
from chat.tables import people as people_table
from chat.tables import rooms as rooms_table

HANDLERS = ("moderator", "supervisor")
"""Who may confirm: an organiser, as such, may not."""
DAY_MS = 86_400_000
WAIT_MS = DAY_MS
"""How long a ban for good waits for a second."""


@dataclass(frozen=True, slots=True)
class WaitingBan:
    """A ban for good that nobody has confirmed yet. `until`: when it ends, if nobody does."""

    act: ActId
    person: PersonId
    nickname: str
    rule: str
    made_by: PersonId
    made_name: str
    until: Millis


async def ban(tx: Transaction, by: Actor, command: Ban) -> ActId:
    """Close the door: memberships, sessions, sockets and what waits of them end, on every process.

    Raises:
        What `moderation.act` raises.
    """
    person = PersonId(command.person)
    inbox = RoomId((await acts.require_staff(tx, by.person, person))[person].inbox)
    await acts.lock_rooms(tx, inbox, *await rooms.inside(tx, person))
    await acts.require_case(tx, by.person, command.case)
    made = ActId(new_id())
    until = await tx.now() + (WAIT_MS if command.days is None else command.days * DAY_MS)
    await rooms.leave_all(tx, person, "banned")
    await held.end(tx, person)
    act = Act(made, "banned", command.rule, person, amount=command.days, until=until, case=command.case)
    await acts.record(tx, by, act, told=inbox)
    await settle(tx, person)
    await sessions.end_all(tx, person)
    return made


async def confirm(tx: Transaction, by: Actor, act: ActId) -> None:
    """Say yes to a ban for good: from now on it has no end.

    Raises:
        NotAllowed: no role for it, it is one's own, or one holds the appeal against it. NotAMember: no such ban for
            them. Gone: it does not wait: somebody was quicker, or it is undone or over.
    """
    row = (await tx.execute(sa.select(acts_table).where(acts_table.c.id == act, acts_table.c.kind == "banned"))).first()
    found = await acts.require_staff(tx, by.person, None if row is None else row.person)
    await access.require_role(tx, by.person, *HANDLERS)
    if row is None:
        raise NotAMember
    decides = sa.select(cases.c.id).where(
        cases.c.act == act, cases.c.state == "claimed", cases.c.claimed_by == by.person
    )  # whoever decides the appeal against it is a third
    if row.made_by == by.person or (await tx.execute(decides)).first() is not None:
        raise NotAllowed
    inbox = RoomId(found[row.person].inbox)
    await acts.lock_rooms(tx, inbox)
    now = await tx.now()
    waits = sa.update(acts_table).where(acts_table.c.id == act, _waits(now))
    if (await tx.execute(waits.values(until=None, seconded_by=by.person, seconded_at=now))).rowcount == 0:
        raise Gone
    await settle(tx, row.person)
    await timeline.append(tx, inbox, "banned", ref=act, code=row.rule)
    await acts.tell_staff(tx, by, "confirmed", act, row.person, None, row.rule)


async def waiting(tx: Transaction, moderator: PersonId) -> list[WaitingBan]:
    """Return the bans for good that wait for a second, the oldest first; without those the moderator is recused from.
    Who may not be that second is shown none.

    Raises:
        NotAllowed: no role that comes to the desk.
    """
    await access.require_role(tx, moderator, *access.DESK)
    whom, maker = alias(people_table, "whom"), alias(people_table, "maker")
    joined = acts_table.join(whom, whom.c.id == acts_table.c.person).join(maker, maker.c.id == acts_table.c.made_by)
    apart = sa.not_(recusal.is_recused(moderator, acts_table.c.person, tx.is_postgresql))
    wanted = sa.select(acts_table, whom.c.nickname, maker.c.nickname.label("maker")).select_from(joined)
    wanted = wanted.where(_waits(await tx.now()), apart, _may_second(moderator)).order_by(
        acts_table.c.made_at, acts_table.c.id
    )
    return [
        WaitingBan(row.id, row.person, row.nickname or "", row.rule, row.made_by, row.maker or "", row.until)
        for row in await tx.execute(wanted)
    ]


async def settle(tx: Transaction, person: PersonId) -> None:
    """Let the person's state follow the bans that stand; who may come again and is staff, comes to the desk again.

    The caller has locked the person and the desk.
    """
    ends = [row.until for row in await acts.standing(tx, acts_table.c.person == person, acts_table.c.kind == "banned")]
    until = None if not ends or None in ends else max(ends)
    theirs = sa.update(people_table).where(people_table.c.id == person, people_table.c.state != "erased")
    await tx.execute(theirs.values(state="banned" if ends else "active", banned_until=until))
    if not ends:
        await people.return_to_desk(tx, person)


async def end_due(store: Store) -> None:
    """End the bans that are over by the database's clock. Asked before anybody signs in: nobody waits for a sweep."""
    async with store.reading() as tx:
        over = sa.select(people_table.c.id).where(people_table.c.banned_until <= clock(tx.is_postgresql))
        due = [PersonId(one) for one in (await tx.execute(over.where(people_table.c.state == "banned"))).scalars()]
    for person in due:
        async with store.transaction() as tx:
            await tx.lock(people_table, [person])
            await tx.lock(rooms_table, [await rooms.desk(tx)])
            await settle(tx, person)


def _may_second(moderator: PersonId) -> "sa.ColumnElement[bool]":
    return sa.exists().where(roles.c.person == moderator, roles.c.role.in_(HANDLERS))


def _waits(now: Millis) -> "sa.ColumnElement[bool]":
    return sa.and_(
        acts_table.c.kind == "banned", acts_table.c.amount.is_(None), acts_table.c.seconded_by.is_(None),
        door.still_stands(now),
    )  # fmt: skip
