"""Every page, as everyone who may see it: axe finds nothing, nothing scrolls sideways, the console is silent; nor does
anything scroll sideways in letters of twice the size (WCAG 2.2, 1.4.4).

Light and dark, on a phone and on a desk, in English; once more in Finnish. The desk with a request on it, and the
waiting page, stand in test_browser_match.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import DESKTOP, PHONE, House, Rules, Scheme, Visitor, visitor
from tests.place import nickname
from tests.words import words

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
LOOKS: dict[str, list[tuple[int, Scheme, Rules]]] = {
    "en": [
        (DESKTOP, "light", "all"),
        (DESKTOP, "dark", "colours"),
        (PHONE, "dark", "all"),
        (PHONE, "light", "colours"),
    ],
    "fi": [(PHONE, "light", "words")],
}
"""Width, scheme, and what is judged: a width once in all that does not hang on the scheme, and a language once in all
that does not hang on colours. In an order that changes the window least, which lays the page out anew."""
NARROWEST = 320
LETTERS = "size => { document.documentElement.style.fontSize = size; }"
"""By the object model, which the page's policy lets through; no style sheet is added."""
ORGANISER = "the first organiser signs in here (works once, for a day)"
HEIGHT = 800


@dataclass
class Judge:
    """Looks at pages and notes what is wrong."""

    one: Visitor
    language: str
    found: list[str]
    width: int = DESKTOP
    scheme: Scheme = "light"

    def look(self, name: str, path: str = "") -> Page:
        """Judge a page (open it first where a path is given) in every look, and leave it as it was."""
        one = self.one
        if path:
            one.go(path)
        expect(one.page.locator("html")).to_have_attribute("lang", self.language)
        for width, scheme, rules in LOOKS[self.language]:
            self._stand(width, scheme)
            self.found += [f"{name} {width} {scheme}: {it['id']} {it['nodes'][:3]}" for it in one.axe(rules)]
            if rules != "colours" and one.scrolls_sideways():
                self.found.append(f"{name} scrolls sideways at {width}")
        self._stand(NARROWEST, "light")
        if one.scrolls_sideways():
            self.found.append(f"{name} scrolls sideways at {NARROWEST}")
        self._stand(PHONE, "light")
        one.page.evaluate(LETTERS, "200%")
        if one.scrolls_sideways():
            self.found.append(f"{name} scrolls sideways in large letters")
        one.page.evaluate(LETTERS, "")
        self._stand(DESKTOP, "light")
        return one.page

    def _stand(self, width: int, scheme: Scheme) -> None:
        """Show the page so wide and in that scheme, if it is not yet."""
        if width != self.width:
            self.one.page.set_viewport_size({"width": width, "height": HEIGHT})
        if scheme != self.scheme:
            self.one.page.emulate_media(color_scheme=scheme)
        self.width, self.scheme = width, scheme


@contextmanager
def judge(chromium: Browser, house: House, language: str) -> Iterator[Judge]:
    found: list[str] = []
    with visitor(chromium, house.address, height=HEIGHT, locale=language) as one:
        yield Judge(one, language, found)
    assert not found, "\n".join(found)


def _room(one: Visitor, number: int = 0) -> None:
    """Come into a room of the list, whatever the language."""
    one.go("/rooms")
    one.page.locator("a.list__link").nth(number).click()
    expect(one.page.locator("main form[action$='/join'] button, hearth-room")).to_be_visible()


