"""Offers: one request is offered to one peer for a while; they take it, or not this time, or do not answer.

The one idea: an offer and its `offered` entry in the peer's inbox are one transaction, and so are the acceptance and
the opened room, so that both are told or neither. Who makes and who accepts lock both people first (ascending, as every
transaction does), so capacity and blocks hold under every race; what ends an offer is one UPDATE of a standing one.
"""

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from chat import access, timeline
from chat import rooms as chat_rooms
from chat.ids import Millis, PersonId, RoomId, new_id
from chat.keys import Keys
from chat.refusals import Gone, Muted, NotAMember
from chat.rooms import Letter
from chat.seal import DataKey, SealBroken
from chat.store import Store, Transaction
from chat.tables import people, rooms
from chat.timeline import Sealed
from matcher import eligibility
from matcher.facets import Name, both_show
from matcher.profiles import Words, unseal
from matcher.requests import Lease, OfferId, end_offer, put_back
from matcher.tables import letters, offers, peers, profiles, requests

SEEKER_AWAY_S = 30
"""A request of somebody who is muted just now is looked at again after so long."""

UNANSWERED_MOST = 2
"""A peer who does not answer keeps people waiting; they may not be there any more."""

Made = Literal["offered", "unfit", "stale"]
"""offered; this peer may not be asked any more (try another); or the lease is not ours, nothing was written (stop)."""


@dataclass(frozen=True, slots=True, repr=False)
class OfferCard:
    """An offer on the peer's desk.

    Attributes:
        shares: why this match: facets both declare and both let be shown.
        wishes: the kind of support and the wish of the seeker, where they let it be shown.
        text: the seeker's words, where they let them be shown.
    """

    offer: OfferId
    nickname: str
    waited_s: float
    shares: tuple[tuple[Name, str], ...]
    wishes: tuple[tuple[Name, str], ...]
    text: str
    expires_at: Millis
    left_s: float


async def make(tx: Transaction, held: Lease, peer: PersonId, offer_s: int, *, scarce: bool) -> Made:
    """Offer a leased request to a peer, if both still may; the lease ends with it. `scarce`: see `waiting.Standing`."""
    seeker = held.person
    await tx.lock(people, [seeker, peer])
    inbox = (await tx.execute(sa.select(people.c.inbox).where(people.c.id == peer))).scalar()
    if inbox is None:
        return "unfit"
    await tx.lock(rooms, [inbox])
    row = (await tx.lock(requests, [held.request])).get(held.request)
    if row is None or row.state != "leased" or row.lease != held.token:
        return "stale"
    if not await eligibility.is_there(tx, seeker):
        await put_back(tx, held, again_s=SEEKER_AWAY_S)
        return "stale"
    if not await eligibility.may_be_offered(tx, held.request, peer):
        return "unfit"
    now = await tx.now()
    offer = OfferId(new_id())
    made = {"id": offer, "request": held.request, "seeker": seeker, "peer": peer, "state": "offered"}
    times = {"round": held.round, "made_at": now, "expires_at": now + offer_s * 1000}
    await tx.execute(offers.insert().values(made | times))
    changed = {"state": "offered", "lease": None, "lease_until": 0, "scarce": scarce}
    await tx.execute(sa.update(requests).where(requests.c.id == held.request).values(changed))
    await timeline.append(tx, inbox, "offered", ref=offer)
    return "offered"


