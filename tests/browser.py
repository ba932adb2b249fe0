"""A real Chromium before a real server: visitors who click and type, and fail the test when their console complains.

The server is two child processes, `python -m web` and `python -m matcher`, with the demo's rooms, peers and moderator
on a SQLite database of its own. Wait with `expect(locator)`: the pages' Content-Security-Policy, which is never
bypassed, forbids what `wait_for_function` needs.
"""

import json
import re
import shutil
import tempfile
import urllib.parse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypedDict

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests import servers
from tests.line import Line
from tests.place import nickname

PROGRAM = shutil.which("python", path=str(servers.ROOT / ".venv" / "bin")) or "python"
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
RULES = {
    "all": {"runOnly": TAGS}, "colours": {"runOnly": {"type": "rule", "values": COLOURS}},
    "words": {"runOnly": TAGS, "rules": {name: {"enabled": False} for name in COLOURS}},
}  # fmt: skip
Rules = Literal["all", "colours", "words"]
Scheme = Literal["light", "dark"]
WAIT_MS = 15_000
"""Two busy cores; a person would have given up by then."""
PHONE, DESKTOP = 390, 1280
LINK = re.compile(r"hearthside: ([^\n]+?): http://[^/\s]+(/link/\S+)")
UNREACHABLE = re.compile(r"net::ERR_|WebSocket connection to .* failed|error occurred when fetching the script")
"""What Chromium's console says of a line that a test has cut."""
REFUSED = re.compile(r"server responded with a status of (4\d\d|503)")
"""What it says of a page that tells of a refusal: such a page is an answer and not a fault of the page."""
MARK_STOPS = """() => {
  const seen = (one) => one.checkVisibility({ visibilityProperty: true });
  const usable = (one) => !one.disabled && one.type !== "hidden" && one.tabIndex >= 0;
  const leads = (one) => one.type !== "radio" || one.checked;  // one stop a group
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")];
  const stops = all.filter((one) => usable(one) && seen(one) && leads(one));
  stops.forEach((one, at) => (one.dataset.stop = at));
  return stops.map((one) => one.outerHTML.slice(0, 120));
}"""
"""Numbers what Tab should stop at, in the order of the page, and returns it."""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Chromium takes no keys before a page's first picture; nobody types that early."""
STOP = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const on = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return [Number(one.dataset.stop ?? -1), shown, Boolean(on && (one.contains(on) || on.contains(one)))];
}"""
"""Which stop has the focus, whether that is seen, and whether nothing lies over it."""


@dataclass
class House:
    """A running server: where it is, its folder, and the links it has printed, by whom they are for."""

    port: int
    folder: Path
    line: Line
    web: servers.Child
    settings: dict[str, str]
    links: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def cuttable(self) -> str:
        """The same server behind the line that can be cut."""
        return f"http://127.0.0.1:{self.line.port}"

    def restart(self) -> None:
        """End `web`, and start it again on its port."""
        self.web.stop()
        self.web = servers.start("web", PROGRAM, "-m", "web", env=self.settings)
        self.web.wait_until(lambda: "ready: " in self.web.said())

    def link(self, who: str) -> str:
        """Return the link printed for whoever's name begins so; each works once."""
        return next(self.links.pop(name) for name in list(self.links) if name.startswith(who))


@contextmanager
def open_house(*, demo: bool = True, matching: bool = True, env: dict[str, str] | None = None) -> Iterator[House]:
    """Serve a fresh database for the time of the block."""
    port, other = servers.free_port(), servers.free_port()
    with tempfile.TemporaryDirectory(prefix="hearthside-browser-") as folder:
        settings = {
            "HEARTHSIDE_VAR": folder, "HEARTHSIDE_DEMO": str(int(demo)), "PORT": str(port), "PYTHONUNBUFFERED": "1",
            "HEARTHSIDE_ORIGIN": f"http://127.0.0.1:{port},http://127.0.0.1:{other}",
            "HEARTHSIDE_SIGN_UPS_PER_DAY": "10000", "HEARTHSIDE_HANDSHAKES_PER_MINUTE": "10000", **(env or {}),
        }  # fmt: skip
        web = servers.start("web", PROGRAM, "-m", "web", env=settings)
        web.wait_until(lambda: "ready: " in web.said())
        house = House(port, Path(folder), Line(port, other), web, settings, dict(LINK.findall(web.said())))
        house.line.mend()
        with ExitStack() as running:
            running.callback(lambda: house.web.stop())
            if matching:
                running.enter_context(servers.child("matcher", PROGRAM, "-m", "matcher", env=settings))
            yield house


class Violation(TypedDict):
    """What axe found, as far as a test's failure shows it."""

    id: str
    help: str
    nodes: list[str]


