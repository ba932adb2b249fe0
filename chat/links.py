"""Links that let somebody in once: an invitation, a role for a new colleague, or a sign-in for one person.

Opening a link shows a button; only pressing it uses the link. What is kept is a hash, so the table opens no door.

The answer to pressing it may be lost on the way. So a link that was used is kept under the hash of the link and of what
only that browser holds: there, and nowhere else, it lets the same person in again until its time is over.
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
    """What a link is for. `role`: what a new person becomes (None: a member). `person`: whom it signs in, if any.

    `is_used`: by this browser, and `person` is who came in.
    """

    role: str | None
    person: PersonId | None
    made_by: PersonId | None
    is_used: bool


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


async def peek_link(tx: Transaction, token: str, browser: str = "") -> Link:
    """Return what a link is for, without using it.

    Args:
        browser: what only this browser holds; empty where nothing is.

    Raises:
        Gone: used elsewhere, expired, or never made; the three look the same.
    """
    return _link((await tx.execute(sa.select(links).where(_usable(tx, token) | _used(tx, token, browser)))).first())


async def use_link(tx: Transaction, token: str, browser: str = "") -> Link:
    """Use a link up. Of several at once, one wins; its own browser may come again, and that changes nothing.

    Raises:
        Gone: used elsewhere, expired, or never made.
    """
    link = await peek_link(tx, token, browser)
    if link.person is not None:  # first, as whoever erases them does
        await tx.lock(people, [link.person])
    if link.is_used:
        return link
    kept = _both(token, browser) if browser else token_hash(token)
    used = sa.update(links).where(_usable(tx, token)).values(used_at=await tx.now(), hash=kept).returning(links)
    found = _link((await tx.execute(used)).first())
    return Link(found.role, found.person, found.made_by, is_used=False)


async def remember(tx: Transaction, token: str, browser: str, person: PersonId) -> None:
    """Note who came in by a link for somebody new, so that the browser that used it may come again."""
    await tx.execute(sa.update(links).where(links.c.hash == _both(token, browser)).values(person=person))


def _both(token: str, browser: str) -> bytes:
    return token_hash(f"{token}\0{browser}")


def _usable(tx: Transaction, token: str) -> "sa.ColumnElement[bool]":
    return sa.and_(links.c.hash == token_hash(token), links.c.used_at.is_(None), _stands(tx))


def _used(tx: Transaction, token: str, browser: str) -> "sa.ColumnElement[bool]":
    if not browser:
        return sa.false()
    by_it = links.c.used_at.is_not(None) & links.c.person.is_not(None)
    return sa.and_(links.c.hash == _both(token, browser), by_it, _stands(tx))


def _stands(tx: Transaction) -> "sa.ColumnElement[bool]":
    """A link somebody made is good for as long as they are an organiser: whose role was taken back lets nobody in."""
    maker = sa.exists().where(
        roles.c.person == links.c.made_by, roles.c.role == "organiser",
        people.c.id == links.c.made_by, people.c.state == "active",
    )  # fmt: skip
    return sa.and_(links.c.expires_at > clock(tx.is_postgresql), sa.or_(links.c.made_by.is_(None), maker))


def _link(row: "sa.Row[Any] | None") -> Link:
    if row is None:
        raise Gone
    return Link(row.role, row.person, row.made_by, is_used=row.used_at is not None)
