"""Requests: somebody asks for one person to talk with. One open request a person; a row, so it survives any crash.

    waiting -> leased -> offered -> accepted            a peer said yes, a room is open
       ^         |          |
       +---------+----------+   nobody to ask now, the lease ran out, declined, not answered
    and from each of the three: withdrawn (by the person), replaced (by one with other words), expired (after a day)

A matcher that works on a request holds a lease: a token that every write of it names. A lease that has run out by the
database's clock is taken over by any other matcher, and what the first one still writes finds no row.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NewType

import sqlalchemy as sa

from chat import timeline
from chat.access import is_muted
from chat.ids import Millis, PersonId, new_id
from chat.refusals import Gone, Muted, SignedOut, TooFast
from chat.store import Transaction
from chat.tables import people, rooms
from matcher import changes
from matcher.profiles import Sealed, checked_languages
from matcher.tables import OPEN, letters, offers, request_facets, request_languages, requests

RequestId = NewType("RequestId", int)
OfferId = NewType("OfferId", int)

HOUR_MS = 3_600_000
KEPT_H, KEPT_LONG_H = 24, 72
"""A request that nobody could take for a day ends, and the person is told: the need of then may not be today's. Who
asks for it keeps their place longer."""
Ended = Literal["accepted", "declined", "ended"]


@dataclass(frozen=True, slots=True, repr=False)
class Lease:
    """A request that a matcher works on, as it was when it was leased."""

    request: RequestId
    token: str
    person: PersonId
    body: bytes
    vector: bytes | None
    vector_model: str | None
    language: str
    languages: tuple[str, ...]
    round: int
    breadth: int
    scarce: bool | None
    questioned: tuple[str, ...]
    made_at: Millis
    waited_s: float


async def ask(
    tx: Transaction,
    person: PersonId,
    sealed: Sealed,
    *,
    language: str,
    languages: Iterable[str],
    per_hour: int,
    anew: bool = False,
) -> RequestId:
    """Ask for one person. Who has an open request keeps it and its place: its id is returned and nothing is written;
    but with `anew` it is replaced by this one, and its letter, its breadth and how long it is kept go with it.

    Raises:
        SignedOut, Muted, Malformed; TooFast: `per_hour` requests were made since the first of this hour; Gone: somebody
            said yes to the one that was to be asked anew.
    """
    read = checked_languages(languages)
    checked_languages([language])
    who = (await tx.lock(people, [person])).get(person)
    if who is None or who.state != "active":
        raise SignedOut
    if await is_muted(tx, person):
        raise Muted
    mine = sa.select(requests).where(requests.c.person == person)
    mine = mine.order_by(requests.c.state.in_(OPEN).desc(), requests.c.made_at.desc(), requests.c.id)
    before = (await tx.execute(mine.limit(1))).first()  # what is open, though the clock was set back since
    if before is not None and before.state in OPEN and not anew:
        return RequestId(before.id)
    if before is not None and before.state == "accepted" and anew:
        raise Gone
    now = await tx.now()
    fresh = now - who.requests_since >= HOUR_MS
    since, count = (now, 0) if fresh else (who.requests_since, who.requests)
    if count >= per_hour:
        raise TooFast((since + HOUR_MS - now) / 1000)
    await tx.execute(sa.update(people).where(people.c.id == person).values(requests=count + 1, requests_since=since))
    changes.wake(tx)
    breadth, kept_ms = 0, KEPT_H * HOUR_MS
    if before is not None and before.state in OPEN:
        await _end(tx, requests.c.id == before.id, "replaced")
        before = (await tx.execute(sa.select(requests).where(requests.c.id == before.id))).one()  # locked by now
        breadth, kept_ms = before.breadth, before.kept_until - before.made_at
    request = RequestId(new_id())
    row = {"id": request, "person": person, "state": "waiting", "body": sealed.body, "language": language}
    carried = {"breadth": breadth, "made_at": now, "kept_until": now + kept_ms}
    await tx.execute(requests.insert().values(row | carried))
    if before is not None:  # sealed for its room, not for its request
        await tx.execute(sa.update(letters).where(letters.c.request == before.id).values(request=request))
    await tx.execute(request_languages.insert(), [{"request": request, "language": one} for one in read])
    await declare(tx, request, sealed)
    return request


async def withdraw(tx: Transaction, person: PersonId) -> None:
    """End the person's open request; a peer who was asked is told that it is closed. Without one nothing happens."""
    await tx.lock(people, [person])
    await _end(tx, sa.and_(requests.c.person == person, requests.c.state.in_(OPEN)), "withdrawn")


