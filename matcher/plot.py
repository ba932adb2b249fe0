"""Plots as SVG text: bars and lines, drawn once on the server, readable on a phone.

The one idea: a plot is its numbers. `bars` and `lines` draw them, `table` writes them out, and no number stands only in
a picture. Text has the colour of the text around it (currentColor), so light and dark are the page's to decide.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 390
"""A phone's width; one unit of the drawing is one pixel there, and grows with the page elsewhere."""
EDGE = 10
TEXT_PX = 14
LINE_PX = 22
BAR_PX = 18
VALUE_PX = 78
"""Room for a bar's value, right of it."""
PLOT_PX = 210
"""How high the field of a plot of lines is."""
MARGIN_PX = 44
"""Room for the numbers left of that field."""
COLOURS = ("#2a8a82", "#b06a2c", "#7a6cc0", "#7b8784")
"""In this order, from series to series: each at least 3:1 on the light paper and on the dark (WCAG 2.2, 1.4.11)."""
DASHES = ("none", "7 4", "2 4", "10 3 2 3")
"""Lines differ by more than colour."""
INK = "svg{color:#1f2b2a;background:#f6f4ef}@media(prefers-color-scheme:dark){svg{color:#e9efed;background:#141c1b}}"


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers.

    Attributes:
        values: one for each of the plot's categories; NaN where there is none.
        intervals: (low, high) around each value, drawn as a whisker; empty where nothing is known of them.
    """

    name: str
    values: Sequence[float]
    intervals: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn.

    Attributes:
        title, description: what it shows, and what one should see in it; both are read aloud. Some 45 characters of
            the title fit, as of a category of bars.
        categories: what the values are of; in a plot of lines evenly spaced from left to right.
        unit: stands after each number, as "%" or " min".
        digits: after the point.
        most: the end of the scale, which begins at 0; None: the greatest number.
    """

    title: str
    description: str
    categories: Sequence[str]
    series: Sequence[Series]
    unit: str = ""
    digits: int = 0
    most: float | None = None

    def number(self, value: float) -> str:
        """Write a number as this plot does."""
        return number(value, self.unit, self.digits)

    def end(self) -> float:
        """Return where the scale ends: above 0."""
        if self.most is not None:
            return self.most
        highs = [high for one in self.series for _, high in one.intervals]
        values = [value for one in self.series for value in one.values]
        return max((value for value in (*highs, *values) if not math.isnan(value)), default=0) or 1.0


