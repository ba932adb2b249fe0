"""The peer's desk: offers before them, accept or not this time, and whether they take any now."""

from dataclasses import dataclass
from typing import cast

import msgspec
from starlette.responses import Response

from chat import rooms
from chat.protocol import Quiet
from chat.refusals import Malformed
from matcher import offers, peers, topics
from matcher.offers import OfferCard
from matcher.peers import GAPS, State
from matcher.requests import OfferId
from web import facet_words
from web.facet_words import Labels
from web.site import Visit, is_digits


class OfferTold(Quiet, frozen=True):
    """An offer as the desk shows it: labels in the peer's language, and only what the other lets be shown."""

    offer: int
    nickname: str
    waited_s: int
    shares: list[str]
    wishes: list[str]
    text: str
    left_s: int


@dataclass(frozen=True)
class Load:
    """How many one-to-ones are open now."""

    chats: int


async def desk(visit: Visit) -> Response:
    """Show the desk."""
    person = visit.member.person
    async with visit.site.store.reading() as tx:
        set_to = await peers.availability(tx, person)
        left_out = await peers.topics_not_today(tx, visit.site.tokens, person)
        known = await topics.load(tx)
        cards = await rooms.listing(tx, person)
    chats = sum(
        one.kind == "one_to_one" and one.part != "professional" and one.member and one.state == "open" for one in cards
    )
    labels = {one.code: facet_words.topic(visit.language, one) for one in known if not one.retired}
    return visit.page(
        "desk.html", page="desk", offers=await _offers(visit), availability=set_to, load=Load(chats), gaps=GAPS,
        topics=labels, not_today=left_out, hours=peers.NOT_TODAY_H,
    )  # fmt: skip


async def offers_now(visit: Visit) -> Response:
    """Give the offers as JSON, oldest first, for the desk's script."""
    return visit.json(msgspec.json.encode(await _offers(visit)))


class Opened(msgspec.Struct, frozen=True):
    """The room an accepted offer opened."""

    room: int


async def accept(visit: Visit) -> Response:
    """Take an offer; the chat is open at once. Doing it again leads to the same chat."""
    async with visit.site.store.transaction() as tx:
        room = await offers.accept(tx, visit.member.person, OfferId(visit.id("offer")))
    if visit.wants_json:
        return visit.json(msgspec.json.encode(Opened(room)))
    return visit.go(f"/rooms/{room}")


async def decline(visit: Visit) -> Response:
    """Not this time; no reason is asked."""
    async with visit.site.store.transaction() as tx:
        await offers.decline(tx, visit.member.person, OfferId(visit.id("offer")))
    return visit.json(b"{}") if visit.wants_json else visit.go("/desk")


async def availability(visit: Visit) -> Response:
    """Open, finishing up, or away; with how many at once, and how long the rest after a chat is."""
    state, capacity, gap = visit.field("state"), visit.field("capacity"), visit.field("gap")
    if state not in ("open", "finishing", "away") or any(one and not is_digits(one) for one in (capacity, gap)):
        raise Malformed
    gap_minutes = int(gap[:3]) if gap else None
    async with visit.site.store.transaction() as tx:
        await peers.set_availability(
            tx, visit.member.person, cast("State", state), int(capacity[:3] or 0), gap_minutes
        )  # fmt: skip
    return visit.json(b"{}") if visit.wants_json else visit.go("/desk")


async def not_today(visit: Visit) -> Response:
    """Which topics the peer does not take for now."""
    async with visit.site.store.transaction() as tx:
        await peers.set_not_today(tx, visit.site.tokens, visit.member.person, visit.fields.get("topic", ()))
    return visit.go("/desk")


async def _offers(visit: Visit) -> list[OfferTold]:
    cards = await offers.for_peer(visit.site.store, visit.site.keys, visit.member.person)
    async with visit.site.store.reading() as tx:
        labels = facet_words.labels(visit.language, await topics.load(tx))
    return [_offer(labels, card) for card in cards]


def _offer(labels: Labels, card: OfferCard) -> OfferTold:
    return OfferTold(
        card.offer, card.nickname, int(card.waited_s), [labels[name][value] for name, value in card.shares],
        [labels[name][value] for name, value in card.wishes], card.text, max(0, int(card.left_s)),
    )  # fmt: skip
