"""Requests: somebody asks for one person to talk with. One open request a person; a row, so it survives any crash.

    waiting -> leased -> offered -> accepted            a peer said yes, a room is open
       ^         |          |
       +---------+----------+   nobody to ask now, the lease ran out, declined, not answered
    and from each of the three: withdrawn (by the person), expired (after a day)

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
from chat.ids import Millis, PersonId, RoomId, new_id
from chat.keys import Keys
from chat.refusals import Muted, SignedOut, TooFast
from chat.seal import SealBroken
from chat.store import Store, Transaction
from chat.tables import people, rooms
from matcher.profiles import Profile, Sealed, checked_languages, unseal
from matcher.tables import OPEN, offers, requests

RequestId = NewType("RequestId", int)
OfferId = NewType("OfferId", int)

HOUR_MS = 3_600_000
KEPT_H = 24
"""A request that nobody could take for a day ends, and the person is told: the need of then may not be today's."""
LATE_S = 20
"""A request that is due and that no matcher has looked at for so long is late: the page says so."""
WAITS = 50
"""From so many recent matches the wait is told; from fewer than WAITS_LEAST nothing is."""
WAITS_LEAST = 5

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
    made_at: Millis
    waited_s: float


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person's newest request stands, for the waiting page.

    Attributes:
        fitting: whether there are peers now who fit and are free (none, some; or not looked yet). Told before blocks
            are looked at, and no number: neither may tell anybody about another.
        asked: how many peers were asked so far.
        paused: everybody who fits was asked; they are asked again after a while.
        late: no matcher has come to it for LATE_S, because none runs or all have too much to do.
        likely_min: of recent requests that were taken up, the middle half waited so many minutes; None: too few to say.
    """

    request: RequestId
    state: str
    made_at: Millis
    waited_s: float
    fitting: Literal["unknown", "none", "some"]
    asked: int
    likely_min: tuple[int, int] | None
    room: RoomId | None
    paused: bool = False
    late: bool = False


async def ask(
    tx: Transaction, person: PersonId, sealed: Sealed, *, language: str, languages: Iterable[str], per_hour: int
) -> RequestId:
    """Ask for one person. Who has an open request keeps it and its place: its id is returned and nothing is written.

    Raises:
        SignedOut, Muted, Malformed; TooFast: `per_hour` requests were made since the first of this hour.
    """
    read = checked_languages(languages)
    checked_languages([language])
    who = (await tx.lock(people, [person])).get(person)
    if who is None or who.state != "active":
        raise SignedOut
    if await is_muted(tx, person):
        raise Muted
    standing = sa.select(requests.c.id).where(requests.c.person == person, requests.c.state.in_(OPEN))
    open_one = (await tx.execute(standing)).scalar()
    if open_one is not None:
        return RequestId(open_one)
    now = await tx.now()
    fresh = now - who.requests_since >= HOUR_MS
    since, count = (now, 0) if fresh else (who.requests_since, who.requests)
    if count >= per_hour:
        raise TooFast((since + HOUR_MS - now) / 1000)
    await tx.execute(sa.update(people).where(people.c.id == person).values(requests=count + 1, requests_since=since))
    request = RequestId(new_id())
    await tx.execute(
        requests.insert().values(
            id=request,
            person=person,
            state="waiting",
            body=sealed.body,
            language=language,
            languages=" ".join(read),
            made_at=now,
        )
    )
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
    """End the requests that are older than a day, and tell their people. Returns how many."""
    old = sa.and_(requests.c.made_at < await tx.now() - KEPT_H * HOUR_MS, requests.c.state.in_(OPEN))
    who = (await tx.execute(sa.select(requests.c.person).where(old).limit(20))).scalars().all()
    await tx.lock(people, who)
    return await _end(tx, sa.and_(old, requests.c.person.in_(who)), "expired")


async def end_offer(
    tx: Transaction, request: int, state: Ended, *, only: "sa.ColumnElement[bool] | None" = None
) -> bool:
    """End the offer that stands for a request (and for which `only` holds), and tell the peer: `closed` in the inbox,
    ref the offer. The caller has locked the peer's inbox and the request. Returns whether there was one."""
    which = sa.and_(offers.c.request == request, offers.c.ended_at.is_(None), sa.true() if only is None else only)
    ended = sa.update(offers).where(which).values(
        state=sa.case((offers.c.state == "unasked", "unasked"), else_=state), ended_at=await tx.now()
    )  # fmt: skip
    row = (await tx.execute(ended.returning(offers.c.id, offers.c.peer, offers.c.state))).first()
    if row is not None and row.state != "unasked":
        inbox = (await tx.execute(sa.select(people.c.inbox).where(people.c.id == row.peer))).scalar_one()
        await timeline.append(tx, inbox, "closed", ref=row.id, code=state)
    return row is not None


