"""The organiser's report: the page, its plots and the file tell the same numbers, and never one that is exact."""

import csv
import io
import re
from pathlib import Path

from chat.ids import new_id
from matcher.demand import MINUTE_MS, WEEK_MS
from matcher.facets import AGES, ROLES, SEEDED
from matcher.noise import CLEAR, STEP
from matcher.tables import request_facets
from matcher.tables import requests as table
from matcher.tokens import Tokens
from tests.pages import Pages, site
from tests.test_routes_topics import add
from web import facet_words

CELLS = re.compile(r'<td class="number">(\d+)</td>')


async def leave(pages: Pages, n: int, topic: str) -> None:
    """Let some have left waiting a week ago."""
    token = Tokens(pages.place.keys.derive("tokens")).facet("topic", topic)
    async with pages.place.store.transaction() as tx:
        at = await tx.now() - WEEK_MS
        rows: list[dict[str, object]] = [
            {"id": new_id(), "state": "withdrawn", "language": "fi", "made_at": at - 10 * MINUTE_MS, "ended_at": at,
             "kept_until": 0}
            for _ in range(n)
        ]  # fmt: skip
        await tx.execute(table.insert(), rows)
        declared = [{"request": row["id"], "name": "topic", "token": token} for row in rows]
        await tx.execute(request_facets.insert(), declared)


async def test_the_page_and_the_file_tell_the_same_about_right_numbers(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(
        await pages.place.person("organiser")
    ) as browser:  # fmt: skip
        code = await add(browser, **{"label-en": "=1+1"})
        await leave(pages, 120, "caring")
        page = (await browser.get("/organiser/demand")).text
        file = await browser.get("/organiser/demand.csv")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in file.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(file.text)))
    of = {(row["by"], row["value"]): row for row in rows}
    listed = {"topic": SEEDED, "role": (*ROLES, ""), "age": (*AGES, ""), "language": facet_words.READ}
    assert {(kind, value) for kind, values in listed.items() for value in values} <= set(of)
    assert of["topic", "caring"]["words"] == "Caring for somebody"
    assert of["topic", code]["words"] == "'=1+1", "no spreadsheet reckons with what an organiser typed"
    assert 75 <= int(of["topic", "caring"]["left_waiting"]) <= 165
    assert all(int(row[name] or 0) % STEP == 0 for row in rows for name in ("left_waiting", "met", "peers"))
    shown = CELLS.findall(page)
    told_of, days = [[row for row in rows if row["by"] in by] for by in (("week", *listed), ("asked_at",))]
    told = [row[name] for row in told_of for name in ("left_waiting", "met", "peers") if row[name]]
    told += [row["left_waiting"] for row in days]
    assert sorted(shown) == sorted(told)
    assert f"look at what is {CLEAR} or more" in page
    assert f"Caring for somebody: about {of['topic', 'caring']['left_waiting']}<" in page


async def test_every_plot_is_read_aloud_and_no_number_stands_only_in_a_picture(
    sqlite_url: str, tmp_path: Path
) -> None:  # fmt: skip
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(
        await pages.place.person("organiser")
    ) as browser:  # fmt: skip
        await leave(pages, 120, "caring")
        page = (await browser.get("/organiser/demand")).text
    plots = page.split("<svg ")[1:]
    assert len(plots) >= 3
    for plot in plots:
        assert 'role="img"' in plot and re.search(r"<title>[^<]+</title><desc>[^<]+</desc>", plot)
        assert "<details><summary>" in plot.split("</svg>")[1]
    assert " style=" not in page
