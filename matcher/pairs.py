"""Pairs: which declared values may meet. A wrong yes is the worst this software can do, so doubt says no.

A pair that is not in the table may not meet. The table begins with DEFAULTS and is the supervisor's to edit, but for
NEVER, which nothing allows: not a row, not a wish, not a wider circle (its pairs stand beside the others under names of
their own, and whatever else is there, they say no). In it values stand as tokens; "" is "declares none".

- role: the same experience, or one of them declares none (a carer does not get the cared-for).
- side: who was harmed meets only someone who declares the same, and so does who caused harm.
- status: never someone further from the shore than oneself; a peer who is in crisis meets nobody.
- age: minors are among themselves, or with a peer who was vetted for them (`vetted`).
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from chat import audit
from chat.access import require_role
from chat.ids import PersonId
from chat.keys import Keys
from chat.refusals import Malformed
from chat.store import Transaction
from chat.tables import meta
from matcher.facets import AGES, ROLES, SIDES, STATUSES, WISHED, Declared, Name, families
from matcher.tables import pairs
from matcher.tokens import Tokens

PairName = Literal["role", "side", "status", "age", "vetted"]
Pairs = Mapping[PairName, frozenset[tuple[str, str]]]
"""(the seeker's value, the peer's) that may meet."""

NAMES: tuple[PairName, ...] = ("role", "side", "status", "age", "vetted")
EDITED: tuple[PairName, ...] = ("role", "side", "status")
"""What a supervisor may edit."""
FACET: Mapping[PairName, Name] = {
    "role": "role", "side": "side", "status": "status", "age": "age", "vetted": "age",
}  # fmt: skip
"""Of which facet the values are."""
VALUES: Mapping[PairName, tuple[str, ...]] = {
    "role": ("", *ROLES), "side": ("", *SIDES), "status": ("", *STATUSES), "age": ("", *AGES), "vetted": ("", *AGES),
}  # fmt: skip
_MINOR = "under_18"
_RECOVERED = ("", "in_recovery", "long_recovered")


def _never() -> Pairs:
    sides = {("harmed", "caused_harm"), ("caused_harm", "harmed"), ("", "caused_harm"), ("not_affected", "caused_harm")}
    grown = [one for one in VALUES["age"] if one != _MINOR]
    return {
        "role": frozenset(),
        "side": frozenset(sides),
        "status": frozenset((one, "in_crisis") for one in VALUES["status"]),
        "age": frozenset({*((_MINOR, one) for one in grown), *((one, _MINOR) for one in grown)}),
        "vetted": frozenset((one, _MINOR) for one in grown),
    }


NEVER: Pairs = _never()
"""Never: not even if the table says so."""


def _defaults() -> Pairs:
    roles = {(one, other) for one in VALUES["role"] for other in VALUES["role"] if one == other or not (one and other)}
    sides = {("", ""), ("", "harmed"), ("", "not_affected"), ("harmed", "harmed"), ("caused_harm", "caused_harm"),
             ("not_affected", "not_affected"), ("not_affected", "")}  # fmt: skip
    statuses = {(one, other) for one in STATUSES for other in _RECOVERED} | {("struggling", "struggling")}
    statuses |= {("", other) for other in VALUES["status"]}
    every = {(one, other) for one in VALUES["age"] for other in VALUES["age"]}
    made: dict[PairName, set[tuple[str, str]]] = {
        "role": roles, "side": sides, "status": statuses, "age": every, "vetted": every,
    }  # fmt: skip
    return {name: frozenset(held - NEVER[name]) for name, held in made.items()}


DEFAULTS: Pairs = _defaults()


def may_meet(seeker: Declared, peer: Declared, allowed: Pairs = DEFAULTS, *, breadth: int = 0) -> bool:
    """Whether the rules of facets allow this pair: the same that `eligibility` asks of the database.

    Args:
        breadth: how wide the seeker has drawn the circle: 0 the same topic, 1 its family, 2 any. See `facets.FAMILIES`.
    """
    topics, theirs = seeker.get("topic", frozenset()), peer.get("topic", frozenset())
    shared = topics & theirs or (breadth > 0 and families(topics) & families(theirs))
    if topics and breadth < 2 and not shared:
        return False
    if not all(_any_pair(allowed[name], seeker.get(name), peer.get(name)) for name in ("role", "side", "status")):
        return False
    return _wishes_hold(seeker, peer) and _wishes_hold(peer, seeker)


def may_meet_in_age(seeker: Declared, peer: Declared, allowed: Pairs = DEFAULTS, *, vetted: bool) -> bool:
    """Whether ages allow this pair."""
    return _any_pair(allowed["vetted" if vetted else "age"], seeker.get("age"), peer.get("age"))


async def seed(tx: Transaction, tokens: Tokens) -> None:
    """Write the defaults once; what a supervisor has changed since stays. What may never meet is written each time.
    Repeating changes nothing."""
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    barred = [_row(tokens, name, *pair) | {"name": never(name)} for name in NAMES for pair in sorted(NEVER[name])]
    await tx.execute(insert(pairs).on_conflict_do_nothing(), barred)
    first = insert(meta).values(name="pairs", value="seeded").on_conflict_do_nothing().returning(meta.c.name)
    if (await tx.execute(first)).first() is None:
        return
    rows = [_row(tokens, name, *pair) for name in NAMES for pair in sorted(DEFAULTS[name])]
    await tx.execute(insert(pairs).on_conflict_do_nothing(), rows)


async def load(tx: Transaction, tokens: Tokens) -> Pairs:
    """Return which pairs may meet now."""
    held = {(row.name, bytes(row.seeker), bytes(row.peer)) for row in await tx.execute(sa.select(pairs))}
    return {
        name: frozenset(
            (one, other)
            for one in VALUES[name]
            for other in VALUES[name]
            if (name, _token(tokens, name, one), _token(tokens, name, other)) in held
            and (one, other) not in NEVER[name]
        )
        for name in NAMES
    }


async def partners(tx: Transaction) -> Mapping[tuple[str, bytes], frozenset[bytes]]:
    """Return, for a facet's name and a seeker's token, with which tokens of a peer it may meet."""
    made: dict[tuple[str, bytes], set[bytes]] = {}
    for row in await tx.execute(sa.select(pairs)):
        made.setdefault((row.name, bytes(row.seeker)), set()).add(bytes(row.peer))
    return {(name, one): frozenset(held - made.get((never(name), one), set())) for (name, one), held in made.items()}


def never(name: str) -> str:
    """Under which name the pairs of NEVER stand in the table."""
    return f"never {name}"


async def allow(
    tx: Transaction,
    keys: Keys,
    tokens: Tokens,
    supervisor: PersonId,
    name: PairName,
    allowed: Iterable[tuple[str, str]],
) -> None:
    """Let these pairs of a facet meet and no others; the audit keeps that it was done, and by whom.

    Raises:
        NotAllowed: not a supervisor. Malformed: a value that is not in the lists, or a pair of NEVER.
    """
    wanted = frozenset(allowed)
    if name not in EDITED or wanted & NEVER[name] or any(not set(one) <= set(VALUES[name]) for one in wanted):
        raise Malformed
    await require_role(tx, supervisor, "supervisor")
    await tx.execute(sa.select(meta).where(meta.c.name == "pairs").with_for_update())  # one supervisor at a time
    await tx.execute(pairs.delete().where(pairs.c.name == name))
    if wanted:
        await tx.execute(pairs.insert(), [_row(tokens, name, *pair) for pair in sorted(wanted)])
    await audit.append(tx, keys.derive("audit"), "pairs", supervisor, code=name)


def _row(tokens: Tokens, name: PairName, seeker: str, peer: str) -> dict[str, object]:
    return {"name": name, "seeker": _token(tokens, name, seeker), "peer": _token(tokens, name, peer)}


def _token(tokens: Tokens, name: PairName, value: str) -> bytes:
    return tokens.facet(FACET[name], value)


def _any_pair(allowed: frozenset[tuple[str, str]], seeker: frozenset[str] | None, peer: frozenset[str] | None) -> bool:
    return any((one, other) in allowed for one in seeker or ("",) for other in peer or ("",))


def _wishes_hold(one: Declared, other: Declared) -> bool:
    return all(not one.get(wish) or one[wish] & other.get(own, frozenset()) for wish, own in WISHED.items())
