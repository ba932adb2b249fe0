"""Exports: the audit as a file, which leaves the house only when two have agreed.

One asks, another agrees, and for a day either of them may fetch it; each step is a row of the audit. The file holds
numbers and codes: no names and no reasons. A row that one of the two may not read (see `audit_log`) is there by its
number and its HMAC alone, so the chain can still be followed.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chat import access, audit, audit_log
from chat.ids import Millis, PersonId, new_id
from chat.keys import Keys
from chat.refusals import Gone, NotAllowed, NotAMember
from chat.store import Store, Transaction
from chat.tables import audit as rows
from chat.tables import exports, people

KEPT_MS = 24 * 3_600_000
"""So long an export can be agreed to, and so long it can be fetched."""
COLUMNS = (*audit.COLUMNS, "mac")
PAGE = 1000


@dataclass(frozen=True, slots=True, repr=False)
class Export:
    """An export that was asked for in the last day."""

    id: int
    asked_by: PersonId
    asked_by_name: str
    asked_at: Millis
    seconded_by: PersonId | None


async def ask(tx: Transaction, keys: Keys, person: PersonId) -> int:
    """Ask for an export and return its id.

    Raises:
        NotAllowed: no role for it.
    """
    await access.require_role(tx, person, *audit_log.READERS)
    made = new_id()
    await tx.execute(exports.insert().values(id=made, asked_by=person, asked_at=await tx.now()))
    await audit.append(tx, keys.derive("audit"), "export_asked", person, ref=made)
    return made


async def agree(tx: Transaction, keys: Keys, person: PersonId, export: int) -> None:
    """Agree to what somebody else asked for. Doing it again changes nothing.

    Raises:
        NotAllowed: no role for it, or oneself asked. NotAMember: no such export. Gone: another agreed, or too old.
    """
    await access.require_role(tx, person, *audit_log.READERS)
    row = (await tx.lock(exports, [export])).get(export)
    if row is None:
        raise NotAMember
    if row.asked_by == person:
        raise NotAllowed
    if row.seconded_by == person:
        return
    now = await tx.now()
    if row.seconded_by is not None or row.asked_at <= now - KEPT_MS:
        raise Gone
    await tx.execute(sa.update(exports).where(exports.c.id == export).values(seconded_by=person, seconded_at=now))
    await audit.append(tx, keys.derive("audit"), "export_agreed", person, ref=export)


async def recent(tx: Transaction, person: PersonId) -> list[Export]:
    """Return what was asked for in the last day, the newest first.

    Raises:
        NotAllowed: no role for it.
    """
    await access.require_role(tx, person, *audit_log.READERS)
    asked = sa.select(exports, people.c.nickname).join(people, people.c.id == exports.c.asked_by)
    asked = asked.where(exports.c.asked_at > await tx.now() - KEPT_MS).order_by(exports.c.asked_at.desc(), exports.c.id)
    return [
        Export(row.id, row.asked_by, row.nickname or "", row.asked_at, row.seconded_by)
        for row in await tx.execute(asked)
    ]


async def fetch(store: Store, keys: Keys, person: PersonId, export: int) -> "AsyncIterator[list[dict[str, Any]]]":
    """Return the rows of an agreed export, in order, a page at a time; a row that is withheld has `n` and `mac` alone.

    Raises:
        NotAllowed: no role for it. NotAMember: no such export for them. Gone: nobody has agreed yet, or it is too old.
    """
    async with store.transaction() as tx:
        await access.require_role(tx, person, *audit_log.READERS)
        row = (await tx.lock(exports, [export])).get(export)
        if row is None or person not in (row.asked_by, row.seconded_by):
            raise NotAMember
        if row.seconded_at is None or row.seconded_at <= await tx.now() - KEPT_MS:
            raise Gone
        last = await audit.append(tx, keys.derive("audit"), "exported", person, ref=export)
    return _pages(store, (PersonId(row.asked_by), PersonId(row.seconded_by)), last)


async def _pages(store: Store, both: tuple[PersonId, PersonId], last: int) -> "AsyncIterator[list[dict[str, Any]]]":
    n = 0
    while n < last:
        async with store.reading() as tx:
            may = sa.and_(*(audit_log.may_read(one, tx.is_postgresql) for one in both))
            asked = sa.select(*(rows.c[name] for name in COLUMNS), may.label("may")).select_from(audit_log.with_cases())
            asked = asked.where(rows.c.n > n, rows.c.n <= last).order_by(rows.c.n).limit(PAGE)
            found = list(await tx.execute(asked))
        if not found:
            return
        n = found[-1].n
        yield [
            {name: getattr(row, name) if row.may or name in ("n", "mac") else None for name in COLUMNS} for row in found
        ]