async def accept(tx: Transaction, peer: PersonId, offer: OfferId) -> RoomId:
    """Take an offer: the one-to-one opens and both are told, in this transaction. Doing it again gives the same room.

    Raises:
        NotAMember: no such offer, or another's. Gone: it has ended, or may not be any more (capacity, a block, a role
            lost, the seeker gone). Muted: the peer is.
    """
    row = await _own(tx, peer, offer)
    await tx.lock(people, [row.seeker, peer])
    row = await _own(tx, peer, offer)
    if row.state == "accepted":
        return RoomId((await tx.execute(sa.select(requests.c.room).where(requests.c.id == row.request))).scalar_one())
    now = await tx.now()
    if row.state != "offered" or row.ended_at is not None or row.expires_at <= now:
        raise Gone
    if await access.is_muted(tx, peer):
        raise Muted
    if not await eligibility.may_accept(tx, row.request, peer):
        raise Gone
    room = await chat_rooms.open_one_to_one(tx, row.seeker, peer, offer, await _letter(tx, row.request))
    taken = sa.update(requests).where(requests.c.id == row.request, requests.c.state == "offered").values(
        state="accepted", room=room, ended_at=now, body=None, vector=None
    )  # fmt: skip
    if (await tx.execute(taken)).rowcount != 1:
        raise Gone
    won = sa.update(offers).where(offers.c.id == offer, offers.c.state == "offered", offers.c.ended_at.is_(None))
    if (await tx.execute(won.values(state="accepted", ended_at=now))).rowcount != 1:
        raise Gone
    inbox = (await tx.execute(sa.select(people.c.inbox).where(people.c.id == peer))).scalar_one()
    await timeline.append(tx, inbox, "closed", ref=offer, code="accepted")
    await _answered(tx, peer)
    return room


async def decline(tx: Transaction, peer: PersonId, offer: OfferId) -> None:
    """Not this time: no reason is asked, nobody is told, the next peer is asked at once. Doing it again is harmless.

    Raises:
        NotAMember: no such offer, or another's. Gone: it has ended in another way.
    """
    row = await _own(tx, peer, offer)
    if row.state == "declined":
        return
    await tx.lock(people, [peer])
    if not await _end(tx, row, "declined"):
        raise Gone
    await _answered(tx, peer)


async def expire(tx: Transaction, offer: OfferId) -> None:
    """End an offer whose time is over; the request goes to the next peer at once. One that has ended stays as it is.

    Who lets UNANSWERED_MOST of them go by in a row is away from now on, and told so.
    """
    row = (await tx.execute(sa.select(offers).where(offers.c.id == offer))).first()
    if row is None or row.expires_at > await tx.now():
        return
    await tx.lock(people, [row.peer])
    if not await _end(tx, row, "ended"):
        return
    missed = sa.update(peers).where(peers.c.person == row.peer).values(unanswered=peers.c.unanswered + 1)
    if ((await tx.execute(missed.returning(peers.c.unanswered))).scalar() or 0) < UNANSWERED_MOST:
        return
    # what went unanswered stays counted until they set something, so that their desk can say why they are away
    away = sa.update(peers).where(peers.c.person == row.peer, peers.c.state == "open")
    if (await tx.execute(away.values(state="away"))).rowcount:
        inbox = (await tx.execute(sa.select(people.c.inbox).where(people.c.id == row.peer))).scalar_one()
        await timeline.append(tx, inbox, "notice", code="away_unanswered")


async def expired(tx: Transaction, most: int = 50) -> list[OfferId]:
    """Return the offers whose time is over and that still stand."""
    over = sa.and_(offers.c.ended_at.is_(None), offers.c.expires_at <= await tx.now())
    found = await tx.execute(sa.select(offers.c.id).where(over).order_by(offers.c.expires_at).limit(most))
    return [OfferId(one) for one in found.scalars()]


async def give_back(tx: Transaction, peer: PersonId) -> None:
    """End every offer this peer has before them: their requests go to the next. The caller has locked the peer."""
    standing = sa.and_(offers.c.peer == peer, offers.c.state == "offered", offers.c.ended_at.is_(None))
    await end_standing(tx, [row.id for row in await tx.execute(sa.select(offers.c.id).where(standing))])


