"""The directory: the people and group rooms an organiser sees. Nothing of what anybody said or when they came."""

from dataclasses import dataclass

import sqlalchemy as sa

from chat.ids import PersonId, RoomId
from chat.people import ROLES, Person
from chat.store import Transaction
from chat.tables import memberships, people, roles, rooms

NEWEST = 100


@dataclass(frozen=True, slots=True)
class Group:
    """A group room. `people`: how many are in it now. `state`: open, locked or closed."""

    id: RoomId
    name: str
    people: int
    capacity: int
    state: str


async def groups(tx: Transaction) -> list[Group]:
    """Return every group room by name, those that are closed last."""
    inside = sa.select(sa.func.count()).where(memberships.c.room == rooms.c.id, memberships.c.to_seq.is_(None))
    wanted = sa.select(rooms, inside.scalar_subquery().label("inside")).where(rooms.c.kind == "group")
    found = [Group(row.id, row.name or "", row.inside, row.capacity, row.state) for row in await tx.execute(wanted)]
    return sorted(found, key=lambda one: (one.state == "closed", one.name.casefold(), one.id))


async def with_roles(tx: Transaction) -> list[Person]:
    """Return everybody who holds a role, by name."""
    return await _found(tx, people.c.id.in_(sa.select(roles.c.person)), None)


async def newest_members(tx: Transaction) -> list[Person]:
    """Return the newest people without a role, by name; an organiser approves a peer from among them."""
    return await _found(tx, people.c.id.not_in(sa.select(roles.c.person)), NEWEST)


async def _found(tx: Transaction, which: "sa.ColumnElement[bool]", most: int | None) -> list[Person]:
    wanted = sa.select(people).where(which, people.c.state == "active").order_by(people.c.created_at.desc()).limit(most)
    rows = list(await tx.execute(wanted))
    held: dict[PersonId, set[str]] = {}
    for one in await tx.execute(sa.select(roles).where(roles.c.person.in_([row.id for row in rows]))):
        held.setdefault(one.person, set()).add(one.role)
    found = [
        Person(row.id, row.nickname, row.inbox, tuple(role for role in ROLES if role in held.get(row.id, ())),
               row.language, row.state)
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda one: one.nickname.casefold())