@dataclass
class Visitor:
    """One browser profile with one page: cookies and storage of its own."""

    page: Page
    context: BrowserContext
    base: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Open a page of the site."""
        self.page.goto(self.base + path)

    def see(self, text: str | re.Pattern[str]) -> Locator:
        """Wait until a text is visible."""
        found = self.page.get_by_text(text).filter(visible=True).first
        expect(found).to_be_visible()
        return found

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name)

    def sign_up(self) -> str:
        """Make an account as somebody new does, and return its recovery code."""
        self.go("/sign-up")
        self.page.get_by_label("I have read this and agree").check()
        self.button("Make my account").click()
        code = self.page.locator("#code").inner_text()
        self.button("I have written it down").click()
        expect(self.page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()
        return code

    def arrive(self) -> None:
        """Make an account without looking at the pages: for tests about what comes after."""
        form = self.context.request.get(f"{self.base}/sign-up").text()
        fields = dict(re.findall(r'name="(csrf)"[^>]* value="([^"]+)"', form))
        answer = self.context.request.post(
            f"{self.base}/sign-up", form={**fields, "nickname": nickname(), "consent": "yes"},
            headers={"Origin": self.base}, max_redirects=0,
        )  # fmt: skip
        assert answer.ok, answer.status

    def use_link(self, path: str) -> None:
        """Sign in by a link."""
        self.go(path)
        self.page.locator("main form button").first.click()
        expect(self.page).not_to_have_url(re.compile("/link/"))

    def enter(self, room: str) -> None:
        """Come into a group room (or back into it) from the list, and wait until the line is live."""
        self.go("/rooms")
        self.page.get_by_role("link", name=room).click()
        come_in = self.button("Come in")
        expect(come_in.or_(self.page.locator("hearth-room"))).to_be_visible()
        if come_in.count():
            come_in.click()
        self.is_live()

    def is_live(self) -> None:
        """Wait until the room is followed."""
        expect(self.page.locator("hearth-room[data-ready][data-joined]")).to_be_attached()

    def say(self, text: str) -> None:
        """Write and press Enter."""
        box = self.page.get_by_label("Your message")
        box.fill(text)
        box.press("Enter")

    def hears(self, text: str) -> None:
        """Wait for an entry that the server has kept, once."""
        expect(self.page.locator(".log [data-seq]").filter(has_text=text)).to_have_count(1)

    def axe(self, rules: Rules = "all") -> list[Violation]:
        """Return what axe-core finds on the page as it is: by all rules, by those on colours, or by the rest."""
        debugger = self.context.new_cdp_session(self.page)
        try:
            if debugger.send("Runtime.evaluate", {"expression": "typeof axe"})["result"]["value"] == "undefined":
                debugger.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
            options = json.dumps({**RULES[rules], "resultTypes": ["violations"]})
            answer = debugger.send("Runtime.evaluate", {
                "expression": f"axe.run(document, {options}).then(r => JSON.stringify(r.violations.map("
                "v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 200))}))))",
                "awaitPromise": True,
            })  # fmt: skip
        finally:
            debugger.detach()
        assert "exceptionDetails" not in answer, answer
        found: list[Violation] = json.loads(answer["result"]["value"])
        return found

    def tab_to(self, target: Locator) -> None:
        """Press Tab until the target has the focus."""
        expect(target).to_be_visible()
        self.page.evaluate(PAINTED)
        for _ in range(60):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError("Tab does not come there")

    def press(self, target: Locator, key: str = "Enter") -> None:
        """Go there by Tab and press a key."""
        self.tab_to(target)
        self.page.keyboard.press(key)

    def type(self, target: Locator, text: str) -> None:
        """Go there by Tab and write, in place of what stands there."""
        self.tab_to(target)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def walk(self, path: str = "") -> None:
        """Press Tab through a whole page: every control in the order of the page, each seen, and no way that ends."""
        if path:
            self.go(path)
        expected = self.page.evaluate(MARK_STOPS)
        found = []
        for _ in expected:
            self.page.keyboard.press("Tab")
            found.append(self.page.evaluate(STOP))
        wrong = [(expected[at], *stop) for at, stop in enumerate(found) if stop != [at, True, True]]
        assert not wrong, f"{address_of(self.page)}: {wrong[:3]}"

    def scrolls_sideways(self) -> bool:
        """Whether the page is wider than its window."""
        root = "document.documentElement"
        return bool(self.page.evaluate(f"() => {root}.scrollWidth > {root}.clientWidth"))


@contextmanager
def visitor(
    browser: Browser, base: str, *, width: int = DESKTOP, height: int = 900, scheme: Scheme = "light",
    locale: str = "en", script: bool = True, may_fail: bool = False,
) -> Iterator[Visitor]:  # fmt: skip
    """Come with a fresh browser profile. What the console complains of fails the block.

    Args:
        may_fail: the test cuts the line: that the network fails is no complaint.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale,
        java_script_enabled=script, reduced_motion="reduce",
    )  # fmt: skip
    context.set_default_timeout(WAIT_MS)
    one = Visitor(context.new_page(), context, base)
    one.page.on("pageerror", lambda error: one.complaints.append(f"error: {error}"))
    one.page.on("console", lambda message: _heard(one, message.type, message.text, may_fail))
    try:
        yield one
    finally:
        context.close()
    assert not one.complaints, one.complaints


def _heard(one: Visitor, kind: str, text: str, may_fail: bool) -> None:
    if kind not in ("error", "warning") or REFUSED.search(text) or (may_fail and UNREACHABLE.search(text)):
        return
    one.complaints.append(f"{kind}: {text} ({urllib.parse.urlsplit(one.page.url).path})")


def address_of(page: Page) -> str:
    """Return the path of a page."""
    return urllib.parse.urlsplit(page.url).path
