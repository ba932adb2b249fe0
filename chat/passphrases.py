"""Passphrases: how staff sign in. Kept as argon2id, computed in two threads of its own and never inside a transaction.

Tries are counted before the work is done, exactly and over all processes, and by the name that was typed, whether or
not somebody has it: a name nobody has is refused as often, as soon and as slowly as one somebody has. Neither name nor
address is kept for it but an HMAC, under a key outside the database, for a day.

Who guesses must not lock out whose name it is. So a device on which somebody has signed in before carries a token for
their name and is counted by itself alone; all other tries are counted by name and address, and by name. That leaves
5 guesses in 15 minutes and 20 a day from one address, and 100 a day from all addresses together, so that one address
alone cannot use those up; a device that is known, which takes the right passphrase first, has 480 a day. (A recovery
code comes in past all of it.)

Sources: RFC 9106 (Argon2); parameters from OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane; devices
after OWASP's "Slow Down Online Guessing Attacks with Device Cookies".
"""

import asyncio
import hmac
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.dialects import postgresql, sqlite

from chat import sign_ups, words
from chat.ids import Millis, PersonId
from chat.keys import Keys
from chat.refusals import Banned, Refusal, SignedOut, TooFast
from chat.store import Store, Transaction
from chat.tables import people, tries

