"""Links that let somebody in once: an invitation, a role for a new colleague, or a sign-in for one person.

Opening a link shows a button; only pressing it uses the link. What is kept is a hash, so the table opens no door.
"""

import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chat.ids import PersonId
from chat.refusals import Gone
from chat.seal import token_hash
from chat.store import Transaction, clock
from chat.tables import links, people, roles

TOKEN_BYTES = 24
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for. `role`: what a new person becomes (None: a member). `person`: whom it signs in, if any."""

    role: str | None
    person: PersonId | None
    made_by: PersonId | None


async def make_link(
    tx: Transaction,
    *,
    role: str | None = None,
    person: PersonId | None = None,
    by: PersonId | None = None,
    hours: int = 24,
) -> str:
    """Return the token of a new link. It is shown once and is not kept."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = {"hash": token_hash(token), "role": role, "person": person, "made_by": by}
    await tx.execute(links.insert().values(row | {"expires_at": await tx.now() + hours * HOUR_MS}))
    return token


async def peek_link(tx: Transaction, token: str) -> Link:
    """Return what a link is for, without using it.

    Raises:
        Gone: used, expired, or never made; the three look the same.
    """
    return _link((await tx.execute(sa.select(links).where(*_usable(tx, token)))).first())


async def use_link(tx: Transaction, token: str) -> Link:
    """Use a link up. Of several at once, one wins.

    Raises:
        Gone: used, expired, or never made.
    """
    link = await peek_link(tx, token)
    if link.person is not None:  # first, as whoever erases them does
        await tx.lock(people, [link.person])
    used = sa.update(links).where(*_usable(tx, token)).values(used_at=await tx.now()).returning(links)
    return _link((await tx.execute(used)).first())


def _usable(tx: Transaction, token: str) -> "tuple[sa.ColumnElement[bool], ...]":
    """A link somebody made is good for as long as they are an organiser: whose role was taken back lets nobody in."""
    stands = sa.exists().where(
        roles.c.person == links.c.made_by, roles.c.role == "organiser",
        people.c.id == links.c.made_by, people.c.state == "active",
    )  # fmt: skip
    return (
        links.c.hash == token_hash(token), links.c.used_at.is_(None), links.c.expires_at > clock(tx.is_postgresql),
        sa.or_(links.c.made_by.is_(None), stands),
    )  # fmt: skip


def _link(row: "sa.Row[Any] | None") -> Link:
    if row is None:
        raise Gone
    return Link(row.role, row.person, row.made_by)
