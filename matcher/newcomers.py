"""Newcomers: who has many short one-to-ones with people who have just come. No word is read for it.

A peer meets newcomers by the nature of the thing, so it takes many, all of them broken off: someone who looks for the
one that can be led astray drops the others soon. A third in a one-to-one (see `chat.thirds`) is neither of the two.
"""

import sqlalchemy as sa

from chat.ids import Millis, PersonId, RoomId
from chat.store import Transaction
from chat.tables import alias, memberships, people, rooms

DAY_MS = 86_400_000
NEW_MS = 7 * DAY_MS
"""For so long somebody is a newcomer, and so far back it is counted."""
SHORT = 12
"""A one-to-one of fewer entries was broken off; five of them only say who came, who left and that it is closed."""
MANY = 5


async def many_short(tx: Transaction, room: RoomId, now: Millis) -> list[PersonId]:
    """Return who of a closed one-to-one had MANY short ones with different newcomers; through ix_memberships_person."""
    inside, theirs, other = memberships, alias(memberships, "theirs"), alias(memberships, "other")
    broken = sa.and_(
        rooms.c.kind == "one_to_one", rooms.c.state == "closed", rooms.c.last_seq < SHORT,
        rooms.c.closed_at > now - NEW_MS,
    )  # fmt: skip
    wanted = (
        sa.select(inside.c.person)
        .join(theirs, sa.and_(theirs.c.person == inside.c.person, theirs.c.part != "professional"))
        .join(rooms, sa.and_(rooms.c.id == theirs.c.room, broken))
        .join(
            other,
            sa.and_(other.c.room == theirs.c.room, other.c.person != theirs.c.person, other.c.part != "professional"),
        )
        .join(people, sa.and_(people.c.id == other.c.person, people.c.created_at > now - NEW_MS))
        .where(inside.c.room == room)
        .group_by(inside.c.person)
        .having(sa.func.count(other.c.person.distinct()) >= MANY)
    )
    return [PersonId(one) for one in (await tx.execute(wanted)).scalars()]
