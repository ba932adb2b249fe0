"""Claims: a case in somebody's hands. They grade it, hand it back or on; and who is gone holds it no longer.

A claim is a lease. As long as a console of whoever holds a case is connected to any process, that process says so in
the case's row; what nobody has said for LEASE_MS goes back to the queue, by whichever process looks next. So a case
outlives the death of a console, and of any process at any moment.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from chat import access, acts, audit, concerned, recusal, timeline
from chat.cases import HANDLERS, require_handler
from chat.ids import CaseId, PersonId, RoomId
from chat.keys import Keys
from chat.refusals import Gone, NotAllowed, NotAMember, Unavailable, without_words
from chat.staff_commands import Grade, HandOver, Release
from chat.store import Store, Transaction, clock
from chat.tables import cases, escalations, people
from chat.tables import rooms as rooms_table

logger = logging.getLogger(__name__)

LEASE_MS = 120_000
"""So long a claim outlives its console: a phone may change from one network to another."""
ACKNOWLEDGED_LEASE_MS = 20_000
"""Somebody in danger waits for whoever has acknowledged: with a beat more, the next is asked within 30 s."""
BEAT_S = 5.0


async def grade(store: Store, keys: Keys, moderator: PersonId, command: Grade) -> None:
    """Say what a case is about. The same level again changes nothing.

    Raises:
        NotAllowed: no role for it, or an appeal. NotAMember: no such case, or one about or by oneself. Gone: it is
            closed.
    """
    async with store.transaction() as tx:
        await require_handler(tx, moderator)
        case, row, told = await _locked(tx, moderator, command.case)
        if row.kind == "appeal":
            raise NotAllowed
        if row.level == command.level:
            return
        await tx.execute(sa.update(cases).where(cases.c.id == case).values(level=command.level))
        await _tell(tx, keys, told, "graded", moderator, row, code=command.level)


async def release(store: Store, keys: Keys, moderator: PersonId, command: Release) -> None:
    """Hand a case back to the queue.

    Raises:
        NotAllowed: no role for it, or not in their hands. NotAMember: no such case. Gone: it is closed.
    """
    async with store.transaction() as tx:
        await require_handler(tx, moderator, CaseId(command.case))
        _, row, told = await _locked(tx, moderator, command.case)
        if row.claimed_by != moderator:
            raise NotAllowed
        await _let_go(tx, row)
        await _tell(tx, keys, told, "released", moderator, row)


async def hand_over(store: Store, keys: Keys, moderator: PersonId, command: HandOver) -> None:
    """Hand on every case one holds: to a colleague, or to the queue. Holding none changes nothing.

    Raises:
        NotAllowed: no role for it, or to oneself. NotAMember: no such colleague.
    """
    to = None if command.to is None else PersonId(command.to)
    async with store.transaction() as tx:
        found = await tx.lock(people, [moderator] if to is None else [moderator, to])
        if moderator not in found or found[moderator].state != "active":
            raise NotAllowed
        await access.require_role(tx, moderator, *access.DESK)  # who was asked, or decides an appeal, holds cases too
        if to is not None:
            await _require_colleague(tx, moderator, to)
        held = sa.select(cases.c.id).where(cases.c.state == "claimed", cases.c.claimed_by == moderator)
        told = {case: await concerned.staff(tx, case) for case in (await tx.execute(held)).scalars()}
        await tx.lock(rooms_table, [room for rooms in told.values() for room in rooms])
        now = await tx.now()
        for row in (await tx.lock(cases, told)).values():
            if row.claimed_by != moderator:
                continue  # let go meanwhile
            if to is None or not await recusal.may_judge(tx, to, row.id):
                await _let_go(tx, row)
                await _tell(tx, keys, told[row.id], "released", moderator, row)
                continue
            given = sa.update(cases).where(cases.c.id == row.id).values(claimed_by=to, seen_at=now)
            await tx.execute(given)
            for room in told[row.id]:
                await timeline.append(tx, room, "handed_over", moderator, ref=row.id)
            await _write(tx, keys, "handed_over", moderator, row, subject=to)


async def holds_any(tx: Transaction, moderator: PersonId) -> bool:
    """Whether any case is in one's hands."""
    held = sa.select(cases.c.id).where(cases.c.state == "claimed", cases.c.claimed_by == moderator).limit(1)
    return (await tx.execute(held)).first() is not None


