"""Standing: what staff have done in a case and what still stands, for whoever may take it back."""

from dataclasses import dataclass

import sqlalchemy as sa

from chat import access, acts, recusal
from chat.ids import ActId, CaseId, Millis, PersonId
from chat.store import Transaction
from chat.tables import acts as acts_table
from chat.tables import people, roles


@dataclass(frozen=True, slots=True)
class Standing:
    """An act. `name`: whom it is about; empty where that is the room. `until`: None, it has no end."""

    act: ActId
    kind: str
    name: str
    made_name: str
    made_at: Millis
    until: Millis | None


async def in_case(tx: Transaction, case: CaseId, moderator: PersonId) -> list[Standing]:
    """Return what was done in a case and stands, the oldest first: so much of it as the moderator may undo."""
    held = await access.roles_of(tx, moderator)
    if not held & set(access.STAFF):
        return []
    of_staff = sa.exists().where(roles.c.person == acts_table.c.person, roles.c.role.in_(access.DESK))
    theirs = sa.or_(sa.literal("organiser" in held), acts_table.c.kind == "removed", sa.not_(of_staff))
    apart = sa.not_(recusal.is_recused(moderator, acts_table.c.person, tx.is_postgresql))
    found = await acts.standing(
        tx, acts_table.c.case == case, acts_table.c.made_by.is_not(None), theirs, apart
    )  # what came by itself has a place of its own, see `valve.done`
    wanted = {one for row in found for one in (row.person, row.made_by)} - {None}
    rows = await tx.execute(sa.select(people.c.id, people.c.nickname).where(people.c.id.in_(wanted)))
    names = {row.id: row.nickname or "" for row in rows}
    return [
        Standing(row.id, row.kind, names.get(row.person, ""), names.get(row.made_by, ""), row.made_at, row.until)
        for row in found
    ]
