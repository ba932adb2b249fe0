"""Blocks: never matched again, in either direction, and the other learns nothing.

What stood between the two ends as it would for any other reason: an offer closes as offers do, a shared one-to-one ends
as when somebody leaves, or is left by the one of them who came in as a third. Later requests pass the blocker by (see
`offers.make` for how that looks like a busy peer).
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from chat import rooms as chat_rooms
from chat.ids import Millis, PersonId, RoomId
from chat.refusals import NotAMember
from chat.store import Transaction
from chat.tables import alias, blocks, memberships, people, rooms
from matcher.offers import end_standing
from matcher.tables import offers


async def block(tx: Transaction, person: PersonId, other: PersonId) -> None:
    """Block `other`, whichever of the two is a peer. Doing it again changes nothing.

    Raises:
        NotAMember: no such person, or oneself.
    """
    who = await tx.lock(people, [person, other])
    if person == other or len(who) < 2:
        raise NotAMember
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    kept = {"person": person, "blocked": other, "at": await tx.now()}
    await tx.execute(insert(blocks).values(kept).on_conflict_do_nothing())
    both = (person, other)
    between = sa.select(offers.c.id).where(
        offers.c.seeker.in_(both), offers.c.peer.in_(both), offers.c.ended_at.is_(None), offers.c.state == "offered"
    )
    mine, theirs = alias(memberships, "mine"), alias(memberships, "theirs")
    shared = (
        sa.select(rooms.c.id, theirs.c.part)
        .join(mine, sa.and_(mine.c.room == rooms.c.id, mine.c.person == person, mine.c.to_seq.is_(None)))
        .join(theirs, sa.and_(theirs.c.room == rooms.c.id, theirs.c.person == other))
        .where(rooms.c.kind == "one_to_one", rooms.c.state == "open")
    )
    together = {RoomId(row.id): row.part for row in await tx.execute(shared)}
    await end_standing(tx, [row.id for row in await tx.execute(between)], also=list(together))
    for room in sorted(together):
        await chat_rooms.leave(tx, room, other if together[room] == "professional" else person)


async def unblock(tx: Transaction, person: PersonId, other: PersonId) -> None:
    """Take a block back. Without one nothing happens."""
    await tx.lock(people, [person, other])
    await tx.execute(blocks.delete().where(blocks.c.person == person, blocks.c.blocked == other))


async def blocked(tx: Transaction, person: PersonId) -> list[tuple[PersonId, Millis]]:
    """Return whom the person has blocked, and when, the newest first.

    Without nicknames: somebody who goes by another name must not be found again by who once blocked them.
    """
    wanted = sa.select(blocks.c.blocked, blocks.c.at).where(blocks.c.person == person)
    rows = await tx.execute(wanted.order_by(blocks.c.at.desc(), blocks.c.blocked))
    return [(PersonId(row.blocked), Millis(row.at)) for row in rows]