async def end_standing(tx: Transaction, which: list[int], *, also: list[RoomId] | None = None) -> None:
    """End offers and give their requests back. Locks the inboxes of the peers (and the rooms in `also`), then the
    requests; no offer is made meanwhile, because the caller has locked one of the people of each."""
    found = list(await tx.execute(sa.select(offers, people.c.inbox).join(people, people.c.id == offers.c.peer).where(
        offers.c.id.in_(which))))  # fmt: skip
    await tx.lock(rooms, [*(row.inbox for row in found), *(also or [])])
    await tx.lock(requests, [row.request for row in found])
    for row in sorted(found, key=lambda one: one.request):
        if await end_offer(tx, row.request, "ended", only=offers.c.id == row.id):
            await _requeue(tx, row.request)


async def for_peer(store: Store, keys: Keys, peer: PersonId) -> list[OfferCard]:
    """Return the offers before a peer, oldest first. Shows only what both sides let be shown."""
    async with store.reading() as tx:
        now = await tx.now()
        standing = (
            sa.select(offers, requests.c.body, requests.c.made_at.label("asked_at"), people.c.nickname)
            .join(requests, requests.c.id == offers.c.request)
            .join(people, people.c.id == offers.c.seeker)
            .where(
                offers.c.peer == peer,
                offers.c.state == "offered",
                offers.c.ended_at.is_(None),
                offers.c.expires_at > now,
            )
        )
        rows = list(await tx.execute(standing.order_by(offers.c.made_at, offers.c.id)))
        own = (await tx.execute(sa.select(profiles.c.body).where(profiles.c.person == peer))).scalar()
    held = await keys.many({peer, *(row.seeker for row in rows)}, "own")
    mine = _open(held.get(peer), peer, own, "profiles")
    cards = []
    for row in rows:
        asked = _open(held.get(row.seeker), row.seeker, row.body, "requests")
        shown = [one for one in asked.facets if one.visibility == "shown"]
        cards.append(
            OfferCard(
                row.id,
                row.nickname or "",
                (now - row.asked_at) / 1000,
                both_show(asked.facets, mine.facets),
                tuple((one.name, one.value) for one in shown if one.name in ("kind", "wish")),
                asked.text if asked.text_visibility == "shown" else "",
                row.expires_at,
                (row.expires_at - now) / 1000,
            )
        )
    return cards


def _open(key: DataKey | None, person: PersonId, body: bytes | None, table: str) -> Words:
    """Open words, or nothing of them where they can no longer be opened."""
    if key is None or body is None:
        return Words()
    try:
        return unseal(key, person, body, table)
    except SealBroken:
        return Words()


async def _own(tx: Transaction, peer: PersonId, offer: OfferId) -> "sa.Row[Any]":
    wanted = sa.select(offers).where(offers.c.id == offer, offers.c.peer == peer)
    row = (await tx.execute(wanted)).first()
    if row is None:
        raise NotAMember
    return row


async def _end(tx: Transaction, row: "sa.Row[Any]", state: Literal["declined", "ended"]) -> bool:
    inbox = (await tx.execute(sa.select(people.c.inbox).where(people.c.id == row.peer))).scalar_one()
    await tx.lock(rooms, [inbox])
    await tx.lock(requests, [row.request])
    if not await end_offer(tx, row.request, state, only=offers.c.id == row.id):
        return False
    await _requeue(tx, row.request)
    return True


async def _letter(tx: Transaction, request: int) -> Letter | None:
    """Take the letter that waits for a yes."""
    row = (await tx.execute(letters.delete().where(letters.c.request == request).returning(letters))).first()
    return None if row is None else Letter(RoomId(row.room), Sealed(row.say_id, row.body, row.key_version, row.mac))


async def _answered(tx: Transaction, peer: PersonId) -> None:
    await tx.execute(sa.update(peers).where(peers.c.person == peer).values(unanswered=0))


async def _requeue(tx: Transaction, request: int) -> None:
    """Let a request be looked at again at once, keeping its place."""
    again = sa.update(requests).where(requests.c.id == request, requests.c.state == "offered")
    await tx.execute(again.values(state="waiting", next_at=await tx.now()))
