"""A report, from the member's room to the moderator's console and back, in a browser, by keyboard."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests import browser
from tests.browser import PHONE, House, Visitor, visitor
from tests.words import words

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ROOM = "Evenings, one day at a time"
OTHER_ROOM = "New here"


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with browser.open_house(matching=False) as one:
        yield one


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=browser.WAIT_MS)
    with browser.open_browser() as one:
        yield one


@pytest.fixture(scope="module")
def moderator(chromium: Browser, house: House) -> Iterator[Visitor]:
    with visitor(chromium, house.address) as one:
        one.use_link(house.link("moderator"))
        yield one


def _report(one: Visitor, text: str, reason: str) -> None:
    one.page.locator(".entry", has_text=text).locator(".entry__more").click()
    one.button("Report to the moderators").click()
    one.page.get_by_label("Hate, threats or insults").check()
    one.page.get_by_label("What is wrong?").fill(reason)
    one.button("Send report").click()
    one.see("The moderators have your report.")


def test_a_report_comes_live_is_claimed_and_the_author_muted_by_keys_alone(
    chromium: Browser, house: House, moderator: Visitor
) -> None:
    with visitor(chromium, house.address, width=PHONE) as author, visitor(chromium, house.address) as member:
        for one in (author, member):
            one.arrive()
            one.enter(ROOM)
        moderator.go("/console")
        moderator.see("Nothing is waiting.")
        hurtful, reason = words("something hurtful"), words("it hurts")
        author.say(hurtful)
        member.hears(hurtful)
        _report(member, hurtful, reason)

        case = moderator.page.locator("[data-case]")
        expect(case).to_have_count(1)
        expect(moderator.page.get_by_text(hurtful)).to_have_count(0)  # covered until it is opened
        queue, keys = moderator.page.locator("[data-queue]"), moderator.page.keyboard
        moderator.tab_to(queue)
        keys.press("j")
        keys.press("Enter")
        expect(moderator.page.locator("[data-around]")).to_contain_text(hurtful)
        expect(moderator.page.locator("[data-reason]")).to_have_text(reason)
        keys.press("c")
        moderator.see("The case is yours.")
        expect(case).to_contain_text("yours")
        keys.press("m")
        mute = moderator.page.locator("dialog#mute")
        moderator.tab_to(mute.get_by_role("textbox", name=re.compile("Reason")))
        keys.type(words("against the rule"))
        moderator.press(mute.get_by_role("button", name="Mute"))
        expect(moderator.page.locator("[data-told-text]")).to_contain_text("is muted.")

        box = author.page.get_by_label("Your message")
        expect(box).to_be_disabled()
        expect(author.page.locator("[data-notice]")).to_contain_text(re.compile("moderator", re.I))
        assert author.axe() == []
        author.page.get_by_role("link", name="Ask for another look").click()
        author.see("You are muted")
        author.enter(OTHER_ROOM)
        expect(author.page.get_by_label("Your message")).to_be_disabled()  # elsewhere too

        expect(queue).to_be_focused()
        keys.press("z")
        moderator.see("It is undone.")
        expect(author.page.get_by_label("Your message")).to_be_enabled()
        again = words("thank you")
        author.enter(OTHER_ROOM)
        author.say(again)
        author.hears(again)


def test_a_hidden_message_is_gone_for_everybody_and_a_closed_case_leaves_the_queue(
    chromium: Browser, house: House, moderator: Visitor
) -> None:
    with visitor(chromium, house.address) as author, visitor(chromium, house.address, width=PHONE) as member:
        for one in (author, member):
            one.arrive()
            one.enter(OTHER_ROOM)
        unkind = words("unkind")
        author.say(unkind)
        member.hears(unkind)
        _report(member, unkind, words("unkind"))
        moderator.go("/console")
        moderator.page.locator("[data-case]").filter(has_text=OTHER_ROOM).click()
        expect(moderator.page.locator("[data-around]")).to_contain_text(unkind)
        moderator.button("Hide message").click()
        hide = moderator.page.locator("dialog#hide")
        hide.get_by_role("textbox", name=re.compile("Reason")).fill(words("rule"))
        hide.get_by_role("button", name="Hide message").click()
        moderator.see("The message is hidden.")
        for one in (author, member):
            expect(one.page.get_by_text("Hidden by a moderator")).to_be_visible()
            expect(one.page.locator("[data-log]")).not_to_contain_text(unkind)
        moderator.button("Close the case").first.click()
        close = moderator.page.locator("dialog#close")
        close.get_by_label("What came of it").select_option("removed")
        close.get_by_role("button", name="Close the case").click()
        moderator.see("The case is closed.")
        expect(moderator.page.locator("[data-rest]")).to_be_hidden()  # a break is offered after what is severe
        expect(moderator.page.locator("[data-case]").filter(has_text=OTHER_ROOM)).to_have_attribute(
            "data-state", "closed"
        )
        moderator.page.wait_for_timeout(10_500)  # until it can no longer be undone
        moderator.page.reload()
        expect(moderator.page.locator("[data-case]").filter(has_text=OTHER_ROOM)).to_have_count(0)


def test_new_cases_wait_until_the_moderator_asks_for_them(chromium: Browser, house: House, moderator: Visitor) -> None:
    with visitor(chromium, house.address) as author, visitor(chromium, house.address) as member:
        for one in (author, member):
            one.arrive()
            one.enter("Carers after hours")
        texts = [words("first"), words("second")]
        for text in texts:
            author.say(text)
            member.hears(text)
        _report(member, texts[0], words("reason"))
        moderator.go("/console")
        shown = moderator.page.locator("[data-case]")
        expect(shown.filter(has_text="Carers")).to_have_count(1)
        before = shown.count()
        moderator.page.locator("[data-queue]").focus()
        _report(member, texts[1], words("reason"))
        expect(moderator.button(re.compile("Show 1 new"))).to_be_visible()
        assert shown.count() == before
        moderator.page.keyboard.press("n")
        expect(shown).to_have_count(before + 1)
