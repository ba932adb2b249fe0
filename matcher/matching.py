"""Matching: the loop of a matcher process. Any number of them run; each takes what is due, and may die at any line.

    expired offers  ->  back to waiting
    a due request   ->  leased, encoded, ranked among who may be asked, offered to the first who still may
    a new profile   ->  encoded

It wakes by asking the database every POLL_S, and at once when `wake` is set (a hint, which may be lost). Offers go on
while the model loads: what needs a vector waits for it a little, and is then matched by facets.
"""

import asyncio
import contextlib
import logging
import random
import time
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from chat.ids import PersonId
from chat.keys import Keys
from chat.refusals import Unavailable, without_words
from chat.seal import SealBroken
from chat.store import Store
from matcher import eligibility, offers, profiles, requests
from matcher.encoder import Encoder, Vectors
from matcher.facets import declared, likeness, may_meet
from matcher.pool import Known, Pool, matrix
from matcher.ranking import rank, set_apart
from matcher.requests import Lease
from matcher.tables import OPEN
from matcher.tables import requests as requests_table

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
TRIES = 5
"""So many of the ranked are tried where others take them first."""
BUG_S = 5.0
"""After what should not happen the loop goes on, but does not fill the log."""
SWEEP_S = 15.0
"""Who has gone is forgotten, and old requests end, this often."""
ENCODE_BATCH = 8
"""Profiles encoded before a waiting request gets its turn (about 100 ms)."""
ENCODE_TIMEOUT_S = 10.0


class Matching:
    """One matcher process's work."""

    def __init__(self, store: Store, keys: Keys, *, offer_s: int, lease_s: int, encoder: Encoder | None = None) -> None:
        self._store = store
        self._keys = keys
        self._offer_s = offer_s
        self._lease_s = lease_s
        self._encoder = encoder
        self._pool = Pool(store, keys)
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
            await self._pool.warm()
            async with self._store.transaction() as tx:
                await requests.expire_old(tx)
        async with self._store.reading() as tx:
            over = await offers.expired(tx)
        for offer in over:
            async with self._store.transaction() as tx:
                await offers.expire(tx, offer)
        while await self._is_due():
            async with self._store.transaction() as tx:
                held = await requests.lease(tx, self._lease_s)
            if held is None:
                return
            try:
                await self._match(held)
            except Unavailable:
                raise
            except Exception as error:
                logger.error("request %s: a bug; its lease runs out and it is looked at again", held.request,
                             exc_info=without_words(error))  # fmt: skip

    async def encode(self) -> int:
        """Encode a few profiles that have no vector of this model. Returns how many were taken."""
        encoder = self._encoder
        if encoder is None or not await self._is_unencoded(encoder.name):
            return 0
        async with self._store.transaction() as tx:
            taken = await profiles.take_unencoded(tx, encoder.name, ENCODE_BATCH)
        own = await self._keys.many([row.person for row in taken], "own")
        texts: dict[PersonId, str] = {}
        for row in taken:
            if (key := own.get(row.person)) is not None and encoder.covers(row.language):
                try:
                    texts[row.person] = _text(profiles.unseal(key, row.person, row.body))
                except SealBroken:
                    continue
        chosen = [person for person, text in texts.items() if text]
        made = await self._vectors(encoder, [texts[person] for person in chosen]) if chosen else ()
        sealed = {
            person: profiles.seal_vector(own[person], person, vector, encoder.name)
            for person, vector in zip(chosen, made, strict=True)
        }
        if taken:
            async with self._store.transaction() as tx:
                for row in sorted(taken, key=lambda one: one.person):
                    await profiles.keep_vector(tx, row.person, row.version, encoder.name, sealed.get(row.person))
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
            now = await tx.now()
            due = sa.select(requests_table.c.id).where(
                requests_table.c.state.in_(OPEN),
                sa.or_(
                    sa.and_(requests_table.c.state == "waiting", requests_table.c.next_at <= now),
                    sa.and_(requests_table.c.state == "leased", requests_table.c.lease_until <= now),
                ),
            )
            return (await tx.execute(due.limit(1))).first() is not None

    async def _is_unencoded(self, model: str) -> bool:
        async with self._store.reading() as tx:
            return await profiles.is_unencoded(tx, model)

    async def _match(self, held: Lease) -> None:
        """Offer a leased request to the best who may be asked, or give it back."""
        key = (await self._keys.many([held.person], "own")).get(held.person)
        try:
            words = profiles.unseal(key, held.person, held.body, "requests") if key is not None else None
        except SealBroken:
            words = None
        if words is None or key is None:
            async with self._store.transaction() as tx:
                await requests.drop(tx, held)
            return
        encoder, text = self._encoder, _text(words)
        vector, model = None, held.vector_model
        if encoder is None and held.vector is None and text and held.waited_s < PATIENCE_S:
            await self._put_back(held, again_s=POLL_S)
            return
        if held.vector is not None and model is not None and (encoder is None or encoder.name == model):
            vector = profiles.unseal_vector(key, held.person, held.vector, model, "requests")
        elif encoder is not None and text and encoder.covers(held.language):
            vector, model = (await self._vectors(encoder, [text]))[0], encoder.name
            sealed = profiles.seal_vector(key, held.person, vector, model, "requests")
            async with self._store.transaction() as tx:
                if not await requests.keep_vector(tx, held, model, sealed):
                    return
        async with self._store.reading() as tx:
            rows = await eligibility.candidates(tx, held.request, held.round, held.person, held.languages)
        known = await self._pool.of(rows)
        wanted = declared(words.facets)
        fitting = [row for row in rows if row.person in known and may_meet(wanted, known[row.person].declared)]
        free = [row for row in fitting if not row.asked]
        free.sort(key=lambda row: (-likeness(wanted, known[row.person].declared), row.offered_at))
        for peer in _best([(row.person, known[row.person]) for row in free], vector, model or ""):
            async with self._store.transaction() as tx:
                made = await offers.make(tx, held, peer, self._offer_s)
            if made != "unfit":
                logger.info("request %s: %s", held.request, made)
                return
        if fitting and not free:
            await self._put_back(held, again_s=min(PAUSE_S * held.round, PAUSE_MOST_S), fitting=True, next_round=True)
        else:
            again_s = POLL_S if free else RETRY_S * (1 + random.random())
            await self._put_back(held, again_s=again_s, fitting=bool(fitting))

    async def _put_back(
        self, held: Lease, *, again_s: float, fitting: bool | None = None, next_round: bool = False
    ) -> None:
        async with self._store.transaction() as tx:
            await requests.put_back(tx, held, again_s=again_s, fitting=fitting, next_round=next_round)

    async def _vectors(self, encoder: Encoder, texts: list[str]) -> Vectors:
        async with asyncio.timeout(ENCODE_TIMEOUT_S):
            return await asyncio.get_running_loop().run_in_executor(self._thread, encoder.encode, texts)


def _best(free: list[tuple[PersonId, Known]], vector: Vectors | None, model: str) -> list[PersonId]:
    """Return whom to ask, best first. `free` is in the order that stands where similarity does not tell."""
    if vector is None or not free:
        return [person for person, _ in free[:TRIES]]
    ranked = rank(*set_apart(vector, matrix([known for _, known in free], model, vector)), top=TRIES)
    return [free[row][0] for row, _ in ranked]


def _text(words: profiles.Words) -> str:
    """What is encoded of somebody's words; what they keep for themselves takes no part."""
    return words.text if words.text_visibility != "hidden" else ""
