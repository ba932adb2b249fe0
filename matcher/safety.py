"""Safety: what came to the moderators, how soon it was seen to, and what they did, month by month.

The one idea: a month is counted once, an hour after it is over, and each of its counts is kept with its noise and never
without. Every report is made of these numbers alone, and a longer period's number is the sum of its months'. So whoever
lays all reports beside one another that there ever were, of months, quarters and years, knows as much as who had one;
and what was counted stays so when its rows are changed, erased or kept no longer.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NewType, get_args

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from chat.acts import Kind as Act
from chat.held import CODE as HELD
from chat.ids import Millis
from chat.protocol import LEVELS
from chat.settings import Settings
from chat.staff_commands import Outcome
from chat.store import Transaction
from chat.tables import acts, audit, cases, escalations, rooms
from matcher.noise import noise, rounded
from matcher.tables import month_counts

Month = NewType("Month", int)
"""Months (UTC) since the year 0."""
By = Literal["came", "closed", "level", "outcome", "looked", "acted", "acknowledged", "done", "undone"]
"""What is counted: cases that came and were closed, by their kind; closed ones by level, by outcome and by how soon
they were looked at, acted on and, if somebody was asked, acknowledged; and acts, by when they were done or undone."""
MINUTE_MS = 60_000
SETTLED_MS = 60 * MINUTE_MS
"""Whatever was begun before a month's end is committed by then."""
MONTHS_MOST = 12
PERIODS = (1, 3, MONTHS_MOST)
WITHIN_MIN = (3, 10, 60, 240, 1440)
"""Times are told as no longer than one of these. Whoever is asked has three minutes to acknowledge."""
STEPS = (*(str(one) for one in WITHIN_MIN), "longer")
KINDS = ("report", "signal", HELD, "call", "appeal")
"""Where cases come from; what waits to be looked at was found by nobody."""
OUTCOMES = tuple(dict.fromkeys((*get_args(Outcome), "upheld", "overturned")))
LISTED: Mapping[By, tuple[str, ...]] = {
    "came": ("", *KINDS), "closed": ("", *KINDS), "level": LEVELS, "outcome": OUTCOMES,
    "looked": STEPS, "acted": STEPS, "acknowledged": (*STEPS, "never"),
    "done": get_args(Act), "undone": get_args(Act),
}  # fmt: skip
"""The same every month, whatever there was: what is not on a list tells nothing. "": all of them."""
SPREAD = 2
"""The standard deviation of the noise of one count (see `noise`)."""
LOOKS = ("claimed", "opened", "acknowledged")

Cell = tuple[By, str]


@dataclass(frozen=True, slots=True)
class Safety:
    """A report of whole months, and every number that is told of them.

    Attributes:
        months: in order; none, when no month is over yet.
        counts: of each month and cell, with noise and not rounded.
    """

    months: tuple[Month, ...]
    counts: Mapping[tuple[Month, Cell], int]

    def told(self, by: By, value: str, *months: Month) -> int:
        """Return how many there were in these months, or in all, as it is told."""
        return rounded(self._sum(by, value, months or self.months))

    def within(self, by: By, share: float) -> str | None:
        """Return the step within which this share of cases had it; None: too few to say.

        Noise adds up over what is summed, so a share is told where its smaller side is twice that.
        """
        counts = [self._sum(by, step, self.months) for step in LISTED[by]]
        moved = SPREAD * math.sqrt(len(counts) * len(self.months))
        if sum(counts) * min(share, 1 - share) < 2 * moved:
            return None
        return next(step for at, step in enumerate(LISTED[by]) if sum(counts[: at + 1]) >= share * sum(counts))

    def _sum(self, by: By, value: str, months: Sequence[Month]) -> int:
        return sum(self.counts.get((month, (by, value)), 0) for month in months)


async def report(tx: Transaction, months: int) -> Safety:
    """Return what is told of the last months that were counted, so many at most."""
    counted = sa.select(month_counts.c.month).distinct().order_by(month_counts.c.month.desc()).limit(months)
    last = [Month(one) for one in (await tx.execute(counted)).scalars()]
    kept = sa.select(month_counts).where(month_counts.c.month.in_(last))
    return Safety(
        tuple(reversed(last)), {(row.month, (row.by, row.value)): row.noised for row in await tx.execute(kept)}
    )  # fmt: skip


