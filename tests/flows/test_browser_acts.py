"""The acts behind More, their undoing, and a second moderator's yes, on two consoles and two members' pages."""

import re

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser import PHONE, House, Visitor, visitor
from tests.words import words

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ROOM = "Evenings, one day at a time"


def second_of(organiser: Visitor, one: Visitor) -> None:
    """Let an organiser invite a second moderator, who comes in."""
    organiser.go("/organiser")
    organiser.page.get_by_label("As").select_option("moderator")
    organiser.button("Make a link").click()
    address = organiser.page.locator("textarea.code").input_value()
    one.use_link(re.sub(r"^https?://[^/]+", "", address))


def by_keys(moderator: Visitor, act: str) -> Locator:
    """Open More by its key, choose an act by keys alone, and return its dialog with a reason written in it."""
    moderator.tab_to(moderator.page.locator("[data-queue]"))
    moderator.page.keyboard.press("o")
    moderator.press(moderator.page.locator(f'#more button[value="{act}"]'))
    dialog = moderator.page.locator(f"dialog#{act}")
    moderator.type(dialog.locator("textarea"), words("because"))
    return dialog


def send(moderator: Visitor, dialog: Locator) -> None:
    moderator.press(dialog.locator('button[value="send"]'))


def test_what_moderators_do_is_told_at_once_and_undone_at_once(chromium: Browser, house: House) -> None:
    with (
        visitor(chromium, house.address) as author, visitor(chromium, house.address, width=PHONE) as member,
        visitor(chromium, house.address) as first, visitor(chromium, house.address, width=PHONE) as second,
        visitor(chromium, house.address) as organiser,
    ):  # fmt: skip
        first.use_link(house.link("moderator"))
        organiser.use_link(house.link("the first organiser"))
        second_of(organiser, second)
        organiser.go("/organiser/rules")
        assert organiser.axe() == [] and not organiser.scrolls_sideways()
        for one in (member, author):
            code = one.sign_up()
            one.enter(ROOM)
        said = [words("one"), words("two")]
        for text in said:
            author.say(text)
            member.hears(text)
        member.page.locator(".entry", has_text=said[0]).locator(".entry__more").click()
        member.button("Report to the moderators").click()
        member.page.get_by_label("Hate, threats or insults").check()
        member.button("Send report").click()
        member.see("The moderators have your report.")
        first.go("/console")
        first.page.get_by_role("option").click()
        expect(first.page.locator("[data-around]")).to_contain_text(said[0])

        send(first, by_keys(first, "clear"))
        expect(member.page.get_by_text("Hidden", exact=True)).to_have_count(2)
        author.see("A moderator has hidden what you said.")
        first.see("The last messages by")
        first.page.keyboard.press("z")
        for text in said:
            member.hears(text)
        first.see("It is undone.")

        send(first, by_keys(first, "slow"))
        first.see("The pace of the room is set.")
        waits, later = words("at once"), words("later")
        author.say(waits)
        member.hears(waits)
        author.say(later)
        author.see("everybody waits a little between two messages")
        member.hears(later)  # it is sent by itself
        author.say(last := words("and then went away"))
        author.see("everybody waits a little between two messages")
        author.go("/rooms")
        expect(author.page.get_by_role("link", name=ROOM)).to_contain_text("You have words here that are not sent yet.")
        send(first, by_keys(first, "lock"))
        author.enter(ROOM)
        unsent = author.page.locator("[data-pending] li")
        expect(unsent).to_contain_text("What you write is kept and sent later.")
        expect(unsent.get_by_role("button")).to_have_text(["Throw away"])
        expect(author.page.get_by_label("Your message")).to_be_disabled()
        author.see("A moderator has locked this room for now.")
        send(first, by_keys(first, "unlock"))
        member.hears(last)
        expect(author.page.get_by_label("Your message")).to_be_enabled()

        send(first, by_keys(first, "warn"))
        author.see("A moderator has sent you a warning.")
        first.press(first.page.locator("[data-ours-acts] li", has_text="A warning.").get_by_role("button"))
        first.see("It is undone.")
        expect(first.page.locator("[data-ours-acts] li", has_text="A warning.")).to_have_count(0)
        first.tab_to(first.page.locator("[data-queue]"))
        first.page.keyboard.press("o")
        assert first.axe() == []
        first.page.keyboard.press("Escape")
        dialog = by_keys(first, "ban")
        dialog.get_by_label("For how long").select_option("")
        author.page.get_by_label("Your message").fill(words("half a sentence"))
        assert author.page.evaluate("sessionStorage.length") == 1
        send(first, dialog)
        author.see("You are signed out here.")
        assert author.page.evaluate("sessionStorage.length") == 0, "nothing unsent stays on the device"
        first.see("Somebody else has to say yes.")
        assert first.axe() == []
        expect(first.button("Look at it")).to_have_count(0)
        second.go("/console")
        assert second.axe() == [] and not second.scrolls_sideways()
        second.press(second.button("Look at it"))
        dialog = second.page.locator("dialog#confirm")
        second.type(dialog.locator("textarea"), words("I agree"))
        send(second, dialog)
        second.see("The account is closed for good.")
        expect(second.button("Undo")).to_be_visible()
        expect(second.page.locator("[data-waiting]")).to_be_hidden()
        expect(first.page.locator("[data-waiting]")).to_be_hidden()
        author.page.reload()
        author.go("/sign-in")
        author.page.get_by_role("textbox", name="Recovery code").fill(code)
        author.button("Sign in with the code").click()
        author.see("Your account is closed")
        author.see("It has no end.")
        assert author.axe() == [] and author.page.get_by_role("link", name="Help now").count() == 1
