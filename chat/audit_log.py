"""The audit as it is read: who did what, when and to whom, found by any of these; and why, which is a read of its own.

Supervisors and organisers read it. A row about a person or a case from which the reader is recused is not shown.
"""

import contextlib
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chat import access, audit, recusal
from chat.ids import Millis, PersonId
from chat.keys import Keys
from chat.refusals import Gone, NotAMember
from chat.seal import SealBroken
from chat.store import Store, Transaction
from chat.tables import acts, alias, cases, people
from chat.tables import audit as table

READERS = ("supervisor", "organiser")
PAGE = 50
OF_APPEALS = ("appealed", "decided")
"""Once the appeal is kept no longer, nobody can tell from whom these must be withheld: so from everybody."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; None is anything. `person`: a nickname, of who acted or whom it was about. `before`: a row's
    number."""

    act: str | None = None
    person: str | None = None
    since: Millis | None = None
    until: Millis | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """A row as it is shown. Names as they are now, empty once erased. `has_reason`: it can be opened."""

    n: int
    at: Millis
    act: str
    code: str
    actor: PersonId | None
    actor_name: str
    subject: PersonId | None
    subject_name: str
    has_reason: bool


async def newest(tx: Transaction, reader: PersonId) -> list[Line]:
    """Return the newest PAGE rows, the newest first, without those that are withheld.

    Raises:
        NotAllowed: no role for it.
    """
    await access.require_role(tx, reader, *READERS)
    return await _find(tx, reader, Wanted())


async def search(store: Store, keys: Keys, reader: PersonId, wanted: Wanted) -> list[Line]:
    """Return at most PAGE rows, the newest first, without those that are withheld. That somebody searched is written to
    the audit; for whom, is not.

    Raises:
        NotAllowed: no role for it.
    """
    async with store.transaction() as tx:
        await access.require_role(tx, reader, *READERS)
        await audit.append(tx, keys.derive("audit"), "audit_searched", reader, code=wanted.act)
    async with store.reading() as tx:  # it may take long, and nobody who writes waits for it
        return await _find(tx, reader, wanted)


async def why(store: Store, keys: Keys, reader: PersonId, n: int) -> str:
    """Open the reason of a row, which is written to the audit.

    Raises:
        NotAllowed: no role for it. NotAMember: no such row for them, or one without a reason. Gone: the reason has been
            destroyed, with its case or with who gave it.
    """
    async with store.reading() as tx:
        row = await _row(tx, reader, n)
    reason = await _opened(keys, row)
    async with store.transaction() as tx:
        row = await _row(tx, reader, n)
        await audit.append(tx, keys.derive("audit"), "reason_read", reader, ref=n)
    return reason


def may_read(reader: PersonId, is_postgresql: bool) -> "sa.ColumnElement[bool]":
    """Whether a reader may see a row (of `with_cases`): they are recused neither from whom it is about nor from its
    case."""
    about = sa.not_(recusal.is_recused(reader, table.c.subject, is_postgresql))
    known = sa.or_(cases.c.id.is_not(None), table.c.act.not_in(OF_APPEALS))
    return sa.and_(about, known, sa.not_(recusal.is_recused_from(reader, is_postgresql)))


def with_cases() -> "sa.Join":
    """The audit, each row with the case it names or whose act it names."""
    case = sa.func.coalesce(acts.c.case, table.c.ref)
    return table.outerjoin(acts, acts.c.id == table.c.ref).outerjoin(cases, cases.c.id == case)


async def _row(tx: Transaction, reader: PersonId, n: int) -> "sa.Row[Any]":
    await access.require_role(tx, reader, *READERS)
    asked = sa.select(table, cases.c.id.label("case")).select_from(with_cases())
    asked = asked.where(table.c.n == n, table.c.body.is_not(None))
    row = (await tx.execute(asked.where(may_read(reader, tx.is_postgresql)))).first()
    if row is None:
        raise NotAMember
    return row


async def _opened(keys: Keys, row: "sa.Row[Any]") -> str:
    """Open a reason with the key of its case, or of who gave it (see `audit.seal_reason`)."""
    kept = {
        **await keys.many([row.case] if row.case is not None else [], "case"),
        **await keys.many([row.actor], "own"),
    }
    for key in kept.values():
        with contextlib.suppress(SealBroken):
            return key.open(row.body, audit.bound(row.actor))
    raise Gone


async def _find(tx: Transaction, reader: PersonId, wanted: Wanted) -> list[Line]:
    actor, subject = alias(people, "actor_row"), alias(people, "subject_row")
    rows = (
        with_cases().outerjoin(actor, actor.c.id == table.c.actor).outerjoin(subject, subject.c.id == table.c.subject)
    )
    asked = sa.select(
        *(table.c[name] for name in ("n", "at", "act", "code", "actor", "subject")),
        table.c.body.is_not(None).label("has_reason"),
        actor.c.nickname.label("actor_name"), subject.c.nickname.label("subject_name"),
    ).select_from(rows).where(may_read(reader, tx.is_postgresql))  # fmt: skip
    if wanted.act is not None:
        asked = asked.where(table.c.act == wanted.act)
    if wanted.person is not None:
        named = sa.select(people.c.id).where(people.c.nickname == wanted.person).scalar_subquery()
        asked = asked.where(sa.or_(table.c.actor == named, table.c.subject == named))
    if wanted.since is not None:
        asked = asked.where(table.c.at >= wanted.since)
    if wanted.until is not None:
        asked = asked.where(table.c.at < wanted.until)
    if wanted.before is not None:
        asked = asked.where(table.c.n < wanted.before)
    found = await tx.execute(asked.order_by(table.c.n.desc()).limit(PAGE))
    return [
        Line(row.n, row.at, row.act, row.code or "", row.actor, row.actor_name or "", row.subject,
             row.subject_name or "", row.has_reason)
        for row in found
    ]  # fmt: skip
