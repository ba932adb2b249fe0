"""The line: whom an escalation asks next.

The supervisors on duty, then the professionals on duty; where there is neither who may judge the case, everybody of the
role that the organiser has named for when nobody is on duty. Then the organisers, those on duty first. Who has been
asked longest ago, or never, is next, so the line begins anew when it is through.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chat import recusal
from chat.ids import PersonId
from chat.roster import on_duty, rule
from chat.store import Transaction
from chat.tables import people, roles

ASKED = ("supervisor", "professional", "organiser")
"""Who is asked, in this order."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody in line, and as what."""

    person: PersonId
    role: str


async def next_in_line(
    tx: Transaction, case: "sa.Row[Any]", by: PersonId | None, asked: Sequence[PersonId | None]
) -> Asked | None:
    """Return whom to ask next; None where there is nobody.

    Args:
        case: its row; who is recused from it is not asked (see `recusal`), nor a professional where something waits to
            be let through, which they may not.
        by: who escalates; not asked either.
        asked: whom it was asked of so far, in order.
    """
    barred = {"professional"} if case.code == recusal.HELD else set()
    duty = [one for one in await on_duty(tx) if await recusal.may_judge(tx, one.person, case.id)]
    duty = [one for one in duty if one.role not in barred]
    standing = await rule(tx)
    wanted = [Asked(one.person, role) for role in ASKED[:2] for one in duty if one.role == role]
    if not wanted and standing is not None and standing.alerted not in barred:
        wanted = await _all_with(tx, standing.alerted)
    wanted += [Asked(one.person, one.role) for one in duty if one.role == "organiser"]
    wanted += await _all_with(tx, "organiser")
    free: dict[PersonId, Asked] = {}
    for one in wanted:
        if one.person not in free and one.person != by and await recusal.may_judge(tx, one.person, case.id):
            free[one.person] = one
    last = {person: at for at, person in enumerate(asked)}
    return min(free.values(), key=lambda one: last.get(one.person, -1), default=None)


def is_higher(held: Collection[str], role: str | None) -> bool:
    """Whether one of these roles comes later in the line than the role that is asked now."""
    after = ASKED[ASKED.index(role) + 1 :] if role in ASKED else ASKED
    return bool(set(held) & set(after))


async def _all_with(tx: Transaction, role: str) -> list[Asked]:
    wanted = sa.select(roles.c.person).join(people).where(roles.c.role == role, people.c.state == "active")
    rows = await tx.execute(wanted.order_by(roles.c.granted_at, roles.c.person))
    return [Asked(PersonId(one), role) for one in rows.scalars()]
