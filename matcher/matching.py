"""Matching: the loop of a matcher process. Any number of them run; each takes what is due, and may die at any line.

    expired offers  ->  back to waiting
    due requests    ->  leased, encoded, assigned together among who may be asked, offered
    a new profile   ->  encoded

It wakes at once when something has changed (a hint, which may be lost), and asks the database every POLL_S. Offers go
on while the model loads: what needs a vector waits for it a little, and is then matched by facets.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from chat.hours import Hours
from chat.ids import PersonId
from chat.keys import Keys
from chat.refusals import Unavailable, without_words
from chat.seal import SealBroken
from chat.store import Store
from matcher import eligibility, offers, pairs, profiles, requests
from matcher.asking import most_telling
from matcher.assignment import TOP, Edges, assign, commonness
from matcher.cues import contradicted, missing
from matcher.eligibility import Free
from matcher.encoder import Encoder, Vectors
from matcher.facets import PROTECTING, VALUES, Declared, Facet, Name, declared, undeclared
from matcher.index import Index, Sought
from matcher.noise import is_few
from matcher.profiles import Words
from matcher.ranking import best
from matcher.requests import Lease
from matcher.tables import requests as requests_table
from matcher.tokens import Tokens

logger = logging.getLogger(__name__)

POLL_S = 0.25
"""How often the database is asked whether there is work."""
RETRY_S = 3.0
"""A request nobody may be asked for is looked at again after so long, and up to as long again at random."""
PAUSE_S = 60
"""When everybody who fits was asked, they are asked again after this long, then twice, three times … as long."""
PAUSE_MOST_S = 600
PATIENCE_S = 10.0
"""So long a new request waits for the model that is loading; then facets decide."""
BATCH = 32
"""So many requests are assigned together; more would keep the first of them waiting for the encoder."""
LOOK = 3 * TOP
"""So many of the most alike are looked up in the database at once, until TOP may be asked."""
QUESTION_S = 20.0
"""So long a request waits for the answer to what its person is asked before it goes on without."""
BUG_S = 5.0
"""After what should not happen the loop goes on, but does not fill the log."""
SWEEP_S = 15.0
"""Old requests end this often."""
ENCODE_BATCH = 8
"""Profiles encoded before a waiting request gets its turn (about 100 ms)."""
ENCODE_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, repr=False)
class Open:
    """A leased request that is being matched."""

    held: Lease
    words: Words
    sought: Sought


class Matching:
    """One matcher process's work."""

    def __init__(
        self,
        store: Store,
        keys: Keys,
        *,
        offer_s: int,
        lease_s: int,
        hours: Hours | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        self._store = store
        self._keys = keys
        self._offer_s = offer_s
        self._lease_s = lease_s
        self._hours = hours
        self._encoder = encoder
        self._index = Index(store, keys)
        self._tokens = Tokens(keys.derive("tokens"))
        self._noise = keys.derive("noise")
        self._values: dict[tuple[str, bytes], Facet] = {
            (name, self._tokens.facet(name, value)): Facet(name, value) for name in PROTECTING for value in VALUES[name]
        }
        self._thread = ThreadPoolExecutor(1, "encoder")
        self._swept = -SWEEP_S

    def use(self, encoder: Encoder) -> None:
        """Use this encoder from now on: it has been loaded."""
        self._encoder = encoder

    async def run(self, wake: asyncio.Event) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._offering(wake))
                tasks.create_task(self._encoding())
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def beat(self) -> None:
        """Do everything about requests and offers that is due now."""
        if time.monotonic() - self._swept > SWEEP_S:
            self._swept = time.monotonic()
            async with self._store.transaction() as tx:
                await requests.expire_old(tx)
        await self._index.follow(self._encoder.name if self._encoder is not None else "")
        async with self._store.reading() as tx:
            over, now = await offers.expired(tx), await tx.now()
        for offer in over:
            async with self._store.transaction() as tx:
                await offers.expire(tx, offer)
        if self._hours is not None and not self._hours.is_open(now):
            return  # what stands goes on; nobody new is asked
        while await self._is_due():
            async with self._store.transaction() as tx:
                leased = await requests.lease(tx, self._lease_s, BATCH)
            if not leased:
                return
            if not await self._matched(leased):
                for (
                    held
                ) in leased:  # so one that breaks takes no other down; those already offered are not ours any more
                    await self._matched([held])

    async def encode(self) -> int:
        """Encode a few profiles that have no vector of this model. Returns how many were taken."""
        encoder = self._encoder
        if encoder is None or not await self._is_unencoded(encoder.name):
            return 0
        async with self._store.transaction() as tx:
            taken = await profiles.take_unencoded(tx, encoder.name, ENCODE_BATCH)
        own = await self._keys.many([row.person for row in taken], "own")
        texts: dict[PersonId, tuple[str, str]] = {}
        for row in taken:
            if (key := own.get(row.person)) is not None and encoder.covers(row.language):
                try:
                    text = _text(profiles.unseal(key, row.person, row.body))
                except SealBroken:
                    continue
                if text:
                    texts[row.person] = (text, row.language)
        made = await self._vectors(encoder, list(texts.values())) if texts else ()
        sealed = {
            person: profiles.seal_vector(own[person], person, vector, encoder.name)
            for person, vector in zip(texts, made, strict=True)
        }
        if taken:
            async with self._store.transaction() as tx:
                vectors = {(row.person, row.version): sealed.get(row.person) for row in taken}
                await profiles.keep_vectors(tx, encoder.name, vectors)
            logger.info("encoded %d profiles", len(taken))
        return len(taken)

    async def _offering(self, wake: asyncio.Event) -> None:
        while True:
            try:
                await self.beat()
            except Unavailable:
                logger.warning("matching: the database does not answer; trying again")
            except Exception as error:
                logger.error("matching: a bug; going on in %s s", BUG_S, exc_info=without_words(error))
                await asyncio.sleep(BUG_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), POLL_S)
            wake.clear()

    async def _encoding(self) -> None:
        while True:
            try:
                done = await self.encode()
            except Unavailable:
                done = 0  # the other loop says so
            except Exception as error:
                logger.error("encoding: a bug; the profiles are taken again in %s s", profiles.ENCODE_S,
                             exc_info=without_words(error))  # fmt: skip
                done = 0
            await asyncio.sleep(0 if done else POLL_S)

    async def _is_due(self) -> bool:
        """Whether there may be a request to lease; asked in a reading, which keeps nobody who writes waiting."""
        async with self._store.reading() as tx:
            due = sa.select(requests_table.c.id).where(requests.is_due(await tx.now()))
            return (await tx.execute(due.limit(1))).first() is not None

    async def _is_unencoded(self, model: str) -> bool:
        async with self._store.reading() as tx:
            return await profiles.is_unencoded(tx, model)

    async def _matched(self, leased: Sequence[Lease]) -> bool:
        """Match leased requests. False: what should not happen; the leases run out and they are looked at again."""
        try:
            await self._match(leased)
        except Unavailable:
            raise
        except Exception as error:
            which = ", ".join(str(held.request) for held in leased)
            logger.error("requests %s: a bug", which, exc_info=without_words(error))
            return False
        return True

    async def _match(self, leased: Sequence[Lease]) -> None:
        """Assign leased requests together, and offer each to whom it came; the others are given back."""
        encoder = self._encoder  # the same to the end: vectors of two models are not compared
        await self._index.follow(encoder.name if encoder is not None else "")
        batch = await self._opened(leased, encoder)
        if not batch:
            return
        async with self._store.reading() as tx:
            partners, free = await pairs.partners(tx), {one.person: one for one in await eligibility.free(tx)}
        people = self._index.people
        is_free = np.isin(people, np.fromiter(free, dtype=np.int64, count=len(free)))
        alike = self._index.alike([one.sought for one in batch])
        found: list[list[int]] = []
        fates: list[Fate] = []
        for one, similar in zip(batch, alike, strict=True):
            fitting = self._index.fitting(one.sought, partners)
            able, was_asked = await self._able(one, np.flatnonzero(fitting & is_free), similar)
            counted = b"".join(sorted(token for _, token in one.sought.facets)) + bytes([one.sought.breadth])
            scarce = is_few(self._noise, counted, int(np.count_nonzero(fitting)))
            question = self._question(one, able)
            found.append([] if question else able)
            fates.append(Fate(scarce, question, was_asked and not able))
        chosen = _assigned(batch, found, alike, people, free)
        for one, fate, peer in zip(batch, fates, chosen, strict=True):
            made = "unfit"
            if peer is not None:
                async with self._store.transaction() as tx:
                    made = await offers.make(tx, one.held, peer, self._offer_s, scarce=fate.scarce)
                logger.info("request %s: %s", one.held.request, made)
            if made == "unfit":
                await self._give_back(one.held, fate, at_once=peer is not None)

    async def _give_back(self, held: Lease, fate: "Fate", *, at_once: bool) -> None:
        if at_once:
            again_s = POLL_S
        elif fate.question is not None:
            again_s = QUESTION_S
        elif fate.everybody_asked:
            again_s = min(PAUSE_S * held.round, PAUSE_MOST_S)
        else:
            again_s = RETRY_S * (1 + random.random())
        async with self._store.transaction() as tx:
            await requests.put_back(tx, held, again_s=again_s, scarce=fate.scarce, question=fate.question,
                                    next_round=fate.everybody_asked)  # fmt: skip

    async def _able(self, one: Open, rows: "np.typing.NDArray[np.intp]", similar: Vectors) -> tuple[list[int], bool]:
        """Return who may be asked, most alike first, at most TOP (rows of the index); and whether anybody else who may
        be was asked in this round."""
        ranked = rows[best(similar[rows], len(rows))]
        able: list[int] = []
        was_asked = False
        for start in range(0, len(ranked), LOOK):
            page = {PersonId(int(self._index.people[row])): int(row) for row in ranked[start : start + LOOK]}
            async with self._store.reading() as tx:
                may = await eligibility.eligible(tx, one.held.request, page)
            able += [row for person, row in page.items() if may.get(person) is False]
            was_asked |= any(may.values())
            if len(able) >= TOP:
                break
        return able[:TOP], was_asked

    def _question(self, one: Open, able: list[int]) -> str | None:
        """Return the facet to ask the person about before anybody is asked for them, or None.

        Asked, never inferred: what their words contradict; else, once a request, of what they left open what their
        words hint at, or what would remove most of the best.
        """
        facets, text = one.words.facets, _text(one.words)
        doubted = contradicted(text, facets)
        if doubted is not None and doubted[0] not in one.held.questioned:
            return doubted[0]
        if one.held.questioned:
            return None
        hinted = missing(text, facets)
        return hinted[0] if hinted else most_telling(undeclared(facets), [self._declared(row) for row in able])

    def _declared(self, row: int) -> Declared:
        """Return what keeps pairs from harm of what the peer in a row of the index declares."""
        made: dict[Name, frozenset[str]] = {}
        for held in self._index.declared(row) & self._values.keys():
            one = self._values[held]
            made[one.name] = made.get(one.name, frozenset()) | {one.value}
        return made

    async def _opened(self, leased: Sequence[Lease], encoder: Encoder | None) -> list[Open]:
        """Open what was leased and see that it has vectors. Requests that cannot be opened end; those that still wait
        for the model go back."""
        own = await self._keys.many([held.person for held in leased], "own")
        opened: list[tuple[Lease, Words, Vectors | None]] = []
        fresh: list[int] = []
        for held in leased:
            key = own.get(held.person)
            try:
                words = profiles.unseal(key, held.person, held.body, "requests") if key is not None else None
            except SealBroken:
                words = None
            if words is None or key is None:
                async with self._store.transaction() as tx:
                    await requests.drop(tx, held)
                continue
            text, vector = _text(words), None
            if encoder is None and text and held.waited_s < PATIENCE_S:
                async with self._store.transaction() as tx:
                    await requests.put_back(tx, held, again_s=POLL_S)
                continue
            if encoder is not None and held.vector is not None and held.vector_model == encoder.name:
                vector = profiles.unseal_vector(key, held.person, held.vector, encoder.name, "requests")
            elif encoder is not None and text and encoder.covers(held.language):
                fresh.append(len(opened))
            opened.append((held, words, vector))
        if fresh and encoder is not None:
            name = encoder.name
            made = await self._vectors(encoder, [(_text(opened[n][1]), opened[n][0].language) for n in fresh])
            async with self._store.transaction() as tx:
                for n, vector in zip(fresh, made, strict=True):
                    held, words, _ = opened[n]
                    sealed = profiles.seal_vector(own[held.person], held.person, vector, name, "requests")
                    await requests.keep_vector(tx, held, name, sealed)
                    opened[n] = held, words, vector
        return [Open(held, words, self._sought(held, words, vector)) for held, words, vector in opened]

    def _sought(self, held: Lease, words: Words, vector: Vectors | None) -> Sought:
        reads = (("reads", language.encode()) for language in held.languages)
        facets = frozenset((*self._tokens.facets(declared(words.facets), words.near), *reads))
        return Sought(facets, held.breadth, vector)

    async def _vectors(self, encoder: Encoder, written: list[tuple[str, str]]) -> Vectors:
        """Encode (text, language) pairs."""
        texts, languages = [text for text, _ in written], [language for _, language in written]
        async with asyncio.timeout(ENCODE_TIMEOUT_S):
            return await asyncio.get_running_loop().run_in_executor(self._thread, encoder.encode, texts, languages)


