"""The queue: the cases that wait or are being worked on, the most harmful first; nothing in it that anybody said."""

from dataclasses import dataclass

import sqlalchemy as sa

from chat import access, held, recusal, valve
from chat.cases import HANDLERS
from chat.concerned import DECIDERS
from chat.ids import CaseId, Millis, PersonId, RoomId
from chat.protocol import LEVELS
from chat.refusals import NotAllowed
from chat.store import Transaction
from chat.tables import alias, cases, escalations, people, roles
from chat.tables import rooms as rooms_table

RANKS = {level: rank for rank, level in enumerate((*LEVELS[:4], "appeal", *LEVELS[4:]))}
"""Who appeals may be shut out wrongly: that waits for what harms people now, and not for spam."""


@dataclass(frozen=True, slots=True)
class CaseCard:
    """A case in the queue: nothing that anybody said. `place` is the kind of its room; a one-to-one has no name, and an
    appeal against an act that holds everywhere has no room.

    `caller_name`: who calls for a moderator; who reports is not told. `asked`: who is in line, once it was escalated,
    and whether they have acknowledged. `code`: what a detector found, `times` within an hour; empty: it was reported;
    `held`: so many says wait in it for whoever looks, since `created_at`.
    `done`: something by the valve, and it stands.
    """

    id: CaseId
    kind: str
    state: str
    level: str
    room: RoomId | None
    room_name: str
    place: str
    created_at: Millis
    subject: PersonId | None
    subject_name: str
    claimed_by: PersonId | None
    claimed_name: str
    caller_name: str
    asked: PersonId | None
    asked_name: str
    acknowledged: bool
    code: str
    times: int
    done: bool


async def queue(tx: Transaction, moderator: PersonId) -> list[CaseCard]:
    """Return the open and claimed cases, the most harmful first, then the oldest; without those one is recused from.

    Who is no moderator sees those for which they were asked, and an organiser the appeals.

    Raises:
        NotAllowed: no role for it.
    """
    await access.require_role(tx, moderator, *access.DESK)
    about, claimer, caller, asked = (alias(people, one) for one in ("about", "claimer", "caller", "asked"))
    step = alias(escalations, "step")
    newest = sa.select(sa.func.max(escalations.c.step)).where(escalations.c.case == cases.c.id).scalar_subquery()
    joined = cases.outerjoin(rooms_table, rooms_table.c.id == cases.c.room)
    joined = joined.outerjoin(about, about.c.id == cases.c.subject)
    joined = joined.outerjoin(claimer, claimer.c.id == cases.c.claimed_by)
    joined = joined.outerjoin(caller, sa.and_(caller.c.id == cases.c.reporter, cases.c.kind == "call"))
    joined = joined.outerjoin(step, sa.and_(step.c.case == cases.c.id, step.c.step == newest))
    joined = joined.outerjoin(asked, asked.c.id == step.c.whom)
    since = held.since(moderator, tx.is_postgresql)
    wanted = sa.select(
        cases, rooms_table.c.kind.label("place"), rooms_table.c.name, about.c.nickname,
        claimer.c.nickname.label("claimer"), caller.c.nickname.label("caller"), asked.c.nickname.label("asked"),
        step.c.whom, step.c.acknowledged_at, sa.exists().where(valve.has_acted(await tx.now())).label("done"),
        sa.case(
            (cases.c.code == held.CODE, held.waiting(moderator, tx.is_postgresql)), else_=cases.c.times
        ).label("often"),
        since.label("since"),
    ).select_from(joined).where(
        cases.c.state != "closed",
        sa.not_(recusal.is_recused_from(moderator, tx.is_postgresql)),
    ).order_by(sa.case(RANKS, value=cases.c.level), since, cases.c.id)  # fmt: skip
    try:
        await access.require_role(tx, moderator, *HANDLERS)
    except NotAllowed:
        mine = sa.exists().where(escalations.c.case == cases.c.id, escalations.c.whom == moderator)
        decides = sa.exists().where(roles.c.person == moderator, roles.c.role.in_(DECIDERS), cases.c.kind == "appeal")
        wanted = wanted.where(sa.or_(mine, decides))
    return [
        CaseCard(row.id, row.kind, row.state, row.level, row.room, row.name or "", row.place or "", row.since,
                 row.subject, row.nickname or "", row.claimed_by, row.claimer or "", row.caller or "", row.whom,
                 row.asked or "", row.acknowledged_at is not None, row.code or "", row.often, bool(row.done))
        for row in await tx.execute(wanted)
    ]  # fmt: skip