async def forget(tx: Transaction, person: PersonId) -> None:
    """Part of erasing an account, in a transaction of its own: end what is open, with words and vectors, and give back
    what this person was asked as a peer. Repeating is harmless."""
    await tx.lock(people, [person])
    asked = sa.select(offers.c.request).where(offers.c.peer == person, offers.c.ended_at.is_(None))
    mine = sa.and_(requests.c.person == person, requests.c.state.in_(OPEN))
    await _end(tx, sa.or_(mine, requests.c.id.in_(asked)), "withdrawn", of=person)
    await tx.execute(sa.update(requests).where(requests.c.person == person).values(body=None, vector=None))


async def expire_old(tx: Transaction) -> int:
    """End the requests that are kept no longer, and tell their people. Returns how many."""
    old = sa.and_(requests.c.kept_until < await tx.now(), requests.c.state.in_(OPEN))
    who = (await tx.execute(sa.select(requests.c.person).where(old).limit(20))).scalars().all()
    await tx.lock(people, who)
    return await _end(tx, sa.and_(old, requests.c.person.in_(who)), "expired")


async def end_offer(
    tx: Transaction, request: int, state: Ended, *, only: "sa.ColumnElement[bool] | None" = None
) -> bool:
    """End the offer that stands for a request (and for which `only` holds), and tell the peer: `closed` in the inbox,
    ref the offer. The caller has locked the peer's inbox and the request. Returns whether there was one."""
    which = sa.and_(offers.c.request == request, offers.c.ended_at.is_(None), sa.true() if only is None else only)
    ended = sa.update(offers).where(which).values(state=state, ended_at=await tx.now())
    row = (await tx.execute(ended.returning(offers.c.id, offers.c.peer))).first()
    if row is not None:
        inbox = (await tx.execute(sa.select(people.c.inbox).where(people.c.id == row.peer))).scalar_one()
        await timeline.append(tx, inbox, "closed", ref=row.id, code=state)
    return row is not None


async def lease(tx: Transaction, lease_s: int, most: int = 1) -> list[Lease]:
    """Take at most `most` requests that should be looked at next: new ones first, then who waits longest; or those
    whose matcher has gone. Nobody else takes them for `lease_s`."""
    now = await tx.now()
    first = sa.select(requests.c.id).where(is_due(now)).order_by(requests.c.scarce.is_not(None), requests.c.made_at)
    chosen = list((await tx.execute(first.limit(most).with_for_update(skip_locked=True))).scalars())
    token = secrets.token_urlsafe(16)
    taken = sa.update(requests).where(requests.c.id.in_(chosen), is_due(now)).values(
        state="leased", lease=token, lease_until=now + lease_s * 1000
    )  # fmt: skip
    rows = sorted(await tx.execute(taken.returning(requests)), key=lambda row: (row.made_at, row.id))
    read: dict[int, list[str]] = {}
    spoken = sa.select(request_languages).where(request_languages.c.request.in_([row.id for row in rows]))
    for one in await tx.execute(spoken.order_by(request_languages.c.language)):
        read.setdefault(one.request, []).append(one.language)
    return [
        Lease(row.id, token, row.person, row.body, row.vector, row.vector_model, row.language,
              tuple(read.get(row.id, ())), row.round, row.breadth, row.scarce,
              tuple(row.questioned.split()), row.made_at, (now - row.made_at) / 1000)
        for row in rows
    ]  # fmt: skip


def is_due(now: Millis) -> "sa.ColumnElement[bool]":
    """Whether a request should be looked at; `state in OPEN` first, for the index."""
    waits = sa.and_(requests.c.state == "waiting", requests.c.next_at <= now)
    return sa.and_(
        requests.c.state.in_(OPEN), sa.or_(waits, sa.and_(requests.c.state == "leased", requests.c.lease_until <= now))
    )


