"""Ended requests: what is kept of them, and for how long.

Words, vector and letter go with the end itself (see `requests`, `offers`). What stays is for counting (see `demand`):
who it was is not, so the link to the person is cut as soon as they have had time to see how it ended.
"""

import sqlalchemy as sa

from chat.ids import Millis, PersonId
from chat.settings import Settings
from chat.store import Transaction
from chat.tables import people
from matcher.requests import HOUR_MS
from matcher.tables import OPEN, letters, offers, request_facets, request_languages, requests

DAY_MS = 24 * HOUR_MS
LINKED_DAYS = 7
"""So long the waiting page tells somebody who comes back how their request ended, and no rule asks for longer whom it
was offered to."""
BATCH = 500
OF_A_REQUEST = (letters, request_facets, request_languages)


async def expire(tx: Transaction, settings: Settings, now: Millis) -> int:
    """Cut the links that are due, and delete the rows that are: a batch, see `chat.retention.Expire`."""
    ended = sa.select(requests.c.id).limit(BATCH)
    linked = ended.where(requests.c.ended_at < now - LINKED_DAYS * DAY_MS, requests.c.person.is_not(None))
    old = ended.where(requests.c.ended_at < now - settings.keep_request_days * DAY_MS)
    cut, gone = [list((await tx.execute(due)).scalars()) for due in (linked, old)]
    both = sorted({*cut, *gone})
    await tx.lock(requests, both)
    await tx.execute(offers.delete().where(offers.c.request.in_(both)))
    await tx.execute(sa.update(requests).where(requests.c.id.in_(cut)).values(person=None, room=None))
    for table in OF_A_REQUEST:
        await tx.execute(table.delete().where(table.c.request.in_(gone)))
    await tx.execute(requests.delete().where(requests.c.id.in_(gone)))
    return len(both)


async def forget(tx: Transaction, person: PersonId) -> None:
    """Part of erasing an account, after `requests.forget` and in a transaction of its own: nothing says any more that
    they asked, for what, or were asked. That somebody did still counts. Repeating is harmless."""
    await tx.lock(people, [person])
    over = sa.select(requests.c.id).where(requests.c.person == person, requests.c.state.not_in(OPEN))
    mine = list((await tx.execute(over)).scalars())
    await tx.lock(requests, mine)
    for table in OF_A_REQUEST:
        await tx.execute(table.delete().where(table.c.request.in_(mine)))
    told = sa.or_(offers.c.request.in_(mine), offers.c.peer == person)
    await tx.execute(offers.delete().where(told, offers.c.ended_at.is_not(None)))
    await tx.execute(sa.update(requests).where(requests.c.id.in_(mine)).values(person=None, room=None))
