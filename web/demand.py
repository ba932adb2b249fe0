"""Who left waiting: the organiser's report, its plots and its numbers. What protects it stands in `matcher.demand`."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_skeleton
from markupsafe import Markup
from starlette.responses import Response

from matcher import plot, topics
from matcher.demand import DAYS, PART_H, PARTS, Demand, Kind, Line, report, weeks_kept
from matcher.facets import AGES, ROLES, Name
from matcher.noise import CLEAR
from matcher.plot import Plot, Series
from web import facet_words
from web.facet_words import Labels
from web.language import Language
from web.site import Visit

SHOWN_MOST = 8
"""So many values stand in a plot, those that most left waiting with; all of them stand in the numbers."""
SCALE = 20
"""A plot of lines ends at a multiple of it, so that each of its four lines stands at a whole number."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Row:
    """A line with the words people see."""

    words: str
    line: Line


@dataclass(frozen=True)
class Part:
    """One list of values: its plot, its rows, and those of them whom to look for, most wanted first."""

    kind: Kind
    name: str
    svg: Markup
    rows: Sequence[Row]
    wanted: Sequence[Row]


async def demand(visit: Visit) -> Response:
    """Show who left waiting in the last weeks."""
    (found, labels), words = await _report(visit), visit.language
    weeks = [Row(_short(words, one.value), one) for one in found.weeks]
    return visit.page(
        "demand.html", page="organiser", found=found, clear=CLEAR,
        parts=[_part(words, labels, kind, lines) for kind, lines in found.kinds.items()],
        weeks=weeks, weeks_svg=_weeks(words, weeks), days=_days(words, "wide"), hours=_hours(),
        days_svg=_week_days(words, found), within=lambda minutes: _within(words, minutes),
    )  # fmt: skip


async def demand_csv(visit: Visit) -> Response:
    """Give the same numbers as a file, by codes, with their words beside them."""
    (found, labels), file = await _report(visit), io.StringIO()
    wanted = csv.writer(file)
    wanted.writerow(
        ("by", "value", "words", "left_waiting", "met", "half_left_within_min", "half_met_within_min", "peers")
    )
    lines = [("all", "", found.total), *(("week", "", one) for one in found.weeks)]
    lines += [
        (kind, _in_cell(_value(visit.language, labels, kind, one.value)), one)
        for kind, values in found.kinds.items() for one in values
    ]  # fmt: skip
    for by, words, one in lines:
        peers = one.peers if by in found.kinds else ""
        wanted.writerow((by, one.value, words, one.left, one.met, one.left_within or "", one.met_within or "", peers))
    wanted.writerow(("all", "withdrew", "", found.withdrew, "", "", "", ""))
    wanted.writerow(("all", "ran_out", "", found.ran_out, "", "", "", ""))
    for day, parts in enumerate(found.days):
        for hours, left in zip(_hours(), parts, strict=True):
            wanted.writerow(("asked_at", f"weekday {day + 1} {hours.replace('–', '-')} UTC", "", left, "", "", "", ""))
    return Response(file.getvalue(), media_type="text/csv", headers={
        "Content-Disposition": f'attachment; filename="left-waiting-{found.weeks[-1].value}.csv"'})  # fmt: skip


async def _report(visit: Visit) -> tuple[Demand, Labels]:
    site = visit.site
    async with site.store.reading() as tx:
        known = await topics.load(tx)
        listed: dict[Kind, tuple[str, ...]] = {
            "topic": tuple(one.code for one in known), "role": (*ROLES, ""), "age": (*AGES, ""),
            "language": facet_words.READ,
        }  # fmt: skip
        found = await report(
            tx, site.keys.derive("noise"), site.tokens, weeks=weeks_kept(site.settings.keep_request_days), listed=listed
        )  # fmt: skip
    return found, facet_words.labels(visit.language, known)


def _part(words: Language, labels: Labels, kind: Kind, lines: Sequence[Line]) -> Part:
    rows, name = [Row(_value(words, labels, kind, one.value), one) for one in lines], _title(words, kind)
    most = sorted(rows, key=lambda row: -row.line.left)
    wanted = [row for row in most if row.line.is_wanted and row.line.value][:SHOWN_MOST]
    seen = [row for row in most if row.line.left or row.line.met][:SHOWN_MOST]
    return Part(kind, name, _bars(words, name, seen), rows, wanted)


def _in_cell(words: str) -> str:
    """Return words that no spreadsheet takes for a formula (OWASP, CSV Injection): topics are typed by people."""
    return f"'{words}" if words.startswith(FORMULA) else words


def _title(words: Language, kind: Kind) -> str:
    match kind:
        case "topic":
            return words("Topic")
        case "role":
            return words("Whose experience it is")
        case "age":
            return words("Age")
        case "language":
            return words("Language they read")


def _value(words: Language, labels: Labels, kind: Kind, value: str) -> str:
    if not value:
        return words("Not said")
    if kind == "language":
        return facet_words.languages(words)[value]
    name: Name = kind
    return labels[name][value]


def _within(words: Language, minutes: int | None) -> str:
    return "–" if minutes is None else words.since(60 * minutes)


def _short(words: Language, monday: str) -> str:
    return str(format_skeleton("Md", date.fromisoformat(monday), locale=words.locale))


def _days(words: Language, width: str) -> list[str]:
    return [str(words.locale.days["stand-alone"][width][day]) for day in range(DAYS)]


def _hours() -> list[str]:
    return [f"{part * PART_H:02}–{(part + 1) * PART_H:02}" for part in range(PARTS)]


def _both(words: Language, rows: Sequence[Row]) -> tuple[Series, Series]:
    return (
        Series(words("Left waiting"), [row.line.left for row in rows]),
        Series(words("Met somebody"), [row.line.met for row in rows]),
    )


def _bars(words: Language, title: str, rows: Sequence[Row]) -> Markup:
    if not rows:
        return Markup("")
    told = words("How many left waiting and how many met somebody. The longest bars of those who left come first.")
    return Markup(plot.bars(Plot(title, told, [row.words for row in rows], _both(words, rows))))


def _weeks(words: Language, rows: Sequence[Row]) -> Markup:
    told = words("How many left waiting and how many met somebody, by the week in which their request ended.")
    return _lines(words("Week by week"), told, [row.words for row in rows], _both(words, rows))


def _week_days(words: Language, found: Demand) -> Markup:
    told = words("How many left waiting, by the weekday and the hours (UTC) in which they had asked.")
    lines = [Series(hours, [day[part] for day in found.days]) for part, hours in enumerate(_hours())]
    return _lines(words("When they had asked"), told, _days(words, "abbreviated"), lines)


def _lines(title: str, told: str, categories: Sequence[str], lines: Sequence[Series]) -> Markup:
    most = max((value for one in lines for value in one.values), default=0)
    return Markup(plot.lines(Plot(title, told, categories, lines, most=SCALE * max(1, math.ceil(most / SCALE)))))
