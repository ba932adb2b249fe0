"""Closing the doors of a room by keys alone, on a moderator's console, a raider's page and a newcomer's."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import PHONE, House, visitor
from tests.flows.test_browser_acts import by_keys, send
from tests.words import words

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ROOM = "Carers after hours"


def test_who_is_new_waits_outside_when_the_doors_are_closed_and_keeps_what_they_were_writing(
    chromium: Browser, house: House
) -> None:
    with (
        visitor(chromium, house.address) as raider, visitor(chromium, house.address, width=PHONE) as member,
        visitor(chromium, house.address) as moderator,
    ):  # fmt: skip
        for one in (raider, member):
            one.arrive()
            one.enter(ROOM)
        raider.say(text := words("a raid"))
        member.hears(text)
        member.page.locator(".entry", has_text=text).locator(".entry__more").click()
        member.button("Report to the moderators").click()
        member.page.get_by_label("Hate, threats or insults").check()
        member.button("Send report").click()
        member.page.get_by_label("Your message").fill("half a sentence")
        moderator.use_link(house.link("moderator"))
        moderator.go("/console")
        moderator.page.locator("[data-case]").filter(has_text=ROOM).click()
        expect(moderator.page.locator("[data-pane]")).to_be_visible()
        send(moderator, by_keys(moderator, "guard"))
        moderator.see("The doors are closed")
        moderator.see("2 people wait")
        assert moderator.axe() == []
        member.see("This room is protected just now")
        expect(member.page.get_by_label("Your message")).to_be_disabled()
        raider.page.reload()
        raider.see("This room is protected just now")
        assert raider.axe() == [] and raider.page.locator("main a[href='/help']").count() == 1
        everybody = moderator.page.locator("[data-everybody] button")
        moderator.tab_to(everybody)
        beside = moderator.context.new_page()
        beside.goto(moderator.base + "/console")
        beside.get_by_role("button", name="Let in").first.click()
        moderator.see("1 person waits")
        expect(everybody).to_be_focused()  # whoever comes or goes: Enter does what it would have done before
        beside.locator("[data-everybody] button").wait_for()
        moderator.press(everybody)
        moderator.see("The doors are open again.")
        member.see("The doors of this room are open again")
        expect(moderator.page.locator("[data-doors]")).to_be_hidden()
        expect(raider.page.locator("hearth-room")).to_be_attached()
        expect(raider.page.locator(".entry[data-hidden=removed]")).to_have_count(1)
        expect(member.page.get_by_label("Your message")).to_be_enabled()
        assert member.page.get_by_label("Your message").input_value() == "half a sentence"
