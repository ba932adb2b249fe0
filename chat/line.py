"""The line: whom an escalation asks next.

The supervisors on duty, then the professionals on duty; where there is neither, everybody of the role that the
organiser has named for when nobody is on duty. Then the organisers, those on duty first. Who has been asked longest
ago, or never, is next, so the line begins anew when it is through.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

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
    tx: Transaction, about: Sequence[PersonId | None], by: PersonId | None, asked: Sequence[PersonId | None]
) -> Asked | None:
    """Return whom to ask next; None where there is nobody.

    Args:
        about: whom it is about and who reported it; who is recused from either is not asked (see `recusal`).
        by: who escalates; not asked either.
        asked: whom it was asked of so far, in order.
    """
    duty = await on_duty(tx)
    standing = await rule(tx)
    wanted = [Asked(one.person, role) for role in ASKED[:2] for one in duty if one.role == role]
    if not wanted and standing is not None:
        wanted = await _all_with(tx, standing.alerted)
    wanted += [Asked(one.person, one.role) for one in duty if one.role == "organiser"]
    wanted += await _all_with(tx, "organiser")
    free: dict[PersonId, Asked] = {}
    for one in wanted:
        if one.person not in free and one.person != by and await recusal.is_apart(tx, one.person, *about):
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
