"""What is said in a room that holds, on its author's page, on another member's, and on a moderator's console; and
what is refused, on its author's."""

import pytest
from playwright.sync_api import Browser, expect

from chat.protocol import TEXT_CHARACTERS
from tests.browser import PHONE, House, Visitor, visitor
from tests.flows.test_browser_acts import by_keys, send
from tests.words import words

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ROOM = "Carers after hours"
WAITS = "Waits for a moderator; the others do not see it yet"


def write(one: Visitor, text: str) -> None:
    one.page.get_by_label("Your message").fill(text)
    one.page.keyboard.press("Enter")


def test_what_waits_is_seen_by_its_author_alone_until_it_is_let_through(chromium: Browser, house: House) -> None:
    with (
        visitor(chromium, house.address, width=PHONE) as author, visitor(chromium, house.address) as member,
        visitor(chromium, house.address, width=PHONE) as moderator,
    ):  # fmt: skip
        for one in (author, member):
            one.arrive()
            one.enter(ROOM)
        member.say(text := words("before"))
        author.hears(text)
        author.page.locator(".entry", has_text=text).locator(".entry__more").click()
        author.button("Report to the moderators").click()
        author.page.get_by_label("Hate, threats or insults").check()
        author.button("Send report").click()
        moderator.use_link(house.link("moderator"))
        moderator.go("/console")
        moderator.page.locator("[data-case]").filter(has_text=ROOM).click()
        expect(moderator.page.locator("[data-pane]")).to_be_visible()
        dialog = by_keys(moderator, "hold")
        dialog.get_by_label("Begins at").fill("23:30")
        expect(dialog.get_by_label("Every night, by the clock of UTC")).to_be_checked()
        send(moderator, dialog)
        moderator.see("Every night from 23:30 to 07:00 (UTC)")
        moderator.see("This room holds each message every night, 23:30–07:00 (UTC).")
        send(moderator, by_keys(moderator, "hold"))
        moderator.see("What members write in this room now waits until one of you has looked at it.")
        author.see("A moderator looks at each message here first")
        member.see("A moderator looks at each message here first")

        texts = [words("let through"), words("declined"), words("taken back")]
        for text in texts:
            write(author, text)
            expect(author.page.locator("[data-held] > li", has_text=text)).to_contain_text(WAITS)
        expect(author.page.locator("[data-pending] > li")).to_have_count(0)
        assert author.axe() == [] and not author.scrolls_sideways()
        author.page.reload()
        expect(author.page.locator("[data-held] > li")).to_have_count(3)
        author.see("A moderator looks at each message here first")
        expect(author.page.locator("hearth-room[data-joined]")).to_be_attached()
        author.press(author.page.locator("[data-held] > li", has_text=texts[2]).locator("[data-back]"))
        expect(author.page.locator("[data-held] > li")).to_have_count(2)
        member.page.reload()
        assert not [text for text in texts if text in member.page.content()]

        moderator.press(moderator.page.locator("[data-fresh]"))
        moderator.page.locator("[data-case]").filter(has_text="Messages wait to be looked at").click()
        expect(moderator.page.locator("[data-pane] [data-held] > li")).to_have_count(2)
        expect(moderator.page.locator("[data-who]")).to_have_text(ROOM)
        expect(moderator.page.locator("[data-where]")).to_have_text("")  # it would say the same once more
        assert texts[2] not in moderator.page.content()
        assert moderator.axe() == [] and not moderator.scrolls_sideways()
        more = moderator.page.locator("[data-act=more]")
        moderator.tab_to(more)
        at = moderator.page.evaluate("scrollY")
        moderator.page.keyboard.press("Enter")
        moderator.page.keyboard.press("Escape")
        expect(more).to_be_focused()
        assert moderator.page.evaluate("scrollY") == at > 0, "who thinks better of it is where they were"
        write(author, later := words("said later"))
        expect(moderator.page.locator("[data-pane] [data-held] > li")).to_contain_text([texts[0], texts[1], later])
        author.press(author.page.locator("[data-held] > li", has_text=later).locator("[data-back]"))
        expect(author.page.locator("[data-held] > li")).to_have_count(2)
        moderator.tab_to(moderator.page.locator("[data-queue]"))
        moderator.page.keyboard.press("t")
        for one in (author, member):
            one.hears(texts[0])
        expect(author.page.locator("[data-held] > li")).to_have_count(1)
        expect(moderator.page.locator("[data-pane] [data-held] > li")).to_have_count(2)
        moderator.page.keyboard.press("l")  # the keys go on where they were
        dialog = moderator.page.locator("dialog#decline")
        moderator.type(dialog.locator("textarea"), words("because"))
        assert moderator.axe() == []
        send(moderator, dialog)
        expect(author.page.locator("[data-held] > li")).to_have_count(0)
        author.go("/me")
        author.see("A message of yours was not let through")
        author.see(texts[1])
        assert author.axe() == [] and not author.scrolls_sideways()
        assert texts[1] not in member.page.content()


def test_what_is_refused_waits_for_its_author_over_a_reload_and_can_be_changed(chromium: Browser, house: House) -> None:
    with visitor(chromium, house.address, width=PHONE) as anna:
        anna.arrive()
        anna.enter("New here")
        box, unsent = anna.page.get_by_label("Your message"), anna.page.locator("[data-pending] li")
        anna.say("\u200b")  # nothing to read in it
        expect(unsent).to_contain_text("Not sent: there is nothing to read in it")
        anna.page.reload()
        anna.is_live()
        expect(unsent).to_contain_text("Not sent: there is nothing to read in it")
        written = words("half a sentence")
        box.fill(written)
        unsent.get_by_role("button", name="Change").click()
        expect(unsent).to_have_count(0)
        expect(box).to_have_value(f"\u200b\n{written}")
        expect(box).to_be_focused()
        long = words("🌧" * TEXT_CHARACTERS)
        anna.say(long)
        anna.see(f"Too long by {len(long) - TEXT_CHARACTERS} characters.")
        expect(box).to_have_value(long)
        anna.say(long[-TEXT_CHARACTERS:])
        anna.hears(long[-TEXT_CHARACTERS:])
        expect(box).to_have_value("")
        anna.page.reload()
        anna.is_live()
        expect(box).to_have_value("")
