"""Recovery: a code on paper that lets somebody in again who has no mail address here and lost their phone.

A code has 120 random bits, is shown once and kept as a hash. Using it replaces it and tells the person's inbox, so that
whoever still has another device learns of it.
"""

import secrets

import sqlalchemy as sa

from chat import sign_ups, timeline
from chat.ids import PersonId
from chat.keys import Keys
from chat.refusals import SignedOut, TooFast
from chat.seal import token_hash
from chat.store import Store, Transaction
from chat.tables import people, rooms

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's Base32: no letter that is taken for a digit. https://www.crockford.com/base32.html"""
GROUPS = 6
GROUP_LETTERS = 4
SLIPS = str.maketrans("OIL", "011")
TRIES_A_DAY = 30
"""From one address; the code's 120 bits need no help, but each try is a look into the table."""
RETRY_AFTER_S = 3600.0


async def new_recovery(tx: Transaction, person: PersonId) -> str:
    """Return a new code, as XXXX-XXXX-XXXX-XXXX-XXXX-XXXX; the one before is void from now on.

    Raises:
        SignedOut: no such person, banned or erased.
    """
    code = "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LETTERS)) for _ in range(GROUPS))
    kept = sa.update(people).where(people.c.id == person, people.c.state == "active")
    if (await tx.execute(kept.values(recovery=_hash(code)))).rowcount == 0:
        raise SignedOut
    return code


async def recover(store: Store, keys: Keys, code: str, address: str) -> tuple[PersonId, str]:
    """Return whose code this is, and the new code that replaces it. Of two at once, one wins.

    Args:
        code: as it was typed: case, spaces and dashes do not matter, nor O for 0 and I or L for 1.
        address: the network address it comes from.

    Raises:
        SignedOut: nobody's. TooFast: TRIES_A_DAY from this address.
    """
    try:
        async with store.transaction() as tx:  # of its own, so that a wrong code counts
            await sign_ups.take(tx, keys.derive("recoveries"), address, TRIES_A_DAY)
    except sign_ups.SignUpsFull:
        raise TooFast(RETRY_AFTER_S) from None
    async with store.transaction() as tx:
        wanted = sa.select(people.c.id).where(people.c.recovery == _hash(code), people.c.state == "active")
        found = (await tx.execute(wanted)).scalar()
        who = None if found is None else (await tx.lock(people, [found])).get(found)
        if who is None or who.recovery != _hash(code) or who.state != "active":
            raise SignedOut
        person = PersonId(who.id)
        fresh = await new_recovery(tx, person)
        await tx.lock(rooms, [who.inbox])
        await timeline.append(tx, who.inbox, "notice", code="recovered")
        return person, fresh


def _hash(code: str) -> bytes:
    return token_hash("".join(letter for letter in code.upper() if letter.isalnum()).translate(SLIPS))