@dataclass(frozen=True, slots=True)
class Fate:
    """What the look at a request came to. `everybody_asked`: all who may be were asked in this round."""

    scarce: bool
    question: str | None
    everybody_asked: bool


def _assigned(
    batch: Sequence[Open],
    able: Sequence[Sequence[int]],
    alike: Vectors,
    people: "np.typing.NDArray[np.int64]",
    free: dict[PersonId, Free],
) -> list[PersonId | None]:
    """Return to whom each request goes, if to anybody. `able`: rows of the index, for each request."""
    rows = sorted({row for one in able for row in one})
    column = {row: n for n, row in enumerate(rows)}
    peers = [free[PersonId(int(people[row]))] for row in rows]
    pairs_of = [(n, row) for n, one in enumerate(able) for row in sorted(one)]
    edges = Edges(
        np.array([n for n, _ in pairs_of], dtype=np.intp),
        np.array([column[row] for _, row in pairs_of], dtype=np.intp),
        np.array([alike[n, row] for n, row in pairs_of], dtype=np.float32),
    )
    taken = assign(
        edges,
        capacity=np.array([one.places for one in peers], dtype=np.int64),
        talks=np.array([one.load for one in peers], dtype=np.int64),
        waited_min=np.array([one.held.waited_s / 60 for one in batch]),
        common=commonness(alike),
    )
    return [None if place < 0 else peers[place].person for place in taken]


def _text(words: Words) -> str:
    """What is encoded of somebody's words; what they keep for themselves takes no part."""
    return words.text if words.text_visibility != "hidden" else ""
