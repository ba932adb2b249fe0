"""What people do, in a real Chromium before the real server and matcher: come in, talk, leave, come back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import PHONE, House, Visitor, visitor
from tests.place import nickname
from tests.words import words

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ROOM = "Evenings, one day at a time"
OTHER_ROOM = "New here"


@pytest.fixture
def anna(chromium: Browser, house: House) -> Iterator[Visitor]:
    """Somebody new, on a phone, signed up."""
    with visitor(chromium, house.address, width=PHONE) as one:
        one.arrive()
        yield one


@pytest.fixture
def ben(chromium: Browser, house: House) -> Iterator[Visitor]:
    """Somebody else new, signed up."""
    with visitor(chromium, house.address) as one:
        one.arrive()
        yield one


def test_somebody_new_comes_in_without_mail_and_gets_a_recovery_code(chromium: Browser, house: House) -> None:
    with visitor(chromium, house.address, width=PHONE) as one:
        one.go("/")
        one.page.get_by_role("link", name="Come in").click()
        assert one.page.locator("input[type=email], input[type=tel]").count() == 0
        expect(one.page.get_by_label("The name you go by here")).not_to_have_value("")
        one.page.get_by_label("The name you go by here").fill("")
        name = nickname()
        one.page.get_by_label("The name you go by here").fill(name)
        one.button("Make my account").click()
        expect(one.page).to_have_url(re.compile("/sign-up$"))  # not without consent
        one.page.get_by_label("I have read this and agree").check()
        one.button("Make my account").click()
        expect(one.page.get_by_role("heading", name=f"Welcome, {name}")).to_be_visible()
        assert re.fullmatch(r"([0-9A-Z]{4}-){5}[0-9A-Z]{4}", one.page.locator("#code").inner_text().strip())


def test_two_people_in_a_room_see_each_others_messages_live(anna: Visitor, ben: Visitor) -> None:
    anna.enter(ROOM)
    ben.enter(ROOM)
    expect(anna.page.locator("[data-here]")).to_have_text("2 people here")
    anna.page.locator("[data-box]").hover()  # a hand over the log does not scroll it
    first, second = words("how are you"), words("better today")
    anna.say(first)
    ben.hears(first)
    ben.say(second)
    anna.hears(second)
    anna.hears(first)
    expect(anna.page.locator("[data-pill]")).to_be_hidden()  # one's own message is no news
    expect(anna.page.locator("[data-announcer]")).to_contain_text(second)
    ben.page.reload()
    ben.hears(first)
    ben.hears(second)
    entry = ben.page.locator(".entry", has_text=first)
    name = entry.get_attribute("data-name") or ""
    entry.locator(".entry__more").click()
    anna.go("/me")
    anna.page.locator("summary", has_text="Erase my account").click()
    anna.page.get_by_role("checkbox", name="I want my account erased").check()
    anna.button("Erase it").click()
    expect(ben.page.locator("#actions [data-quote]")).to_have_text("No longer kept")
    expect(ben.page.get_by_text(second)).to_have_count(1)
    for gone in (first, name):
        expect(ben.page.locator("main", has_text=gone)).to_have_count(0)
        expect(ben.page.locator(f"[data-name='{gone}']")).to_have_count(0)


def test_writing_is_shown_to_the_others_and_to_nobody_else(anna: Visitor, ben: Visitor) -> None:
    anna.enter(ROOM)
    ben.enter(ROOM)
    expect(anna.page.locator("[data-here]")).to_have_text("2 people here")
    anna.page.get_by_label("Your message").press_sequentially(words(), delay=5)
    expect(ben.page.locator("[data-typing]")).to_contain_text("is writing")
    expect(anna.page.locator("[data-typing]")).to_be_empty()


def test_an_edit_a_mark_and_taking_back_are_seen_by_the_other(anna: Visitor, ben: Visitor) -> None:
    anna.enter(ROOM)
    ben.enter(ROOM)
    before, after = words("befor"), words("before")
    anna.say(before)
    ben.hears(before)
    ben.page.locator(".entry", has_text=before).locator(".entry__more").click()
    ben.button("Heart").click()
    expect(anna.page.locator(".entry", has_text=before).get_by_role("button", name="Heart 1")).to_be_visible()
    draft = words("half a message")
    box = anna.page.get_by_label("Your message")
    box.fill(draft)
    anna.page.get_by_role("link", name="Help").click()
    anna.page.go_back()
    anna.is_live()
    expect(box).to_have_value(draft)  # a look at another page takes away nothing
    anna.page.locator(".entry", has_text=before).locator(".entry__more").click()
    anna.button("Change").click()
    box.fill(words("half a change"))
    anna.page.reload()
    anna.is_live()
    expect(box).to_have_value(draft)
    anna.page.locator(".entry", has_text=before).locator(".entry__more").click()
    anna.button("Change").click()
    anna.say(after)
    ben.hears(after)
    expect(box).to_have_value(draft)
    expect(ben.page.locator(".entry", has_text=before)).to_have_count(0)
    anna.page.locator(".entry", has_text=after).locator(".entry__more").click()
    anna.button("Take back").click()
    expect(ben.page.locator(".entry", has_text=after)).to_have_count(0)
    expect(ben.page.get_by_text("Taken back").last).to_be_visible()


def test_the_recovery_code_signs_in_elsewhere_once_and_is_replaced(chromium: Browser, house: House) -> None:
    with visitor(chromium, house.address) as one:
        code = one.sign_up()
        name = (
            one.page.goto(f"{house.address}/me")
            and one.page.get_by_role("textbox", name="Your name here").input_value()
        )
    with visitor(chromium, house.address, width=PHONE) as other:
        _recover(other, code.lower().replace("-", " "))
        fresh = other.page.locator("#code").inner_text()
        assert fresh != code
        other.button("I have written it down").click()
        expect(other.page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
        other.go("/me")
        expect(other.page.get_by_role("textbox", name="Your name here")).to_have_value(name or "")
    with visitor(chromium, house.address) as third:
        _recover(third, code)
        expect(third.page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
        expect(third.page.locator("#wrong")).to_be_visible()


def _recover(one: Visitor, code: str) -> None:
    one.go("/sign-in")
    one.page.get_by_role("textbox", name="Recovery code").fill(code)
    one.button("Sign in with the code").click()


def test_leaving_a_room_hides_what_is_said_after(anna: Visitor, ben: Visitor) -> None:
    anna.enter(OTHER_ROOM)
    ben.enter(OTHER_ROOM)
    anna.button("Leave").click()
    anna.page.locator("dialog#leave").get_by_role("button", name="Leave").click()
    expect(anna.page).to_have_url(re.compile("/rooms$"))
    unseen = words("after you left")
    ben.say(unseen)
    ben.hears(unseen)
    expect(ben.page.locator("[data-here]")).to_have_text("1 person here")


def test_a_reader_who_scrolled_up_is_not_moved_and_is_told_of_news(anna: Visitor, ben: Visitor) -> None:
    anna.enter(OTHER_ROOM)
    ben.enter(OTHER_ROOM)
    for number in range(8):
        ben.say(words(f"line {number} " + "long enough to fill the window of a phone " * 3))
    expect(anna.page.locator(".entry", has_text="line 7")).to_be_visible()
    box = anna.page.locator("[data-box]")
    box.hover()
    anna.page.mouse.wheel(0, -4000)
    expect(anna.page.locator(".entry").last).not_to_be_in_viewport()
    news = words("news")
    ben.say(news)
    expect(anna.page.locator("[data-pill]")).to_have_text("1 new")
    expect(anna.page.locator(".entry", has_text=news)).not_to_be_in_viewport()
    anna.page.locator("[data-pill]").click()
    expect(anna.page.locator(".entry", has_text=news)).to_be_in_viewport()
    expect(anna.page.locator("[data-pill]")).to_be_hidden()

    for number in range(5):  # a hand that lies on the log moves nothing
        mine, theirs = words("mine"), words("theirs")
        anna.page.mouse.move(100, 300 + number)
        anna.say(mine)
        ben.say(theirs)
        anna.hears(mine)
        anna.hears(theirs)
        expect(anna.page.locator(".entry").last).to_be_in_viewport()
        expect(anna.page.locator("[data-pill]")).to_be_hidden()


def test_the_keyboard_alone_is_enough_to_come_in_talk_and_report(chromium: Browser, house: House, ben: Visitor) -> None:
    ben.enter(ROOM)
    with visitor(chromium, house.address) as one:
        keys = one.page.keyboard
        one.go("/sign-up")
        keys.press("Tab")
        keys.press("Enter")  # skip to content
        one.tab_to(one.page.get_by_label("I have read this and agree"))
        keys.press("Space")
        one.tab_to(one.button("Make my account"))
        keys.press("Enter")
        one.tab_to(one.button("I have written it down"))
        keys.press("Enter")
        one.tab_to(one.page.get_by_role("link", name=ROOM))
        keys.press("Enter")
        one.tab_to(one.button("Come in"))
        keys.press("Enter")
        one.is_live()
        one.tab_to(one.page.get_by_label("Your message"))
        mine, theirs = words("typed"), words("and answered")
        keys.type(mine)
        keys.press("Enter")
        ben.hears(mine)
        ben.say(theirs)
        one.hears(theirs)
        keys.press("Shift+Tab")
        expect(one.page.locator(".entry", has_text=theirs).locator(".entry__more")).to_be_focused()
        keys.press("ArrowUp")
        expect(one.page.locator(".entry", has_text=mine).locator(".entry__more")).to_be_focused()
        keys.press("ArrowDown")
        keys.press("Enter")
        one.tab_to(one.button("Report to the moderators"))
        keys.press("Enter")
        expect(one.page.get_by_label("Somebody may be in danger now")).to_be_focused()
        keys.press("ArrowUp")
        expect(one.page.get_by_label("Something else")).to_be_checked()
        one.type(one.page.get_by_label("What is wrong?"), words("this hurts"))
        one.tab_to(one.button("Send report"))
        keys.press("Enter")
        one.see("The moderators have your report.")


def test_on_a_wide_screen_ones_other_rooms_stand_beside_the_room(anna: Visitor, ben: Visitor) -> None:
    anna.enter(OTHER_ROOM)
    ben.enter(OTHER_ROOM)
    ben.enter(ROOM)
    beside = ben.page.get_by_role("navigation", name="Rooms")
    expect(beside.get_by_role("link")).to_have_count(2)
    expect(beside.get_by_role("link", name=ROOM)).to_have_attribute("aria-current", "page")
    expect(beside.get_by_text("Something new").filter(visible=True)).to_have_count(0)
    anna.say(words("while you are elsewhere"))
    ben.page.reload()
    news = beside.get_by_role("link", name=f"{OTHER_ROOM} Something new")
    expect(news).to_be_visible()
    assert ben.axe() == []
    ben.page.clock.install()
    with ben.page.expect_websocket() as line:
        ben.press(news)
    ben.is_live()
    with line.value.expect_event("framesent", lambda said: '"t":"read"' in str(said)):
        ben.page.clock.fast_forward(5000)  # read at the end, and nothing has come since
    expect(ben.page.get_by_role("heading", name=OTHER_ROOM)).to_be_visible()
    expect(anna.page.locator("nav[data-beside]")).to_be_hidden()
    ben.page.set_viewport_size({"width": PHONE, "height": 844})
    expect(beside).to_be_hidden()
    assert not ben.scrolls_sideways()
