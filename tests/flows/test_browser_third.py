"""A professional asks to come into a one-to-one, the member lets them in from here on, and lets them leave, by keys."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser, Route, expect

from chat import calls, cases, escalations, people, rooms, roster, sessions
from chat.ids import PersonId, new_id
from chat.protocol import Call
from chat.staff_commands import Acknowledge, Claim, Escalate
from chat.tables import people as people_table
from tests import browser
from tests.browser import DESKTOP, PHONE, House, Visitor, visitor
from tests.place import nickname, open_place
from tests.words import words

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with browser.open_house(demo=False, matching=False) as one:
        yield one


async def cast(house: House, earlier: str) -> dict[str, str]:
    """Make a chat in which something was said, and a professional who has its case; return the cookie and the name of
    each, and the path of the chat."""
    found = {}
    async with open_place(f"sqlite:///{house.folder / 'hearthside.db'}", house.folder) as place:
        store, keys = place.store, place.keys
        made: dict[str, PersonId] = {}
        for role in ("member", "peer", "moderator", "professional"):
            held = () if role == "member" else (role,)
            found[f"name of {role}"] = nickname()
            made[role] = await people.make(store, keys, found[f"name of {role}"], "en", roles=held)
            async with store.transaction() as tx:
                found[role] = await sessions.open(tx, made[role])
        async with store.transaction() as tx:
            await roster.begin(tx, keys, made["professional"], 4)
        async with store.transaction() as tx:
            await tx.lock(people_table, [made["member"], made["peer"]])
            room = await rooms.open_one_to_one(tx, made["member"], made["peer"], new_id())
        await place.say(room, made["member"], earlier)
        case = await calls.call(store, keys, made["peer"], Call(room=room))
        await cases.claim(store, keys, made["moderator"], Claim(case=case))
        asked = Escalate(case=case, level="imminent", reason=words())
        await escalations.escalate(store, keys, made["moderator"], asked, 180)
        await escalations.acknowledge(store, keys, made["professional"], Acknowledge(case=case))
        async with store.transaction() as tx:
            await roster.end(tx, keys, made["professional"])  # another one is asked about the next chat
    return found | {"room": f"/rooms/{room}"}


def sign_in(one: Visitor, house: House, token: str) -> None:
    one.context.add_cookies([{"name": "hearthside", "value": token, "url": house.address}])


def title(one: Visitor) -> set[str]:
    return set(one.page.locator(".bar__name").inner_text().split(" · "))


KEEP_UNSENT = """([person, room, text]) => new Promise((done, failed) => {
  const opening = indexedDB.open("hearthside", 1);
  opening.onerror = failed;
  opening.onsuccess = () => {
    const put = opening.result.transaction("unsent", "readwrite").objectStore("unsent");
    put.put({ say_id: "written-long-ago", person, room, text, reply_to: 0, at: 1 }).onsuccess = done;
  };
})"""
"""Keep what somebody wrote long ago, and what was not sent."""


def test_what_was_not_sent_is_sent_and_answers_no_ask(chromium: Browser, house: House) -> None:
    """On a line so slow that nothing has been answered yet, beside a card whose buttons answer an ask."""
    with ThreadPoolExecutor(1) as apart:
        them = apart.submit(lambda: asyncio.run(cast(house, words("said before")))).result()
    with visitor(chromium, house.address) as member:
        sign_in(member, house, them["member"])
        member.go(them["room"])
        member.is_live()
        room = member.page.locator("hearth-room")
        person, number = (int(room.get_attribute(f"data-{name}") or 0) for name in ("me", "room"))
        member.page.evaluate(KEEP_UNSENT, [person, number, words("not sent")])
        scripts: list[Route] = []
        member.page.route(f"**{room.get_attribute('data-live')}", lambda route: scripts.append(route))
        member.page.route_web_socket("**", lambda line: None)
        member.page.reload()
        unsent = member.page.locator("[data-pending] > li")
        expect(unsent).to_contain_text("it was not sent")
        with member.page.expect_request_finished(lambda request: "live" in request.url):
            scripts[0].continue_()
        unsent.get_by_role("button", name="Send").click()
        expect(unsent.get_by_role("button", name="Send")).to_be_hidden()
        expect(member.page.locator("[data-toast]")).to_have_text("")


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_a_professional_comes_in_when_the_member_says_so(chromium: Browser, house: House, width: int) -> None:
    earlier = words("said before")
    with ThreadPoolExecutor(1) as apart:  # Playwright's loop runs in this thread
        them = apart.submit(lambda: asyncio.run(cast(house, earlier))).result()
    with (
        visitor(chromium, house.address, width=width) as member,
        visitor(chromium, house.address, width=width) as peer,
        visitor(chromium, house.address, width=width) as professional,
    ):
        for one, role in ((member, "member"), (peer, "peer"), (professional, "professional")):
            sign_in(one, house, them[role])
        for one in (member, peer):
            one.go(them["room"])
            one.is_live()
            expect(one.page.locator("[data-asks]")).to_be_hidden()
        professional.go("/console")
        professional.see("Danger now")
        queue = professional.page.locator("[data-queue]")
        professional.tab_to(queue)
        professional.page.keyboard.press("Enter")
        ask = professional.button("Ask to come into the chat")
        professional.press(ask)
        dialog = professional.page.locator("dialog#ask-in")
        professional.type(dialog.get_by_label(re.compile("Reason")), words("it is serious"))
        assert professional.axe() == []
        professional.press(dialog.get_by_role("button", name="Ask"))
        professional.see("You have asked to come into the chat, and wait for the answer.")
        expect(ask).to_be_hidden()
        assert professional.axe() == [] and not professional.scrolls_sideways()

        card = member.page.locator("[data-asks]")
        expect(card).to_contain_text(f"{them['name of professional']}, a professional of this organisation, asks")
        for one in (member, peer):
            expect(one.page.locator("[data-asks]")).to_be_visible()
            assert one.axe() == [] and not one.scrolls_sideways()
        expect(peer.button(re.compile("^Yes"))).to_have_count(0)
        for button in card.get_by_role("button").all():
            box = button.bounding_box()
            assert box is not None and box["height"] >= 44
        member.go(them["room"])  # it stands there after another visit, too
        member.is_live()
        expect(member.page.get_by_label("Your message")).to_be_visible()
        member.press(card.get_by_role("button", name="Yes, from here on"))
        expect(card).to_be_hidden()
        expect(member.page.get_by_label("Your message")).to_be_focused()
        for one in (member, peer):
            one.see("a professional, came in")
            one.see(f"{them['name of professional']} reads what is said from here on")
            expect(one.page.locator("[data-asks]")).to_be_hidden()
            assert title(one) == {them[f"name of {role}"] for role in ("member", "peer", "professional")}
            assert one.axe() == [] and not one.scrolls_sideways()
        expect(peer.button("They can leave now")).to_have_count(0)

        professional.see("You are in the chat.")
        with professional.context.expect_page() as opened:
            professional.page.get_by_role("link", name="Open the chat").click()
        third = Visitor(opened.value, professional.context, house.address)
        third.is_live()
        third.hears("reads what is said from here on")
        expect(third.page.get_by_text(earlier)).to_have_count(0)
        assert title(third) == {them[f"name of {role}"] for role in ("member", "peer", "professional")}
        assert third.axe() == [] and not third.scrolls_sideways()
        third.say(later := words("I am here"))
        for one in (member, peer):
            one.hears(later)
            expect(one.page.locator("[data-here]")).to_have_text("3 people here")

        member.press(member.button("They can leave now"))
        member.see("They have left.")
        expect(member.page.locator("[data-inside]")).to_be_hidden()
        third.see("You have left this chat.")
        member.say(after := words("only you"))
        peer.hears(after)
        expect(third.page.get_by_text(after)).to_have_count(0)
        for one in (member, peer):
            assert title(one) == {them["name of peer"] if one is member else them["name of member"]}
            assert one.axe() == []
