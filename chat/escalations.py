"""Escalations: one after another is asked, until somebody acknowledges.

Each who is asked is a step, a row that is there before anybody is told `done`: whom, until when, and whether they were
alerted and have acknowledged. Every process reads those rows again and again and does what is due, so nothing hangs on
the one in which it began. (Who is next, see line; how they are alerted, see alerts.)
"""

from typing import Any

import sqlalchemy as sa

from chat import access, acts, audit, concerned, line, reviews, timeline
from chat.cases import require_handler
from chat.held import unsaid
from chat.ids import CaseId, PersonId, RoomId
from chat.keys import Keys
from chat.recusal import HELD, may_judge
from chat.refusals import Gone, NotAllowed, NotAMember
from chat.roster import WATCHING, on_duty
from chat.staff_commands import Acknowledge, Escalate
from chat.store import Store, Transaction, clock
from chat.tables import alias, cases, escalations, held, people
from chat.tables import rooms as rooms_table

SEVERE = ("imminent", "minors")
"""A case of this level that finds nobody on duty is escalated by itself."""
SURE = ("crisis_now", "minor")
"""So is what a detector found, under these codes alone: the others are wrong too often to wake somebody for."""
UNSEEN_MS = 10 * 60_000
"""Whoever may look at what waits may come on duty meanwhile, before others are asked."""


async def escalate(store: Store, keys: Keys, moderator: PersonId, command: Escalate, within_s: int) -> None:
    """Ask the first in line about a case one holds. Where somebody is asked already, only the level changes.

    Args:
        within_s: how long whoever is asked has to acknowledge, before the next is asked.

    Raises:
        NotAllowed: not in their hands, and no supervisor; or an appeal. NotAMember: no such case. Gone: it is closed.
    """
    case = CaseId(command.case)
    reason = await acts.seal_reason(store, keys, moderator, case, command.reason)
    async with store.transaction() as tx:
        await require_handler(tx, moderator)
        staff, told = await _lock_places(tx, case, level=command.level)
        row = (await tx.lock(cases, [case])).get(case)
        await acts.require_judge(tx, moderator, row)
        assert row is not None
        if row.state == "closed":
            raise Gone
        if row.kind == "appeal":
            raise NotAllowed  # organisers decide them too
        if row.claimed_by != moderator:
            await access.require_role(tx, moderator, "supervisor")
        if row.level != command.level:
            await tx.execute(sa.update(cases).where(cases.c.id == case).values(level=command.level))
            await _tell(tx, staff, "graded", moderator, case, command.level)
        if not await _steps(tx, case):
            await _begin(tx, keys, staff, told, row, moderator, within_s)
        await audit.append(
            tx, keys.derive("audit"), "escalated", moderator, subject=row.subject, room=row.room, ref=case,
            code=command.level, reason=reason,
        )  # fmt: skip


async def acknowledge(store: Store, keys: Keys, person: PersonId, command: Acknowledge) -> None:
    """Say that one sees to it: the case is in one's hands. Again by the same person changes nothing.

    Raises:
        NotAMember: no such case, or nobody is asked about it. NotAllowed: neither asked so far, nor of a role that
            comes later in the line. Gone: somebody else has, or it is closed.
    """
    case = CaseId(command.case)
    async with store.transaction() as tx:
        roles = await _require_desk(tx, person)
        staff, told = await _lock_places(tx, case)
        row = (await tx.lock(cases, [case])).get(case)
        steps = await _steps(tx, case)
        if row is None or not steps:
            raise NotAMember
        await acts.require_judge(tx, person, row)
        last = steps[-1]
        if person not in [one.whom for one in steps] and not line.is_higher(roles, last.role):
            raise NotAllowed
        if row.state == "closed" or last.acknowledged_by not in (None, person):
            raise Gone
        if last.acknowledged_by == person:
            return
        now = await tx.now()
        here = sa.and_(escalations.c.case == case, escalations.c.step == last.step)
        taken = {"acknowledged_at": now, "acknowledged_by": person}
        await tx.execute(sa.update(escalations).where(here).values(taken))
        mine = {"state": "claimed", "claimed_by": person, "seen_at": now}
        await tx.execute(sa.update(cases).where(cases.c.id == case).values(mine))
        await _tell(tx, staff, "acknowledged", person, case)
        for inbox in told:
            await timeline.append(tx, inbox, "notice", ref=case, code="acknowledged")
        key = keys.derive("audit")
        await audit.append(tx, key, "acknowledged", person, subject=row.subject, room=row.room, ref=case)


async def go_on(store: Store, keys: Keys, within_s: int) -> int:
    """Ask the next where the time to acknowledge is over, or whoever had acknowledged holds the case no more; return
    how many were asked. Of processes that do it at once, one does."""
    async with store.reading() as tx:
        found = [CaseId(one) for one in (await tx.execute(_stuck(tx))).scalars()]
    asked = 0
    for case in found:
        async with store.transaction() as tx:
            staff, _ = await _lock_places(tx, case)
            row = (await tx.lock(cases, [case])).get(case)
            if row is None or (await tx.execute(_stuck(tx).where(cases.c.id == case))).first() is None:
                continue
            steps = await _steps(tx, case)
            await _ask(tx, keys, staff, row, steps, steps[-1].asked_by, within_s)
            asked += 1
    return asked


