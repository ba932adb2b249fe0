"""Debriefs: what stays with a moderator after something heavy, in their own words, for the supervisors alone.

A note is sealed under its author's own key, so it dies with their account; else after KEEP_DAYS. Reading one is in the
audit. It is about the moderator and never evidence: nothing points from it to a case.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from chat import access, audit, words
from chat.ids import Millis, PersonId, new_id
from chat.keys import KeyDestroyed, Keys
from chat.refusals import Malformed, NotAMember
from chat.store import Store, Transaction
from chat.tables import debriefs, people

TEXT_MOST = 2000
KEEP_DAYS = 30
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class DebriefCard:
    """A note without its words."""

    id: int
    nickname: str
    at: Millis


@dataclass(frozen=True, slots=True, repr=False)
class Debrief:
    """A note, opened."""

    nickname: str
    at: Millis
    text: str


async def write(store: Store, keys: Keys, person: PersonId, text: str) -> None:
    """Keep a note.

    Raises:
        NotAllowed: no role with a duty. Malformed, NotWords: no text, or too long.
    """
    checked = words.check(text)
    if len(checked) > TEXT_MOST:
        raise Malformed
    note, key = new_id(), await keys.get(person, "own")
    body = key.seal(checked, _bound(person, note))
    async with store.transaction() as tx:
        await access.require_role(tx, person, *access.DESK)
        await tx.execute(debriefs.insert().values(id=note, person=person, at=await tx.now(), body=body))


async def listing(tx: Transaction, supervisor: PersonId) -> list[DebriefCard]:
    """Return the notes that are kept, the newest first; of others only.

    Raises:
        NotAllowed: no supervisor.
    """
    await access.require_role(tx, supervisor, "supervisor")
    wanted = sa.select(debriefs.c.id, debriefs.c.at, people.c.nickname).join(people, people.c.id == debriefs.c.person)
    kept = wanted.where(debriefs.c.person != supervisor).order_by(debriefs.c.at.desc(), debriefs.c.id)
    return [DebriefCard(row.id, row.nickname or "", row.at) for row in await tx.execute(kept)]


async def read(store: Store, keys: Keys, supervisor: PersonId, note: int) -> Debrief:
    """Open a note; the audit gets a row.

    Raises:
        NotAllowed: no supervisor. NotAMember: no such note, or one's own.
    """
    async with store.reading() as tx:
        await access.require_role(tx, supervisor, "supervisor")
        author = (await tx.execute(sa.select(debriefs.c.person).where(debriefs.c.id == note))).scalar()
    try:
        if author is None or author == supervisor:
            raise NotAMember
        key = await keys.get(author, "own")
    except KeyDestroyed:
        raise NotAMember from None
    async with store.transaction() as tx:
        await access.require_role(tx, supervisor, "supervisor")
        wanted = sa.select(debriefs, people.c.nickname).join(people, people.c.id == debriefs.c.person)
        row = (await tx.execute(wanted.where(debriefs.c.id == note))).first()
        if row is None:
            raise NotAMember
        await audit.append(tx, keys.derive("audit"), "debriefed", supervisor, subject=author, ref=note)
        return Debrief(row.nickname or "", row.at, key.open(row.body, _bound(author, note)))


async def forget_old(tx: Transaction, now: Millis) -> None:
    """Destroy the notes that are kept no longer."""
    await tx.execute(sa.delete(debriefs).where(debriefs.c.at < now - KEEP_DAYS * DAY_MS))


def _bound(person: PersonId, note: int) -> bytes:
    return f"debriefs\0{person}\0{note}".encode()
