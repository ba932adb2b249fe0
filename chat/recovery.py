"""Recovery: a code on paper that lets somebody in again who has no mail address here and lost their phone.

A code has 120 random bits, is shown once and kept as a hash. Using it replaces it and tells the person's inbox, so that
whoever still has another device learns of it.

The answer that shows the new code may be lost on the way, and nobody may be locked out by that. So the new code is
derived from the old one and the day, under a key outside the database: who comes with the old code again is shown the
same new one, and nothing has to be kept for it. That ends when the person says that they have the new code, when the
new one is used, and after the day that follows the first use.
"""

import hmac
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from chat import sign_ups, timeline, words
from chat.ids import PersonId
from chat.keys import Keys
from chat.refusals import Banned, SignedOut, TooFast
from chat.seal import token_hash
from chat.store import Store, Transaction
from chat.tables import people, rooms

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's Base32: no letter that is taken for a digit. https://www.crockford.com/base32.html"""
GROUPS = 6
GROUP_LETTERS = 4
SLIPS = str.maketrans("OIL", "011")
TRIES_A_DAY = 1000
"""From one address, behind which there may be a whole town (a carrier's NAT). The code's 120 bits need no help: a
thousand a day guess no sooner than thirty. It is only that each try costs a write and a look into the table."""
RETRY_AFTER_S = 3600.0
DAY_MS = 86_400_000
DAYS = 2
"""The day of the first use and the next one (UTC): so long the code that was used shows the new one again."""
SHOWN = b"shown "
"""Stands before the hash until the person has said that they have the code; it is good from the beginning."""
HASH_BYTES = 32
PURPOSE = "recovery codes"
"""What the key is for under which new codes are derived from old ones."""


@dataclass(frozen=True, slots=True, repr=False)
class Recovered:
    """Whose code it was, and the new one that replaces it. `is_repeat`: it was replaced before, by this same new one,
    and nobody has said that they have it."""

    person: PersonId
    code: str
    is_repeat: bool


async def new_recovery(tx: Transaction, person: PersonId) -> str:
    """Return a new code, as XXXX-XXXX-XXXX-XXXX-XXXX-XXXX; the one before is void from now on.

    Raises:
        SignedOut: no such person, banned or erased.
    """
    code = _written(secrets.token_bytes(GROUPS * GROUP_LETTERS))
    kept = sa.update(people).where(people.c.id == person, people.c.state == "active")
    if (await tx.execute(kept.values(recovery=shown(code)))).rowcount == 0:
        raise SignedOut
    return code


def first_code(keys: Keys, browser: str, nickname: str) -> str:
    """Return the first code of whoever signs up under this name, the same each time they try from the same browser.

    Args:
        browser: what only this browser holds.
    """
    secret = hmac.digest(keys.derive("first codes"), browser.encode(), "sha256")
    return _written(hmac.digest(secret, words.skeleton(nickname).encode("utf-8", "surrogatepass"), "sha256"))


def shown(code: str) -> bytes:
    """Return what is kept of a code that is about to be shown."""
    return SHOWN + _hash(code)


async def who_was_shown(tx: Transaction, code: str) -> PersonId | None:
    """Return whose code this is, if they have not said that they have it."""
    found = sa.select(people.c.id).where(people.c.recovery == shown(code), people.c.state == "active")
    person = (await tx.execute(found)).scalar()
    return None if person is None else PersonId(person)


async def recover(store: Store, keys: Keys, code: str, address: str) -> Recovered:
    """Replace a code; of a repeat, and of several at once, each is shown the same new one.

    Args:
        code: as it was typed: case, spaces and dashes do not matter, nor O for 0 and I or L for 1.
        address: the network address it comes from.

    Raises:
        SignedOut: nobody's, or not any more. TooFast: TRIES_A_DAY from this address. Banned: the code stays as it is.
    """
    try:
        async with store.transaction() as tx:  # of its own, so that a wrong code counts
            await sign_ups.take(tx, keys.derive("recoveries"), address, TRIES_A_DAY)
    except sign_ups.SignUpsFull:
        raise TooFast(RETRY_AFTER_S) from None
    async with store.transaction() as tx:
        key, today = keys.derive(PURPOSE), await tx.now() // DAY_MS
        fresh, *earlier = (replacement(key, code, day) for day in range(today, today - DAYS, -1))
        now = dict.fromkeys((_hash(code), shown(code)), fresh)
        before = {shown(one): one for one in (fresh, *earlier)}
        wanted = sa.select(people.c.id).where(people.c.recovery.in_([*now, *before]), people.c.state != "erased")
        found = (await tx.execute(wanted)).scalar()
        who = None if found is None else (await tx.lock(people, [found])).get(found)
        new = None if who is None else now.get(who.recovery) or before.get(who.recovery)
        if who is None or new is None or who.state == "erased":
            raise SignedOut
        if who.state == "banned":
            raise Banned(who.id)
        await tx.execute(sa.update(people).where(people.c.id == who.id).values(recovery=shown(new)))
        await tx.lock(rooms, [who.inbox])
        await timeline.append(tx, who.inbox, "notice", code="recovered")
        return Recovered(PersonId(who.id), new, who.recovery in before)


async def confirm(tx: Transaction, person: PersonId, code: str) -> None:
    """Note that a person has the code they were shown: the one before it opens nothing from now on.

    A repeat changes nothing, nor does a code that was replaced since.
    """
    theirs = sa.update(people).where(people.c.id == person, people.c.recovery == shown(code))
    await tx.execute(theirs.values(recovery=_hash(code)))


def is_confirmed() -> "sa.ColumnElement[bool]":
    """Whether people (a row) have said that they have their code: one that was only shown may never have arrived."""
    return sa.func.length(people.c.recovery) == HASH_BYTES


def replacement(key: bytes, code: str, day: int) -> str:
    """Return the code that replaces this one, where it is first used on that day."""
    return _written(hmac.digest(key, f"{day}\0{_plain(code)}".encode(), "sha256"))


def _written(random: bytes) -> str:
    """Return a code made of random bytes, five bits of each."""
    letters = [ALPHABET[byte % len(ALPHABET)] for byte in random[: GROUPS * GROUP_LETTERS]]
    return "-".join("".join(letters[at : at + GROUP_LETTERS]) for at in range(0, len(letters), GROUP_LETTERS))


def _plain(code: str) -> str:
    return "".join(letter for letter in code.upper() if letter.isalnum()).translate(SLIPS)


def _hash(code: str) -> bytes:
    return token_hash(_plain(code))