async def settle(tx: Transaction, settings: Settings, now: Millis, *, key: bytes) -> int:
    """Count the next month that is over; return how many counts were kept, 0 when there is no such month.

    Of processes that do it at once, one does. A `chat.retention.Expire`, because it must be done while the rows are
    there.

    Args:
        key: from `Keys.derive("noise")`.
    """
    month = await _next(tx, now)
    if month is None:
        return 0
    found = Counter(list(await _cells(tx, begins(month), begins(Month(month + 1)))))
    rows: list[dict[str, object]] = [
        {"month": month, "by": by, "value": value,
         "noised": found[by, value] + noise(key, f"safety\0{month}\0{by}\0{value}".encode())}
        for by, values in LISTED.items() for value in values
    ]  # fmt: skip
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    await tx.execute(insert(month_counts).on_conflict_do_nothing(), rows)
    return len(rows)


def month_of(at: int) -> Month:
    """Return the month a time is in."""
    day = datetime.fromtimestamp(at / 1000, UTC)
    return Month(day.year * 12 + day.month - 1)


def begins(month: Month) -> Millis:
    """Return when a month begins."""
    return Millis(int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp() * 1000))


async def _next(tx: Transaction, now: Millis) -> Month | None:
    """Return the month to count: the one after the last, or the first there was; none so old that it is not told."""
    last = (await tx.execute(sa.select(sa.func.max(month_counts.c.month)))).scalar()
    opened = (await tx.execute(sa.select(sa.func.min(rooms.c.created_at)))).scalar_one()
    this = month_of(now - SETTLED_MS)
    following = max(month_of(opened) if last is None else last + 1, this - MONTHS_MOST)
    return Month(following) if following < this else None


async def _cells(tx: Transaction, begin: Millis, end: Millis) -> Iterator[Cell]:
    """Return the cells that each case and act of a month counts in."""
    came = list((await tx.execute(sa.select(_kind).where(_in(cases.c.created_at, begin, end)))).scalars())
    ended = sa.select(cases.c.id).where(_in(cases.c.closed_at, begin, end))
    closed = list(await tx.execute(sa.select(cases, _kind.label("came_as")).where(cases.c.id.in_(ended))))
    looks = await _first(tx, audit.c.ref, audit.c.at, audit.c.ref.in_(ended), audit.c.act.in_(LOOKS))
    by_somebody = acts.c.made_by.is_not(None)
    acted = await _first(tx, acts.c.case, acts.c.made_at, acts.c.case.in_(ended), by_somebody)
    asked = await _first(tx, escalations.c.case, escalations.c.asked_at, escalations.c.case.in_(ended))
    taken = await _first(tx, escalations.c.case, escalations.c.acknowledged_at, escalations.c.case.in_(ended))
    done, undone = [
        list((await tx.execute(sa.select(acts.c.kind).where(_in(at, begin, end), by_somebody))).scalars())
        for at in (acts.c.made_at, acts.c.undone_at)
    ]

    def cells() -> Iterator[Cell]:
        for kind in came:
            yield from (("came", ""), ("came", kind))
        for row in closed:
            yield from (("closed", ""), ("closed", row.came_as), ("level", row.level), ("outcome", row.outcome or ""))
            yield "looked", _step(row.created_at, min(looks.get(row.id, row.closed_at), row.closed_at))
            yield "acted", _step(row.created_at, min(acted.get(row.id, row.closed_at), row.closed_at))
            if row.id in asked:
                yield "acknowledged", _step(asked[row.id], taken.get(row.id))
        yield from (("done", kind) for kind in done)
        yield from (("undone", kind) for kind in undone)

    return cells()


_kind = sa.case((cases.c.code == HELD, HELD), else_=cases.c.kind)


def _in(at: "sa.ColumnElement[int]", begin: Millis, end: Millis) -> "sa.ColumnElement[bool]":
    return sa.and_(at >= begin, at < end)


async def _first(
    tx: Transaction, of: "sa.ColumnElement[int]", at: "sa.ColumnElement[int]", *where: "sa.ColumnElement[bool]"
) -> dict[int, int]:
    """Return when there was the first of each."""
    wanted = sa.select(of.label("of"), sa.func.min(at).label("at")).where(at.is_not(None), *where).group_by(of)
    return {row.of: row.at for row in await tx.execute(wanted)}


def _step(since: int, at: int | None) -> str:
    """Return the step a time from one to the other falls into."""
    if at is None:
        return "never"
    return next((str(most) for most in WITHIN_MIN if at - since <= most * MINUTE_MS), "longer")
