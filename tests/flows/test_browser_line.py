"""A room whose line is lost, between any two words or for good: what becomes of what was written, and what is told."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from tests.browser import PHONE, House, Visitor, visitor
from tests.words import words

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
ROOM = "Evenings, one day at a time"


@pytest.fixture
def ben(chromium: Browser, house: House) -> Iterator[Visitor]:
    """Somebody new, signed up."""
    with visitor(chromium, house.address) as one:
        one.arrive()
        yield one


def test_what_is_written_without_a_line_is_kept_over_a_reload_and_sent_once(
    chromium: Browser, house: House, ben: Visitor
) -> None:
    ben.enter(ROOM)
    with visitor(chromium, house.cuttable, width=PHONE, may_fail=True) as anna:
        anna.arrive()
        anna.page.route(re.compile("/static/actions"), lambda route: route.abort())
        anna.enter(ROOM)
        anna.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
        asked = words("asked")
        ben.say(asked)
        more = anna.page.locator(".entry", has_text=asked).locator(".entry__more")
        more.click()
        anna.see("No connection. Nothing was changed.")
        anna.page.unroute_all()
        more.click()
        anna.button("Close").click()
        kept = [words("without a line"), words("and another")]
        house.line.cut()
        try:
            for text in kept:
                anna.say(text)
            expect(anna.page.locator("[data-pending] li")).to_have_count(2)
            anna.see("What you write is kept and sent later.")
        finally:
            house.line.mend()
        for text in kept:
            ben.hears(text)
            anna.hears(text)
        expect(anna.page.locator("[data-pending] li")).to_have_count(0)

        later = words("written, then the page was closed")
        house.line.cut()
        anna.say(later)
        expect(anna.page.locator("[data-pending] li")).to_have_count(1)
        anna.page.get_by_role("link", name="Help", exact=True).click()
        expect(anna.page.get_by_role("heading", name="No connection")).to_be_visible()
        anna.see("Breathe out slowly, longer than you breathe in.")
        assert anna.page.locator("a[href^='tel:']").count() and anna.axe() == [] and not anna.scrolls_sideways()
        house.line.mend()
        anna.page.get_by_role("link", name="Try again").click()
        expect(anna.page.get_by_role("heading", name="Help now")).to_be_visible()
        anna.page.go_back()
        ben.hears(later)
        anna.hears(later)
        anna.page.reload()
        anna.hears(later)
        heard = ben.page.locator(".log [data-seq]").all_inner_texts()
        order = [next(text for text in [*kept, later] if text in one) for one in heard if any(
            text in one for text in [*kept, later])]  # fmt: skip
        assert order == [*kept, later], "in the order they were written, each once"

        anna.page.route_web_socket("**", lambda near: _lose_the_answer_to(near, "report"))
        anna.page.reload()
        anna.is_live()
        reason = words("this hurts")
        more.click()
        anna.button("Report to the moderators").click()
        anna.page.get_by_label("Something else").check()
        anna.page.get_by_label("What is wrong?").fill(reason)
        anna.button("Send report").click()
        anna.see("No answer came. It may have arrived")
        more.click()
        anna.button("Report to the moderators").click()
        expect(anna.page.get_by_label("What is wrong?")).to_have_value(reason)


def _lose_the_answer_to(near: WebSocketRoute, command: str) -> None:
    """Carry what a page and the server say to each other until this command: it arrives, and then the line is lost."""
    far, lost = near.connect_to_server(), False

    def up(said: str | bytes) -> None:
        nonlocal lost
        lost = f'"t":"{command}"' in str(said)
        far.send(said)
        if lost:
            near.close(code=4000)

    near.on_message(up)
    far.on_message(lambda said: None if lost else near.send(said))


def test_signing_out_shuts_every_door_and_the_open_room_too(ben: Visitor) -> None:
    ben.page.route_web_socket("**", _keep_back_what_is_said)
    ben.enter(ROOM)
    ben.say(words("not sent"))
    expect(ben.page.locator("[data-pending] li")).to_have_count(1)
    second = ben.context.new_page()
    second.goto(f"{ben.base}/me")
    second.get_by_role("button", name="Sign out here").click()
    expect(second.get_by_role("heading", name="You are not the only one")).to_be_visible()
    ben.see("You are signed out here. What was not sent is removed.")
    expect(ben.page.locator("[data-pending] li")).to_have_count(0)
    expect(ben.page.get_by_label("Your message")).to_be_disabled()
    ben.go("/rooms")
    expect(ben.page).to_have_url(re.compile("/sign-in$"))


def _keep_back_what_is_said(near: WebSocketRoute) -> None:
    """Carry all that a page says to the server but words."""
    far = near.connect_to_server()
    near.on_message(lambda said: None if '"t":"say"' in str(said) else far.send(said))
