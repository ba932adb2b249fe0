"""The room's page on a cheap phone and a bad line: how soon it can be used, and how it runs while many talk.

Headless Chromium with its CPU four times slower, 400 kbit/s and 400 ms (Chrome's own throttling, which delays every
request and no TCP handshake), plain HTTP on this machine.

Figures:
    room_cold_ms, room_warm_ms: from the start of the navigation until the entries are painted and the composer keeps
        what is written; medians. Cold: nothing cached. 30 entries of 90 characters.
    room_cold_kb: what was transferred until then, headers counted, in units of 1,000 bytes; room_whole_kb: with what is
        loaded afterwards to be live.
    live_fps, key_p95_ms, heap_mb: in a room that has taken in 5,000 entries, with 50 more a second and somebody typing:
        frames a second, milliseconds from a key to the paint after it, and the heap after a collection.

`--rounds N` (5): navigations of each kind. `--seconds N` (10): how long the talk goes on.
"""

import argparse
import json
import secrets
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from playwright.sync_api import Browser, CDPSession, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests import browser
from tests.browser import House, Visitor, visitor
from tests.chromium import open_browser
from tests.words import words

ROOM = "New here"
CPU_SLOWER = 4
BITS_PER_S = 400_000
LATENCY_MS = 400
ENTRIES, LETTERS = 30, 90
HELD = 5_000
PER_S = 50
SPEAKERS = 10
SPEAKER_PER_S = 60
"""Under the hundred frames a second that one connection may send."""
WATCH = """
addEventListener("DOMContentLoaded", () => {
  const room = document.querySelector("hearth-room");
  if (!room) return;
  const ready = () => room.hasAttribute("data-ready") && (window.__ready ??= performance.now());
  new MutationObserver(ready).observe(room, { attributes: true });
  ready();
});
window.__keys = [];
window.__frames = 0;
const frame = () => { window.__frames += 1; requestAnimationFrame(frame); };
requestAnimationFrame(frame);
addEventListener("keydown", (event) => {
  const pressed = event.timeStamp;
  requestAnimationFrame(() => {
    const painted = new MessageChannel();
    painted.port1.onmessage = () => window.__keys.push(performance.now() - pressed);
    painted.port2.postMessage(0);
  });
}, { capture: true });
"""


def figures(argv: list[str]) -> dict[str, float]:
    """Run the bench."""
    parser = argparse.ArgumentParser(prog="page")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10)
    asked = parser.parse_args(argv)
    lifted = {"HEARTHSIDE_SAYS": "1000000", "HEARTHSIDE_SAYS_S": "3600"}
    with (
        browser.open_house(matching=False, env=lifted) as house,
        open_browser(whole=True) as chromium,
        _crowd(chromium, house) as (room, crowd),
    ):
        for number in range(ENTRIES):
            crowd[number % len(crowd)].say(room, words().ljust(LETTERS, "e")[:LETTERS])
        return _opening(chromium, house, room, asked.rounds) | _live(chromium, house, room, crowd, asked.seconds)


class Speaker:
    """A connection that says and reads what comes, so that it is not dropped as a slow reader."""

    def __init__(self, connection: ClientConnection, room: int) -> None:
        self._connection = connection
        connection.send(json.dumps({"t": "join", "ref": 1, "room": room}))
        threading.Thread(target=self._read, daemon=True).start()

    def say(self, room: int, text: str) -> None:
        """Say, and do not wait."""
        self._connection.send(
            json.dumps({"t": "say", "ref": 2, "room": room, "say_id": secrets.token_hex(16), "text": text})
        )  # fmt: skip

    def _read(self) -> None:
        with suppress(ConnectionClosed):
            for _ in self._connection:
                pass


@contextmanager
def _crowd(chromium: Browser, house: House) -> Iterator[tuple[int, list[Speaker]]]:
    """Bring people into the room and connect them."""
    with visitor(chromium, house.address) as one:
        one.arrive()
        one.enter(ROOM)
        room = int(one.page.url.rpartition("/")[2])
    connections: list[ClientConnection] = []
    try:
        for _ in range(SPEAKERS):
            connections.append(_connect(chromium, house, room))
        yield room, [Speaker(one, room) for one in connections]
    finally:
        for each in connections:
            each.close()


def _connect(chromium: Browser, house: House, room: int) -> ClientConnection:
    with visitor(chromium, house.address) as one:
        one.arrive()
        one.enter(ROOM)
        cookies = "; ".join(f"{each.get('name')}={each.get('value')}" for each in one.context.cookies())
    return connect(
        house.address.replace("http", "ws") + "/socket", subprotocols=[Subprotocol("hearthside.1")],
        origin=Origin(house.address), additional_headers={"Cookie": cookies}, compression=None, max_queue=None,
        legacy=True,
    )  # fmt: skip


