"""The organiser's safety report: page, plots and file tell the same numbers, and never one that is exact."""

import csv
import io
import re
from pathlib import Path
from typing import get_args

from chat.acts import Kind
from matcher.noise import STEP
from matcher.safety import LISTED, PERIODS, Month, begins
from tests.pages import site
from tests.test_safety import keep, open_since, settle_all
from web.safety import WORDS

CELLS = re.compile(r'<td class="number">(\d+)</td>')
ON_THE_PAGE = ("level", "outcome", "looked", "acted", "acknowledged", "done", "undone")


async def test_the_page_and_the_file_tell_the_same_about_right_numbers(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(
        await pages.place.person("organiser")
    ) as browser:  # fmt: skip
        this = await open_since(pages.place, 5)
        await keep(pages.place, 120, begins(Month(this - 2)), looked_min=2, acted_min=8, acknowledged_min=2)
        await settle_all(pages.place)
        page = (await browser.get("/organiser/safety?months=3")).text
        file = await browser.get("/organiser/safety.csv?months=3")
        year = (await browser.get("/organiser/safety.csv")).text
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in file.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert {(row["by"], row["value"]) for row in rows} == {(by, one) for by, values in LISTED.items() for one in values}
    assert all(int(row["count"]) % STEP == 0 for row in rows)
    spans = list(dict.fromkeys(row["months"] for row in rows))
    assert len(spans) == 4 and " to " in spans[0] and len(set(csv.reader(io.StringIO(year)).__next__())) == 5
    of = {(row["months"], row["by"], row["value"]): row["count"] for row in rows}
    assert 75 <= int(of[spans[0], "closed", "report"]) <= 165
    told = [row["count"] for row in rows if row["months"] == spans[0]
            and (row["by"] in ON_THE_PAGE or (row["by"] in ("came", "closed") and row["value"]))]  # fmt: skip
    told += [of[month, by, ""] for month in spans[1:] for by in ("came", "closed")]
    told += ["0"] * 2  # nothing is looked at or acted on "not at all": it has a row for who was asked
    assert sorted(CELLS.findall(page)) == sorted(told)
    assert "half within 3 minutes" in page


async def test_every_period_has_its_page_and_a_new_place_is_told_that_nothing_is_counted(
    sqlite_url: str, tmp_path: Path
) -> None:  # fmt: skip
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(
        await pages.place.person("organiser")
    ) as browser:  # fmt: skip
        for path in ("/organiser/safety", "/organiser/safety?months=3"):
            assert "No month is over yet." in (await browser.get(path)).text
        assert len((await browser.get("/organiser/safety.csv")).text.splitlines()) == 1
        await open_since(pages.place, 5)
        await settle_all(pages.place)
        for period in PERIODS:
            page = (await browser.get(f"/organiser/safety?months={period}")).text
            assert page.count(f'aria-current="page">{period} month') == 1
        assert (await browser.get("/organiser/safety?months=7000")).text == (
            await browser.get("/organiser/safety")
        ).text


async def test_every_plot_is_read_aloud_and_no_number_stands_only_in_a_picture(
    sqlite_url: str, tmp_path: Path
) -> None:  # fmt: skip
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(
        await pages.place.person("organiser")
    ) as browser:  # fmt: skip
        await open_since(pages.place, 5)
        await settle_all(pages.place)
        page = (await browser.get("/organiser/safety")).text
    plots = page.split("<svg ")[1:]
    assert len(plots) == 6
    for plot in plots:
        assert 'role="img"' in plot and re.search(r"<title>[^<]+</title><desc>[^<]+</desc>", plot)
        assert "<details><summary>" in plot.split("</svg>")[1]
    assert " style=" not in page


def test_every_value_that_is_listed_has_words() -> None:
    values = {one for values in LISTED.values() for one in values if one and not one.isdigit()}
    assert values <= set(WORDS) and set(get_args(Kind)) <= set(WORDS)
