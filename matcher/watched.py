"""Watched: how far each room has been read for reasons to worry, and who reads on.

The one idea: a room's cursor moves in the transaction that keeps the cases found on the way, and only for whoever holds
its lease. So several processes share the rooms, one that dies is followed by another, and no entry is skipped or
raised twice.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from chat.ids import Millis, RoomId, Seq
from chat.store import Transaction
from chat.tables import rooms
from matcher.tables import watched

KINDS = ("group", "one_to_one")
ROOMS = 64
"""So many rooms are leased together."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A room one may read on, from its cursor `seq` to its `last`."""

    room: RoomId
    kind: str
    seq: Seq
    last: Seq
    token: str


async def is_due(tx: Transaction, among: Collection[RoomId] | None) -> bool:
    """Whether a room (among these, or among all) has entries nobody has looked at and nobody is looking at."""
    due = sa.select(rooms.c.id).select_from(_both).where(_grown(among), _free(await tx.now()))
    return (await tx.execute(due.limit(1))).first() is not None


async def lease(tx: Transaction, among: Collection[RoomId] | None, lease_s: float) -> list[Lease]:
    """Take at most ROOMS that are due, those first that have waited longest since their last turn."""
    now = await tx.now()
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    fresh = sa.select(rooms.c.id, sa.literal(0), sa.literal(0)).where(_grown(among), watched.c.room.is_(None))
    begun = insert(watched).from_select(["room", "seq", "lease_until"], fresh.select_from(_both).limit(ROOMS))
    await tx.execute(begun.on_conflict_do_nothing())
    due = sa.select(watched.c.room).join(rooms, rooms.c.id == watched.c.room).where(_grown(among), _free(now))
    due = due.order_by(watched.c.lease_until, watched.c.room).limit(ROOMS)
    token = secrets.token_hex(8)
    taken = (
        sa.update(watched)
        .where(watched.c.room.in_(due.with_for_update(of=watched, skip_locked=True)))
        .values(lease=token, lease_until=now + int(lease_s * 1000))
    )
    await tx.execute(taken)
    held = sa.select(watched.c.room, rooms.c.kind, watched.c.seq, rooms.c.last_seq).join(
        rooms, rooms.c.id == watched.c.room
    )
    rows = await tx.execute(held.where(watched.c.lease == token).order_by(watched.c.room))
    return [Lease(RoomId(row.room), row.kind, Seq(row.seq), Seq(row.last_seq), token) for row in rows]


async def move(tx: Transaction, held: Lease, to: Seq) -> bool:
    """Move a room's cursor and give the lease back; False: it is not held any more, and nothing was changed."""
    here = sa.and_(watched.c.room == held.room, watched.c.lease == held.token)
    moved = sa.update(watched).where(here).values(seq=to, lease=None, lease_until=await tx.now())
    return (await tx.execute(moved.returning(watched.c.room))).first() is not None


_both = rooms.outerjoin(watched, watched.c.room == rooms.c.id)


def _grown(among: Collection[RoomId] | None) -> "sa.ColumnElement[bool]":
    grown = sa.and_(rooms.c.kind.in_(KINDS), rooms.c.last_seq > sa.func.coalesce(watched.c.seq, 0))
    return grown if among is None else sa.and_(rooms.c.id.in_(sorted(among)), grown)


def _free(now: Millis) -> "sa.ColumnElement[bool]":
    return sa.or_(watched.c.lease.is_(None), watched.c.lease_until < now)
