"""The room's page by itself: what it weighs, and that a row is the same whoever makes it, the server or the script."""

import gzip
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from chat.protocol import Entry
from tests.chromium import open_browser
from web import bundle, language, sayings
from web.assets import STATIC, Assets
from web.environments import environments
from web.shield import CONTENT_SECURITY_POLICY

ME, OTHER = 5, 6
COLD_BYTES = 16_000 - 1_700
"""UI.md's 16 kB, less what the headers of three answers cost."""
LINE = "Ninety characters are about as long as one message is on a telephone, in one place or another"
SAME_ROW = """async ([entry, seq]) => {
  const { EntryMaker, readEntry } = await import(entry);
  const { rowOf } = await import(entry.replace("entry.js", "state.js"));
  const { wordsOf, clockOf } = await import(entry.replace("entry.js", "words.js"));
  const room = document.querySelector("hearth-room");
  const maker = new EntryMaker({
    template: room.querySelector("template[data-entry]"), words: wordsOf(JSON.parse(room.dataset.words), "en"),
    clock: clockOf("en"), me: Number(room.dataset.me),
  });
  const painted = document.getElementById(`e${seq}`);
  const made = maker.make(rowOf(readEntry(painted)), () => undefined);
  const plain = (li) => {
    // the script adds the day to what is not of today any more, as when midnight falls into this test
    for (const bdi of li.querySelectorAll("time bdi")) bdi.textContent = bdi.textContent.slice(-5);
    for (const each of [li, ...li.querySelectorAll("*")])
      for (const name of ["data-who", "data-edited", "datetime"]) each.removeAttribute(name);
    const parts = [li, ...li.querySelectorAll("*")].map((each) => {
      const own = [...each.attributes].map(({ name, value }) => `${name}=${value}`).sort();
      return `${each.tagName} ${own.join(" ")} ${each.children.length ? "" : each.textContent}`;
    });
    return parts.join("\\n");
  };
  return [plain(painted.cloneNode(true)), plain(made)];
}"""


def _now() -> int:
    return time.time_ns() // 1_000_000


ENTRIES = [
    Entry(seq=1, kind="joined", at=_now(), author=OTHER, name="Linnet"),
    Entry(seq=2, kind="said", at=_now(), author=OTHER, name="Linnet", text="<b>words</b> & more\nin two lines"),
    Entry(seq=3, kind="said", at=_now(), author=ME, name="Moss", text="me", marks={"heart": (ME, 7), "hug": (7,)}),
    Entry(seq=4, kind="said", at=_now(), author=OTHER, name="Linnet", text="changed", edited=9),
    Entry(seq=5, kind="said", at=_now(), author=OTHER, name="Linnet", hidden="retracted"),
    Entry(seq=6, kind="said", at=_now(), author=OTHER, name="", hidden="erased"),
    Entry(seq=7, kind="said", at=_now(), author=ME, name="Moss", text="an answer", target=2),
    Entry(seq=8, kind="notice", at=_now(), code="paused", ref=3),
    Entry(seq=9, kind="edited", at=_now(), author=OTHER, target=4, text="changed"),
    Entry(seq=10, kind="left", at=_now(), author=OTHER, name="Linnet"),
    Entry(seq=11, kind="closed", at=_now()),
]  # fmt: skip


def _room(assets: Assets, entries: list[Entry]) -> str:
    room = {"id": 12, "name": "Evenings", "about": "For people who are sober.", "kind": "group", "state": "open"}
    values: dict[str, Any] = {
        "person": {"person": ME, "nickname": "Moss", "roles": (), "inbox": 1}, "csrf": "token", "room": room,
        "entries": entries, "first": 1, "last": entries[-1].seq, "epoch": "e1", "here": 2, "me": ME, "peer": "",
        "about": sayings.of_levels(language.load()["en"]), "unwatched": "", "may_call": False,
        "held": [{"say_id": "say-id-of-mine", "text": "a word that waits", "waits": True}], "holds": True, "turns_s": 0,
    }  # fmt: skip
    return environments(language.load(), assets)["en"].get_template("room.html").render(values)


def _static(name: str) -> bytes:
    return bundle.style(STATIC / "css") if name == "app.css" else bundle.script(STATIC / "js" / name)


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets.load()


@pytest.fixture(params=["room.js"])
def painted(assets: Assets, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The room as the server paints it, in Chromium, under the real policy, without one of its scripts."""
    html = _room(assets, ENTRIES)
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path == "/rooms/12":
            route.fulfill(body=html, content_type="text/html", headers=headers)
        elif path.endswith((f"/{request.param}", "/favicon.ico")):
            route.abort()
        else:
            name = path.removeprefix("/static/")
            route.fulfill(body=_static(name), content_type="text/javascript" if name.endswith("js") else "text/css")

    with open_browser() as chromium:
        page = chromium.new_page(timezone_id="UTC")
        page.route("**/*", answer)
        page.goto("http://127.0.0.1/rooms/12")
        yield page


@pytest.mark.browser
def test_a_row_is_the_same_whoever_makes_it(painted: Page, assets: Assets) -> None:
    shown = [entry.seq for entry in ENTRIES if entry.kind != "edited"]
    assert painted.locator("[data-log] > li").count() == len(shown)
    for seq in shown:
        by_server, by_script = painted.evaluate(SAME_ROW, [assets.address("entry.js").split("?")[0], seq])
        assert by_server == by_script


@pytest.mark.browser
@pytest.mark.parametrize("painted", ["live.js"], indirect=True)
def test_before_there_is_a_connection_nothing_is_done_and_one_is_told(painted: Page) -> None:
    painted.locator("hearth-room[data-ready]").wait_for()
    painted.get_by_role("button", name="Take back").click()
    assert (painted.locator("[data-toast]").text_content() or "").startswith("No connection. Nothing was changed.")
    assert painted.locator("[data-held] > li").count() == 1
    for button in (painted.locator(".entry__more").nth(1), painted.get_by_role("button", name="Leave", exact=True)):
        toast = painted.locator("[data-toast]")
        toast.evaluate("toast => toast.textContent = ''")
        button.click()
        expect(toast).to_contain_text("No connection. Nothing was changed.")


def test_a_room_is_light_enough_for_a_slow_line(assets: Assets) -> None:
    entries = [
        Entry(seq=n, kind="said", at=_now() + n, author=n % 7 + 1, name=f"Linnet {n % 7}", text=f"{n}{LINE}"[:90])
        for n in range(1, 31)
    ]
    page = len(gzip.compress(_room(assets, entries).encode(), 9))
    files = sum(len(gzip.compress(_static(name), 9)) for name in ("app.css", "room.js"))
    assert page + files <= COLD_BYTES


def test_nothing_on_a_page_is_inline(assets: Assets) -> None:
    html = _room(assets, ENTRIES)
    assert "<style" not in html
    assert " style=" not in html
    assert "<script>" not in html
    assert "onclick" not in html
    assert "&lt;b&gt;words&lt;/b&gt; &amp; more" in html
