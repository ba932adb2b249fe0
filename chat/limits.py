"""Limits: exact and global, because they are counted on the author's locked row and in no cache.

A window begins with its first say and lasts `says_s`; the one after `says` in it is refused and told when to come back.
(`group.decide` counts the same way for what it commits.)
"""

import sqlalchemy as sa

from chat.ids import PersonId
from chat.refusals import TooFast
from chat.store import Transaction
from chat.tables import people


async def count_say(tx: Transaction, person: PersonId, says: int, says_s: int) -> None:
    """Count one more word of this person; the caller holds the lock on their row.

    Raises:
        TooFast: the limit is reached; carries retry_after.
    """
    assert tx.holds(people, person), "a limit is exact only under the row's lock"
    row = (await tx.execute(sa.select(people.c.says, people.c.says_since).where(people.c.id == person))).one()
    now = await tx.now()
    count, since = row.says, row.says_since
    if not since <= now < since + says_s * 1000:
        count, since = 0, now
    if count >= says:
        raise TooFast((since + says_s * 1000 - now) / 1000)
    await tx.execute(sa.update(people).where(people.c.id == person).values(says=count + 1, says_since=since))
