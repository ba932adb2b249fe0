"""Waiting, in a browser on a phone: few taps, a question, a wider circle, a letter, a server that starts again."""

import re
import sqlite3
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests import browser
from tests.browser import PHONE, House, Visitor, visitor
from tests.trained import signed_in_peer, train
from tests.words import words

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.timeout(240)]
TAPS_MOST = 6
"""From the first question to an open chat, besides typing."""


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with browser.open_house(demo=False) as one:
        yield one


@pytest.fixture(scope="module", autouse=True)
def peer_is_here(chromium: Browser, house: House) -> None:
    train(chromium, house)


def requests(house: House) -> list[tuple[int]]:
    with sqlite3.connect(house.folder / "hearthside.db", timeout=10) as database:
        return list(database.execute("select id from requests order by made_at"))


def sit(one: Visitor) -> None:
    """Come into the group room."""
    one.go("/rooms")
    one.page.get_by_role("link", name=re.compile(r" room\b")).click()
    one.button("Come in").or_(one.page.locator("hearth-room")).first.wait_for()
    if one.button("Come in").count():
        one.button("Come in").click()
    one.is_live()


def is_waiting(one: Visitor) -> None:
    expect(one.page.get_by_role("heading", name="Looking for somebody for you")).to_be_visible()


def test_a_peer_in_a_room_is_told_of_an_offer_as_long_as_it_stands(chromium: Browser, house: House) -> None:
    """First, while the one peer has places free: the chats of the others stay open."""
    with signed_in_peer(chromium, house) as peer, visitor(chromium, house.address, width=PHONE) as seeker:
        told = peer.page.locator("[data-elsewhere]")
        sit(peer)
        seeker.arrive()
        seeker.go("/ask")
        seeker.page.get_by_label("What would you like to talk about?").fill(words("dementia, and the evenings"))
        seeker.page.get_by_role("radio", name="Neither").check()
        seeker.button("Ask now").click()
        is_waiting(seeker)
        expect(told).to_contain_text("Somebody is asking for you.")
        expect(told.get_by_role("link", name="Go to your desk")).to_have_attribute("href", "/desk")
        seeker.button("Take my request back").click()
        expect(told).to_be_hidden()


def test_who_takes_a_request_back_in_another_tab_is_led_on_in_this_one(chromium: Browser, house: House) -> None:
    with visitor(chromium, house.address, width=PHONE) as seeker:
        seeker.arrive()
        seeker.go("/ask")
        seeker.page.get_by_label("What would you like to talk about?").fill(words("caring"))
        seeker.button("Ask now").click()
        is_waiting(seeker)
        other = seeker.page.context.new_page()
        other.goto(f"{house.address}/waiting")
        other.get_by_role("button", name="Take my request back").click()
        other.close()
        seeker.page.bring_to_front()
        expect(seeker.page.get_by_role("link", name="Ask again")).to_be_focused()
        seeker.see("This request has ended.")


def test_from_the_first_question_to_an_open_chat_takes_few_taps(chromium: Browser, house: House) -> None:
    taps = 0

    def tap(target: Locator) -> None:
        nonlocal taps
        target.click()
        taps += 1

    with signed_in_peer(chromium, house) as peer, visitor(chromium, house.address, width=PHONE) as seeker:
        seeker.arrive()
        seeker.go("/ask")
        tap(seeker.page.get_by_role("checkbox", name="My own"))
        tap(seeker.page.get_by_role("radio", name="It is hard"))
        seeker.page.get_by_label("What would you like to talk about?").fill(words("dementia, and the long evenings"))
        tap(seeker.button("Ask now"))
        is_waiting(seeker)
        expect(seeker.page.get_by_role("heading", name="If somebody was hurt: where were you?")).to_be_visible()
        assert seeker.axe() == []
        assert not seeker.scrolls_sideways()
        tap(seeker.button("Neither"))
        is_waiting(seeker)
        expect(seeker.page.locator("[data-question]")).to_be_hidden()
        peer.button(re.compile("^Accept")).click()
        peer.is_live()
        tap(seeker.page.get_by_role("link", name="Go to your chat"))
        seeker.is_live()
        assert taps <= TAPS_MOST


