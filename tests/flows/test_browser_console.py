"""A report, from the member's room to the moderator's console and back, in a browser, by keyboard."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect

from tests import browser, servers
from tests.browser import DESKTOP, PHONE, House, Visitor, visitor
from tests.flows.test_browser_acts import second_of
from tests.words import words

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ROOM = "Evenings, one day at a time"
OTHER_ROOM = "New here"


@pytest.fixture(scope="module")
def moderator(chromium: Browser, house: House) -> Iterator[Visitor]:
    with visitor(chromium, house.address) as one:
        one.use_link(house.link("moderator"))
        yield one


@pytest.fixture(scope="module")
def second(chromium: Browser, house: House) -> Iterator[Visitor]:
    with visitor(chromium, house.address) as organiser, visitor(chromium, house.address) as one:
        organiser.use_link(house.link("the first organiser"))
        second_of(organiser, one)
        yield one


@contextmanager
def second_process(house: House) -> Iterator[str]:
    """Run a second `web` on the same database, on the port of the line that can be cut, and yield its address."""
    house.line.cut()
    settings = house.settings | {"PORT": str(house.line.port)}
    with servers.child("second web", browser.PROGRAM, "-m", "web", env=settings) as web:
        web.wait_until(lambda: servers.is_listening(house.line.port))
        yield house.cuttable


def _open(one: Visitor, *keys: str) -> None:
    """Open a case by keys: the one that is selected, or where these keys lead."""
    one.tab_to(one.page.locator("[data-queue]"))
    for key in (*keys, "Enter"):
        one.page.keyboard.press(key)


def _report(one: Visitor, text: str, reason: str) -> None:
    one.page.locator(".entry", has_text=text).locator(".entry__more").click()
    one.button("Report to the moderators").click()
    one.page.get_by_label("Hate, threats or insults").check()
    one.page.get_by_label("What is wrong?").fill(reason)
    one.button("Send report").click()
    one.see("The moderators have your report.")


def test_a_report_is_claimed_by_one_the_author_muted_and_another_lets_them_write_again(
    chromium: Browser, house: House, moderator: Visitor, second: Visitor
) -> None:
    """By keys alone, on two consoles and three members' pages, at two processes."""
    with (
        second_process(house) as beside, visitor(chromium, house.address, width=PHONE) as author,
        visitor(chromium, beside) as member, visitor(chromium, beside) as witness,
    ):  # fmt: skip
        second.base = beside
        for one in (author, member, witness):
            one.arrive()
            one.enter(ROOM)
        consoles = (moderator, second)
        for one in consoles:
            one.go("/console")
            one.see("Nothing is waiting.")
        hurtful, reason, case = words("something hurtful"), words("it hurts"), "[data-case]"
        author.say(hurtful)
        for one in (member, witness):
            one.hears(hurtful)
        _report(member, hurtful, reason)
        for one in consoles:
            expect(one.page.locator(case)).to_have_count(1)
            expect(one.page.get_by_text(hurtful)).to_have_count(0)  # covered until it is opened
            _open(one)
            expect(one.page.locator("[data-around]")).to_contain_text(hurtful)
            expect(one.page.locator("[data-reason]")).to_have_text(reason)
        for one in consoles:
            one.page.keyboard.press("c")
        told = [one.page.locator("[data-told-text]") for one in consoles]
        for one in told:
            expect(one).to_have_text(re.compile("The case is yours|Somebody else has this case"))
        won = [consoles[n] for n in (0, 1) if told[n].inner_text() == "The case is yours."]
        assert len(won) == 1
        [first], [other] = won, [one for one in consoles if one not in won]

        first.page.keyboard.press("m")
        mute = first.page.locator("dialog#mute")
        first.type(mute.get_by_role("textbox", name=re.compile("Reason")), words("against the rule"))
        first.press(mute.get_by_role("button", name="Mute"))
        first.see("is muted.")
        expect(author.page.get_by_label("Your message")).to_be_disabled()
        expect(author.page.locator("[data-notice]")).to_contain_text(re.compile("You are muted here until .*Be kind"))
        assert author.axe() == []
        author.page.get_by_role("link", name="Ask for another look").click()
        author.see("You are muted")
        author.see(hurtful)
        author.press(author.page.locator("summary", has_text="Ask for another look"))
        assert author.axe() == [] and not author.scrolls_sideways()
        author.type(author.page.get_by_label("In your own words"), mine := words("it was an answer"))
        author.press(author.button("Ask for another look"))
        author.see("You asked for another look")
        author.enter(OTHER_ROOM)
        expect(author.page.get_by_label("Your message")).to_be_disabled()  # elsewhere too

        expect(other.button(re.compile("Show 1 new"))).to_be_visible()
        expect(first.page.locator("[data-fresh]")).to_be_hidden()
        first.page.reload()
        expect(first.page.locator(case)).to_have_count(1)  # the case it began with
        other.page.keyboard.press("n")
        expect(other.page.locator(case)).to_have_count(2)
        _open(other, "j")
        expect(other.page.locator("[data-reason]")).to_have_text(mine)
        expect(other.page.locator("[data-around]")).to_have_text(re.compile(re.escape(hurtful)))
        expect(other.page.locator("[data-against]")).to_contain_text("Muted.")
        assert other.axe() == []
        other.page.keyboard.press("d")
        decide = other.page.locator("dialog#decide")
        assert other.axe() == []
        other.press(decide.get_by_label("It stays as it is"), "ArrowDown")
        expect(decide.get_by_label("It was not right")).to_be_checked()
        other.type(decide.get_by_role("textbox", name=re.compile("Reason")), words("it was an answer"))
        other.press(decide.get_by_role("button", name="Decide"))
        other.see("It is decided: it is taken back.")

        expect(author.page.get_by_label("Your message")).to_be_enabled()
        expect(author.page.get_by_role("link", name="Ask for another look")).to_have_count(0)
        again = words("thank you")
        author.say(again)
        author.hears(again)
        author.go("/me")
        author.see("somebody else has decided that it was not right")
        assert author.axe() == []
        second.base = house.address
        second.go("/console")


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
            expect(one.page.get_by_text("Hidden", exact=True)).to_be_visible()
            expect(one.page.locator("[data-log]")).not_to_contain_text(unkind)
        beside = moderator.context.new_page()
        beside.goto(moderator.base + "/console")
        beside.locator("[data-case]").filter(has_text=OTHER_ROOM).click()
        expect(beside.locator("[data-pane] [data-act=mute]")).to_be_visible()
        moderator.button("Close the case").first.click()
        close = moderator.page.locator("dialog#close")
        expect(close.get_by_label("What came of it")).to_have_value("")  # the reporter reads it: nothing goes by itself
        close.get_by_label("What came of it").select_option("removed")
        close.get_by_role("button", name="Close the case").click()
        moderator.see("The case is closed.")
        expect(moderator.page.locator("[data-rest]")).to_be_hidden()  # a break is offered after what is severe
        expect(moderator.page.locator("[data-case]").filter(has_text=OTHER_ROOM)).to_have_attribute(
            "data-state", "closed"
        )
        moderator.page.wait_for_timeout(10_500)  # until it can no longer be undone
        expect(beside.get_by_text("This case has left the queue")).to_be_visible()
        expect(beside.locator("[data-pane] button").filter(visible=True).first).to_have_text("Take it back")
        beside.close()
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

        of_room = shown.filter(has_text="Carers")
        of_room.first.click()  # the buttons of a case act on that case, whatever is selected meanwhile
        claim, pane = moderator.button(re.compile("^Claim")), moderator.page.locator("[data-pane]")
        expect(pane.locator("[data-around]")).to_contain_text(texts[0])
        moderator.page.keyboard.press("j")
        expect(of_room.last).to_have_attribute("aria-selected", "true")
        claim.click()
        expect(of_room.first).to_contain_text("yours")
        expect(of_room.first).to_have_attribute("aria-selected", "true")
        expect(of_room.last).not_to_contain_text("yours")
        name = pane.locator("[data-who]").inner_text()
        hate = moderator.page.get_by_role("checkbox", name="Hate")
        hate.uncheck()
        expect(of_room).to_have_count(0)
        mute = pane.locator("[data-act=mute]")
        for button in (mute, pane.locator("[data-act=escalate]")):
            button.click()
            expect(moderator.page.locator("dialog[open] h2")).to_contain_text(name)
            moderator.page.keyboard.press("Escape")
            expect(button).to_be_focused()
        hate.check()
        kept = moderator.context.cookies()
        moderator.context.clear_cookies()
        of_room.last.click()
        moderator.see("You are signed out here.")
        moderator.context.add_cookies(kept)


def test_the_filters_fold_where_a_page_becomes_narrow_and_open_where_there_is_width(moderator: Visitor) -> None:
    moderator.go("/console")
    danger = moderator.page.get_by_role("checkbox", name="Danger now")
    expect(danger).to_be_visible()
    try:
        moderator.page.set_viewport_size({"width": PHONE, "height": 800})
        expect(danger).to_be_hidden()
        moderator.page.locator("summary", has_text="Filters").click()
        expect(danger).to_be_visible()
    finally:
        moderator.page.set_viewport_size({"width": DESKTOP, "height": 900})
    expect(danger).to_be_visible()
