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

import numpy as np
import sqlalchemy as sa

from chat.hours import Hours
from chat.ids import PersonId
from chat.keys import Keys
from chat.refusals import Unavailable, without_words
from chat.seal import SealBroken
from chat.store import Store
from matcher import eligibility, offers, pairs, profiles, requests
from matcher.asking import question
from matcher.assignment import TOP
from matcher.batch import Fate, Open, assigned
from matcher.encoder import Encoder, Vectors
from matcher.encoding import Encoding, text_of
from matcher.facets import PROTECTING, VALUES, Declared, Facet, Name, declared
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
        self.encoding = Encoding(store, keys, encoder)
        self._index = Index(store, keys)
        self._tokens = Tokens(keys.derive("tokens"))
        self._noise = keys.derive("noise")
        self._values: dict[tuple[str, bytes], Facet] = {
            (name, self._tokens.facet(name, value)): Facet(name, value) for name in PROTECTING for value in VALUES[name]
        }
        self._swept = -SWEEP_S

    @property
    def index(self) -> Index:
        return self._index

    async def run(self, wake: asyncio.Event) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._offering(wake))
            tasks.create_task(self.encoding.run())

    async def beat(self) -> bool:
        """Do what is due about offers, and match a batch of requests. Returns whether more may be due already."""
        if time.monotonic() - self._swept > SWEEP_S:
            self._swept = time.monotonic()
            async with self._store.transaction() as tx:
                await requests.expire_old(tx)
        await self._index.follow(self.encoding.model)
        async with self._store.reading() as tx:
            over, now = await offers.expired(tx), await tx.now()
        for offer in over:
            async with self._store.transaction() as tx:
                await offers.expire(tx, offer)
        if self._hours is not None and not self._hours.is_open(now):
            return False  # what stands goes on; nobody new is asked
        if not await self._is_due():
            return False
        async with self._store.transaction() as tx:
            leased = await requests.lease(tx, self._lease_s, BATCH)
        if leased and not await self._matched(leased):
            for held in leased:  # one that breaks takes no other down; what was offered is not ours any more
                await self._matched([held])
        return len(leased) == BATCH

    async def _offering(self, wake: asyncio.Event) -> None:
        while True:
            more = False
            try:
                more = await self.beat()
            except Unavailable:
                logger.warning("matching: the database does not answer; trying again")
            except Exception as error:
                logger.error("matching: a bug; going on in %s s", BUG_S, exc_info=without_words(error))
                await asyncio.sleep(BUG_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), 0 if more else POLL_S)
            wake.clear()

    async def _is_due(self) -> bool:
        """Whether there may be a request to lease; asked in a reading, which keeps nobody who writes waiting."""
        async with self._store.reading() as tx:
            due = sa.select(requests_table.c.id).where(requests.is_due(await tx.now()))
            return (await tx.execute(due.limit(1))).first() is not None

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
        encoder = self.encoding.encoder  # the same to the end: vectors of two models are not compared
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
            scarce = is_few(self._noise, self._index.sharing(one.sought))
            few = scarce or is_few(self._noise, int(np.count_nonzero(fitting)))
            asks = self._question(one, None if few else np.flatnonzero(fitting), similar)
            found.append([] if asks else able)
            fates.append(Fate(scarce, asks, was_asked and not able))
        chosen = assigned(batch, found, alike, people, free)
        for one, fate, peer in zip(batch, fates, chosen, strict=True):
            made = "unfit"
            if peer is not None:
                async with self._store.transaction() as tx:
                    made = await offers.make(tx, one.held, peer, self._offer_s, scarce=fate.scarce)
                logger.info("request %s: %s", one.held.request, made)
            if made == "unfit":
                await self._give_back(one.held, fate, at_once=peer is not None)

    async def _give_back(self, held: Lease, fate: Fate, *, at_once: bool) -> None:
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
        be was asked in this round.

        The database is always asked about whole pages of LOOK, if need be about people who do not fit: how long that
        takes must not tell whether there is one who does.
        """
        ranked = rows[best(similar[rows], len(rows))]
        others = np.setdiff1d(np.arange(len(similar)), rows)[: _short_of_a_page(len(rows))]
        able: list[int] = []
        was_asked = False
        for start in range(0, len(ranked) + len(others), LOOK):
            page = {PersonId(int(self._index.people[row])): int(row) for row in ranked[start : start + LOOK]}
            filled = [*page, *(int(one) for one in self._index.people[others[: LOOK - len(page)]])]
            async with self._store.reading() as tx:
                may = await eligibility.eligible(tx, one.held.request, filled)
            able += [row for person, row in page.items() if may.get(person) is False]
            was_asked |= any(may.get(person, False) for person in page)
            if len(able) >= TOP:
                break
        return able[:TOP], was_asked

    def _question(self, one: Open, rows: "np.typing.NDArray[np.intp] | None", similar: Vectors) -> str | None:
        """Return the facet to ask the person about before anybody is asked for them, or None. It hangs on nobody who is
        free, blocked or alone in what they share: what is asked must not tell that somebody is there."""
        top = None if rows is None else [self._declared(int(rows[n])) for n in best(similar[rows], TOP)]
        return question(text_of(one.words), one.words.facets, one.held.questioned, top)

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
            text, vector = text_of(words), None
            if encoder is None and text and held.waited_s < PATIENCE_S:
                async with self._store.transaction() as tx:
                    await requests.put_back(tx, held, again_s=POLL_S)
                continue
            if encoder is not None and held.vector is not None and held.vector_model == encoder.name:
                with contextlib.suppress(SealBroken):
                    vector = profiles.unseal_vector(key, held.person, held.vector, encoder.name, "requests")
            if vector is None and encoder is not None and text and encoder.covers(held.language):
                fresh.append(len(opened))
            opened.append((held, words, vector))
        if fresh and encoder is not None:
            written = [(text_of(opened[n][1]), opened[n][0].language) for n in fresh]
            made: Sequence[Vectors] = ()
            with contextlib.suppress(TimeoutError):  # facets decide then, and the next look tries again
                made = list(await self.encoding.vectors(encoder, written))
            async with self._store.transaction() as tx:
                for n, vector in zip(fresh, made, strict=False):
                    held, words, _ = opened[n]
                    sealed = profiles.seal_vector(own[held.person], held.person, vector, encoder.name, "requests")
                    await requests.keep_vector(tx, held, encoder.name, sealed)
                    opened[n] = held, words, vector
        return [Open(held, words, self._sought(held, words, vector)) for held, words, vector in opened]

    def _sought(self, held: Lease, words: Words, vector: Vectors | None) -> Sought:
        reads = (("reads", language.encode()) for language in held.languages)
        facets = frozenset((*self._tokens.facets(declared(words.facets), words.near), *reads))
        return Sought(facets, held.breadth, vector)


def _short_of_a_page(count: int) -> int:
    """Return how many are missing to whole pages of LOOK, of which there is at least one."""
    return -count % LOOK if count else LOOK
