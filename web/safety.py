"""The organiser's safety report: its plots and its numbers. What protects it stands in `matcher.safety`."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_skeleton
from markupsafe import Markup
from starlette.responses import Response

from matcher import plot
from matcher.plot import Plot, Series
from matcher.safety import KINDS, LISTED, PERIODS, WITHIN_MIN, By, Month, Safety, begins, report
from web import case_words
from web.language import Language
from web.site import Visit

SCALE = 20
"""A plot of lines ends at a multiple of it, so that each of its four lines stands at a whole number."""
HALF, MOST = 0.5, 0.9
"""The shares of which it is told how long they took."""


def _(phrase: str) -> str:
    """Mark a phrase for the catalogue; it is looked up when it is shown."""
    return phrase


WORDS: dict[str, str] = {
    "report": _("Reported"), "signal": _("Found by a rule"), "held": _("Waiting to be looked at"),
    "call": _("Called for a second"), "appeal": _("Appeals"),
    **case_words.LEVELS, **case_words.OUTCOMES,
    "warned": _("Warned"), "cleared": _("Last messages hidden"), "expelled": _("Sent out of a room"),
    "banned": _("Account closed"), "locked": _("Room locked"), "slowed": _("Room slowed down"),
    "guarded": _("Room guarded"), "holding": _("Room held"), "declined": _("Waiting message declined"),
    "longer": _("Longer"), "never": _("Not at all"),
}  # fmt: skip
"""Every value that is listed, but for times."""


@dataclass(frozen=True)
class Row:
    """A value and its numbers."""

    name: str
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """One table and its plot: `of` what its rows are, `columns` what its numbers count."""

    id: str
    name: str
    of: str
    columns: tuple[str, ...]
    rows: list[Row]
    svg: Markup


@dataclass(frozen=True)
class Took:
    """How long something took half of the cases, and nine of ten; no words where too few say so."""

    name: str
    half: str
    most: str


async def safety(visit: Visit) -> Response:
    """Show what came to the moderators in the last months, and what became of it."""
    found, period = await _report(visit)
    words = visit.language
    return visit.page(
        "safety.html", page="organiser", found=found, period=period, periods=PERIODS, took=_took(words, found),
        parts=_parts(words, found) if found.months else [],
        span=_span(words, found.months) if found.months else "",
    )  # fmt: skip


async def safety_csv(visit: Visit) -> Response:
    """Give the same numbers as a file, by codes, with their words beside them: of the period, then of each month."""
    (found, period), file = await _report(visit), io.StringIO()
    wanted = csv.writer(file)
    wanted.writerow(("months", "by", "value", "words", "count"))
    for months in (found.months, *((one,) for one in found.months)) if found.months else ():
        name = " to ".join(dict.fromkeys((_code(months[0]), _code(months[-1]))))
        for by, values in LISTED.items():
            for value in values:
                wanted.writerow((name, by, value, _value(visit.language, value), found.told(by, value, *months)))
    last = _code(found.months[-1]) if found.months else "none"
    return Response(file.getvalue(), media_type="text/csv", headers={
        "Content-Disposition": f'attachment; filename="safety-{last}-{period}.csv"'})  # fmt: skip


async def _report(visit: Visit) -> tuple[Safety, int]:
    asked = visit.request.query_params.get("months", "")
    period = next((one for one in PERIODS if str(one) == asked), PERIODS[-1])
    async with visit.site.store.reading() as tx:
        return await report(tx, period), period


def _parts(words: Language, found: Safety) -> list[Part]:
    """Return every table, each with its plot."""
    came, closed, cases = words("Came in"), words("Closed"), words("Cases")
    parts = [
        _part(words, found, "kind", words("Where they came from"), KINDS, {came: "came", closed: "closed"}),
        _part(words, found, "level", words("What they were about"), LISTED["level"], {cases: "level"}),
        _part(words, found, "outcome", words("What came of them"), LISTED["outcome"], {cases: "outcome"}),
        _part(
            words, found, "took", words("How soon"), LISTED["acknowledged"],
            {words("First look"): "looked", words("First act"): "acted", words("Acknowledged"): "acknowledged"},
        ),
        _part(
            words, found, "act", words("What moderators did"), LISTED["done"],
            {words("Done"): "done", words("Undone"): "undone"},
        ),
    ]  # fmt: skip
    return [_months(words, found, {came: "came", closed: "closed"}), *parts] if len(found.months) > 1 else parts


def _part(words: Language, found: Safety, id: str, name: str, values: Sequence[str], columns: dict[str, By]) -> Part:
    rows = [Row(_value(words, one), tuple(found.told(by, one) for by in columns.values())) for one in values]
    told = words("How many there were of each. The numbers stand in a table below.")
    drawn = plot.bars(Plot(name, told, [row.name for row in rows], _series(rows, columns)))
    return Part(id, name, name, tuple(columns), rows, Markup(drawn))


def _months(words: Language, found: Safety, columns: dict[str, By]) -> Part:
    rows = [Row(_month(words, one, "yMMMM"), tuple(found.told(by, "", one) for by in columns.values()))
            for one in found.months]  # fmt: skip
    name, told = words("Month by month"), words("How many cases came in and how many were closed, by month.")
    most = SCALE * max(1, math.ceil(max(max(row.numbers) for row in rows) / SCALE))
    short = [_month(words, one, "MMM") for one in found.months]
    drawn = plot.lines(Plot(name, told, short, _series(rows, columns), most=most))
    return Part("months", name, words("Month"), tuple(columns), rows, Markup(drawn))


def _series(rows: Sequence[Row], columns: Iterable[str]) -> list[Series]:
    return [Series(column, [row.numbers[at] for row in rows]) for at, column in enumerate(columns)]


def _took(words: Language, found: Safety) -> list[Took]:
    names: dict[By, str] = {
        "looked": words("To a first look"), "acted": words("To a first act, or closing"),
        "acknowledged": words("To being acknowledged, once somebody was asked"),
    }  # fmt: skip
    return [Took(name, _half(words, found.within(by, HALF)), _most(words, found.within(by, MOST)))
            for by, name in names.items()]  # fmt: skip


def _half(words: Language, step: str | None) -> str:
    match step:
        case None:
            return ""
        case "longer":
            return words("more than half took longer than %(time)s", time=_time(words, str(WITHIN_MIN[-1])))
        case "never":
            return words("more than half not at all")
    return words("half within %(time)s", time=_time(words, step))


def _most(words: Language, step: str | None) -> str:
    match step:
        case None:
            return ""
        case "longer":
            return words("more than one in ten took longer than %(time)s", time=_time(words, str(WITHIN_MIN[-1])))
        case "never":
            return words("more than one in ten not at all")
    return words("nine of ten within %(time)s", time=_time(words, step))


def _time(words: Language, step: str) -> str:
    return words.since(60 * int(step))


def _value(words: Language, value: str) -> str:
    if not value:
        return words("All")
    if value.isdigit():
        return words("Within %(time)s", time=_time(words, value))
    return words(WORDS[value])


def _first(month: Month) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _code(month: Month) -> str:
    return _first(month).isoformat()[:7]


def _month(words: Language, month: Month, pattern: str) -> str:
    return str(format_skeleton(pattern, _first(month), locale=words.locale))


def _span(words: Language, months: Sequence[Month]) -> str:
    return words(
        "Cases and acts from %(begins)s on, before %(ends)s (UTC).",
        begins=words.day(begins(months[0])), ends=words.day(begins(Month(months[-1] + 1))),
    )  # fmt: skip
