"""The door of a group room: who may come in, who may not for now, and who waits in its lobby.

While a room is guarded (see `raids`) whoever is new to it waits in the lobby. Who waits is no member: they read nothing
and say nothing by the rules that hold for every stranger, in every process, and a say costs no further question.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from chat.ids import PersonId, RoomId
from chat.refusals import Expelled, RoomFull, TooFast
from chat.store import Transaction, clock
from chat.tables import acts, alias, lobby, memberships, people, roles, rooms

MINUTE_MS = 60_000
PROBATION_MS = 86_400_000
"""An account that is no older than this when a room is guarded is new to every room: accounts are made for a raid."""


COMINGS = 10
COMINGS_MS = 10 * MINUTE_MS
"""So often in this time one person may come into one room: each time is an entry that everybody there sees."""


async def knock(tx: Transaction, where: "sa.Row[Any]", person: PersonId) -> bool:
    """Ask whether somebody who is not in a room (its row, locked) may come in; False: they wait in its lobby now.

    Who waits keeps a seat from others who are new, so that the lobby ends too; nobody who is known waits for them.

    Raises:
        Expelled. RoomFull. TooFast: came in COMINGS times lately.
    """
    await _require_not_expelled(tx, where.id, person)
    await _count(tx, where.id, person)
    standing = await guards(tx, where.id)
    if not standing:  # whoever waited longer than the room was guarded comes by the door, as everybody
        await tx.execute(sa.delete(lobby).where(lobby.c.room == where.id))
    new = sa.or_(sa.false(), *(is_new(one) for one in standing))
    found = sa.select(people.c.id, lobby.c.since_at).outerjoin(
        lobby, sa.and_(lobby.c.room == where.id, lobby.c.person == people.c.id)
    )
    row = (await tx.execute(found.where(people.c.id == person, new))).first()
    inside = sa.select(memberships.c.person).where(memberships.c.room == where.id, memberships.c.to_seq.is_(None))
    waits = sa.select(lobby.c.person).where(lobby.c.room == where.id, lobby.c.person != person)
    seats = inside if row is None else inside.union_all(waits)
    if (await tx.execute(sa.select(sa.func.count()).select_from(seats.subquery()))).scalar_one() >= where.capacity:
        raise RoomFull
    if row is not None and row.since_at is None:
        await tx.execute(lobby.insert().values(room=where.id, person=person, since_at=await tx.now()))
    return row is None


async def guards(tx: Transaction, room: RoomId) -> "Sequence[sa.Row[Any]]":
    """Return the guardings of a room (acts) that stand, the oldest first."""
    wanted = sa.select(acts).where(_guards(tx.is_postgresql, acts.c.room == room)).order_by(acts.c.id)
    return (await tx.execute(wanted)).all()


def is_new(guard: "sa.Row[Any]") -> "sa.ColumnElement[bool]":
    """Whether a person (a row of `people`) is new to the room that an act guards: first in it since so many minutes
    before, or with an account of no age, and trusted with no role. Leaving and coming back makes nobody older."""
    stay = alias(memberships, "stay")
    ours = sa.exists().where(stay.c.room == guard.room, stay.c.person == people.c.id)
    trusted = sa.or_(sa.exists().where(roles.c.person == people.c.id), ours.where(stay.c.part == "leader"))
    was_in = ours.where(stay.c.since_at < guard.made_at - guard.amount * MINUTE_MS)
    known = sa.and_(was_in, people.c.created_at < guard.made_at - PROBATION_MS)
    return sa.not_(sa.or_(trusted, known))


async def waits(tx: Transaction, room: RoomId, person: PersonId) -> bool:
    """Whether somebody waits in the lobby of a room that is guarded."""
    return (await tx.execute(_waits(tx.is_postgresql), {"in_room": room, "who": person})).first() is not None


@cache
def _waits(is_postgresql: bool) -> "sa.Select[tuple[int]]":
    theirs = sa.and_(lobby.c.room == sa.bindparam("in_room"), lobby.c.person == sa.bindparam("who"))
    return sa.select(lobby.c.person).where(
        theirs, sa.exists().where(_guards(is_postgresql, acts.c.room == lobby.c.room))
    )


async def waiting(tx: Transaction, room: RoomId) -> "Sequence[sa.Row[Any]]":
    """Return who waits in the lobby (person, nickname, since_at), longest first; nobody once the room is guarded no
    more: whoever is left comes in by the door."""
    if not await guards(tx, room):
        return []
    wanted = sa.select(lobby.c.person, people.c.nickname, lobby.c.since_at).join(people, people.c.id == lobby.c.person)
    wanted = wanted.where(lobby.c.room == room, people.c.state == "active")
    return (await tx.execute(wanted.order_by(lobby.c.since_at, lobby.c.person))).all()


async def guarded(tx: Transaction) -> "Sequence[sa.Row[Any]]":
    """Return the rooms (id, name) that are guarded now, by name."""
    wanted = sa.select(rooms.c.id, rooms.c.name).where(
        sa.exists().where(_guards(tx.is_postgresql, acts.c.room == rooms.c.id))
    )
    return (await tx.execute(wanted.order_by(rooms.c.name, rooms.c.id))).all()


def _guards(is_postgresql: bool, where: "sa.ColumnElement[bool]") -> "sa.ColumnElement[bool]":
    return sa.and_(where, acts.c.kind == "guarded", still_stands(clock(is_postgresql)))


def still_stands(now: "int | sa.ColumnElement[int]") -> "sa.ColumnElement[bool]":
    """Whether an act (a row) is neither undone nor over."""
    return sa.and_(acts.c.undone_at.is_(None), sa.or_(acts.c.until.is_(None), acts.c.until > now))


async def _require_not_expelled(tx: Transaction, room: RoomId, person: PersonId) -> None:
    now = await tx.now()
    sent_out = sa.and_(acts.c.room == room, acts.c.person == person, acts.c.kind == "expelled")
    ends = list((await tx.execute(sa.select(acts.c.until).where(sent_out, still_stands(now)))).scalars())
    if ends:
        raise Expelled(None if None in ends else (max(ends) - now) / 1000)


async def _count(tx: Transaction, room: RoomId, person: PersonId) -> None:
    now = await tx.now()
    lately = sa.select(memberships.c.since_at).where(
        memberships.c.room == room, memberships.c.person == person, memberships.c.since_at > now - COMINGS_MS
    )
    came = list((await tx.execute(lately)).scalars())
    if len(came) >= COMINGS:
        raise TooFast((min(came) + COMINGS_MS - now) / 1000)