def _slow(one: Visitor) -> CDPSession:
    """Make the page's processor and line slow."""
    debugger = one.context.new_cdp_session(one.page)
    debugger.send("Network.enable")
    debugger.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": LATENCY_MS, "downloadThroughput": BITS_PER_S / 8,
        "uploadThroughput": BITS_PER_S / 8,
    })  # fmt: skip
    debugger.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWER})
    return debugger


def _opening(chromium: Browser, house: House, room: int, rounds: int) -> dict[str, float]:
    with visitor(chromium, house.address) as one:
        one.arrive()
        one.enter(ROOM)
        state = one.context.storage_state()
    cold_ms, warm_ms, cold_kb, whole_kb = [], [], [], []
    for _ in range(rounds):
        with visitor(chromium, house.address, width=browser.PHONE) as one:
            one.context.add_cookies(state["cookies"])  # type: ignore[arg-type]
            one.page.add_init_script(WATCH)
            debugger = _slow(one)
            loaded: list[tuple[float, float]] = []
            debugger.on(
                "Network.loadingFinished", lambda it, to=loaded: to.append((time.monotonic(), it["encodedDataLength"]))
            )
            ready, told = _open(one, room)
            cold_ms.append(ready)
            cold_kb.append(sum(size for at, size in loaded if at <= told) / 1000)
            one.is_live()
            one.page.wait_for_timeout(300)
            whole_kb.append(sum(size for _, size in loaded) / 1000)
            warm_ms.append(_open(one, room)[0])
    return {
        "room_cold_ms": statistics.median(cold_ms), "room_warm_ms": statistics.median(warm_ms),
        "room_cold_kb": statistics.median(cold_kb), "room_whole_kb": statistics.median(whole_kb),
    }  # fmt: skip


def _open(one: Visitor, room: int) -> tuple[float, float]:
    """Open the room; return after how many milliseconds it could be used, and the time it was told to us."""
    one.page.goto(f"{one.base}/rooms/{room}", wait_until="commit")
    expect(one.page.locator("hearth-room[data-ready]")).to_be_attached()
    told = time.monotonic()
    painted = 'performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 1e9'
    assert one.page.locator(".log [data-seq]").count() >= ENTRIES
    for _ in range(100):
        ready = float(one.page.evaluate(f"() => Math.max(window.__ready, {painted})"))
        if ready < 1e9:
            return ready, told
        one.page.wait_for_timeout(20)
    raise AssertionError("nothing was painted")


def _live(chromium: Browser, house: House, room: int, crowd: list[Speaker], seconds: int) -> dict[str, float]:
    with visitor(chromium, house.address, width=browser.PHONE) as one:
        one.arrive()
        one.page.add_init_script(WATCH)
        one.enter(ROOM)
        debugger = _slow(one)
        everyone = [
            threading.Thread(target=_talk, args=(each, room, HELD // SPEAKERS, SPEAKER_PER_S)) for each in crowd
        ]
        for each in everyone:
            each.start()
        for each in everyone:
            each.join()
        last = words("the last one")
        crowd[0].say(room, last)
        expect(one.page.locator(".entry", has_text=last)).to_be_visible(timeout=60_000)

        box = one.page.get_by_label("Your message")
        box.focus()
        talking = [
            threading.Thread(target=_talk, args=(each, room, PER_S * seconds // SPEAKERS, PER_S / SPEAKERS))
            for each in crowd
        ]  # fmt: skip
        before = one.page.evaluate("() => { window.__keys.length = 0; return [performance.now(), window.__frames]; }")
        for each in talking:
            each.start()
        while any(each.is_alive() for each in talking):
            one.page.keyboard.press("e")
            one.page.wait_for_timeout(120)
        after = one.page.evaluate("() => [performance.now(), window.__frames]")
        keys = sorted(one.page.evaluate("() => window.__keys"))
        assert one.page.locator(".log [data-seq]").count() <= 400
        debugger.send("HeapProfiler.collectGarbage")
        heap = debugger.send("Runtime.getHeapUsage")["usedSize"]
    return {
        "live_fps": (after[1] - before[1]) / (after[0] - before[0]) * 1000,
        "key_p95_ms": keys[int(len(keys) * 0.95)], "heap_mb": heap / 1e6,
    }  # fmt: skip


def _talk(one: Speaker, room: int, times: int, per_s: float) -> None:
    start = time.monotonic()
    for number in range(times):
        one.say(room, words().ljust(LETTERS, "e")[:LETTERS])
        time.sleep(max(0.0, start + (number + 1) / per_s - time.monotonic()))
