"""Plots and reports: every number is written out, and words cannot become markup."""

import math
from xml.etree import ElementTree

import pytest

from matcher import report
from matcher.plot import Plot, Series, bars, lines, picture, table

SVG = "{http://www.w3.org/2000/svg}"


def shares(**more: object) -> Plot:
    made = {
        "title": "Matched <within> 10 min",
        "description": "Alone & together",
        "categories": ("500 people", "5,000 people"),
        "series": (Series("alone", (12.0, 48.0), ((10.0, 14.5), (40.0, 50.0))), Series("together", (96.0, math.nan))),
        "unit": "%",
    }
    return Plot(**(made | more))  # type: ignore[arg-type]


def texts(svg: str) -> list[str]:
    return [str(one.text) for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("draw", [bars, lines])
def test_a_plot_says_what_it_shows_and_names_its_series(draw: object) -> None:
    svg = draw(shares())  # type: ignore[operator]
    root = ElementTree.fromstring(svg)
    assert root.findtext(f"{SVG}title") == "Matched <within> 10 min"
    assert root.findtext(f"{SVG}desc") == "Alone & together"
    assert {"alone", "together", "500 people", "5,000 people"} <= set(texts(svg))


def test_every_bar_has_its_number_beside_it_and_none_is_cut_off() -> None:
    svg = bars(shares())
    assert [one for one in texts(svg) if one.endswith("%")] == ["12%", "96%", "48%"]
    assert "–" in texts(svg)
    root = ElementTree.fromstring(svg)
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    assert width == 390
    for one in root.iter(f"{SVG}rect"):
        assert 0 <= float(one.attrib["x"]) + float(one.attrib["width"]) <= width
        assert float(one.attrib["y"]) + float(one.attrib["height"]) <= height
    for one in root.iter(f"{SVG}text"):
        assert float(one.attrib["x"]) <= width - 40 or one.text is None


def test_a_line_is_broken_where_there_is_no_number() -> None:
    plot = shares(categories=("0", "1", "2", "3"), series=(Series("one", (1.0, 2.0, math.nan, 4.0)),))
    drawn = [one.attrib["d"] for one in ElementTree.fromstring(lines(plot)).iter(f"{SVG}path")]
    assert drawn[-1].count("M") == 2 and drawn[-1].count("L") == 1


def test_the_table_has_all_numbers_with_their_intervals() -> None:
    made = ElementTree.fromstring(table(shares()))
    rows = [[str(cell.text) for cell in row] for row in made.iter("tr")]
    assert rows[1:] == [["500 people", "12% (10% to 14%)", "96%"], ["5,000 people", "48% (40% to 50%)", "–"]]


def test_a_picture_brings_its_paper_and_a_page_needs_nothing_else() -> None:
    assert "prefers-color-scheme:dark" in picture(bars(shares()))
    ElementTree.fromstring(picture(bars(shares())))
    page = report.page("A <report>", [report.paragraph("a < b"), report.bars(shares()), report.lines(shares())])
    assert "A &lt;report&gt;" in page and "a &lt; b" in page
    assert page.count("<details>") == 2
    assert "<script" not in page and "src=" not in page and "href=" not in page
