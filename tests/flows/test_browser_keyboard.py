"""Everything by keyboard alone: every stop of Tab on every page, and every act that test_browser's own walks leave out.

Nothing is clicked and nothing is focused by script: only keys are pressed. Asking, withdrawing, declining and a peer's
availability stand in test_browser_match, because they need the matcher.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser import PHONE, House, Visitor, visitor
from tests.place import nickname
from tests.words import words

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ROOM = "Evenings, one day at a time"
OTHER_ROOM = "New here"
ORGANISER = "the first organiser"
PASSPHRASE = f"{words()} correct horse battery"


@pytest.fixture
def anna(chromium: Browser, house: House) -> Iterator[Visitor]:
    """Somebody new, signed up."""
    with visitor(chromium, house.address) as one:
        one.arrive()
        yield one


def test_every_control_of_every_page_is_a_stop(chromium: Browser, house: House) -> None:
    with visitor(chromium, house.address) as peer:
        peer.use_link(house.link("peer"))
        peer.walk("/desk")
    with visitor(chromium, house.address, width=PHONE) as one:
        for path in ("/", "/sign-up", "/sign-in", "/help", "/protocol"):
            one.walk(path)
        one.arrive()
        for path in ("/rooms", "/profile", "/ask", "/me"):
            one.walk(path)
        one.page.set_viewport_size({"width": 1280, "height": 800})
        one.enter(ROOM)
        one.say(words("first"))
        one.say(words("second"))
        expect(one.page.locator("[data-pending] li")).to_have_count(0)
        one.page.reload()
        one.is_live()
        expect(one.page.get_by_role("navigation", name="Rooms").get_by_role("link")).to_have_count(1)
        one.walk()


def test_a_message_is_marked_answered_changed_and_taken_back(anna: Visitor) -> None:
    page, keys = anna.page, anna.page.keyboard
    anna.enter(ROOM)
    box = page.get_by_label("Your message")
    anna.tab_to(box)
    first, answer, after = words("first"), words("an answer"), words("changed")
    keys.type(first)
    keys.press("Enter")
    anna.hears(first)

    def more(text: str) -> Locator:
        return page.locator(".entry", has_text=text).locator(".entry__more")

    def menu(text: str, button: str, up: int = 0) -> None:
        keys.press("Shift+Tab")  # to the newest, or to the one that was used last
        for _ in range(up):
            keys.press("ArrowUp")
        expect(more(text)).to_be_focused()
        keys.press("Enter")
        anna.press(page.locator("dialog#actions").get_by_role("button", name=button))

    menu(first, "Heart")
    expect(page.locator(".entry", has_text=first).get_by_role("button", name="Heart 1")).to_be_visible()
    expect(more(first)).to_be_focused()  # whence the menu was opened
    keys.press("Enter")
    expect(page.locator("dialog#actions")).to_be_visible()
    keys.press("Escape")
    expect(page.locator("dialog#actions")).to_be_hidden()
    expect(more(first)).to_be_focused()
    keys.press("Tab")
    menu(first, "Answer")
    expect(box).to_be_focused()
    keys.type(answer)
    keys.press("Enter")
    anna.hears(answer)
    expect(page.locator(".log :is(a, button):visible:not([tabindex='-1'])")).to_have_count(1)  # not a stop a message
    menu(answer, "Show what it answers")
    expect(more(first)).to_be_focused()
    anna.tab_to(box)
    menu(first, "Change")
    expect(box).to_have_value(first)
    keys.press("Escape")
    expect(box).to_be_empty()
    menu(first, "Change")
    expect(box).to_have_value(first)
    keys.press("ControlOrMeta+a")
    keys.type(after)
    keys.press("Enter")
    anna.hears(after)
    menu(after, "Take back", up=1)
    expect(page.locator(".entry", has_text="Taken back").first).to_be_visible()
    anna.press(page.get_by_role("button", name="Leave"))
    expect(page.locator("dialog#leave")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("button", name="Leave")).to_be_focused()
    keys.press("Enter")
    anna.press(page.locator("dialog#leave").get_by_role("button", name="Leave"))
    expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()


def test_two_are_not_matched_and_the_profile_is_written(anna: Visitor, chromium: Browser, house: House) -> None:
    page, keys = anna.page, anna.page.keyboard
    with visitor(chromium, house.address) as ben:
        ben.arrive()
        ben.enter(OTHER_ROOM)
        said = words("hello")
        ben.say(said)
        ben.hears(said)
    anna.enter(OTHER_ROOM)
    anna.hears(said)
    anna.press(page.locator(".entry", has_text=said).locator(".entry__more"))
    anna.press(page.locator("dialog#actions").get_by_role("button", name="Do not match us"))
    anna.press(page.locator("dialog#block").get_by_role("button", name="Do not match us"))
    anna.see("You two are not matched. They are not told.")
    anna.press(page.get_by_role("link", name="Back to the rooms"))
    anna.press(page.get_by_role("link", name="Account"))
    anna.press(anna.button("Allow it again"))
    anna.see("Nobody. In a chat")
    anna.press(page.get_by_role("link", name="Profile"))
    keys.press("Tab")
    anna.type(page.get_by_label("In your own words"), words("I look after my mother"))
    anna.press(page.get_by_role("checkbox", name="Dementia"), "Space")
    anna.tab_to(page.get_by_role("radio", name="I leave it open").first)
    keys.press("ArrowDown")
    anna.tab_to(page.get_by_label("The language of your words above"))
    keys.type("Finnish")
    anna.press(page.locator("main").get_by_role("button", name="Save"))
    anna.see("Saved.")
    expect(page.get_by_role("checkbox", name="Dementia")).to_be_checked()
    expect(page.get_by_role("radio", name="I was hurt")).to_be_checked()
    expect(page.get_by_label("The language of your words above")).to_have_value("fi")


def test_the_account_is_kept_left_found_again_and_erased(anna: Visitor, chromium: Browser, house: House) -> None:
    page, keys = anna.page, anna.page.keyboard
    anna.go("/me")
    name = nickname()
    anna.type(page.get_by_role("textbox", name="Your name here"), name)
    with page.expect_navigation():
        keys.press("Enter")
    expect(page.get_by_role("textbox", name="Your name here")).to_have_value(name)
    for language, heading in (("Suomi", "Tilisi"), ("English", "Your account")):
        anna.tab_to(page.locator("#language"))
        keys.type(language)
        keys.press("Tab")
        keys.press("Enter")
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    with page.expect_navigation():
        anna.press(anna.button("Show me a new code"))
    code = page.locator("#code").inner_text()
    with page.expect_navigation():  # from then on it counts
        anna.press(page.locator("main").get_by_text("I have written it down"))
    with visitor(chromium, house.address, width=PHONE) as other:
        other.go("/sign-in")
        other.type(other.page.get_by_role("textbox", name="Recovery code"), words())
        other.page.keyboard.press("Enter")
        expect(other.page.locator("#wrong")).to_be_visible()
        expect(other.page.get_by_role("textbox", name="Recovery code")).to_be_focused()  # with what is wrong
        other.type(other.page.get_by_role("textbox", name="Recovery code"), code)
        other.page.keyboard.press("Enter")
        expect(other.page.get_by_role("heading", name="Your new recovery code")).to_be_visible()
        expect(other.page.locator("#code")).not_to_have_text(code)
        with other.page.expect_navigation():  # from then on it counts
            other.press(other.page.locator("main").get_by_text("I have written it down"))
        other.go("/me")
        other.press(other.button("Sign out all the others"))
        expect(other.button("Sign it out")).to_have_count(0)
        other.press(other.button("Sign out here"))
        expect(other.page.get_by_role("link", name="Come in")).to_be_visible()
        other.walk("/sign-in")
    anna.go("/rooms")
    expect(page).to_have_url(re.compile("/sign-in$"))  # signed out from the other browser
    with visitor(chromium, house.address) as last:
        last.arrive()
        last.go("/me")
        last.press(last.page.locator("summary", has_text="Erase my account"))
        last.press(last.page.get_by_role("checkbox", name="I want my account erased"), "Space")
        last.press(last.button("Erase it"))
        expect(last.page.get_by_role("heading", name="Your account is erased")).to_be_visible()


def test_an_organiser_begins_makes_a_room_invites_approves_and_signs_in_again(chromium: Browser, house: House) -> None:
    with visitor(chromium, house.address) as one:
        page, keys, name = one.page, one.page.keyboard, nickname()
        one.go(house.link(ORGANISER))
        one.press(page.locator("main").get_by_role("button"))
        one.type(page.get_by_label("The name people see"), name)
        one.type(page.get_by_role("textbox", name="Passphrase"), PASSPHRASE)
        keys.press("Enter")
        expect(page.get_by_role("heading", name="Organiser", exact=True)).to_be_visible()
        one.walk("/organiser")
        room = f"{words()} room"
        one.type(page.get_by_label("Its name"), room)
        one.press(one.button("Make the room"))
        row = page.get_by_role("row", name=room)
        one.press(row.locator("summary", has_text="Close"))
        expect(row).to_contain_text("It cannot be opened again. Nobody is in it.")
        one.press(row.get_by_role("button", name="Close it for good"))
        one.see("The room is closed.")
        expect(row).to_contain_text("Ended")
        one.press(page.locator("summary", has_text="Approve somebody else as peer"))
        peers = page.locator("summary", has_text="Suspend as peer")
        before = peers.count()
        one.press(one.button("Approve as peer").last)
        expect(peers).to_have_count(before + 1)
        one.tab_to(page.get_by_label("As", exact=True))
        keys.type("Moderator")
        one.press(one.button("Make a link"))
        expect(page.get_by_role("textbox", name="The link is made")).to_be_focused()  # to be copied
        one.go("/me")
        one.press(one.button("Sign out here"))
        one.press(page.get_by_role("link", name="Sign in"))
        one.type(page.get_by_role("textbox", name="Your name here"), name)
        one.type(page.get_by_role("textbox", name="Passphrase"), PASSPHRASE)
        keys.press("Enter")
        expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()


def test_a_moderator_hides_a_message_and_closes_the_case(anna: Visitor, chromium: Browser, house: House) -> None:
    with visitor(chromium, house.address) as ben, visitor(chromium, house.address) as moderator:
        ben.arrive()
        for one in (anna, ben):
            one.enter("Carers after hours")
        unkind = words("unkind")
        ben.say(unkind)
        anna.press(anna.page.locator(".entry", has_text=unkind).locator(".entry__more"))
        anna.press(anna.button("Report to the moderators"))
        anna.press(anna.page.get_by_label("Somebody may be in danger now"), "Space")
        anna.press(anna.button("Send report"))
        anna.see("The moderators have your report.")
        page, keys = moderator.page, moderator.page.keyboard
        moderator.go(house.link("moderator"))
        moderator.press(page.locator("main").get_by_role("button"))
        moderator.press(page.get_by_role("link", name="Console"))
        expect(page.locator("[data-case]")).to_have_count(1)
        queue = page.locator("[data-queue]")
        moderator.press(queue)
        expect(page.locator("[data-around]")).to_contain_text(unkind)
        keys.press("x")
        expect(page.get_by_label("What came of it")).to_have_value("nothing")
        keys.press("Escape")  # not now: nothing is closed, and the queue has the focus again
        expect(queue).to_be_focused()
        keys.press("h")
        hide = page.locator("dialog#hide")
        moderator.type(hide.get_by_role("textbox", name=re.compile("Reason")), words("rule"))
        moderator.press(hide.get_by_role("button", name="Hide message"))
        expect(anna.page.get_by_text("Hidden", exact=True)).to_be_visible()
        expect(queue).to_be_focused()
        moderator.press(moderator.button("Close the case"))  # its button is a way, too
        close = page.locator("dialog#close")
        moderator.tab_to(close.get_by_label("What came of it"))
        keys.type("Message")
        moderator.press(close.get_by_role("button", name="Close the case"))
        moderator.see("The case is closed.")
        moderator.press(moderator.button("Undo"))
        expect(page.locator("[data-case]")).not_to_have_attribute("data-state", "closed")
        moderator.tab_to(page.get_by_role("checkbox", name="Single keys work in the queue"))
        keys.press("Space")
        moderator.tab_to(queue)
        keys.press("m")
        expect(page.locator("dialog[open]")).to_have_count(0)
        page.reload()
        expect(page.locator("[data-case]")).to_have_count(1)
        moderator.walk()