@pytest.fixture(params=["en", "fi"])
def language(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


def test_the_pages_of_strangers_and_members(chromium: Browser, house: House, language: str) -> None:
    with judge(chromium, house, language) as it:
        it.look("welcome", "/")
        it.look("help", "/help")
        it.look("protocol", "/protocol")
        page = it.look("sign in", "/sign-in")
        page.locator("#code").fill(words())
        page.locator("form button[type=submit]").first.click()
        expect(page.locator("#wrong")).to_be_visible()
        it.look("sign in, wrong")
        page = it.look("sign up", "/sign-up")
        page.locator("#nickname").fill(nickname())
        page.locator("[name=consent]").check()
        page.locator("form[action='/sign-up'] button").click()
        expect(page.locator("#code")).to_be_visible()
        it.look("recovery code")
        it.look("rooms", "/rooms")
        _room(it.one)
        it.look("a room's door")
        page.locator("main form[action$='/join'] button").click()
        it.one.is_live()
        text = words("hello there, everybody")
        page.locator("#say").fill(text)
        page.locator("#say").press("Enter")
        it.one.hears(text)
        it.look("room")
        page.locator(".entry__more").last.click()
        it.look("room, actions")
        page.keyboard.press("Escape")
        page.locator("[data-leave]").click()
        it.look("room, leaving")
        page.keyboard.press("Escape")
        it.look("profile", "/profile")
        page = it.look("ask", "/ask")
        for part in range(page.locator("main summary").count()):
            page.locator("main summary").nth(part).click()
        it.look("ask, unfolded")
        it.look("account", "/me")
        it.look("nothing there", "/rooms/1")
        page.goto(f"{it.one.base}/me")
        page.locator("details summary").last.click()
        page.locator("[name=sure]").check()
        page.locator("form[action='/me/erase'] button").click()
        expect(page.locator("form[action='/me/erase']")).to_have_count(0)
        it.look("erased")


@pytest.fixture(scope="module")
def reported(chromium: Browser, house: House) -> None:
    """A case on the console, of what somebody said in a room."""
    with visitor(chromium, house.address) as author, visitor(chromium, house.address) as member:
        for one in (author, member):
            one.arrive()
            one.enter("Carers after hours")
        text = words("unkind")
        author.say(text)
        member.page.locator(".entry", has_text=text).locator(".entry__more").click()
        member.button("Report to the moderators").click()
        member.page.get_by_label("Something else").check()
        member.button("Send report").click()
        member.see("The moderators have your report.")


@pytest.mark.usefixtures("reported")
def test_the_pages_of_staff(chromium: Browser, house: House, language: str) -> None:
    with judge(chromium, house, language) as it:
        _sign_in(it, house, "moderator")
        page = it.look("console", "/console")
        page.locator("[data-case]").first.click()
        expect(page.locator("[data-pane]")).to_be_visible()
        it.look("console, a case")
        page.locator("[data-act=mute]").click()
        it.look("console, muting")
        page.keyboard.press("Escape")
        page.locator("[data-act=escalate]").click()
        it.look("console, escalating")
        page.keyboard.press("Escape")
        page = it.look("on duty", "/duty")
        page.locator("#text").fill(words("it stays with me"))
        page.locator("form[action='/duty/debrief'] button").click()
        expect(page.locator("#note [role=status]")).to_be_visible()
        it.look("on duty, a note left")
        _sign_in(it, house, "peer")
        page = it.look("desk", "/desk")
        page.locator("#not-today summary").click()
        it.look("desk, topics")
        it.look("peer's account", "/me")
        it.one.context.clear_cookies()
        if house.links.get(ORGANISER):
            it.look("a link", house.links[ORGANISER])
        _sign_in(it, house, ORGANISER)
        it.look("start", "/start")
        it.look("who left waiting", "/organiser/demand")
        for folded in it.one.page.locator("details > summary").all():
            folded.click()
        it.look("who left waiting, in numbers")
        it.look("audit", "/audit")
        it.look("safety", "/organiser/safety")
        it.look("nobody on duty", "/organiser/duty")
        page = it.look("topics", "/organiser/topics")
        page.locator("details.topic summary").first.click()
        it.look("topics, one open")
        page = it.look("own signals", "/organiser/signals")
        page.locator("#add summary").click()
        page.locator("#new-name").fill(f"Pills {language}")
        page.locator("#new-text").fill("pills\nsleeping pills")
        page.locator("#add button").click()
        page.locator("details.topic summary").last.click()
        it.look("own signals, one open")
        page.locator("form[action$='/try'] button").last.click()
        it.look("own signals, tried")
        page = it.look("organiser", "/organiser")
        page.locator("#role").select_option("supervisor")
        page.locator("form[action='/organiser/invite'] button").click()
        page = it.look("organiser, a link made")
        link = page.locator("textarea.code").input_value().partition(house.address)[2]
        it.one.context.clear_cookies()
        it.one.use_link(link)
        _speak(it)
        page = it.look("supervisor", "/supervisor")
        page.locator("form[action^='/supervisor/debriefs/'] button").first.click()
        expect(page.locator("article")).to_be_visible()
        it.look("a note")


def _sign_in(it: Judge, house: House, who: str) -> None:
    """Sign in by a printed link, or, since each works once, with the cookies of who used it; choose the language."""
    it.one.context.clear_cookies()
    kept = house.folder / f"{who.split()[0]}.json"
    if kept.exists():
        it.one.context.add_cookies(json.loads(kept.read_text())["cookies"])
    else:
        it.one.use_link(house.link(who))
        it.one.context.storage_state(path=kept)
    _speak(it)


def _speak(it: Judge) -> None:
    """Choose the language."""
    it.one.go("/me")
    it.one.page.locator("form[action='/language'] select").select_option(it.language)
    it.one.page.locator("form[action='/language'] button").click()
    expect(it.one.page.locator("html")).to_have_attribute("lang", it.language)
