"""The dose: how long moderators were with what is hard to read. It is told to each alone, and as a sum of several.

Counted from what the audit holds anyway: the time in which somebody held a heavy case, and READ_MS for opening one.
What overlaps counts once, so minutes are minutes of their life, and two cases at a time are no double dose.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from chat.ids import PersonId
from chat.store import Transaction
from chat.tables import audit, cases

HEAVY = ("imminent", "minors", "sexual", "hate")
SEVERE = ("imminent", "minors")
"""After one of these a break is offered."""
READ_MS = 60_000
"""Who opens a case and does not hold it has looked at it for about so long."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
TAKES = ("claimed", "acknowledged", "handed_over")
LETS_GO = ("released", "closed")
MODERATORS_LEAST = 3
"""Of fewer no sum is told: it would be one person's."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Dose:
    """How long, in milliseconds, in the last 24 hours and in the last seven days."""

    day_ms: int
    week_ms: int


async def dose(tx: Transaction, person: PersonId) -> Dose:
    """Return how long somebody was with heavy cases."""
    spans, now = (await _spans(tx)).get(person, []), await tx.now()
    return Dose(_length(spans, now - DAY_MS), _length(spans, now - WEEK_MS))


async def hours_of_all(tx: Transaction) -> int | None:
    """Return how many hours all moderators together were with heavy cases in the last seven days; None: they are too
    few to say. Begun hours count: in minutes, the sum would tell before and after a case whose it was."""
    since = await tx.now() - WEEK_MS
    lengths = [length for spans in (await _spans(tx)).values() if (length := _length(spans, since))]
    return math.ceil(sum(lengths) / HOUR_MS) if len(lengths) >= MODERATORS_LEAST else None


async def _spans(tx: Transaction) -> dict[PersonId, list[Span]]:
    """Return from when to when each was with a heavy case. Who held one for a day and longer is not followed back."""
    now = await tx.now()
    wanted = sa.select(
        audit.c.at, audit.c.act, audit.c.actor, audit.c.subject, audit.c.ref, cases.c.closed_at
    ).join(cases, cases.c.id == audit.c.ref).where(
        audit.c.at > now - WEEK_MS - DAY_MS, audit.c.act.in_((*TAKES, *LETS_GO, "opened")), cases.c.level.in_(HEAVY)
    ).order_by(audit.c.n + 0)  # fmt: skip  # not by the key's index: SQLite would walk all of the audit along it
    found: dict[PersonId, list[Span]] = {}
    held: dict[int, tuple[PersonId, int, int]] = {}
    for row in await tx.execute(wanted):
        if row.act == "opened":
            found.setdefault(row.actor, []).append((row.at, row.at + READ_MS))
            continue
        if row.ref in held:
            holder, since, _ = held.pop(row.ref)
            found.setdefault(holder, []).append((since, row.at))
        if row.act in TAKES:
            held[row.ref] = (row.subject if row.act == "handed_over" else row.actor), row.at, row.closed_at or now
    for holder, since, until in held.values():
        found.setdefault(holder, []).append((since, until))
    return found


def _length(spans: Iterable[Span], since: int) -> int:
    """Return how long the spans are together after a time; what overlaps counts once."""
    length, covered = 0, since
    for begin, end in sorted(spans):
        length += max(0, end - max(begin, covered))
        covered = max(covered, end)
    return length
