"""A peer calls for a second, a moderator escalates it, and a supervisor acknowledges, in a browser, by keys."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser, expect

from chat import people, rooms, roster, sessions
from chat.ids import PersonId, RoomId, new_id
from chat.raising import Found, raise_cases
from chat.store import Transaction
from chat.tables import memberships
from chat.tables import people as people_table
from tests.browser import PHONE, House, Visitor, visitor
from tests.place import nickname, open_place
from tests.words import words

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


async def cast(house: House) -> dict[str, str]:
    """Make a seeker, their peer, and who is on shift; return the cookie of each, and the path of the chat."""
    tokens = {}
    async with open_place(f"sqlite:///{house.folder / 'hearthside.db'}", house.folder) as place:
        made: dict[str, PersonId] = {}
        for role in ("member", "peer", "moderator", "supervisor"):
            held = () if role == "member" else (role,)
            made[role] = await people.make(place.store, place.keys, nickname(), "en", roles=held)
            async with place.store.transaction() as tx:
                tokens[role] = await sessions.open(tx, made[role])
        for role in ("moderator", "supervisor"):
            async with place.store.transaction() as tx:
                await roster.begin(tx, place.keys, made[role], 4)
        async with place.store.transaction() as tx:
            await tx.lock(people_table, [made["member"], made["peer"]])
            room = await rooms.open_one_to_one(tx, made["member"], made["peer"], new_id())
    return tokens | {"room": f"/rooms/{room}"}


async def sound_the_alarm(house: House, path: str) -> None:
    """Let the seeker of a chat say something that a detector takes for a cry."""
    room = RoomId(int(path.rpartition("/")[2]))
    async with open_place(f"sqlite:///{house.folder / 'hearthside.db'}", house.folder) as place:
        [seeker] = await place.rows(memberships, memberships.c.room == room, memberships.c.part == "seeker")
        seq = await place.say(room, seeker.person, words())

        async def nothing_else(tx: Transaction) -> None:
            pass

        found = [Found(room, seq, seeker.person, "crisis_now", "imminent")]
        assert await raise_cases(place.store, place.keys, found, nothing_else) == 1


def sign_in(one: Visitor, house: House, token: str) -> None:
    one.context.add_cookies([{"name": "hearthside", "value": token, "url": house.address}])


def test_a_call_is_escalated_and_acknowledged_by_keys_alone(chromium: Browser, house: House) -> None:
    with ThreadPoolExecutor(1) as apart:  # Playwright's loop runs in this thread
        tokens = apart.submit(lambda: asyncio.run(cast(house))).result()
    with (
        visitor(chromium, house.address, width=PHONE) as peer,
        visitor(chromium, house.address) as moderator,
        visitor(chromium, house.address) as supervisor,
        visitor(chromium, house.address) as member,
    ):
        for one, role in ((peer, "peer"), (moderator, "moderator"), (supervisor, "supervisor"), (member, "member")):
            sign_in(one, house, tokens[role])
        for one in (moderator, supervisor):
            one.go("/console")
            one.see("Nothing is waiting.")
            expect(one.page.locator("[data-n-moderators]")).to_have_text("2")  # the demo's, too
        peer.go(tokens["room"])
        peer.is_live()
        peer.press(peer.button("I need a second"))
        peer.press(peer.button("Somebody may be in danger now"))
        peer.see("A moderator has been called.")
        assert not peer.scrolls_sideways()

        keys, queue = moderator.page.keyboard, moderator.page.locator("[data-queue]")
        case = moderator.page.locator("[data-case]")
        expect(case).to_contain_text("needs a second")
        expect(case).to_contain_text("Danger now")
        moderator.tab_to(queue)
        keys.press("Enter")
        moderator.see("A call opens no words")
        moderator.see("Stay with the person until somebody has acknowledged.")
        keys.press("e")
        escalate = moderator.page.locator("dialog#escalate")
        moderator.type(escalate.get_by_label(re.compile("Reason")), words("it is serious"))
        moderator.press(escalate.get_by_role("button", name="Escalate"))
        moderator.see("Somebody is being asked.")
        expect(case).to_contain_text("is asked")
        assert moderator.axe() == []

        supervisor.see("You are asked about a case.")
        assert supervisor.axe() == []
        keys, queue = supervisor.page.keyboard, supervisor.page.locator("[data-queue]")
        supervisor.tab_to(queue)
        keys.press("Enter")
        expect(supervisor.button(re.compile("Acknowledge"))).to_be_visible()
        expect(queue).to_be_focused()
        keys.press("a")
        supervisor.see("You have acknowledged.")
        expect(supervisor.page.locator("[data-asked]")).to_be_hidden()
        expect(case).to_contain_text("acknowledged")
        supervisor.press(supervisor.button("Hand over my cases"))
        to = supervisor.page.locator("dialog#hand-over").get_by_label("To whom")
        expect(to.get_by_role("option")).to_have_count(3)
        supervisor.press(supervisor.page.locator("dialog#hand-over").get_by_role("button", name="Not now"))
        supervisor.tab_to(queue)
        keys.press("x")
        close = supervisor.page.locator("dialog#close")
        supervisor.press(close.get_by_role("button", name="Close the case"))
        expect(supervisor.page.locator("[data-rest]")).to_be_visible()
        supervisor.see("To be reviewed")  # once it can no longer be undone
        supervisor.press(supervisor.button("Reviewed"))
        supervisor.press(supervisor.button("Note it"))
        supervisor.see("The review is noted.")
        expect(supervisor.page.get_by_text("To be reviewed")).to_be_hidden()
        member.go(tokens["room"])
        expect(member.button("I need a second")).to_have_count(0)
        member.is_live()
        with ThreadPoolExecutor(1) as apart:
            apart.submit(lambda: asyncio.run(sound_the_alarm(house, tokens["room"]))).result()
        member.see("That sounds very hard.")
        assert member.axe() == [] and not member.scrolls_sideways()
        expect(peer.page.get_by_text("That sounds very hard.")).to_be_hidden()
        offer = member.page.locator("[data-offer]")
        expect(offer.get_by_role("link", name="Help")).to_have_attribute("href", "/help")
        member.press(offer.get_by_role("button", name="Not now"))
        expect(offer).to_be_hidden()
        expect(member.page.get_by_label("Your message")).to_be_focused()
