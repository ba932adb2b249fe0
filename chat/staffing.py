"""Staffing: how the place stands now, at a glance, for whoever is at the console."""

from dataclasses import dataclass

import sqlalchemy as sa

from chat import access, held, recusal, roster
from chat.cases import HANDLERS
from chat.ids import Millis, PersonId
from chat.roster import OnDuty
from chat.store import Transaction, clock
from chat.tables import cases, rooms

LONG_MS = 300_000
"""Whoever waits longer than this for a first look waits too long."""


@dataclass(frozen=True, slots=True)
class Staffing:
    """Group rooms that are open, who is on duty, and how many cases have waited over LONG_MS for a first look
    (without those from which whoever looks is recused).

    `colleagues`: who may take over a case now. `until`: how long whoever looks is on duty.
    """

    rooms: int
    on_duty: list[OnDuty]
    waiting: int
    colleagues: list[OnDuty]
    until: Millis | None


async def staffing(tx: Transaction, person: PersonId) -> Staffing:
    """Return how the place stands.

    Raises:
        NotAllowed: no role for it.
    """
    await access.require_role(tx, person, *access.DESK)
    opened = sa.select(sa.func.count()).where(rooms.c.kind == "group", rooms.c.state == "open")
    late = sa.select(sa.func.count()).where(
        cases.c.state == "open", held.since(person, tx.is_postgresql) < clock(tx.is_postgresql) - LONG_MS,
        sa.not_(recusal.is_recused_from(person, tx.is_postgresql)),
    )  # fmt: skip
    duty = await roster.on_duty(tx)
    colleagues = {one.person: one for one in duty if one.role in HANDLERS and one.person != person}
    return Staffing(
        (await tx.execute(opened)).scalar_one(), duty, (await tx.execute(late)).scalar_one(),
        list(colleagues.values()), next((one.until for one in duty if one.person == person), None),
    )  # fmt: skip
