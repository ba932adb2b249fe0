"""Eligibility: who may be offered a request, decided by the database and by nothing remembered.

Asked twice: over all peers when candidates are sought, and again for the one, under the locks of `offers.make` and
`offers.accept`, so that races over any number of processes end with every rule kept.
"""

from typing import Any

import sqlalchemy as sa

from chat.ids import PersonId
from chat.store import Transaction, clock
from chat.tables import blocks, memberships, mutes, people, roles, rooms
from matcher.tables import offers, peers, profile_languages, profiles

Row = sa.Row[Any]
"""person, version, vector_of, vector_model, language, offered_at, talks, stands, blocks, asked: see `_candidates`."""


async def candidates(
    tx: Transaction, request: int, round: int, seeker: PersonId, languages: tuple[str, ...]
) -> list[Row]:
    """Return every peer who may be asked, before the hard rules of facets.

    A row each, in order of person: who is a peer by role, active and not muted, open, with room for one more, reads one
    of the languages, is not the seeker, is not talking with the seeker already, and was not blocked by the seeker.
    `blocks`: this peer has blocked the seeker (and must never be asked, while the seeker must not be able to tell).
    `asked`: this peer was asked in this round.
    """
    reads = sa.exists().where(profile_languages.c.person == peers.c.person, profile_languages.c.language.in_(languages))
    asked = sa.exists().where(offers.c.request == request, offers.c.round == round, offers.c.peer == peers.c.person)
    wanted = _candidates(tx, seeker).add_columns(asked.label("asked"))
    return list(await tx.execute(wanted.where(reads, peers.c.state == "open", _load() < peers.c.capacity)))


async def may_be_offered(tx: Transaction, seeker: PersonId, peer: PersonId) -> Row | None:
    """Ask again for one peer, whose row and the seeker's the caller has locked. None: no longer."""
    wanted = _candidates(tx, seeker).where(
        peers.c.person == peer, peers.c.state == "open", _load() < peers.c.capacity
    )  # fmt: skip
    return (await tx.execute(wanted)).first()


async def may_accept(tx: Transaction, seeker: PersonId, peer: PersonId) -> bool:
    """Whether a peer to whom the request was offered may take it: the offer itself counts no more, and who is finishing
    up may. The caller has locked both people."""
    wanted = _candidates(tx, seeker).where(peers.c.person == peer, _talks() < peers.c.capacity)
    row = (await tx.execute(wanted)).first()
    return row is not None and not row.blocks


async def is_there(tx: Transaction, seeker: PersonId) -> bool:
    """Whether the seeker is active and not muted now."""
    wanted = sa.select(people.c.id).where(people.c.id == seeker, people.c.state == "active", ~_muted(tx, people.c.id))
    return (await tx.execute(wanted)).first() is not None


def _candidates(tx: Transaction, seeker: PersonId) -> "sa.Select[Any]":
    by_seeker = sa.exists().where(blocks.c.person == seeker, blocks.c.blocked == peers.c.person)
    by_peer = sa.exists().where(blocks.c.person == peers.c.person, blocks.c.blocked == seeker)
    theirs, seekers = memberships.alias(), memberships.alias()
    together = sa.exists().where(
        seekers.c.person == seeker, seekers.c.to_seq.is_(None), theirs.c.room == seekers.c.room,
        theirs.c.person == peers.c.person, theirs.c.to_seq.is_(None),
        rooms.c.id == seekers.c.room, rooms.c.kind == "one_to_one", rooms.c.state == "open",
    )  # fmt: skip
    return (
        sa.select(
            peers.c.person, peers.c.offered_at, profiles.c.version, profiles.c.vector_of, profiles.c.vector_model,
            by_peer.label("blocks"),
        )
        .join(people, people.c.id == peers.c.person)
        .join(profiles, profiles.c.person == peers.c.person)
        .join(roles, sa.and_(roles.c.person == peers.c.person, roles.c.role == "peer"))
        .where(peers.c.person != seeker, people.c.state == "active", ~_muted(tx, peers.c.person), ~by_seeker, ~together)
        .order_by(peers.c.person)
    )  # fmt: skip


def _muted(tx: Transaction, person: "sa.ColumnElement[int]") -> "sa.ColumnElement[bool]":
    return sa.exists().where(
        mutes.c.person == person, mutes.c.room.is_(None), mutes.c.lifted_at.is_(None),
        mutes.c.until > clock(tx.is_postgresql),
    )  # fmt: skip


def _talks() -> "sa.ColumnElement[int]":
    """How many one-to-ones the peer is in now, as a peer."""
    open_ones = sa.select(sa.func.count()).select_from(memberships.join(rooms, rooms.c.id == memberships.c.room)).where(
        memberships.c.person == peers.c.person, memberships.c.part == "peer", memberships.c.to_seq.is_(None),
        rooms.c.kind == "one_to_one", rooms.c.state == "open",
    )  # fmt: skip
    return open_ones.correlate(peers).scalar_subquery()


def _load() -> "sa.ColumnElement[int]":
    """Open one-to-ones as a peer and offers that stand: what capacity bounds."""
    stands = sa.select(sa.func.count()).where(
        offers.c.peer == peers.c.person, offers.c.state == "offered", offers.c.ended_at.is_(None)
    )  # fmt: skip
    return _talks() + stands.correlate(peers).scalar_subquery()
