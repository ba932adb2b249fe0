"""Helplines: the bundled ones are whole, another file replaces them, and a wrong one is told at start."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import pytest

from tests.pages import site
from web import helplines
from web.helplines import BUNDLED, HelplineError
from web.language import LANGUAGES


def test_the_bundled_ones_are_whole_and_dated() -> None:
    found = helplines.load("")
    assert set(found.countries) == {"FI", "SE", "GB", "IE", "US", "EU"}
    assert found.dated >= date(2026, 11, 21)
    for country in found.countries.values():
        assert country.emergency
        assert all(number.isdigit() and len(number) == 3 for number in country.emergency)
        assert country.lines
        for line in country.lines:
            assert line.phone or line.text
            assert set(line.about) == set(country.name) == set(LANGUAGES)


def test_an_unknown_country_still_gets_the_emergency_number() -> None:
    found = helplines.load("")
    for code in ("XX", "", "fi", "<b>"):
        assert found.countries[found.country(code)].emergency == ("112",)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda one: b"{", "is not as"),
        (lambda one: b'{"dated": "2026-11-21", "countries": {}}', "no country"),
        (lambda one: one.replace(b'"emergency": ["112"]', b'"emergency": []', 1), "emergency number for FI"),
        (lambda one: one.replace(b'{"en": "Finland"', b'{"xx": "Finland"'), "English words for FI"),
        (lambda one: one.replace(b"https://mieli.fi", b"javascript:alert(1)"), "not https"),
        (lambda one: one.replace(b'"phone"', b'"fone"', 1), "is not as"),
    ],
)
def test_a_file_that_cannot_be_meant_is_told_in_a_sentence(
    change: Callable[[bytes], bytes], told: str, tmp_path: Path
) -> None:
    file = tmp_path / "lines.json"
    file.write_bytes(change(BUNDLED.read_bytes()))
    with pytest.raises(HelplineError, match=told):
        helplines.load(str(file))
    with pytest.raises(HelplineError, match="cannot be read"):
        helplines.load(str(tmp_path / "absent.json"))


@pytest.mark.parametrize(
    ("number", "dialled"), [("09 2525 0111", "0925250111"), ("+358 9 25", "+358925"), ("116-123", "116123")]
)
def test_a_number_is_dialled_without_its_spaces(number: str, dialled: str) -> None:
    assert helplines.dialled(number) == dialled


async def test_the_help_page_shows_the_country_one_asks_for(sqlite_url: str, tmp_path: Path) -> None:
    own = msgspec.json.decode(BUNDLED.read_bytes())
    own["countries"] = {"NO": {"name": {"en": "Norway"}, "emergency": ["113"], "lines": []}}
    file = tmp_path / "own.json"
    file.write_bytes(msgspec.json.encode(own))
    async with site(tmp_path, sqlite_url, country="GB") as pages, pages.browser() as browser:
        assert 'href="tel:999"' in (await browser.get("/help")).text
        assert 'href="tel:112"' in (await browser.get("/help?country=FI")).text
        assert 'href="sms:85258"' in (await browser.get("/help?country=GB")).text
        assert 'href="tel:112"' in (await browser.get("/help?country=%3Cb%3E")).text
    async with site(tmp_path, sqlite_url, helplines=str(file)) as pages, pages.browser() as browser:
        page = (await browser.get("/help", **{"accept-language": "fi"})).text
        assert 'href="tel:113"' in page
        assert "Norway" in page


async def test_the_page_for_no_connection_is_everybodys_and_in_the_language_it_is_asked_for(
    sqlite_url: str, tmp_path: Path
) -> None:
    """A browser keeps it: who has it open next on this device learns nothing of who had it before."""
    async with site(tmp_path, sqlite_url, country="GB") as pages:
        person = await pages.place.person()
        async with await pages.browser_of(person) as member, pages.browser() as stranger:
            answers = [await one.get("/offline?fi") for one in (member, stranger)]
            assert answers[0].text == answers[1].text
            assert not [one for one in answers if "set-cookie" in one.headers]
            assert '<html lang="fi"' in answers[0].text and 'href="tel:999"' in answers[0].text
            assert "<form" not in answers[0].text, "a form needs a connection"
            assert '<html lang="en"' in (await stranger.get("/offline?xx")).text
            worker = await stranger.get("/worker.js")
            assert worker.headers["content-type"].startswith("text/javascript")
            assert worker.headers["content-security-policy"] == "default-src 'none'; connect-src 'self'"
            assert worker.headers["cache-control"] == "no-cache"
