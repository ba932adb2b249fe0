"""Demand: who left waiting, when, and what few peers share: whom to recruit.

The one idea: every number is told with noise of its own (see `noise`), and those of nobody too. Only whole weeks are
counted, by when a request ended, and always the same lists: a report of a week that is over does not change when one
more person asks, and what is not on it tells nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa

from chat.ids import Millis
from chat.store import Transaction
from chat.tables import roles
from matcher.noise import CLEAR, FEW, noise, told
from matcher.tables import profile_facets, profile_languages, request_facets, request_languages, requests
from matcher.tokens import Tokens

Kind = Literal["topic", "role", "age", "language"]
FACETS: tuple[Literal["topic", "role", "age"], ...] = ("topic", "role", "age")
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
MONDAY_MS = 4 * DAY_MS
"""The first Monday, 1970-01-05."""
WEEKS_MOST = 12
DAYS = 7
PART_H = 6
"""A day is told in parts of so many hours: with finer ones each would hold too few to be told."""
PARTS = 24 // PART_H
WITHIN_MIN = (5, 15, 60, 240, 1440, 4320)
"""Waits are told as no longer than one of these; the last is the longest a request is kept."""
MEDIAN_LEAST = 20
"""Of fewer people no typical wait is told: it would be made of noise."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is told of everybody who shares a value.

    Attributes:
        value: a code; "" where people have said none.
        left, met: how many left waiting, and how many met somebody.
        left_within, met_within: half of them had left, or met somebody, within so many minutes; None: too few to say.
        peers: how many approved peers share it now.
    """

    value: str
    left: int
    met: int
    left_within: int | None
    met_within: int | None
    peers: int = 0

    @property
    def is_wanted(self) -> bool:
        """Whether many left waiting and few peers share it."""
        return self.left >= CLEAR and self.peers <= FEW


@dataclass(frozen=True, slots=True)
class Demand:
    """A report of whole weeks.

    Attributes:
        begins, ends: from when on, and before when, requests had ended.
        total: everybody. withdrew, ran_out: of who left waiting.
        weeks: a line a week; its value is its Monday (ISO 8601).
        days: who left waiting by when they had asked, seven days from Monday, each in PARTS (UTC).
        kinds: a line for each value that was listed.
    """

    begins: Millis
    ends: Millis
    total: Line
    withdrew: int
    ran_out: int
    weeks: tuple[Line, ...]
    days: tuple[tuple[int, ...], ...]
    kinds: Mapping[Kind, tuple[Line, ...]]


What = tuple[str, ...]
"""Whom a cell counts, in words that are equal for equal cells."""
ALL: What = ("all",)
MET = ("accepted",)
LEFT = ("expired", "withdrawn")


class Cells:
    """Requests counted by whom they are of, and told with noise."""

    def __init__(self, key: bytes, period: str) -> None:
        self._key = key
        self._period = period
        self._held: dict[What, Counter[tuple[str, int]]] = {}
        self._peers: Counter[What] = Counter()

    def add(self, what: What, state: str, within: int, count: int) -> None:
        """Count requests that ended in a state, within WITHIN_MIN[within]."""
        self._held.setdefault(what, Counter())[state, within] += count

    def add_peers(self, what: What, count: int) -> None:
        """Count peers."""
        self._peers[what] += count

    def told(self, what: What, *states: str) -> int:
        """Return how many ended in one of the states, as it is told."""
        return told(self._key, self._cell(*what, *states), sum(self._waits(what, states)))

    def line(self, value: str, what: What) -> Line:
        """Return all that is told of one value."""
        left, met = self.told(what, *LEFT), self.told(what, *MET)
        return Line(
            value, left, met, self._median(what, LEFT, left), self._median(what, MET, met),
            told(self._key, self._cell(*what, "peers"), self._peers[what]),
        )  # fmt: skip

    def _median(self, what: What, states: Sequence[str], count: int) -> int | None:
        """Read the median off counts that have noise themselves, so that it tells no more than they would."""
        if count < MEDIAN_LEAST:
            return None
        noisy = [
            n + noise(self._key, self._cell(*what, *states, f"within {WITHIN_MIN[at]}"))
            for at, n in enumerate(self._waits(what, states))
        ]
        return next(within for at, within in enumerate(WITHIN_MIN) if 2 * sum(noisy[: at + 1]) >= sum(noisy))

    def _waits(self, what: What, states: Sequence[str]) -> list[int]:
        held = self._held.get(what, Counter())
        return [sum(held[state, at] for state in states) for at in range(len(WITHIN_MIN))]

    def _cell(self, *what: str) -> bytes:
        """What is counted, by name. A week is the same week in every period it is told in."""
        return "\0".join(what if what[0] == "week" else (self._period, *what)).encode()


def weeks_kept(keep_days: int) -> int:
    """Return of how many whole weeks all requests are still kept, WEEKS_MOST at most."""
    return max(1, min(WEEKS_MOST, keep_days // DAYS - 1))


async def report(
    tx: Transaction, key: bytes, tokens: Tokens, *, weeks: int, listed: Mapping[Kind, Sequence[str]]
) -> Demand:  # fmt: skip
    """Return who left waiting in the last whole weeks.

    Args:
        key: from `Keys.derive("noise")`.
        weeks: see `weeks_kept`.
        listed: the values that are told, whoever is of them; "" of a role or an age is to have said none.
    """
    now = await tx.now()
    ends = now - (now - MONDAY_MS) % WEEK_MS
    begins = ends - weeks * WEEK_MS
    cells = Cells(key, f"{_monday(begins)} to {_monday(ends)}")
    mondays = [_monday(begins + at * WEEK_MS) for at in range(weeks)]
    await _count_times(tx, cells, begins, ends, mondays)
    known: Known = {(kind, tokens.facet(kind, one)): one for kind in FACETS for one in listed[kind]}
    await _count_seekers(tx, cells, begins, ends, known)
    await _count_peers(tx, cells, known)
    return Demand(
        Millis(begins), Millis(ends), cells.line("", ALL), cells.told(ALL, "withdrawn"), cells.told(ALL, "expired"),
        tuple(cells.line(one, ("week", one)) for one in mondays),
        tuple(tuple(cells.told(("day", str(day), str(part)), *LEFT) for part in range(PARTS)) for day in range(DAYS)),
        {kind: tuple(cells.line(one, (kind, one)) for one in values) for kind, values in listed.items()},
    )  # fmt: skip


def _monday(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).date().isoformat()


async def _count_times(tx: Transaction, cells: Cells, begins: int, ends: int, mondays: Sequence[str]) -> None:
    """Count everybody: in all, by the week they left in, and by the part of the week they had asked in."""
    week = ((requests.c.ended_at - begins) // WEEK_MS).label("week")
    day = ((requests.c.made_at - MONDAY_MS) // DAY_MS % DAYS).label("day")
    part = (requests.c.made_at // (PART_H * HOUR_MS) % PARTS).label("part")
    for row in await tx.execute(_ended(begins, ends, week, day, part)):
        for what in (ALL, ("week", mondays[row.week]), ("day", str(row.day), str(row.part))):
            cells.add(what, row.state, row.within, row.n)


Known = Mapping[tuple[str, bytes], str]
"""The values that are listed, by facet and token."""


async def _count_seekers(tx: Transaction, cells: Cells, begins: int, ends: int, known: Known) -> None:
    """Count requests by what they declare and by the languages read."""
    of, read = request_facets.c, request_languages.c
    declared = _ended(begins, ends, of.name, of.token).join(request_facets, of.request == requests.c.id)
    for row in await tx.execute(declared.where(of.name.in_(FACETS))):
        if (value := known.get((row.name, bytes(row.token)))) is not None:
            cells.add((row.name, value), row.state, row.within, row.n)
    spoken = _ended(begins, ends, read.language).join(request_languages, read.request == requests.c.id)
    for row in await tx.execute(spoken):
        cells.add(("language", row.language), row.state, row.within, row.n)


async def _count_peers(tx: Transaction, cells: Cells, known: Known) -> None:
    """Count the approved peers by the same."""
    of, read, n = profile_facets.c, profile_languages.c, sa.func.count().label("n")
    peers = sa.select(roles.c.person).where(roles.c.role == "peer")
    declared = sa.select(of.name, of.token, n).where(of.person.in_(peers), of.name.in_(FACETS))
    for row in await tx.execute(declared.group_by(of.name, of.token)):
        if (value := known.get((row.name, bytes(row.token)))) is not None:
            cells.add_peers((row.name, value), row.n)
    spoken = sa.select(read.language, n).where(read.person.in_(peers)).group_by(read.language)
    for row in await tx.execute(spoken):
        cells.add_peers(("language", row.language), row.n)


def _ended(begins: int, ends: int, *by: "sa.ColumnElement[object]") -> "sa.Select[tuple[object, ...]]":
    """Count (n) the requests that ended, by these columns, their state, and (within) how long they had waited."""
    waited = requests.c.ended_at - requests.c.made_at
    steps = [(waited <= most * MINUTE_MS, at) for at, most in enumerate(WITHIN_MIN[:-1])]
    within = sa.case(*steps, else_=len(WITHIN_MIN) - 1).label("within")
    columns = (*by, requests.c.state, within)
    return (
        sa.select(*columns, sa.func.count().label("n"))
        .where(requests.c.ended_at >= begins, requests.c.ended_at < ends, requests.c.state.in_((*MET, *LEFT)))
        .group_by(*(one.name for one in columns))
    )  # fmt: skip  (names: PostgreSQL takes no two parameters for the same)
