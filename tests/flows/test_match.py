"""The whole of it as it runs at scale: two `web` and two `matcher` processes, PostgreSQL, Redis, the real model.

One asks on one process's page, the peer it fits best sees the offer live on the other, accepts, and both talk. A
matcher that starts while Redis is frozen or dead does the same.
"""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from chat.ids import PersonId, RoomId
from chat.protocol import Entry
from matcher import peers, profiles
from matcher.facets import Facet
from matcher.tables import profiles as profiles_table
from matcher.tokens import Tokens
from tests import servers
from tests.client import answer_code
from tests.place import Place
from tests.town import ENDS_S, TOLD_S, Town
from tests.words import words

OFFER_S = 12.0
"""Far more than a request takes to become an offer: the machine may be busy with other tests."""

ENCODED_S = 30.0

ASKED = "I stopped drinking three weeks ago and the evenings are unbearable. I want to talk to one who got through."
FITS = "I drank every evening for eleven years. Four years sober now; I know how long the first evenings are."
OTHER = "My mother had dementia and I looked after her at home. I know the nights when she wandered."


async def make_peer(place: Place, text: str) -> PersonId:
    """Make a trained peer, open, with a profile."""
    person = await place.person("peer")
    kept = profiles.compose(words(text), "matching", [Facet("kind", "emotional", "shown")])
    sealed = profiles.seal(await place.keys.get(person, "own"), Tokens(place.keys.derive("tokens")), person, kept)
    async with place.store.transaction() as tx:
        await profiles.save(tx, person, sealed, language="en", languages=["en"])
        await peers.set_availability(tx, person, "open", 1)
    return person


async def encoded(place: Place, *people: PersonId) -> None:
    """Wait until a matcher has encoded what they wrote: before, whoever was here earlier is more alike."""
    profile = profiles_table.c
    async with asyncio.timeout(ENCODED_S):
        while True:
            if all(row.vector for row in await place.rows(profiles_table, profile.person.in_(people))):
                return
            await asyncio.sleep(0.05)


@pytest.mark.model
@pytest.mark.timeout(240)
@pytest.mark.parametrize("town", servers.REDIS_STATES, indirect=True)
async def test_who_asks_is_matched_by_words_and_both_talk_across_processes(town: Town) -> None:
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(town.place())
        fits, other, seeker = await make_peer(place, FITS), await make_peer(place, OTHER), await place.person()
        matchers = stack.enter_context(town.matchers(2 if town.is_hinted else 1))
        await encoded(place, fits, other)
        desks = []
        for person in (fits, other):
            desk = await stack.enter_async_context(town.client(place, person, 1))
            await desk.join(desk.welcome.you.inbox)
            desks.append(desk)
        desk, spared = desks
        waiting = await stack.enter_async_context(town.client(place, seeker, 0))
        await waiting.join(waiting.welcome.you.inbox)
        page = await stack.enter_async_context(town.browser(place, seeker, 0))
        assert (await page.get("/ask")).status_code == 200
        asked = await page.post("/ask", {"text": words(ASKED), "text_visibility": "shown", "language": "en",
                                         "reads": "en", "side": "not_affected"})  # fmt: skip
        assert (asked.status_code, asked.headers["location"]) == (303, "/waiting")

        inbox = desk.welcome.you.inbox
        await desk.until(lambda: [entry.kind for entry in desk.entries[inbox]] == ["offered"], OFFER_S + TOLD_S)
        offer = desk.entries[inbox][0].ref
        theirs = await stack.enter_async_context(town.browser(place, fits, 1))
        shown = await theirs.get("/desk")
        assert shown.status_code == 200 and ASKED in shown.text
        accepted = await theirs.post(f"/desk/offers/{offer}/accept")
        assert accepted.status_code == 303

        room = RoomId(int(accepted.headers["location"].rpartition("/")[2]))
        for client in (desk, waiting):
            mine = client.welcome.you.inbox
            await client.until(
                lambda client=client, mine=mine: ("opened", room) in [(e.kind, e.ref) for e in client.entries[mine]],
                TOLD_S,
            )
            await client.join(room, after=0)
        for speaker, hearer in ((waiting, desk), (desk, waiting)):
            text = words("hello")
            said = await speaker.say(room, text)
            assert isinstance(said, Entry), answer_code(said)
            await hearer.until(lambda hearer=hearer, text=text: text in hearer.texts(room), TOLD_S)
        assert waiting.texts(room) == desk.texts(room)
        assert spared.entries[spared.welcome.you.inbox] == [], "nobody else was asked"
        before = time.monotonic()
        assert [await asyncio.to_thread(one.stop) for one in matchers] == [0] * len(matchers)
        assert time.monotonic() - before < ENDS_S
