"""Who is told how a case goes: staff; whoever reported or called; once it was escalated, the member whom it concerns.

That is the person in danger, or the other in the one-to-one from which a peer called. Whom a report accuses of
something is not told by a case that others were asked; an act on them has its own notice. Of an appeal no more of the
staff are told than may judge it: who made the act does not learn from the desk that somebody complains. So it is with
the case of what waits in a room that holds.
"""

from typing import Any

import sqlalchemy as sa

from chat import recusal
from chat.ids import CaseId, RoomId
from chat.rooms import desk
from chat.store import Transaction
from chat.tables import cases, escalations, memberships, people, roles, rooms

DECIDERS = ("moderator", "supervisor", "organiser")
"""Who decides appeals: an organiser too, so that a place with one moderator has somebody else."""


async def staff(tx: Transaction, case: CaseId) -> list[RoomId]:
    """Return the rooms in which staff hear of a case: the desk; of an appeal and of what waits, the inboxes of those
    who may judge it."""
    quiet = sa.select(cases.c.id).where(
        cases.c.id == case, sa.or_(cases.c.kind == "appeal", cases.c.code == recusal.HELD)
    )
    if (await tx.execute(quiet)).first() is None:
        return [await desk(tx)]
    wanted = sa.select(people.c.inbox).join(cases, cases.c.id == case).where(
        people.c.state == "active", people.c.id.in_(sa.select(roles.c.person).where(roles.c.role.in_(DECIDERS))),
        sa.not_(recusal.is_recused_from(people.c.id, tx.is_postgresql)),
    )  # fmt: skip
    return [RoomId(one) for one in (await tx.execute(wanted)).scalars()]


async def inboxes(tx: Transaction, case: "sa.Row[Any]", *, escalated_as: str | None = None) -> list[RoomId]:
    """Return the inboxes of those who are told. `escalated_as`: the level at which it is being escalated now."""
    who = [case.reporter]
    asked = sa.select(escalations.c.step).where(escalations.c.case == case.id).limit(1)
    if escalated_as or (await tx.execute(asked)).first() is not None:
        if (escalated_as or case.level) == "imminent":
            who.append(case.subject)
        seeker = sa.select(memberships.c.person).join(rooms, rooms.c.id == memberships.c.room).where(
            memberships.c.room == case.room, memberships.c.part == "seeker", memberships.c.person != case.reporter
        )  # fmt: skip
        if case.kind == "call":
            who += (await tx.execute(seeker)).scalars()
    wanted = sa.select(people.c.inbox).where(people.c.id.in_([one for one in who if one]), people.c.state == "active")
    return [RoomId(one) for one in (await tx.execute(wanted)).scalars()]