async def lease(tx: Transaction, lease_s: int) -> Lease | None:
    """Take the request that should be looked at next: a new one first, then who waits longest; or one whose matcher has
    gone. None: there is nothing to do."""
    now = await tx.now()
    due = sa.or_(
        sa.and_(requests.c.state == "waiting", requests.c.next_at <= now),
        sa.and_(requests.c.state == "leased", requests.c.lease_until <= now),
    )
    first = sa.select(requests.c.id).where(due).order_by(requests.c.fitting.is_not(None), requests.c.made_at).limit(1)
    token = secrets.token_urlsafe(16)
    taken = sa.update(requests).where(
        requests.c.id == first.with_for_update(skip_locked=True).scalar_subquery(), due
    ).values(state="leased", lease=token, lease_until=now + lease_s * 1000)  # fmt: skip
    row = (await tx.execute(taken.returning(requests))).first()
    if row is None:
        return None
    return Lease(
        row.id, token, row.person, row.body, row.vector, row.vector_model, row.language, tuple(row.languages.split()),
        row.round, row.made_at, (now - row.made_at) / 1000,
    )  # fmt: skip


async def put_back(
    tx: Transaction, held: Lease, *, again_s: float, fitting: bool | None, next_round: bool = False
) -> bool:
    """Give a leased request back, to be looked at after `again_s` seconds. Returns False, having written nothing, where
    the lease is no longer ours."""
    mine = sa.and_(requests.c.id == held.request, requests.c.lease == held.token)
    changed = sa.update(requests).where(mine).values(
        state="waiting", lease=None, lease_until=0, next_at=await tx.now() + int(again_s * 1000),
        fitting=requests.c.fitting if fitting is None else fitting, round=held.round + int(next_round),
    )  # fmt: skip
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


async def standing(tx: Transaction, person: PersonId) -> Standing | None:
    """Return how the person's newest request stands; None: they never asked."""
    newest = sa.select(requests).where(requests.c.person == person).order_by(requests.c.made_at.desc(), requests.c.id)
    row = (await tx.execute(newest.limit(1))).first()
    if row is None:
        return None
    taken = sa.select(requests.c.ended_at - requests.c.made_at).where(requests.c.state == "accepted")
    waits = sorted((await tx.execute(taken.order_by(requests.c.ended_at.desc()).limit(WAITS))).scalars())
    quarter = len(waits) // 4
    likely = (_minutes(waits[quarter]), _minutes(waits[-1 - quarter])) if len(waits) >= WAITS_LEAST else None
    fitting: Literal["unknown", "none", "some"] = (
        "unknown" if row.fitting is None else "some" if row.fitting else "none"
    )
    now = await tx.now()
    due = {"waiting": max(row.next_at, row.made_at), "leased": row.lease_until, "offered": now}.get(row.state, now)
    if row.state == "offered":
        ends = sa.select(offers.c.expires_at).where(offers.c.request == row.id, offers.c.ended_at.is_(None))
        due = (await tx.execute(ends)).scalar() or now
    return Standing(
        row.id, "waiting" if row.state == "leased" else row.state, row.made_at,
        ((row.ended_at or now) - row.made_at) / 1000, fitting, row.asked, likely, row.room,
        paused=row.state == "waiting" and bool(row.fitting) and row.round > 1 and row.next_at > now,
        late=now - due > LATE_S * 1000,
    )  # fmt: skip


async def load(store: Store, keys: Keys, person: PersonId) -> Profile | None:
    """Return what a person's open request says, for its form; None: there is none, or it can no longer be opened."""
    async with store.reading() as tx:
        row = (
            await tx.execute(sa.select(requests).where(requests.c.person == person, requests.c.state.in_(OPEN)))
        ).first()
    key = (await keys.many([person], "own")).get(person)
    if row is None or key is None:
        return None
    try:
        return Profile(unseal(key, person, row.body, "requests"), row.language, tuple(row.languages.split()))
    except SealBroken:
        return None


async def body(tx: Transaction, request: RequestId) -> bytes:
    """Return the sealed words of an open request, to compare with what was just asked."""
    return bytes((await tx.execute(sa.select(requests.c.body).where(requests.c.id == request))).scalar_one())


def _minutes(wait_ms: int) -> int:
    """Round up to steps a person would say, so that waits tell nothing finer."""
    return next((step for step in (1, 2, 5, 10, 15, 30, 60, 120, 240, 480) if wait_ms <= step * 60_000), 1440)


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
        if state == "expired":
            inbox = (await tx.execute(sa.select(people.c.inbox).where(people.c.id == row.person))).scalar_one()
            await timeline.append(tx, inbox, "notice", ref=row.id, code="request_expired")
        ended += 1
    return ended
