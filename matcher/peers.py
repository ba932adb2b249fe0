"""Peers: who takes requests now, and how many at once. Set by the peer, kept to by the database (see `eligibility`)."""

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from chat.access import require_role
from chat.ids import PersonId
from chat.refusals import Malformed, SignedOut
from chat.store import Transaction
from chat.tables import people
from matcher import offers
from matcher.tables import peers

State = Literal["open", "finishing", "away"]
CAPACITY_MOST = 3
"""A peer talks with 1-2 people at a time; three is the most anybody should."""


@dataclass(frozen=True, slots=True)
class Availability:
    """What the peer has set. `open`: offers come. `finishing`: none new, what is before them stands. `away`: none."""

    state: State
    capacity: int


async def set_availability(tx: Transaction, peer: PersonId, state: State, capacity: int) -> None:
    """Keep what the peer sets, at once. Going away gives back what was offered to them.

    Raises:
        NotAllowed: not a trained peer. SignedOut. Malformed: a capacity that is not 1 … 3.
    """
    if not 1 <= capacity <= CAPACITY_MOST or state not in ("open", "finishing", "away"):
        raise Malformed
    who = (await tx.lock(people, [peer])).get(peer)
    if who is None or who.state != "active":
        raise SignedOut
    await require_role(tx, peer, "peer")
    kept = {"state": state, "capacity": capacity, "changed_at": await tx.now()}
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    await tx.execute(
        insert(peers).values(person=peer, **kept).on_conflict_do_update(index_elements=["person"], set_=kept)
    )
    if state == "away":
        await offers.give_back(tx, peer)


async def availability(tx: Transaction, peer: PersonId) -> Availability:
    """Return what the peer has set; who has set nothing is away, with room for one."""
    row = (await tx.execute(sa.select(peers).where(peers.c.person == peer))).first()
    return Availability("away", 1) if row is None else Availability(row.state, row.capacity)
