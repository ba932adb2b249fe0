"""From an organiser's invitation to two people talking alone, in a browser, with the real model: nobody reloads."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests import browser
from tests.browser import PHONE, House, Visitor, visitor
from tests.trained import PEER, signed_in_peer, train
from tests.words import words

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with browser.open_house(demo=False) as one:
        yield one


@pytest.fixture(scope="module")
def peer_is_here(chromium: Browser, house: House) -> None:
    train(chromium, house)


@pytest.mark.usefixtures("peer_is_here")
def test_a_request_shows_on_the_desk_by_itself_and_once_accepted_both_talk(chromium: Browser, house: House) -> None:
    wish = words("my father has dementia and the evenings are hard")
    with signed_in_peer(chromium, house) as peer, visitor(chromium, house.address, width=PHONE) as seeker:
        peer.see("Nobody is asking for you just now.")
        seeker.arrive()
        seeker.go("/ask")
        seeker.page.get_by_label("What would you like to talk about?").fill(wish)
        seeker.page.locator("summary", has_text="Say more").click()
        seeker.page.get_by_label("Who sees these words").select_option("shown")
        seeker.page.get_by_role("checkbox", name="Somebody in my family").check()
        seeker.page.get_by_role("radio", name="Neither").check()
        seeker.button("Ask now").click()
        expect(seeker.page.get_by_role("heading", name="Looking for somebody for you")).to_be_visible()
        expect(peer.page.locator("[data-offer]").filter(has_text=wish)).to_be_visible()
        expect(peer.page.locator("[data-told]")).to_contain_text("is asking for somebody")
        assert peer.axe() == []
        assert seeker.axe() == []
        peer.press(peer.button(re.compile("^Accept")))
        peer.is_live()
        seeker.see("Somebody said yes")
        enter = seeker.page.get_by_role("link", name="Go to your chat")
        expect(enter).to_be_focused()
        seeker.page.keyboard.press("Enter")
        seeker.is_live()
        expect(seeker.page.locator("[data-here]")).to_have_text("You are both here")
        hello, answer = words("hello, I am here"), words("thank you")
        peer.say(hello)
        seeker.hears(hello)
        seeker.say(answer)
        peer.hears(answer)
        seeker.go("/rooms")
        expect(seeker.page.get_by_role("link", name=PEER)).to_be_visible()


@pytest.mark.usefixtures("peer_is_here")
def test_by_keyboard_alone_a_request_is_made_declined_changed_and_taken_back(chromium: Browser, house: House) -> None:
    with (
        signed_in_peer(chromium, house) as peer,
        visitor(chromium, house.address) as seeker,
        visitor(chromium, house.address) as another,
    ):
        offered = peer.page.locator("[data-offer]")
        another.arrive()
        _ask_by_keyboard(another)
        expect(offered).to_have_count(1)
        another.press(another.button("Take my request back"))
        expect(offered).to_have_count(0)
        peer.see("Nobody is asking for you just now.")
        seeker.arrive()
        _ask_by_keyboard(seeker)
        expect(offered).to_have_count(1)
        peer.press(offered.locator("summary", has_text="Why this match?"))
        peer.see("You fit by what you both said")
        peer.press(offered.get_by_role("button", name="Not this time"))
        peer.see("Nobody is asking for you just now.")
        seeker.press(seeker.page.get_by_role("link", name="Change my words"))
        seeker.tab_to(seeker.page.get_by_label("What would you like to talk about?"))
        seeker.page.keyboard.type(words("dementia"))
        seeker.press(seeker.button("Take it back and ask anew"))
        seeker.press(seeker.button("Or near it"))
        expect(seeker.button("Or near it")).to_have_attribute("aria-pressed", "true")
        seeker.press(seeker.button("Take my request back"))
        expect(seeker.page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
        for key, told in (("ArrowUp", "You are away"), ("ArrowDown", "Nobody is asking for you just now.")):
            peer.tab_to(peer.page.locator("input[name=state]:checked"))
            peer.page.keyboard.press(key)  # round the group of three, and back
            peer.press(peer.button("Save"))
            peer.see(told)


def _ask_by_keyboard(one: Visitor) -> None:
    one.go("/rooms")
    one.press(one.page.get_by_role("link", name="Ask for one person"))
    one.press(one.page.locator("summary", has_text="Say more"))
    one.press(one.page.get_by_role("checkbox", name="Dementia"), "Space")
    one.press(one.button("Ask now"))
    one.press(one.button("I leave it open"))


@pytest.mark.usefixtures("peer_is_here")
def test_who_is_not_to_be_matched_again_sees_a_chat_that_ended_and_is_asked_no_more(
    chromium: Browser, house: House
) -> None:
    with signed_in_peer(chromium, house) as peer, visitor(chromium, house.address, width=PHONE) as seeker:
        seeker.arrive()
        _ask(seeker)
        told = seeker.page.locator("[data-now]")
        expect(told).to_contain_text("Few people here have lived through something like it")
        peer.button(re.compile("^Accept")).click()
        peer.is_live()
        seeker.page.get_by_role("link", name="Go to your chat").click()
        seeker.is_live()
        seeker.press(seeker.button("Leave"))
        seeker.press(seeker.page.locator("#leave").get_by_role("button", name="Do not match us again"))
        seeker.see("They are not told: they see that you have left, and no more.")
        assert seeker.axe() == []
        seeker.press(seeker.page.locator("#block").get_by_role("button", name="Do not match us again"))
        seeker.see("You two are not matched again.")
        expect(peer.page.locator("[data-here]")).to_have_text("This chat has ended")
        peer.go("/desk")
        _ask(seeker)
        expect(told).to_contain_text("Few people here have lived through something like it")
        peer.see("Nobody is asking for you just now.")
        seeker.go("/me")
        seeker.button("Allow it again").click()
        expect(seeker.button("Allow it again")).to_have_count(0)
        seeker.go("/waiting")
        seeker.button("Take my request back").click()
        expect(seeker.page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()


def _ask(one: Visitor) -> None:
    one.go("/ask")
    one.page.get_by_label("What would you like to talk about?").fill(words("dementia, and the nights"))
    one.page.get_by_role("radio", name="Neither").check()
    one.button("Ask now").click()
    expect(one.page.get_by_role("heading", name="Looking for somebody for you")).to_be_visible()


@pytest.mark.usefixtures("peer_is_here")
def test_without_script_one_signs_in_asks_accepts_and_reads(chromium: Browser, house: House) -> None:
    with visitor(chromium, house.address, width=PHONE, script=False) as seeker:
        seeker.sign_up()
        seeker.go("/ask")
        seeker.page.get_by_label("What would you like to talk about?").fill(words("dementia, again"))
        seeker.page.get_by_role("radio", name="Neither").check()
        seeker.button("Ask now").click()
        expect(seeker.page.get_by_role("heading", name="Looking for somebody for you")).to_be_visible()
        with signed_in_peer(chromium, house, script=False) as peer:
            expect(peer.page.locator("main")).to_be_visible()
            for _ in range(30):
                if peer.page.locator("[data-offer]").count():
                    break
                peer.page.wait_for_timeout(500)
                peer.page.reload()
            peer.button(re.compile("^Accept")).click()
            peer.see("This chat begins here")
        seeker.page.reload()
        seeker.see("Somebody said yes")
        seeker.page.get_by_role("link", name="Go to your chat").click()
        expect(seeker.page.get_by_role("heading", name=PEER)).to_be_visible()
