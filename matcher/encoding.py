"""Encoding: a matcher process's encoder, in a thread of its own; and the profiles that have no vector of it yet.

When the model is another, every profile is encoded anew, a few at a time, while matching goes on.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from chat.ids import PersonId
from chat.keys import Keys
from chat.refusals import Unavailable, without_words
from chat.seal import SealBroken
from chat.store import Store
from matcher import profiles
from matcher.encoder import Encoder, Vectors
from matcher.profiles import Words

logger = logging.getLogger(__name__)

POLL_S = 0.25
"""How often the database is asked whether there is work."""
ENCODE_BATCH = 8
"""Profiles encoded before a waiting request gets its turn (about 100 ms)."""
ENCODE_TIMEOUT_S = 10.0


class Encoding:
    """What is encoded in this process. `encoder`: None until it is loaded."""

    def __init__(self, store: Store, keys: Keys, encoder: Encoder | None = None) -> None:
        self._store = store
        self._keys = keys
        self.encoder = encoder
        self._thread = ThreadPoolExecutor(1, "encoder")

    @property
    def model(self) -> str:
        """Which model encodes; "" while none is loaded."""
        return self.encoder.name if self.encoder is not None else ""

    def use(self, encoder: Encoder) -> None:
        """Use this encoder from now on: it has been loaded."""
        self.encoder = encoder

    async def run(self) -> None:
        """Encode profiles until cancelled."""
        try:
            await self._run()
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def encode(self) -> int:
        """Encode a few profiles that have no vector of this model. Returns how many were taken."""
        encoder = self.encoder
        if encoder is None or not await self._is_unencoded(encoder.name):
            return 0
        async with self._store.transaction() as tx:
            taken = await profiles.take_unencoded(tx, encoder.name, ENCODE_BATCH)
        own = await self._keys.many([row.person for row in taken], "own")
        texts: dict[PersonId, tuple[str, str]] = {}
        for row in taken:
            if (key := own.get(row.person)) is not None and encoder.covers(row.language):
                try:
                    text = text_of(profiles.unseal(key, row.person, row.body))
                except SealBroken:
                    continue
                if text:
                    texts[row.person] = (text, row.language)
        made = await self.vectors(encoder, list(texts.values())) if texts else ()
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

    async def vectors(self, encoder: Encoder, written: list[tuple[str, str]]) -> Vectors:
        """Encode (text, language) pairs."""
        texts, languages = [text for text, _ in written], [language for _, language in written]
        async with asyncio.timeout(ENCODE_TIMEOUT_S):
            return await asyncio.get_running_loop().run_in_executor(self._thread, encoder.encode, texts, languages)

    async def _run(self) -> None:
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

    async def _is_unencoded(self, model: str) -> bool:
        async with self._store.reading() as tx:
            return await profiles.is_unencoded(tx, model)


def text_of(words: Words) -> str:
    """What is encoded of somebody's words; what they keep for themselves takes no part."""
    return words.text if words.text_visibility != "hidden" else ""
