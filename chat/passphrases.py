"""Passphrases: how staff sign in. Kept as argon2id, computed in two threads of its own and never inside a transaction.

Tries are counted before the work is done, exactly and over all processes, and by the name that was typed, whether or
not somebody has it: a name nobody has is refused as often, as soon and as slowly as one somebody has. Not the name is
kept for it but an HMAC, under a key outside the database, for no longer than the count.

Source: RFC 9106 (Argon2); parameters from OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane.
"""

import asyncio
import hmac
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.dialects import postgresql, sqlite

from chat import words
from chat.ids import PersonId
from chat.keys import Keys
from chat.refusals import Refusal, SignedOut, TooFast
from chat.store import Store, Transaction
from chat.tables import people, sign_ups

LEAST = 12
MOST = 1000
TRIES = 5
MINUTE_MS = 60_000
TRIES_MINUTES = 15
LOCK = 0x7472696573
"""The PostgreSQL advisory lock under which tries are counted: "tries" in ASCII."""
FIRST_MINUTE = 1_000_000
"""Tries stand beside sign-ups in one table, with the minute where those have the day, of which there are 20,000."""

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
        if (await tx.execute(kept.values(passphrase=hashed))).rowcount == 0:
            raise SignedOut


async def check(store: Store, keys: Keys, nickname: str, text: str) -> PersonId:
    """Return whose nickname and passphrase these are.

    Raises:
        SignedOut: they do not belong together; the name is nobody's; no passphrase was set. The three look the same.
        TooFast: TRIES at this name in fifteen minutes, right ones since the last success included.
    """
    name = words.skeleton(nickname[:MOST])
    counted = hmac.digest(keys.derive("tries"), name.encode("utf-8", "surrogatepass"), "sha256")
    async with store.transaction() as tx:
        await _count(tx, counted)
        wanted = sa.select(people.c.id, people.c.passphrase).where(
            people.c.skeleton == name, people.c.state == "active", people.c.passphrase.is_not(None)
        )
        found = (await tx.execute(wanted)).first()
    hashed = _NOBODYS if found is None else found.passphrase
    fits = await asyncio.get_running_loop().run_in_executor(_threads, _fits, hashed, _bytes(text))
    if found is None or not fits:
        raise SignedOut
    async with store.transaction() as tx:
        still = sa.select(people.c.id).where(
            people.c.id == found.id, people.c.passphrase == hashed, people.c.state == "active"
        )
        if (await tx.execute(still)).first() is None:
            raise SignedOut
        await tx.execute(sa.delete(sign_ups).where(sign_ups.c.address == counted))
    return PersonId(found.id)


async def _count(tx: Transaction, name: bytes) -> None:
    """Count one try at a name, by the minute.

    Raises:
        TooFast: TRIES in the last TRIES_MINUTES; this one is not counted.
    """
    if tx.is_postgresql:  # of several at once each counts the ones before it; SQLite has one writer anyway
        await tx.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    now = await tx.now()
    minute = now // MINUTE_MS
    over = sign_ups.c.day <= minute - TRIES_MINUTES
    await tx.execute(sa.delete(sign_ups).where(sign_ups.c.day >= FIRST_MINUTE, over))
    mine = sa.select(sign_ups.c.day, sign_ups.c.count.label("tries")).where(sign_ups.c.address == name)
    tried = list(await tx.execute(mine.order_by(sign_ups.c.day)))
    if sum(one.tries for one in tried) >= TRIES:
        raise TooFast(((tried[0].day + TRIES_MINUTES) * MINUTE_MS - now) / 1000)
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    row = insert(sign_ups).values(address=name, day=minute, count=1)
    await tx.execute(row.on_conflict_do_update(index_elements=["address", "day"], set_={"count": sign_ups.c.count + 1}))


def _bytes(text: str) -> bytes:
    return text[: MOST + 1].encode("utf-8", "surrogatepass")


def _fits(hashed: str, text: bytes) -> bool:
    try:
        return _hasher.verify(hashed, text)
    except (VerificationError, InvalidHashError):
        return False
