"""Who may use which address: the matrix of roles and routes, made from the table of routes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chat import cases, exports, links, people, rooms
from chat.protocol import Report
from tests.pages import Browser, Pages, site
from tests.words import words
from web.routes import ROUTES, Row

MEMBERS = {"member", "peer", "moderator", "supervisor", "professional", "organiser"}
ALL = MEMBERS | {"stranger"}
STAFF = MEMBERS - {"member"}
OVERSEERS = {"supervisor", "organiser"}
DESK = {"moderator", "supervisor", "professional", "organiser"}

ALLOWED: dict[str, set[str]] = {
    "GET /healthz": ALL,
    "GET /static/{name:path}": ALL,
    "GET /": ALL,
    "GET /help": ALL,
    "GET /offline": ALL,
    "GET /worker.js": ALL,
    "GET /protocol": ALL,
    "POST /language": ALL,
    "GET /sign-up": {"stranger"},
    "POST /sign-up": {"stranger"},
    "GET /sign-in": {"stranger"},
    "POST /sign-in": {"stranger"},
    "GET /link/{token}": ALL,
    "POST /link/{token}": ALL,
    "POST /banned/appeal": ALL,
    "POST /sign-out": MEMBERS,
    "GET /start": STAFF,
    "POST /start": STAFF,
    "GET /rooms": MEMBERS,
    "GET /rooms/{room}": MEMBERS,
    "POST /rooms/{room}/join": MEMBERS,
    "POST /rooms/{room}/block": MEMBERS,
    "GET /rooms/{room}/entries": MEMBERS,
    "GET /rooms/{room}/held": MEMBERS,
    "GET /profile": MEMBERS,
    "POST /profile": MEMBERS,
    "POST /profile/delete": MEMBERS,
    "GET /ask": MEMBERS,
    "POST /ask": MEMBERS,
    "GET /waiting": MEMBERS,
    "POST /waiting/widen": MEMBERS,
    "POST /waiting/keep": MEMBERS,
    "POST /waiting/answer": MEMBERS,
    "GET /waiting/letter": MEMBERS,
    "POST /waiting/letter": MEMBERS,
    "POST /waiting/withdraw": MEMBERS,
    "GET /me": MEMBERS,
    "POST /me/nickname": MEMBERS,
    "POST /me/sessions/{session}/end": MEMBERS,
    "POST /me/sessions/end": MEMBERS,
    "POST /me/code": MEMBERS,
    "POST /me/code/kept": MEMBERS,
    "POST /me/blocks/{person}/end": MEMBERS,
    "POST /me/acts/{act}/appeal": MEMBERS,
    "POST /me/erase": MEMBERS,
    "GET /desk": {"peer"},
    "GET /desk/offers": {"peer"},
    "POST /desk/offers/{offer}/accept": {"peer"},
    "POST /desk/offers/{offer}/decline": {"peer"},
    "POST /desk/availability": {"peer"},
    "POST /desk/not-today": {"peer"},
    "GET /console": DESK,
    "GET /console/cases": DESK,
    "GET /console/cases/{case}": {"moderator", "supervisor"},
    "GET /console/staffing": DESK,
    "GET /duty": DESK,
    "POST /duty/shift": DESK,
    "POST /duty/break": DESK,
    "POST /duty/debrief": DESK,
    "POST /duty/channels": DESK,
    "GET /console/waiting": DESK,
    "GET /console/lobbies": DESK,
    "GET /supervisor": {"supervisor"},
    "POST /supervisor/pairs": {"supervisor"},
    "POST /supervisor/peers/{person}/vet": {"supervisor"},
    "POST /supervisor/peers/{person}/unvet": {"supervisor"},
    "GET /audit": OVERSEERS,
    "POST /audit": OVERSEERS,
    "POST /audit/rows/{n}": OVERSEERS,
    "POST /audit/exports": OVERSEERS,
    "POST /audit/exports/{export}": OVERSEERS,
    "GET /audit/exports/{export}": OVERSEERS,
    "POST /supervisor/debriefs/{note}": {"supervisor"},
    "GET /organiser": {"organiser"},
    "GET /organiser/demand": {"organiser"},
    "GET /organiser/demand.csv": {"organiser"},
    "GET /organiser/safety": {"organiser"},
    "GET /organiser/safety.csv": {"organiser"},
    "POST /organiser/rooms": {"organiser"},
    "POST /organiser/rooms/{room}/close": {"organiser"},
    "POST /organiser/invite": {"organiser"},
    "GET /organiser/duty": {"organiser"},
    "POST /organiser/duty": {"organiser"},
    "GET /organiser/rules": {"organiser"},
    "POST /organiser/rules": {"organiser"},
    "POST /organiser/rules/{code}": {"organiser"},
    "GET /organiser/signals": {"organiser"},
    "POST /organiser/signals": {"organiser"},
    "POST /organiser/signals/{code}": {"organiser"},
    "POST /organiser/signals/{code}/try": {"organiser"},
    "GET /organiser/topics": {"organiser"},
    "POST /organiser/topics": {"organiser"},
    "POST /organiser/topics/{code}": {"organiser"},
    "POST /organiser/peers/{person}/approve": {"organiser"},
    "POST /organiser/peers/{person}/suspend": {"organiser"},
}
"""Who may, decided here by hand and not read from the routes: the two must agree."""


@dataclass
class Cast:
    """One browser a role, and things that are there."""

    browsers: dict[str, Browser]
    paths: dict[str, str]


@asynccontextmanager
async def cast(pages: Pages) -> AsyncIterator[Cast]:
    place = pages.place
    people = {role: await place.person(*(() if role == "member" else (role,))) for role in sorted(MEMBERS)}
    room = await place.room(*people.values())
    said = await place.say(room, people["member"], words())
    case = await cases.report(place.store, place.keys, people["peer"], Report(room=room, seq=said))
    async with place.store.transaction() as tx:
        token = await links.make_link(tx)
        export = await exports.ask(tx, place.keys, people["organiser"])
    async with place.store.transaction() as tx:
        await exports.agree(tx, place.keys, people["supervisor"], export)
    values = {"room": room, "case": case, "token": token, "name:path": "app.css", "session": 5, "offer": 5, "person": 5,
              "code": "work", "n": 5, "export": export, "note": 5, "act": 5}  # fmt: skip
    paths = {}
    for row in ROUTES:
        path = row.path
        for name, value in values.items():
            path = path.replace("{" + name + "}", str(value))
        paths[row.path] = path
    async with AsyncExitStack() as stack:
        browsers = {"stranger": await stack.enter_async_context(pages.browser())}
        for role, person in people.items():
            browsers[role] = await stack.enter_async_context(await pages.browser_of(person))
        yield Cast(browsers, paths)


def test_every_route_has_a_row_in_the_matrix() -> None:
    assert {f"{row.method} {row.path}" for row in ROUTES} == set(ALLOWED)


async def test_each_role_reaches_its_routes_and_no_others(sqlite_url: str, tmp_path: Path) -> None:
    wrong = []
    async with site(tmp_path, sqlite_url) as pages, cast(pages) as shown:
        for row in ROUTES:
            for role, browser in shown.browsers.items():
                seen = await outcome(browser, row, shown.paths[row.path])
                wanted = "in" if role in ALLOWED[f"{row.method} {row.path}"] else turned_away(row, role)
                if seen != wanted:
                    wrong.append((row.method, row.path, role, seen, wanted))
    assert wrong == []


def turned_away(row: Row, role: str) -> str:
    if ALLOWED[f"{row.method} {row.path}"] == {"stranger"}:
        return "to /rooms"
    return "to /sign-in" if role == "stranger" else "nothing here"


OWN_WAYS = {("/", "/rooms"), ("/waiting", "/ask"), ("/waiting/letter", "/waiting")}
"""Pages that send who may see them on to where they have something to do."""


async def outcome(browser: Browser, row: Row, path: str) -> str:
    """A POST goes without its token: who may use the address is told that the form is too old, and nothing is done."""
    if row.method == "POST":
        answer = await browser.post(path, token="none")
        came_in = answer.status_code == 403 and "This form was open for a long time" in answer.text
    else:
        answer = await browser.get(path)
        came_in = answer.status_code == 200 or (row.path, answer.headers.get("location")) in OWN_WAYS
    if came_in:
        return "in"
    if answer.status_code == 404:
        missing = await browser.get("/nobody-has-this")
        return "nothing here" if answer.content == missing.content else "another page"
    return f"to {answer.headers.get('location')}"


async def test_missing_and_forbidden_are_the_same_bytes(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        seeker, peer, curious = await place.person(), await place.person("peer"), await place.person("peer")
        moderator = await place.person("moderator")
        private = await place.one_to_one(seeker, peer)
        said = await place.say(private, moderator, words())
        case = await cases.report(place.store, place.keys, seeker, Report(room=private, seq=said))
        async with place.store.reading() as tx:
            inbox = (await people.find(tx, seeker)).inbox
        async with await pages.browser_of(curious) as browser, await pages.browser_of(moderator) as themself:
            for room in (private, inbox, rooms.DESK):
                await same(browser, "/rooms/{}", room)
                await same(browser, "/rooms/{}/entries", room)
                await same(browser, "/rooms/{}/entries?before=2&limit=1", room)
                await same(browser, "/rooms/{}/join", room, post=True)
                await same(browser, "/rooms/{}/block", room, post=True)
            await same(themself, "/console/cases/{}", case)  # one about oneself is no case
            await same(browser, "/desk/offers/{}/accept", private, post=True)
            await same(browser, "/me/sessions/{}/end", private, post=True)


async def same(browser: Browser, pattern: str, there: int, *, post: bool = False) -> None:
    for accept in ("text/html", "application/json"):
        answers = []
        for number in (there, ABSENT):
            if post:
                await browser.get("/me")
                answers.append(await browser.post(pattern.format(number), accept=accept))
            else:
                answers.append(await browser.get(pattern.format(number), accept=accept))
        shown = [(one.status_code, one.content, sorted(set(one.headers) - {"date"})) for one in answers]
        assert shown[0] == shown[1], pattern
        assert answers[0].status_code == 404, pattern


ABSENT = 123_456_789


async def test_a_number_that_is_none_is_nothing(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages, await pages.browser_of(await pages.place.person()) as browser:
        for number in ("0", "-1", "1e3", "9007199254740992", "٣", "1" * 5000, "%00", "x", "01"):
            answer = await browser.get(f"/rooms/{number}")
            assert answer.status_code == 404, number[:20]
        for query in (
            "limit=0",
            "limit=201",
            "limit=-1",
            "after=-1",
            "before=x",
            f"after={2**53}",
            "cursor=1",
            "limit=",
        ):
            room = await pages.place.room()
            assert (await browser.get(f"/rooms/{room}/entries?{query}")).status_code == 400, query
        for path in ("/Rooms", "/rooms/", "/static/../app.py", "/static/%2e%2e/app.py"):
            assert (await browser.get(path)).status_code == 404, path
        answer = await browser.post("/rooms")
        assert answer.status_code == 405
