"""A process that watches, in the test's own, and what it has raised."""

from chat.ids import PersonId, Seq
from chat.tables import cases as cases_table
from matcher import watched
from matcher.watching import Watching
from tests.circle import Circle

CRY = "i want to kill myself tonight"


def watching_in(circle: Circle, lease_s: float = 60) -> Watching:
    """Return a process's work, to be done beat by beat."""
    return Watching(circle.place.store, circle.place.keys, lease_s=lease_s)


async def leased(circle: Circle, lease_s: float = 60) -> list[watched.Lease]:
    """Take every room that is due, as a process does before it looks."""
    async with circle.place.store.transaction() as tx:
        return await watched.lease(tx, None, lease_s)


async def until_quiet(one: Watching) -> int:
    """Look until nothing is due; return how many entries were looked at."""
    looked = 0
    while n := await one.beat():
        looked += n
    return looked


async def found(circle: Circle) -> list[tuple[str, PersonId | None, Seq, int]]:
    """Return (code, subject, seq, times) of every case, in the order of their entries."""
    rows = await circle.place.rows(cases_table)
    return sorted(((one.code, one.subject, one.seq, one.times) for one in rows), key=lambda one: one[2])
