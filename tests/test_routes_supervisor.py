"""The supervisor's page: the tables of who may meet, what nothing unlocks, and who may talk with minors."""

import re
from pathlib import Path

import pytest

from chat.tables import audit
from matcher import pairs, peers
from matcher.pairs import DEFAULTS, EDITED, NEVER, PairName
from matcher.tokens import Tokens
from tests.pages import Browser, Pages, site

BOX = re.compile(r'name="pair" value="([a-z_]*)&gt;([a-z_]*)" aria-label="[^"]*"( checked)?>')


def boxes(page: str, name: str) -> dict[tuple[str, str], bool]:
    """Return the boxes of one facet's table, and which are ticked."""
    table = page.partition(f'<div class="stack tight" id="{name}"')[2].partition("</form>")[0]
    return {(one, other): bool(ticked) for one, other, ticked in BOX.findall(table)}


async def allowed(pages: Pages) -> pairs.Pairs:
    async with pages.place.store.reading() as tx:
        return await pairs.load(tx, Tokens(pages.place.keys.derive("tokens")))


async def allow(browser: Browser, name: str, wanted: set[tuple[str, str]]) -> int:
    await browser.get("/supervisor")
    fields: dict[str, str | list[str]] = {"name": name, "pair": [f"{one}>{other}" for one, other in sorted(wanted)]}
    return (await browser.post("/supervisor/pairs", fields)).status_code


async def test_each_table_shows_what_may_meet_and_what_nothing_unlocks(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        browser = await pages.browser_of(await pages.place.person("supervisor"))
        async with browser:
            page = (await browser.get("/supervisor")).text
        for name in EDITED:
            shown = boxes(page, name)
            assert {pair for pair, ticked in shown.items() if ticked} == DEFAULTS[name]
            assert not set(shown) & NEVER[name]
            assert len(shown) + len(NEVER[name]) == len(pairs.VALUES[name]) ** 2
        assert page.count(">never<") == sum(len(NEVER[name]) for name in EDITED)


@pytest.mark.parametrize("name", EDITED)
async def test_what_a_supervisor_ticks_holds_and_is_in_the_audit(
    database_url: str, tmp_path: Path, name: PairName
) -> None:
    async with site(tmp_path, database_url) as pages:
        supervisor = await pages.place.person("supervisor")
        async with await pages.browser_of(supervisor) as browser:
            one = next(iter(sorted(DEFAULTS[name])))
            for wanted in (DEFAULTS[name] - {one}, frozenset(), DEFAULTS[name]):
                assert await allow(browser, name, set(wanted)) == 303
                assert await allowed(pages) == {**DEFAULTS, name: wanted}
            page = (await browser.get(f"/supervisor?saved={name}")).text
            assert page.count("Saved.") == 1
        noted = await pages.place.rows(audit, audit.c.act == "pairs")
        assert [(row.actor, row.code) for row in noted] == [(supervisor, name)] * 3


async def test_a_tampered_form_changes_nothing(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        async with await pages.browser_of(await pages.place.person("supervisor")) as browser:
            for name in EDITED:
                for pair in NEVER[name]:
                    assert await allow(browser, name, {pair}) == 400, pair
            for name, pair in (("age", ("", "")), ("moon", ("", "")), ("", ("", "")), ("role", ("moon", "self"))):
                assert await allow(browser, name, {pair}) == 400, name
            await browser.get("/supervisor")
            assert (await browser.post("/supervisor/pairs", {"name": "role", "pair": "self"})).status_code == 400
        assert await allowed(pages) == DEFAULTS
        assert await pages.place.rows(audit, audit.c.act == "pairs") == []


async def test_a_peer_is_vetted_for_minors_and_no_more(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        peer, member = await pages.place.person("peer"), await pages.place.person()
        async with await pages.browser_of(await pages.place.person("supervisor")) as browser:
            for act, told in (("vet", 1), ("unvet", 0)):
                await browser.get("/supervisor")
                assert (await browser.post(f"/supervisor/peers/{peer}/{act}")).status_code == 303
                assert (await browser.get("/supervisor")).text.count(">Vetted for minors<") == told
            for nobody in (member, 5):
                await browser.get("/supervisor")
                assert (await browser.post(f"/supervisor/peers/{nobody}/vet")).status_code == 404
        async with pages.place.store.reading() as tx:
            assert await peers.vetted(tx) == frozenset()
