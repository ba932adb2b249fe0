"""Eligibility: who may be offered a request, decided by the database and by nothing remembered.

Asked twice, by the same rules: of the candidates of a batch, and again for the one, under the locks of `offers.make`
and `offers.accept`, so that races over any number of processes end with every rule kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from chat.ids import PersonId
from chat.store import Transaction, clock
from chat.tables import memberships, people, roles, rooms
from matcher import rules
from matcher.requests import HOUR_MS
from matcher.rules import ALWAYS, RULES, muted, talks
from matcher.tables import offers, peers, requests


@dataclass(frozen=True, slots=True)
class Free:
    """A peer who may take somebody now, whoever it is. `places`: room for so many; `load`: chats of the last day."""

    person: PersonId
    places: int
    load: int


async def free(tx: Transaction) -> list[Free]:
    """Return every peer who may take somebody now, whoever it is, by id: set-wise, so ten thousand cost little."""
    chats = (
        sa.select(memberships.c.person, sa.func.count().label("n"))
        .join(rooms, rooms.c.id == memberships.c.room)
        .where(memberships.c.part == "peer", memberships.c.to_seq.is_(None), rooms.c.kind == "one_to_one",
               rooms.c.state == "open")
        .group_by(memberships.c.person).subquery()
    )  # fmt: skip
    standing = (
        sa.select(offers.c.peer, sa.func.count().label("n"))
        .where(offers.c.ended_at.is_(None)).group_by(offers.c.peer).subquery()
    )  # fmt: skip
    taken = (
        sa.select(offers.c.peer, sa.func.count().label("n"))
        .where(offers.c.state == "accepted", offers.c.made_at > clock(tx.is_postgresql) - 24 * HOUR_MS)
        .group_by(offers.c.peer).subquery()
    )  # fmt: skip
    n = sa.func.coalesce
    left = peers.c.capacity - n(chats.c.n, 0) - n(standing.c.n, 0)
    wanted = (
        sa.select(peers.c.person, left.label("places"), n(taken.c.n, 0).label("load"))
        .join(roles, sa.and_(roles.c.person == peers.c.person, roles.c.role == "peer"))
        .outerjoin(chats, chats.c.person == peers.c.person)
        .outerjoin(standing, standing.c.peer == peers.c.person)
        .outerjoin(taken, taken.c.peer == peers.c.person)
        .where(rules.available(tx.is_postgresql), left > 0)
        .order_by(peers.c.person)
    )  # fmt: skip
    return [Free(PersonId(row.person), row.places, row.load) for row in await tx.execute(wanted)]


async def eligible(tx: Transaction, request: int, among: Iterable[int]) -> dict[PersonId, bool]:
    """Return to whom of these the request may be offered now, and whether they were asked in this round already."""
    found = await tx.execute(_eligible(tx.is_postgresql), [{"request": request, "among": list(among)}])
    return {PersonId(row.person): bool(row.was_asked) for row in found}


async def may_be_offered(tx: Transaction, request: int, peer: PersonId) -> bool:
    """Ask again for one peer, whose row and the seeker's the caller has locked; nobody is asked twice in a round."""
    return (await eligible(tx, request, [peer])).get(peer) is False


async def may_accept(tx: Transaction, request: int, peer: PersonId) -> bool:
    """Whether a peer to whom the request was offered may take it: the offer itself counts no more, and who is finishing
    up may. The caller has locked both people."""
    return (
        await tx.execute(_acceptable(tx.is_postgresql), [{"request": request, "among": [peer]}])
    ).first() is not None


async def refused(tx: Transaction, request: int, peer: PersonId) -> list[str]:
    """Return the reason codes that stand between a request and a peer: for tests and simulations, shown to nobody."""
    row = (await tx.execute(_judged(tx.is_postgresql), [{"request": request, "among": [peer]}])).one()
    return [code for code in RULES if not getattr(row, code)]


async def is_there(tx: Transaction, seeker: PersonId) -> bool:
    """Whether the seeker is active and not muted now."""
    there = sa.and_(people.c.id == seeker, people.c.state == "active", ~muted(tx.is_postgresql, people.c.id))
    return (await tx.execute(sa.select(people.c.id).where(there))).first() is not None


@cache  # building them anew costs more than the database takes to answer
def _eligible(is_postgresql: bool) -> "sa.Select[Any]":
    held = (rule(is_postgresql) for rule in RULES.values())
    return _pairs().add_columns((~rules.asked(is_postgresql)).label("was_asked")).where(*held)


@cache
def _acceptable(is_postgresql: bool) -> "sa.Select[Any]":
    return _pairs().where(talks() < peers.c.capacity, *(rule(is_postgresql) for rule in ALWAYS.values()))


@cache
def _judged(is_postgresql: bool) -> "sa.Select[Any]":
    return _pairs().add_columns(*(rule(is_postgresql).label(code) for code, rule in RULES.items()))


def _pairs() -> "sa.Select[Any]":
    """The pairs of one request (`request`) and some peers (`among`)."""
    asks = sa.bindparam("request", type_=sa.BigInteger)
    among: sa.BindParameter[int] = sa.bindparam("among", expanding=True, type_=sa.BigInteger)
    both = sa.select(peers.c.person).select_from(requests.join(peers, sa.true()))
    return both.where(requests.c.id == asks, peers.c.person.in_(among))
