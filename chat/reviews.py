"""Reviews: what was escalated is looked at once more, by those who answer for it, within 72 hours.

It comes to the desk by itself when the case is closed, and stays there until somebody notes that it was done.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from chat import access, acts, audit, recusal, rooms, timeline
from chat.cases import HANDLERS, require_handler
from chat.ids import CaseId, Millis, PersonId
from chat.keys import Keys
from chat.refusals import Gone, NotAMember
from chat.staff_commands import Review
from chat.store import Store, Transaction
from chat.tables import cases, reviews, roles
from chat.tables import rooms as rooms_table

REVIEW_HOURS = 72
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class ReviewCard:
    """A review that is to be done: how the case ended, and until when it should be."""

    case: CaseId
    level: str
    outcome: str
    due_at: Millis


async def plan(tx: Transaction, case: CaseId) -> None:
    """Note that a case is to be reviewed, once it is closed."""
    await tx.execute(reviews.insert().values(case=case, due_at=await tx.now() + REVIEW_HOURS * HOUR_MS))


async def waiting(tx: Transaction, person: PersonId) -> list[ReviewCard]:
    """Return what is to be reviewed, what is due first on top; without what one is recused from. Who may not review is
    shown none.

    Raises:
        NotAllowed: no role that comes to the desk.
    """
    await access.require_role(tx, person, *access.DESK)
    may = sa.exists().where(roles.c.person == person, roles.c.role.in_(HANDLERS))
    wanted = sa.select(reviews, cases.c.level, cases.c.outcome).join(cases, cases.c.id == reviews.c.case).where(
        cases.c.state == "closed", reviews.c.reviewed_at.is_(None), may,
        sa.not_(recusal.is_recused_from(person, tx.is_postgresql)),
    ).order_by(reviews.c.due_at, reviews.c.case)  # fmt: skip
    return [ReviewCard(row.case, row.level, row.outcome or "", row.due_at) for row in await tx.execute(wanted)]


async def review(store: Store, keys: Keys, person: PersonId, command: Review) -> None:
    """Note that a case was reviewed, and what came of it.

    Raises:
        NotAllowed: no role for it. NotAMember: no such case, or nothing to review. Gone: it has been done.
    """
    case = CaseId(command.case)
    note = await acts.seal_reason(store, keys, person, None, command.reason)  # the case's own key has died with it
    async with store.transaction() as tx:
        await require_handler(tx, person)
        desk = await rooms.desk(tx)
        await tx.lock(rooms_table, [desk])
        row = (await tx.lock(cases, [case])).get(case)
        planned = (await tx.execute(sa.select(reviews).where(reviews.c.case == case))).first()
        if row is None or planned is None or row.state != "closed":
            raise NotAMember
        await acts.require_judge(tx, person, row)
        if planned.reviewed_at is not None:
            raise Gone
        done = {"reviewed_at": await tx.now(), "reviewed_by": person}
        await tx.execute(sa.update(reviews).where(reviews.c.case == case).values(done))
        await timeline.append(tx, desk, "reviewed", person, ref=case)
        key = keys.derive("audit")
        await audit.append(tx, key, "reviewed", person, subject=row.subject, room=row.room, ref=case, reason=note)
