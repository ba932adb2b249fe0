"""Who is told how a case goes: whoever reported or called, and once it was escalated, the member whom it concerns.

That is the person in danger, or the other in the one-to-one from which a peer called. Whom a report accuses of
something is not told by a case that others were asked; an act on them has its own notice.
"""

from typing import Any

import sqlalchemy as sa

from chat.ids import RoomId
from chat.store import Transaction
from chat.tables import escalations, memberships, people, rooms


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
