"""Places: where a person is from, and which places they must not meet anybody from.

No name of a place is kept, shown or logged: only tokens (see `tokens`), which are compared when somebody is sought.
What was kept can be replaced or deleted, and nobody can read it back, the person included.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from chat.ids import PersonId
from chat.refusals import Malformed, SignedOut
from chat.store import Transaction
from chat.tables import people
from matcher.tables import places
from matcher.tokens import Tokens

HOMES_MOST = 3
AVOIDED_MOST = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """How many places are kept, to tell the person; and what they said of their own."""

    homes: int
    avoided: int
    small: bool
    wished: bool


async def save_homes(
    tx: Transaction, tokens: Tokens, person: PersonId, names: Iterable[str] | None, *, small: bool, wished: bool
) -> None:
    """Keep where a person is from, in place of what was kept before.

    Args:
        names: None leaves the places as they are, and changes what is said of them.
        small: everybody knows everybody there: nobody from the same place is offered, nor are they to anybody from it.
        wished: somebody from the same place is welcome all the same, if they say so too.

    Raises:
        Malformed: more than HOMES_MOST, or no name. SignedOut.
    """
    await _replace(tx, tokens, person, names, HOMES_MOST, avoid=False, small=small, wished=wished)


async def save_avoided(tx: Transaction, tokens: Tokens, person: PersonId, names: Iterable[str]) -> None:
    """Keep which places a person must not meet anybody from, in place of what was kept before.

    Raises:
        Malformed: more than AVOIDED_MOST, or no name. SignedOut.
    """
    await _replace(tx, tokens, person, names, AVOIDED_MOST, avoid=True)


async def kept(tx: Transaction, person: PersonId) -> Kept:
    """Return what may be told of a person's places, to themselves."""
    rows = list(await tx.execute(sa.select(places).where(places.c.person == person)))
    homes = [row for row in rows if not row.avoid]
    return Kept(
        len(homes), len(rows) - len(homes), any(row.small for row in homes), any(row.wished for row in homes)
    )  # fmt: skip


async def _replace(
    tx: Transaction,
    tokens: Tokens,
    person: PersonId,
    names: Iterable[str] | None,
    most: int,
    *,
    avoid: bool,
    **said: bool,
) -> None:
    found = {tokens.place(name) for name in names or ()}
    if len(found) > most:
        raise Malformed
    who = (await tx.lock(people, [person])).get(person)
    if who is None or who.state != "active":
        raise SignedOut
    held = sa.and_(places.c.person == person, places.c.avoid == avoid)
    if names is None:
        await tx.execute(sa.update(places).where(held).values(said))
        return
    await tx.execute(places.delete().where(held))
    if found:
        rows: list[dict[str, object]] = [
            {"person": person, "avoid": avoid, "token": token, **said} for token in sorted(found)
        ]
        await tx.execute(places.insert(), rows)
