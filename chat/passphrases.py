"""Passphrases: how staff sign in. Kept as argon2id, computed in two threads of its own and never inside a transaction.

Tries are counted on the person's locked row before the work is done, so the limit is exact over all processes; a name
nobody has costs the same time as one somebody has.

Source: RFC 9106 (Argon2); parameters from OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chat import words
from chat.ids import PersonId
from chat.refusals import Refusal, SignedOut, TooFast
from chat.store import Store
from chat.tables import meta, people

LEAST = 12
MOST = 1000
TRIES = 5
TRIES_MS = 15 * 60 * 1000

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_threads = ThreadPoolExecutor(2, "argon2")
"""Two at a time: a flood of tries may cost 38 MiB and two threads, and the rest waits."""
_NOBODYS = _hasher.hash("nobody's passphrase")


class WeakPassphrase(Refusal):
    """Shorter than LEAST characters, or longer than MOST."""

    code = "weak_passphrase"


async def set_passphrase(store: Store, person: PersonId, text: str) -> None:
    """Keep a passphrase; the one before is void.

    Raises:
        WeakPassphrase. SignedOut: no such person, banned or erased.
    """
    if not LEAST <= len(text) <= MOST:
        raise WeakPassphrase
    hashed = await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, _bytes(text))
    async with store.transaction() as tx:
        kept = sa.update(people).where(people.c.id == person, people.c.state == "active")
        if (await tx.execute(kept.values(passphrase=hashed, tries=0, tries_since=0))).rowcount == 0:
            raise SignedOut


async def check(store: Store, nickname: str, text: str) -> PersonId:
    """Return whose nickname and passphrase these are.

    Raises:
        SignedOut: they do not belong together; the name is nobody's; no passphrase was set. The three look the same.
        TooFast: TRIES in fifteen minutes, right ones since the last success included.
    """
    hashed, person = _NOBODYS, None
    async with store.transaction() as tx:
        wanted = sa.select(people.c.id).where(people.c.skeleton == words.skeleton(nickname[:MOST]))
        found = (await tx.execute(wanted)).scalar()
        row = None if found is None else (await tx.lock(people, [found])).get(found)
        if row is not None and row.state == "active":
            now = await tx.now()
            running = row.tries_since <= now < row.tries_since + TRIES_MS
            count, since = (row.tries, row.tries_since) if running else (0, now)
            if count >= TRIES:
                raise TooFast((since + TRIES_MS - now) / 1000)
            await tx.execute(sa.update(people).where(people.c.id == found).values(tries=count + 1, tries_since=since))
            if row.passphrase is not None:
                hashed, person = row.passphrase, PersonId(row.id)
        else:  # writes as much as the other way, so that the commit costs the same
            await tx.execute(sa.update(meta).where(meta.c.name == "epoch").values(value=meta.c.value))
    fits = await asyncio.get_running_loop().run_in_executor(_threads, _fits, hashed, _bytes(text))
    if person is None or not fits:
        raise SignedOut
    async with store.transaction() as tx:
        still = sa.update(people).where(
            people.c.id == person, people.c.passphrase == hashed, people.c.state == "active"
        )
        if (await tx.execute(still.values(tries=0, tries_since=0))).rowcount == 0:
            raise SignedOut
    return person


def _bytes(text: str) -> bytes:
    return text[: MOST + 1].encode("utf-8", "surrogatepass")


def _fits(hashed: str, text: bytes) -> bool:
    try:
        return _hasher.verify(hashed, text)
    except (VerificationError, InvalidHashError):
        return False