async def put_back(
    tx: Transaction,
    held: Lease,
    *,
    again_s: float,
    scarce: bool | None = None,
    question: str | None = None,
    next_round: bool = False,
) -> bool:
    """Give a leased request back, to be looked at after `again_s` seconds. Returns False, having written nothing, where
    the lease is no longer ours.

    Args:
        scarce: see `waiting.Standing`; None leaves it as it was.
        question: the facet to ask the person about, once; None: nothing (more).
    """
    mine = sa.and_(requests.c.id == held.request, requests.c.lease == held.token)
    now = await tx.now()
    same = sa.and_(requests.c.breadth == held.breadth, requests.c.body == held.body)
    next_at = sa.case((same, now + int(again_s * 1000)), else_=now)  # what was changed meanwhile is looked at at once
    changed = sa.update(requests).where(mine).values(
        state="waiting", lease=None, lease_until=0, next_at=next_at,
        scarce=requests.c.scarce if scarce is None else scarce, round=requests.c.round + int(next_round),
    )  # fmt: skip
    if question is not None:
        changed = changed.values(question=question, questioned=requests.c.questioned + f" {question}")
    return (await tx.execute(changed)).rowcount == 1


async def keep_vector(tx: Transaction, held: Lease, model: str, sealed: bytes) -> bool:
    """Keep the vector of a leased request. Returns False, having written nothing, where the lease is no longer ours."""
    mine = sa.and_(requests.c.id == held.request, requests.c.lease == held.token)
    kept = sa.update(requests).where(mine).values(vector=sealed, vector_model=model)
    return (await tx.execute(kept)).rowcount == 1


async def drop(tx: Transaction, held: Lease) -> None:
    """End a leased request whose words can no longer be opened, or whose person has gone."""
    await tx.lock(people, [held.person])
    await _end(tx, sa.and_(requests.c.id == held.request, requests.c.lease == held.token), "withdrawn")


async def body(tx: Transaction, request: RequestId) -> bytes:
    """Return the sealed words of an open request, to compare with what was just asked."""
    return bytes((await tx.execute(sa.select(requests.c.body).where(requests.c.id == request))).scalar_one())


async def declare(tx: Transaction, request: int, sealed: Sealed) -> None:
    """Keep what a request declares, as tokens, in place of what it declared before."""
    await tx.execute(request_facets.delete().where(request_facets.c.request == request))
    rows: list[dict[str, object]] = [{"request": request, "name": name, "token": it} for name, it in sealed.facets]
    await tx.execute(request_facets.insert(), rows)


async def _end(tx: Transaction, which: "sa.ColumnElement[bool]", state: str, *, of: PersonId | None = None) -> int:
    """End requests with their offers, telling who was asked. With `of`, what others asked this person goes back.

    The caller has locked people so that nobody new can be asked meanwhile (`offers.make` locks seeker and peer).
    """
    found = [row.id for row in await tx.execute(sa.select(requests.c.id).where(which))]
    told = sa.select(people.c.inbox).join(offers, offers.c.peer == people.c.id).where(
        offers.c.request.in_(found), offers.c.ended_at.is_(None)
    )  # fmt: skip
    seekers = sa.select(people.c.inbox).join(requests, requests.c.person == people.c.id).where(requests.c.id.in_(found))
    inboxes = [*(await tx.execute(told)).scalars(), *(await tx.execute(seekers)).scalars()]
    await tx.lock(rooms, [one for one in inboxes if one is not None])
    ended = 0
    for row in (await tx.lock(requests, found)).values():
        if row.state not in OPEN:
            continue  # another was first
        over = sa.update(requests).where(requests.c.id == row.id)
        if of is not None and row.person != of:
            if await end_offer(tx, row.id, "ended", only=offers.c.peer == of):
                await tx.execute(over.values(state="waiting", next_at=await tx.now()))
            continue
        await end_offer(tx, row.id, "ended")
        gone = {"state": state, "lease": None, "ended_at": await tx.now(), "body": None, "vector": None}
        await tx.execute(over.values(gone))
        if state != "replaced":
            await tx.execute(letters.delete().where(letters.c.request == row.id))
        if state == "expired":
            inbox = (await tx.execute(sa.select(people.c.inbox).where(people.c.id == row.person))).scalar_one()
            await timeline.append(tx, inbox, "notice", code="request_expired")
        ended += 1
    return ended