LEAST = 12
MOST = 1000
MINUTE_MS = 60_000
TRIES, TRIES_MINUTES = 5, 15
"""At one name from one address; or from one device that is known for the name, wherever it is."""
TRIES_A_DAY, DAY_MINUTES = 20, 24 * 60
"""At one name from one address: it takes several addresses to use up STRANGERS."""
STRANGERS = 100
"""At one name in DAY_MINUTES from everywhere, known devices left out."""
ADDRESS = 60
"""In TRIES_MINUTES from one address, at whatever names, known devices left out: each costs us 19 MiB for a while."""
DEVICE_BYTES = 16
LOCK = 0x7472696573
"""The PostgreSQL advisory lock under which tries are counted: "tries" in ASCII."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_threads = ThreadPoolExecutor(2, "argon2")
"""Two at a time: a flood of tries may cost 38 MiB and two threads, and the rest waits."""
_NOBODYS = _hasher.hash("nobody's passphrase")


@dataclass(frozen=True, slots=True)
class Tries:
    """What is counted (an HMAC), and how many may be in so many minutes."""

    what: bytes
    most: int
    minutes: int


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


async def know_device(store: Store, keys: Keys, person: PersonId) -> str:
    """Return a token for a device on which this person has just signed in; it opens nothing (see `check`).

    It ends when the passphrase changes: whoever knew the one before is a stranger then.
    """
    async with store.reading() as tx:
        hashed = (await tx.execute(sa.select(people.c.passphrase).where(people.c.id == person))).scalar()
    return _device(keys, secrets.token_hex(DEVICE_BYTES), person, hashed or "")


async def check(store: Store, keys: Keys, nickname: str, text: str, address: str, device: str = "") -> PersonId:
    """Return whose nickname and passphrase these are.

    Args:
        address: the network address it comes from.
        device: what `know_device` returned on this device, or anything else.

    Raises:
        SignedOut: they do not belong together; the name is nobody's; no passphrase was set. The three look the same.
        Banned: they do belong together.
        TooFast: as many tries as may be, right ones included. A success begins the device's count afresh, or the one at
            this name from this address; what all addresses, or all names, share stays counted.
    """
    name, where = words.skeleton(nickname[:MOST]), sign_ups.network(address)
    key = keys.derive("tries")
    async with store.transaction() as tx:
        wanted = sa.select(people.c.id, people.c.passphrase).where(
            people.c.skeleton == name, people.c.state != "erased", people.c.passphrase.is_not(None)
        )
        found = (await tx.execute(wanted)).first()
        mine = [Tries(_mac(key, "here", where, name), TRIES, TRIES_MINUTES),
                Tries(_mac(key, "here today", where, name), TRIES_A_DAY, DAY_MINUTES)]  # fmt: skip
        others = [Tries(_mac(key, "name", name), STRANGERS, DAY_MINUTES),
                  Tries(_mac(key, "address", where), ADDRESS, TRIES_MINUTES)]  # fmt: skip
        whose = (PersonId(found.id), found.passphrase) if found else (PersonId(0), _NOBODYS)
        if _is_known(keys, device, *whose):
            mine, others = [Tries(_mac(key, "device", device), TRIES, TRIES_MINUTES)], []
        await _count(tx, [*mine, *others])
    hashed = _NOBODYS if found is None else found.passphrase
    fits = await asyncio.get_running_loop().run_in_executor(_threads, _fits, hashed, _bytes(text))
    if found is None or not fits:
        raise SignedOut
    async with store.transaction() as tx:
        still = sa.select(people.c.state).where(people.c.id == found.id, people.c.passphrase == hashed)
        state = (await tx.execute(still)).scalar()
        if state not in ("active", "banned"):
            raise SignedOut
        await _lock(tx)
        await tx.execute(sa.delete(tries).where(tries.c.what.in_([one.what for one in mine])))
    if state == "banned":
        raise Banned(found.id)
    return PersonId(found.id)


async def forget_tries(tx: Transaction, now: Millis) -> None:
    """Delete counts that no limit looks at any more."""
    await tx.execute(sa.delete(tries).where(tries.c.minute <= now // MINUTE_MS - DAY_MINUTES))


async def _count(tx: Transaction, all_of: Sequence[Tries]) -> None:
    """Count one try, by the minute, under each of these.

    Raises:
        TooFast: one of them is full; then this try is not counted at all.
    """
    await _lock(tx)  # of several at once each counts the ones before it
    now = await tx.now()
    waits = [await _wait_ms(tx, one, now) for one in all_of]
    if any(waits):
        raise TooFast(max(waits) / 1000)
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    for one in all_of:
        row = insert(tries).values(what=one.what, minute=now // MINUTE_MS, count=1)
        await tx.execute(
            row.on_conflict_do_update(index_elements=["what", "minute"], set_={"count": tries.c.count + 1})
        )


async def _lock(tx: Transaction) -> None:
    if tx.is_postgresql:  # SQLite has one writer anyway
        await tx.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


async def _wait_ms(tx: Transaction, one: Tries, now: int) -> int:
    """Return how long until there is one more try again; 0 while there is one.

    Tries of a time to come do not count: the database's clock was set back since, and nobody shall wait for it.
    """
    minute = now // MINUTE_MS
    mine = sa.select(tries.c.minute, tries.c.count.label("made")).where(
        tries.c.what == one.what, tries.c.minute > minute - one.minutes, tries.c.minute <= minute
    )
    tried = list(await tx.execute(mine.order_by(tries.c.minute)))
    if sum(row.made for row in tried) < one.most:
        return 0
    return int((tried[0].minute + one.minutes) * MINUTE_MS - now)


def _mac(key: bytes, *what: str) -> bytes:
    return hmac.digest(key, "\0".join(what).encode("utf-8", "surrogatepass"), "sha256")


def _device(keys: Keys, number: str, person: PersonId, hashed: str) -> str:
    return f"{number}.{_mac(keys.derive('devices'), number, str(person), hashed).hex()}"


def _is_known(keys: Keys, device: str, person: PersonId, hashed: str) -> bool:
    known = _device(keys, device.partition(".")[0], person, hashed)
    return hmac.compare_digest(device.encode("utf-8", "surrogatepass"), known.encode("utf-8", "surrogatepass"))


def _bytes(text: str) -> bytes:
    return text[: MOST + 1].encode("utf-8", "surrogatepass")


def _fits(hashed: str, text: bytes) -> bool:
    try:
        return _hasher.verify(hashed, text)
    except (VerificationError, InvalidHashError):
        return False
