"""What is typed into a form outlives a reload, and nothing of it stays once it is saved or somebody signs out."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests import browser
from tests.browser import PHONE, House, Visitor, visitor
from tests.words import words

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with browser.open_house(demo=False, matching=False) as one:
        yield one


def stored(one: Visitor) -> str:
    kept: str = one.page.evaluate("JSON.stringify(sessionStorage)")
    return kept


def test_a_reload_loses_nothing_but_the_names_of_places(chromium: Browser, house: House) -> None:
    text, place = words("on the train"), words("a village")
    with visitor(chromium, house.address, width=PHONE) as one:
        one.arrive()
        one.go("/ask")
        one.page.get_by_label("What would you like to talk about?").fill(text)
        one.page.get_by_role("radio", name="I was hurt").check()
        one.page.get_by_role("checkbox", name="My own").check()
        one.page.locator("main summary").first.click()
        one.page.locator("#places summary").click()
        one.page.locator("#homes").fill(place)
        assert place not in stored(one)
        one.page.reload()
        expect(one.page.get_by_label("What would you like to talk about?")).to_have_value(text)
        expect(one.page.get_by_role("radio", name="I was hurt")).to_be_checked()
        expect(one.page.get_by_role("checkbox", name="My own")).to_be_checked()
        expect(one.page.locator("#homes")).to_have_value("")
        one.go("/me")
        one.button("Sign out here").click()
        expect(one.page).to_have_url(f"{house.address}/")
        assert stored(one) == "{}"


def test_what_was_saved_is_no_draft_any_more(chromium: Browser, house: House) -> None:
    first, second = words("first"), words("second")
    with visitor(chromium, house.address, width=PHONE) as one:
        one.arrive()
        one.go("/profile")
        field = one.page.get_by_label("In your own words")
        field.fill(first)
        assert first in stored(one)
        one.page.locator("main").get_by_role("button", name="Save").click()
        one.see("Saved.")
        expect(field).to_have_value(first)
        assert stored(one) == "{}"
        field.fill(second)
        one.go("/rooms")
        one.go("/profile")
        expect(field).to_have_value(second)
