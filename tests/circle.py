"""A circle of peers and seekers to test matching in, on a place with both packages' tables."""

import zlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from chat.ids import PersonId
from matcher import changes, offers, pairs, peers, profiles, requests, topics, waiting
from matcher.encoder import Vectors
from matcher.facets import Facet, Name
from matcher.matching import Matching
from matcher.requests import Lease, OfferId, RequestId
from matcher.tables import offers as offers_table
from matcher.tables import requests as requests_table
from matcher.tokens import Tokens
from tests.place import Place, open_place
from tests.words import CANARY, words

Facets = Iterable[tuple[Name, str]]


class WordCounts:
    """The stand-in encoder: texts are alike when they share words. Deterministic."""

    name = "word-counts"

    def __init__(self) -> None:
        self.encoded = 0

    def covers(self, language: str) -> bool:
        return language == "en"

    def encode(self, texts: list[str], languages: list[str]) -> Vectors:
        made = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                if not word.startswith(CANARY):
                    made[row, zlib.crc32(word.encode()) % 63] += 1
            made[row, 63] = 0.01
        self.encoded += len(texts)
        made /= np.linalg.norm(made, axis=1, keepdims=True)
        return made


@dataclass(frozen=True)
class Circle:
    """A place with matching."""

    place: Place
    encoder: WordCounts

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.place.keys.derive("tokens"))

    def matching(self, *, offer_s: int = 90, lease_s: int = 15) -> Matching:
        """Build one matcher process's work, with the stand-in loaded."""
        return Matching(self.place.store, self.place.keys, offer_s=offer_s, lease_s=lease_s, encoder=self.encoder)

    async def peer(
        self, text: str = "", *facets: tuple[Name, str], languages: Iterable[str] = ("en",), capacity: int = 1
    ) -> PersonId:
        """Make a trained peer with a profile, open."""
        person = await self.place.person("peer")
        await self.save(person, text, facets, languages=languages)
        await self.available(person, "open", capacity)
        return person

    async def save(
        self,
        person: PersonId,
        text: str,
        facets: Facets = (),
        *,
        languages: Iterable[str] = ("en",),
        language: str = "en",
    ) -> None:
        """Save a profile; every facet is shown."""
        key = await self.place.keys.get(person, "own")
        kept = profiles.compose(words(text), "matching", [Facet(name, value, "shown") for name, value in facets])
        async with self.place.store.transaction() as tx:
            await profiles.save(
                tx, person, profiles.seal(key, self.tokens, person, kept), language=language, languages=languages
            )

    async def available(self, person: PersonId, state: peers.State, capacity: int = 1) -> None:
        """Set a peer's availability."""
        async with self.place.store.transaction() as tx:
            await peers.set_availability(tx, person, state, capacity)

    async def seeker(self) -> PersonId:
        """Make a member."""
        return await self.place.person()

    async def ask(
        self,
        person: PersonId,
        text: str = "",
        *facets: tuple[Name, str],
        languages: Iterable[str] = ("en",),
        language: str = "en",
        per_hour: int = 10,
        questions: bool = False,
        anew: bool = False,
    ) -> RequestId:
        """Ask for one person; every facet is shown. Without `questions` they were asked one and have left it open."""
        key = await self.place.keys.get(person, "own")
        kept = profiles.compose(words(text), "matching", [Facet(name, value, "shown") for name, value in facets])
        sealed = profiles.seal(key, self.tokens, person, kept, "requests")
        async with self.place.store.transaction() as tx:
            made = await requests.ask(
                tx, person, sealed, language=language, languages=languages, per_hour=per_hour, anew=anew
            )
            if not questions:
                await tx.execute(sa.update(requests_table).values(questioned="role"))
            return made

    async def lease(self, lease_s: int = 15) -> Lease | None:
        """Lease the first that is due."""
        async with self.place.store.transaction() as tx:
            return next(iter(await requests.lease(tx, lease_s)), None)

    async def make(self, held: Lease, peer: PersonId, offer_s: int = 90) -> offers.Made:
        """Offer a leased request."""
        async with self.place.store.transaction() as tx:
            return await offers.make(tx, held, peer, offer_s, scarce=False)

    async def offered(self, seeker: PersonId, peer: PersonId, offer_s: int = 90) -> OfferId:
        """Ask as the seeker, and offer it to the peer."""
        await self.ask(seeker)
        held = await self.lease()
        assert held is not None
        assert await self.make(held, peer, offer_s) == "offered"
        return (await self.standing(peer))[0]

    async def standing(self, peer: PersonId) -> list[OfferId]:
        """Return the offers before a peer."""
        return [card.offer for card in await offers.for_peer(self.place.store, self.place.keys, peer)]

    async def request(self, seeker: PersonId) -> waiting.Standing:
        """Return how a person's request stands."""
        async with self.place.store.reading() as tx:
            found = await waiting.standing(tx, seeker)
        assert found is not None
        return found

    async def answer(self, seeker: PersonId, name: Name, value: str | None) -> None:
        """Answer what the seeker is asked about, instead of what they declared of it; None: leave it open."""
        found = await waiting.load(self.place.store, self.place.keys, seeker)
        assert found is not None
        key, sealed = await self.place.keys.get(seeker, "own"), None
        if value is not None:
            kept = [one for one in found.words.facets if one.name != name]
            said = profiles.Words(found.words.text, found.words.text_visibility, (*kept, Facet(name, value)))
            sealed = profiles.seal(key, self.tokens, seeker, said, "requests")
        async with self.place.store.transaction() as tx:
            await waiting.answer(tx, seeker, name, sealed)

    async def run_out(self, table: sa.Table, column: str) -> None:
        """Let a time in every row of a table be over, instead of waiting for it."""
        async with self.place.store.transaction() as tx:
            await tx.execute(sa.update(table).values({column: 1}))

    async def offers_run_out(self) -> None:
        """Let every offer's time be over."""
        await self.run_out(offers_table, "expires_at")

    async def look_again(self) -> None:
        """Let every request be due."""
        await self.run_out(requests_table, "next_at")


@asynccontextmanager
async def open_circle(database_url: str, folder: Path) -> AsyncIterator[Circle]:
    """Open a circle on an empty database."""
    async with open_place(database_url, folder) as place:
        async with place.store.transaction() as tx:
            await changes.seed(tx)
            await pairs.seed(tx, Tokens(place.keys.derive("tokens")))
            await topics.seed(tx)
        yield Circle(place, WordCounts())