async def run(store: Store, keys: Keys, at_console: Callable[[], set[PersonId]]) -> None:
    """Keep the claims of whose console is connected here, and end those of nobody, every BEAT_S, until cancelled."""
    while True:
        await asyncio.sleep(BEAT_S)
        try:
            await keep(store, at_console())
            await expire(store, keys)
        except Unavailable:
            continue  # the next beat does it, here or elsewhere
        except Exception as error:  # a bug must not end the process
            logger.error("claims were not looked after", exc_info=without_words(error))


async def keep(store: Store, at_console: Iterable[PersonId]) -> None:
    """Note that the consoles of these people are connected now."""
    held = sa.select(cases.c.id).where(cases.c.state == "claimed", cases.c.claimed_by.in_(sorted(at_console)))
    async with store.reading() as tx:
        found = list((await tx.execute(held)).scalars())
    if not found:
        return
    async with store.transaction() as tx:
        await tx.lock(cases, found)
        await tx.execute(sa.update(cases).where(cases.c.id.in_(held)).values(seen_at=clock(tx.is_postgresql)))


async def expire(store: Store, keys: Keys) -> int:
    """Put cases whose claimer is gone back into the queue; return how many."""
    async with store.reading() as tx:
        found = [CaseId(one) for one in (await tx.execute(sa.select(cases.c.id).where(_is_over(tx)))).scalars()]
    ended = 0
    for case in found:
        async with store.transaction() as tx:
            told = await concerned.staff(tx, case)
            await tx.lock(rooms_table, told)
            await tx.lock(cases, [case])
            row = (await tx.execute(sa.select(cases).where(cases.c.id == case, _is_over(tx)))).first()
            if row is None:
                continue  # kept, handed on or ended meanwhile
            await _let_go(tx, row)
            await _tell(tx, keys, told, "released", None, row, code="away")
            ended += 1
    return ended


def _is_over(tx: Transaction) -> "sa.ColumnElement[bool]":
    acknowledged = sa.exists().where(
        escalations.c.case == cases.c.id, escalations.c.acknowledged_by == cases.c.claimed_by
    )
    lease = sa.case((acknowledged, ACKNOWLEDGED_LEASE_MS), else_=LEASE_MS)
    return sa.and_(cases.c.state == "claimed", cases.c.seen_at < clock(tx.is_postgresql) - lease)


async def _locked(tx: Transaction, moderator: PersonId, number: int) -> "tuple[CaseId, sa.Row[Any], list[RoomId]]":
    """Lock where staff are told, and a case that is not closed and that this person may know of."""
    case = CaseId(number)
    told = await concerned.staff(tx, case)
    await tx.lock(rooms_table, told)
    row = (await tx.lock(cases, [case])).get(case)
    await acts.require_judge(tx, moderator, row)
    assert row is not None
    if row.state == "closed":
        raise Gone
    return case, row, told


async def _require_colleague(tx: Transaction, moderator: PersonId, to: PersonId) -> None:
    if to == moderator:
        raise NotAllowed
    active = sa.select(people.c.id).where(people.c.id == to, people.c.state == "active")
    try:
        await access.require_role(tx, to, *HANDLERS)
    except NotAllowed:
        raise NotAMember from None
    if (await tx.execute(active)).first() is None:
        raise NotAMember


async def _let_go(tx: Transaction, row: "sa.Row[Any]") -> None:
    await tx.execute(sa.update(cases).where(cases.c.id == row.id).values(state="open", claimed_by=None, seen_at=None))


async def _tell(
    tx: Transaction, keys: Keys, told: list[RoomId], act: str, actor: PersonId | None, row: "sa.Row[Any]",
    code: str | None = None,
) -> None:  # fmt: skip
    for room in told:
        await timeline.append(tx, room, act, actor, ref=row.id, code=code)
    await _write(tx, keys, act, actor, row, subject=row.subject, code=code)


async def _write(
    tx: Transaction, keys: Keys, act: str, actor: PersonId | None, row: "sa.Row[Any]", *, subject: PersonId | None,
    code: str | None = None,
) -> None:  # fmt: skip
    key = keys.derive("audit")
    await audit.append(tx, key, act, actor, subject=subject, room=row.room, ref=row.id, code=code)