def number(value: float, unit: str = "", digits: int = 0) -> str:
    """Write a number; a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:.{digits}f}{unit}"


def bars(plot: Plot) -> str:
    """Draw horizontal bars, grouped by category, each with its number beside it."""
    scale = (WIDTH - 2 * EDGE - VALUE_PX) / plot.end()
    drawn, y = _legend(plot, dashed=False)
    for at, category in enumerate(plot.categories):
        drawn.append(_text(EDGE, y + TEXT_PX, category))
        y += LINE_PX
        for n, one in enumerate(plot.series):
            value = one.values[at]
            end = EDGE + (0 if math.isnan(value) else max(0, value) * scale)
            drawn.append(
                f'<rect x="{EDGE}" y="{y}" width="{end - EDGE:.1f}" height="{BAR_PX - 3}" fill="{_colour(n)}"/>'
            )
            middle = y + (BAR_PX - 3) / 2
            if one.intervals and not math.isnan(value):
                low, high = (EDGE + bound * scale for bound in one.intervals[at])
                end = max(end, high)
                drawn.append(
                    f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 4}v8M{high:.1f} {middle - 4}v8"'
                    ' stroke="currentColor" fill="none"/>'
                )
            drawn.append(_text(end + 6, middle + 5, plot.number(value)))
            y += BAR_PX
        y += 6
    return _svg(plot, drawn, y)


def lines(plot: Plot) -> str:
    """Draw a line a series, over the categories from left to right."""
    drawn, top = _legend(plot, dashed=True)
    top += EDGE
    bottom, right = top + PLOT_PX, WIDTH - EDGE - 8
    step = (right - MARGIN_PX) / max(1, len(plot.categories) - 1)
    scale = PLOT_PX / plot.end()
    for part in range(5):
        y = bottom - PLOT_PX * part / 4
        drawn.append(f'<path d="M{MARGIN_PX} {y:.1f}H{right}" stroke="currentColor" opacity=".25"/>')
        drawn.append(_text(MARGIN_PX - 6, y + 5, plot.number(plot.end() * part / 4), anchor="end"))
    every = max(1, math.ceil(len(plot.categories) / 7))
    for at in range(0, len(plot.categories), every):
        drawn.append(_text(MARGIN_PX + at * step, bottom + LINE_PX, plot.categories[at], anchor="middle"))
    for n, one in enumerate(plot.series):
        path, pen = "", "M"
        for at, value in enumerate(one.values):
            if math.isnan(value):
                pen = "M"
                continue
            path += f"{pen}{MARGIN_PX + at * step:.1f} {bottom - value * scale:.1f}"
            pen = "L"
        drawn.append(f'<path d="{path}" stroke="{_colour(n)}" {_stroke(n)}/>')
    return _svg(plot, drawn, bottom + LINE_PX + EDGE)


def table(plot: Plot) -> str:
    """Write a plot's numbers as an HTML table."""
    head = "".join(f'<th scope="col">{escape(one.name)}</th>' for one in plot.series)
    rows = "".join(
        f'<tr><th scope="row">{escape(category)}</th>'
        + "".join(f"<td>{_cell(plot, one, at)}</td>" for one in plot.series)
        + "</tr>"
        for at, category in enumerate(plot.categories)
    )
    return f"<table><caption>{escape(plot.title)}</caption><tr><td></td>{head}</tr>{rows}</table>"


def picture(svg: str) -> str:
    """Make a drawing stand alone, as a file that a page shows as an image: it brings its paper, light or dark."""
    return svg.replace(">", f"><style>{INK}</style>", 1)


def _cell(plot: Plot, one: Series, at: int) -> str:
    written = plot.number(one.values[at])
    if not one.intervals or math.isnan(one.values[at]):
        return written
    low, high = one.intervals[at]
    return f"{written} ({plot.number(low)} to {plot.number(high)})"


def _legend(plot: Plot, *, dashed: bool) -> tuple[list[str], int]:
    """Return the title and, where there are several, the names of the series; and where the drawing goes on."""
    drawn, y = [_text(EDGE, LINE_PX, plot.title, bold=True)], LINE_PX + 12
    for n, one in enumerate(plot.series if len(plot.series) > 1 else ()):
        middle = y + LINE_PX / 2
        drawn.append(
            f'<path d="M{EDGE} {middle}h28" stroke="{_colour(n)}" {_stroke(n)}/>'
            if dashed
            else f'<rect x="{EDGE}" y="{middle - 6}" width="28" height="12" fill="{_colour(n)}"/>'
        )
        drawn.append(_text(EDGE + 36, middle + 5, one.name))
        y += LINE_PX
    return drawn, y + 6


def _svg(plot: Plot, drawn: list[str], height: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img"'
        f' font-family="system-ui, sans-serif" font-size="{TEXT_PX}">'
        f"<title>{escape(plot.title)}</title><desc>{escape(plot.description)}</desc>{''.join(drawn)}</svg>"
    )


def _text(x: float, y: float, words: str, *, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="currentColor"{weight}>{escape(words)}</text>'


def _colour(n: int) -> str:
    return COLOURS[n % len(COLOURS)]


def _stroke(n: int) -> str:
    return f'stroke-width="2.5" stroke-dasharray="{DASHES[n % len(DASHES)]}" fill="none"'
