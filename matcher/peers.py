"""Peers: who takes requests now, and how many at once. Set by the peer, kept to by the database (see `eligibility`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from chat import audit
from chat.access import require_role
from chat.ids import PersonId
from chat.keys import Keys
from chat.refusals import Malformed, NotAMember, SignedOut
from chat.store import Transaction
from chat.tables import people, roles
from matcher import changes, offers, topics
from matcher.requests import HOUR_MS
from matcher.tables import not_today, peers
from matcher.tokens import Tokens

State = Literal["open", "finishing", "away"]
CAPACITY_MOST = 3
"""A peer talks with 1-2 people at a time; three is the most anybody should."""
GAPS = (0, 15, 30, 60)
NOT_TODAY_H = 12


@dataclass(frozen=True, slots=True)
class Availability:
    """What the peer has set. `open`: offers come. `finishing`: none new, what is before them stands. `away`: none.

    `is_missed`: they did not set `away` themselves; it came of offers that went unanswered (see `offers.expire`).
    """

    state: State
    capacity: int
    gap_minutes: int = 0
    is_missed: bool = False


async def set_availability(
    tx: Transaction, peer: PersonId, state: State, capacity: int, gap_minutes: int | None = None
) -> None:
    """Keep what the peer sets, at once. Going away gives back what was offered to them.

    Args:
        gap_minutes: the rest after each chat; None leaves it as it was.

    Raises:
        NotAllowed: not a trained peer. SignedOut. Malformed: a capacity that is not 1 … 3, a gap not in GAPS.
    """
    if not 1 <= capacity <= CAPACITY_MOST or state not in ("open", "finishing", "away"):
        raise Malformed
    if gap_minutes is not None and gap_minutes not in GAPS:
        raise Malformed
    who = (await tx.lock(people, [peer])).get(peer)
    if who is None or who.state != "active":
        raise SignedOut
    await require_role(tx, peer, "peer")
    kept: dict[str, object] = {"state": state, "capacity": capacity, "unanswered": 0, "changed_at": await tx.now()}
    if gap_minutes is not None:
        kept["gap_minutes"] = gap_minutes
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    await tx.execute(
        insert(peers).values(person=peer, **kept).on_conflict_do_update(index_elements=["person"], set_=kept)
    )
    await changes.note(tx, peer)
    if state == "away":
        await offers.give_back(tx, peer)


async def set_not_today(tx: Transaction, tokens: Tokens, peer: PersonId, codes: Iterable[str]) -> None:
    """Keep which topics the peer does not take for the next NOT_TODAY_H hours, in place of those before.

    Raises:
        NotAllowed: not a trained peer. Malformed: no such topic.
    """
    left_out = sorted(set(codes))
    if not set(left_out) <= {one.code for one in await topics.load(tx)}:
        raise Malformed
    await tx.lock(people, [peer])
    await require_role(tx, peer, "peer")
    await tx.execute(not_today.delete().where(not_today.c.person == peer))
    until = await tx.now() + NOT_TODAY_H * HOUR_MS
    rows: list[dict[str, object]] = [
        {"person": peer, "token": tokens.facet("topic", one), "until": until} for one in left_out
    ]
    if rows:
        await tx.execute(not_today.insert(), rows)


async def topics_not_today(tx: Transaction, tokens: Tokens, peer: PersonId) -> frozenset[str]:
    """Return the topics the peer does not take now."""
    held = sa.select(not_today.c.token).where(not_today.c.person == peer, not_today.c.until > await tx.now())
    found = {bytes(one) for one in (await tx.execute(held)).scalars()}
    return frozenset(one.code for one in await topics.load(tx) if tokens.facet("topic", one.code) in found)


async def availability(tx: Transaction, peer: PersonId) -> Availability:
    """Return what the peer has set; who has set nothing is away, with room for one."""
    row = (await tx.execute(sa.select(peers).where(peers.c.person == peer))).first()
    if row is None:
        return Availability("away", 1)
    is_missed = row.state == "away" and row.unanswered >= offers.UNANSWERED_MOST
    return Availability(row.state, row.capacity, row.gap_minutes, is_missed)


async def set_vetted(tx: Transaction, keys: Keys, supervisor: PersonId, peer: PersonId, vetted: bool) -> None:
    """Let a peer talk with minors, or no more; the audit keeps who decided it. Repeating changes nothing.

    Raises:
        NotAllowed: not a supervisor. NotAMember: no such peer.
    """
    await tx.lock(people, [peer])
    await require_role(tx, supervisor, "supervisor")
    if not (await tx.execute(sa.select(sa.exists().where(roles.c.person == peer, roles.c.role == "peer")))).scalar():
        raise NotAMember
    row = (await tx.execute(sa.select(peers.c.vetted).where(peers.c.person == peer))).first()
    if vetted == (row is not None and row.vetted):
        return
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    fresh = {"person": peer, "state": "away", "capacity": 1, "vetted": vetted, "changed_at": await tx.now()}
    kept = insert(peers).values(fresh).on_conflict_do_update(index_elements=["person"], set_={"vetted": vetted})
    await tx.execute(kept)
    await changes.note(tx, peer)
    await audit.append(tx, keys.derive("audit"), "vetted" if vetted else "unvetted", supervisor, subject=peer)


async def vetted(tx: Transaction) -> frozenset[PersonId]:
    """Return who may talk with minors."""
    held = sa.select(peers.c.person).where(peers.c.vetted)
    return frozenset(PersonId(one) for one in (await tx.execute(held)).scalars())
