"""Access: the one permission question, membership, asked of the database every time.

Nothing is cached: a mute, a removal or a ban holds in every process from the moment it is committed.
"""

from dataclasses import dataclass
from datetime import tzinfo
from functools import cache
from typing import Any

import sqlalchemy as sa

from chat.hours import is_within
from chat.ids import PersonId, RoomId, Seq
from chat.refusals import Muted, NotAllowed, NotAMember, RoomClosed, RoomLocked, SignedOut
from chat.store import Transaction, clock, incarnation
from chat.tables import acts, memberships, mutes, people, roles, rooms

STAFF = ("moderator", "supervisor", "organiser")
"""Who acts on members."""
DESK = ("moderator", "supervisor", "professional", "organiser")
"""Who answers for the rooms: they are told on the desk what happens, and go on duty. A professional is asked when it is
serious, and acts on nobody."""
THIRDS = ("professional", "supervisor")
"""Who may ask to come into a one-to-one, and as what: the first of these roles that they hold."""


@dataclass(frozen=True, slots=True)
class Membership:
    """What one person may see of one room: seqs from_seq … to_seq (None: and on)."""

    room: RoomId
    from_seq: Seq
    to_seq: Seq | None
    part: str
    read_seq: Seq


async def memberships_of(tx: Transaction, room: RoomId, person: PersonId) -> list[Membership]:
    """Return every range the person was ever a member for, oldest first; empty for a stranger or an absent room."""
    wanted = sa.select(memberships).where(memberships.c.room == room, memberships.c.person == person)
    rows = await tx.execute(wanted.order_by(memberships.c.from_seq))
    return [Membership(row.room, row.from_seq, row.to_seq, row.part, row.read_seq) for row in rows]


async def require_member(tx: Transaction, room: RoomId, person: PersonId) -> Membership:
    """Return the person's present membership.

    Raises:
        NotAMember: no such room, or not in it now. The two look the same.
    """
    for membership in await memberships_of(tx, room, person):
        if membership.to_seq is None:
            return membership
    raise NotAMember


async def place_of(tx: Transaction, room: RoomId, person: PersonId) -> "sa.Row[Any]":
    """Return the room, the person's present membership in it, and the epoch, as of one moment: a leaving that is not
    seen here lies beyond `last_seq`, and ends the following then.

    Raises:
        NotAMember: no such room, or not in it now.
    """
    row = (await tx.execute(_place_of(tx.is_postgresql), {"in_room": room, "who": person})).first()
    if row is None:
        raise NotAMember
    return row


@cache
def _place_of(is_postgresql: bool) -> "sa.Select[Any]":
    open_one = sa.and_(memberships.c.room == rooms.c.id, memberships.c.to_seq.is_(None))
    return sa.select(
        rooms.c.kind, rooms.c.first_seq, rooms.c.last_seq, memberships.c.from_seq,
        memberships.c.read_seq, incarnation(is_postgresql).label("epoch"),
    ).join_from(rooms, memberships, open_one).where(
        rooms.c.id == sa.bindparam("in_room"), memberships.c.person == sa.bindparam("who")
    )  # fmt: skip


async def require_voice(tx: Transaction, room: RoomId, person: PersonId) -> Membership:
    """Lock the person and the room, then ask whether the person may speak in it now.

    Raises:
        NotAMember, Muted, RoomClosed, RoomLocked, SignedOut.
    """
    who = (await tx.lock(people, [person])).get(person)
    where = (await tx.lock(rooms, [room])).get(room)
    if who is None or who.state != "active":
        raise SignedOut
    membership = await require_member(tx, room, person)
    assert where is not None  # a membership's room exists: foreign key
    if where.kind not in ("group", "one_to_one"):
        raise NotAllowed
    if where.state != "open":
        raise RoomLocked if where.state == "locked" else RoomClosed
    if await is_muted(tx, person, room, where.kind):
        raise Muted
    return membership


async def is_muted(tx: Transaction, person: PersonId, room: RoomId | None = None, kind: str = "group") -> bool:
    """Whether a mute stands: in this room, or everywhere (which leaves one-to-ones alone unless they are named).
    Without a room: everywhere, as somebody decided (see `decided`)."""
    everywhere = mutes.c.room.is_(None)
    if room is None:
        reach = sa.and_(everywhere, decided())
    else:
        reach = mutes.c.room == room if kind == "one_to_one" else sa.or_(mutes.c.room == room, everywhere)
    standing = sa.select(mutes.c.id).where(
        mutes.c.person == person, mutes.c.lifted_at.is_(None), mutes.c.until > clock(tx.is_postgresql), reach
    )  # fmt: skip
    return (await tx.execute(standing.limit(1))).first() is not None


def decided() -> "sa.ColumnElement[bool]":
    """Whether somebody decided on a mute (a row). One that came by itself (see `valve`) is for what is said in group
    rooms, and leaves whom it reaches all else: to ask, to be asked, and to go by another name."""
    return ~sa.exists().where(acts.c.id == mutes.c.id, acts.c.made_by.is_(None))


async def is_held(tx: Transaction, person: PersonId, membership: Membership, zone: tzinfo) -> bool:
    """Whether what a member says waits for a moderator now: the room holds, and they neither lead it nor answer for
    the rooms."""
    holds = (await tx.execute(sa.select(rooms.c.holds).where(rooms.c.id == membership.room))).scalar()
    if holds is None or membership.part == "leader" or not is_within(holds, await tx.now(), zone):
        return False
    answers = sa.select(roles.c.role).where(roles.c.person == person, roles.c.role.in_(DESK))
    return (await tx.execute(answers.limit(1))).first() is None


async def roles_of(tx: Transaction, person: PersonId) -> set[str]:
    """Return the roles that somebody holds now."""
    return set((await tx.execute(sa.select(roles.c.role).where(roles.c.person == person))).scalars())


async def require_role(tx: Transaction, person: PersonId, *allowed: str) -> None:
    """Ask whether the person holds one of the roles.

    Raises:
        NotAllowed: none of them.
    """
    held = sa.select(roles.c.role).where(roles.c.person == person, roles.c.role.in_(allowed))
    if (await tx.execute(held.limit(1))).first() is None:
        raise NotAllowed