async def begin_unwatched(store: Store, keys: Keys, within_s: int) -> int:
    """Escalate what is severe and what nobody on duty sees in the queue, because nobody is, or whoever is may not judge
    it; return how many. So is what waits in a room that holds, once it has for UNSEEN_MS while somebody is on duty:
    for that alone nobody is woken at night."""
    severe = sa.and_(cases.c.level.in_(SEVERE), sa.or_(cases.c.code.is_(None), cases.c.code.in_(SURE)))
    begun = 0
    async with store.reading() as tx:
        duty = {one.person for one in await on_duty(tx) if one.role in WATCHING}
        unseen = sa.and_(cases.c.code == HELD, _waits(clock(tx.is_postgresql) - UNSEEN_MS)) if duty else sa.false()
        alone = sa.select(cases.c.id).where(
            cases.c.state == "open", sa.or_(severe, unseen), ~sa.exists().where(escalations.c.case == cases.c.id)
        )
        found = [
            CaseId(case)
            for case in (await tx.execute(alone)).scalars().all()
            if not any([await may_judge(tx, one, case) for one in duty])
        ]
    for case in found:
        async with store.transaction() as tx:
            staff, told = await _lock_places(tx, case, level=SEVERE[0])
            row = (await tx.lock(cases, [case])).get(case)
            if row is None or row.state != "open" or await _steps(tx, case):
                continue
            await _begin(tx, keys, staff, told, row, None, within_s)
            key = keys.derive("audit")
            await audit.append(tx, key, "escalated", None, subject=row.subject, ref=case, code=row.level)
            begun += 1
    return begun


def _stuck(tx: Transaction) -> "sa.Select[int]":
    """The cases whose newest step came to nothing; of a room that holds, while something waits there."""
    later = alias(escalations, "later")
    newest = ~sa.exists().where(later.c.case == escalations.c.case, later.c.step > escalations.c.step)
    silent = sa.and_(escalations.c.acknowledged_at.is_(None), escalations.c.due_at <= clock(tx.is_postgresql))
    let_go = sa.and_(escalations.c.acknowledged_at.is_not(None), cases.c.state == "open")
    return sa.select(cases.c.id).join(escalations, escalations.c.case == cases.c.id).where(
        cases.c.state != "closed", newest, sa.or_(silent, let_go),
        sa.or_(sa.func.coalesce(cases.c.code, "") != HELD, _waits(clock(tx.is_postgresql))),
    )  # fmt: skip


def _waits(since: "sa.ColumnElement[int]") -> "sa.ColumnElement[bool]":
    """Whether something that is no entry yet waits in the room of a case, since then or longer."""
    return sa.exists().where(held.c.room == cases.c.room, held.c.ended_at.is_(None), held.c.at <= since, unsaid())


async def _begin(
    tx: Transaction,
    keys: Keys,
    staff: list[RoomId],
    told: list[RoomId],
    row: "sa.Row[Any]",
    by: PersonId | None,
    within_s: int,
) -> None:
    for inbox in told:
        await timeline.append(tx, inbox, "notice", ref=row.id, code="asked")
    await reviews.plan(tx, CaseId(row.id))
    await _ask(tx, keys, staff, row, [], by, within_s)


async def _ask(
    tx: Transaction, keys: Keys, staff: list[RoomId], row: "sa.Row[Any]", steps: "list[sa.Row[Any]]",
    by: PersonId | None, within_s: int,
) -> None:  # fmt: skip
    """Write the next step. Where there is nobody at all whom one could ask, it asks nobody, and is asked again."""
    had = [person for one in steps for person in (one.whom, one.acknowledged_by)]  # who let it go had their turn
    found = await line.next_in_line(tx, row, by, had)
    now, role = await tx.now(), found.role if found else None
    made = {"case": row.id, "step": len(steps) + 1, "whom": found.person if found else None, "role": role}
    made |= {"asked_by": by, "asked_at": now, "due_at": now + within_s * 1000}
    await tx.execute(escalations.insert().values(made))
    await _tell(tx, staff, "escalated", by, row.id, role)
    await audit.append(
        tx, keys.derive("audit"), "asked", None, subject=found.person if found else None, room=row.room, ref=row.id,
        code=role,
    )  # fmt: skip


async def _lock_places(tx: Transaction, case: CaseId, *, level: str | None = None) -> tuple[list[RoomId], list[RoomId]]:
    """Lock where staff are told, and others' inboxes who are, and return both. `level`: what it is escalated as."""
    staff = await concerned.staff(tx, case)
    found = (await tx.execute(sa.select(cases).where(cases.c.id == case))).first()
    told = [] if found is None else await concerned.inboxes(tx, found, escalated_as=level)
    await tx.lock(rooms_table, [*staff, *told])
    return staff, told


async def _tell(
    tx: Transaction, staff: list[RoomId], what: str, by: PersonId | None, case: CaseId, code: str | None = None
) -> None:
    for room in staff:
        await timeline.append(tx, room, what, by, ref=case, code=code)


async def _steps(tx: Transaction, case: CaseId) -> "list[sa.Row[Any]]":
    wanted = sa.select(escalations).where(escalations.c.case == case).order_by(escalations.c.step)
    return list(await tx.execute(wanted))


async def _require_desk(tx: Transaction, person: PersonId) -> set[str]:
    who = (await tx.lock(people, [person])).get(person)
    roles = await access.roles_of(tx, person)
    if who is None or who.state != "active" or not roles & set(access.DESK):
        raise NotAllowed
    return roles