def test_a_place_is_kept_while_the_server_starts_again_and_a_letter_is_read_first(
    chromium: Browser, house: House
) -> None:
    letter = words("I would rather begin by writing")
    with (
        signed_in_peer(chromium, house, may_fail=True) as peer,
        visitor(chromium, house.address, width=PHONE, scheme="dark", may_fail=True) as seeker,
    ):
        seeker.arrive()
        seeker.go("/ask")
        seeker.page.locator("summary", has_text="Say more").click()
        seeker.page.get_by_role("checkbox", name="Caring for somebody").check()
        seeker.button("Ask now").click()
        is_waiting(seeker)
        expect(seeker.page.locator("[data-now]")).to_contain_text("Few people here have lived through")
        seeker.page.get_by_role("link", name="Write a letter that waits").click()
        assert seeker.axe() == []
        seeker.page.get_by_label("Your letter").fill(letter)
        seeker.page.reload()
        expect(seeker.page.get_by_label("Your letter")).to_have_value(letter)
        seeker.button("Let it wait").click()
        seeker.see("Your letter waits for whoever says yes.")
        seeker.button("Keep my place for three days").click()
        expect(seeker.button("Keep my place for three days")).to_have_count(0)
        before = requests(house)
        house.restart()
        seeker.button("Or near it").click()
        expect(seeker.page.locator("[data-circle]")).to_have_text(re.compile("or one near it"))
        expect(seeker.button("Or near it")).to_have_attribute("aria-pressed", "true")
        seeker.button("Neither").click()
        is_waiting(seeker)
        assert requests(house) == before, "the place is kept"
        assert seeker.axe() == []
        house.restart()
        peer.go("/desk")
        peer.button(re.compile("^Accept")).click()
        peer.is_live()
        seeker.see("Somebody said yes")
        expect(seeker.page).to_have_title("You have a new note")
        expect(peer.page.locator(".log [data-kind=said]").first).to_contain_text(letter)
        seeker.page.get_by_role("link", name="Go to your chat").click()
        seeker.hears(letter)


def test_who_accepts_in_two_tabs_at_once_comes_to_one_chat_and_is_told_kindly(chromium: Browser, house: House) -> None:
    with (
        signed_in_peer(chromium, house) as peer,
        signed_in_peer(chromium, house, script=False) as stale,
        visitor(chromium, house.address) as seeker,
    ):
        live = Visitor(peer.context.new_page(), peer.context, house.address)
        live.go("/desk")
        seeker.arrive()
        seeker.go("/ask")
        seeker.page.get_by_label("What would you like to talk about?").fill(words("dementia, and nobody to tell"))
        seeker.page.get_by_role("radio", name="Neither").check()
        seeker.button("Ask now").click()
        is_waiting(seeker)
        for tab in (peer, live):
            expect(tab.page.locator("[data-offer]")).to_have_count(1)
        sit(seeker)
        told, title = seeker.page.locator("[data-elsewhere]"), seeker.page.title()
        expect(told).to_be_hidden()
        stale.page.reload()
        late = stale.context.new_page()
        late.goto(f"{house.address}/desk")
        peer.button(re.compile("^Accept")).click()
        peer.is_live()
        expect(live.page.locator("[data-told]")).to_have_text("One request went on. You need not do anything.")
        expect(live.page.locator("[data-offer]")).to_have_count(0)
        stale.button(re.compile("^Accept")).click()
        expect(stale.page).to_have_url(peer.page.url)
        late.get_by_role("button", name="Not this time").click()
        expect(late.locator("main")).to_contain_text("Somebody was quicker, or it has ended. You need not do anything.")
        seeker.see("Somebody said yes")
        expect(seeker.page).to_have_title("You have a new note")
        assert seeker.axe() == []
        told.get_by_role("button", name="Not now").click()
        expect(seeker.page).to_have_title(title)
        expect(told).to_be_hidden()
