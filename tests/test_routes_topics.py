"""The organiser's list of topics over HTTP, and what it changes for who writes a profile or asks."""

import html
import re
from pathlib import Path

from matcher.tables import topics as table
from matcher.topics import LABEL_MOST
from tests.pages import Browser, Pages, site
from tests.words import words

LABELS = {"label-en": "Long & <b>nights</b>", "label-fi": "Pitkät yöt"}


async def add(browser: Browser, **fields: str) -> str:
    """Add a topic as a form does, and return its code."""
    await browser.get("/organiser/topics")
    answer = await browser.post("/organiser/topics", {"family": "life", **LABELS, **fields})
    assert answer.status_code == 303
    found = re.search(r"#topic-(own_\w+)", answer.headers["location"])
    assert found is not None
    return found[1]


async def change(browser: Browser, code: str, **fields: str) -> int:
    await browser.get("/organiser/topics")
    sent = {"family": "life", "place": "1", **LABELS, **fields}
    return (await browser.post(f"/organiser/topics/{code}", sent)).status_code


def offered(page: str) -> list[str]:
    return re.findall(r'name="topic" value="(\w+)"', page)


async def test_a_new_topic_is_offered_in_the_readers_language_and_can_be_declared(
    database_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, database_url) as pages, await organiser(pages) as boss:
        code = await add(boss)
        async with await pages.browser_of(await pages.place.person("peer")) as browser:
            for path in ("/profile", "/ask", "/desk"):
                page = (await browser.get(path)).text
                assert offered(page)[-1] == code
                assert html.escape(LABELS["label-en"]) in page
                assert LABELS["label-en"] not in page, "what the organiser writes is text"
            await browser.get("/profile")
            declared: dict[str, str | list[str]] = {"text": words(), "reads": "en", "language": "en", "topic": code}
            assert (await browser.post("/profile", declared)).status_code == 303
            assert f'value="{code}" checked' in (await browser.get("/profile")).text
            assert await change(boss, code, retired="yes") == 303
            for path in ("/profile", "/ask", "/desk"):
                assert code not in offered((await browser.get(path)).text)
            await browser.get("/profile")
            refused = await browser.post("/profile", declared)  # a page from before
            assert refused.status_code == 409
            assert f">{declared['text']}</textarea>" in refused.text
            await browser.get("/me")
            await browser.post("/language", {"language": "fi", "back": "/me"})
            assert await change(boss, code) == 303
            assert "Pitkät yöt" in (await browser.get("/profile")).text


async def organiser(pages: Pages) -> Browser:
    return await pages.browser_of(await pages.place.person("organiser"))


async def test_a_topic_is_renamed_moved_retired_and_brought_back(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await organiser(pages) as boss:
        renamed = {"label-en": "Job", "label-fi": "Työ", "family": "mind", "place": "3"}
        assert await change(boss, "work", **renamed) == 303
        page = (await boss.get("/ask")).text
        assert offered(page)[2] == "work"
        assert "> Job</label>" in page
        page = (await boss.get("/organiser/topics?saved=work")).text
        assert page.count("Saved.") == 1
        assert "Last changed" in page
        assert await change(boss, "work", retired="yes", **renamed) == 303
        assert "work" not in offered((await boss.get("/ask")).text)
        assert await change(boss, "work", **renamed) == 303
        assert offered((await boss.get("/ask")).text)[2] == "work"
        assert len(await pages.place.rows(table, table.c.code == "work")) == 4


async def test_a_form_that_is_wrong_is_shown_again_as_it_was_typed(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await organiser(pages) as boss:
        long = "a" * (LABEL_MOST + 1)
        for wrong in ({"family": "moon"}, {"label-fi": ""}, {"label-en": long}, {"label-fi": "a\0b"}):
            await boss.get("/organiser/topics")
            answer = await boss.post("/organiser/topics", {"family": "life", **LABELS, **wrong})
            assert answer.status_code == 409
            kept = (LABELS | wrong)["label-en"]
            assert f'value="{html.escape(kept)}"' in answer.text
            assert focused(answer.text) == "new-en"
            assert await change(boss, "work", place="7", **wrong) == 409
            assert re.search(r'id="topic-work-place"[^>]* value="7"', boss.page)
            assert focused(boss.page) == "topic-work-en"
        for place in ("", "-1", "x", "1.5", "٣"):
            assert await change(boss, "work", place=place) == 409
            assert focused(boss.page) == "topic-work-place"
        assert await change(boss, "moon") == 404
        assert await pages.place.rows(table, table.c.version > 0) == []


def focused(page: str) -> str:
    """Return the one field that is told to be wrong and has the focus."""
    (found,) = re.findall(r'id="([\w-]+)"[^>]* aria-describedby="wrong" autofocus', page)
    return str(found)
