"""The list of rooms, a room's page, coming into one, and its history for our own script."""

from dataclasses import dataclass

import msgspec
from starlette.responses import Response

from chat import access, account, calls, door, held, history, holding, rooms, roster, store, thirds
from chat.account import ToldAct
from chat.holding import Holds
from chat.ids import Millis, PersonId, RoomId
from chat.protocol import PAGE_ENTRIES, Quiet
from chat.refusals import Malformed, NotAMember
from chat.rooms import RoomCard
from chat.store import Transaction
from matcher import blocks, waiting
from web import sayings
from web.site import Visit, whole

SHOWN_ENTRIES = 30
"""In the page itself: about 6 kB compressed; earlier ones are fetched when somebody scrolls to them."""
TOLD_MS = 7 * 86_400_000
"""So long the list of rooms tells that the recovery code was used elsewhere; the account page always does."""


@dataclass(frozen=True)
class Silenced:
    """Why somebody may not write in a room now: a code for the script, a sentence for the person."""

    code: str
    told: str


class RoomTold(Quiet, frozen=True):
    """A room one is in, as the column beside another room shows it: its name, and whether it holds something new."""

    id: int
    name: str
    new: bool


class WritingTold(Quiet, frozen=True):
    """Whether a person may write in a room now (see `Silenced`; `code` is empty when they may), whether what they say
    would wait for a moderator, and after how many seconds that changes by the clock (0: it does not)."""

    code: str
    told: str
    holds: bool = False
    turns_s: int = 0


class OwnHeld(Quiet, frozen=True):
    """What of one's own waits for a moderator, or (`waits` false) did in vain."""

    say_id: str
    text: str
    waits: bool


async def listing(visit: Visit) -> Response:
    """Show the rooms one is in, those one may come into, and how a request stands. As JSON: those one is in, briefly
    (`RoomTold`)."""
    person = visit.member.person
    async with visit.site.store.reading() as tx:
        cards = await rooms.listing(tx, person)
        if visit.wants_json:
            inside = [(_named(visit, one), one.last_seq > one.read_seq) for one in cards if one.member]
            return visit.json(msgspec.json.encode([RoomTold(one.id, one.name, new) for one, new in inside]))
        standing = await waiting.standing(tx, person)
        assert visit.session is not None
        unwatched = await roster.told_now(tx)
        lately = Millis(max(visit.session.created_at, await tx.now() - TOLD_MS))
        recovered = await account.recovered_at(tx, person, lately)
        has_way_back = await account.has_way_back(tx, person)
    asking = standing is not None and standing.state == "waiting"
    blocked = visit.request.query_params.get("blocked") == "yes"
    return visit.page(
        "rooms.html", page="rooms", asking=asking, blocked=blocked, recovered=recovered, has_way_back=has_way_back,
        unwatched=unwatched,
        mine=[one for one in cards if one.member],
        others=[one for one in cards if one.kind == "group" and not one.member and one.state == "open"],
        ended=[one for one in cards if one.kind == "one_to_one" and not one.member],
    )  # fmt: skip


async def room(visit: Visit) -> Response:
    """Show a room to who is in it, or was in this one-to-one; to others a group's name and a way in.

    As JSON: whether the person may write there now (`WritingTold`).
    """
    number, person = RoomId(visit.id("room")), visit.member.person
    async with visit.site.store.reading() as tx:
        card = await _card(tx, visit.member.person, number)
        muted = await access.is_muted(tx, person, number, card.kind)
        mute = await account.longest_mute(tx, person, number, card.kind) if muted else None
        epoch = await store.epoch(tx)
        unwatched = await roster.told_now(tx)
        stays = await access.memberships_of(tx, number, person)
        holds = Holds(False, 0)
        if card.member:
            holds = await holding.holds(tx, person, stays[-1], visit.site.settings.zone)
        alone = card.kind == "one_to_one" and card.member
        asking = await thirds.standing(tx, number) if alone and card.state == "open" else None
        inside = await rooms.members(tx, number) if alone else []
        waits = await door.waits(tx, number, person)
    if card.kind == "group" and not card.member:
        if visit.wants_json:
            outside = WritingTold("lobby", visit.say("lobby")) if waits else WritingTold("not_a_member", "")
            return visit.json(msgspec.json.encode(outside))
        return visit.page("room_door.html", card=card, page="rooms", waits=waits)
    silenced = None
    if not card.member:
        silenced = Silenced(
            "not_a_member", visit.language("You have left this chat. You can still read it for a while.")
        )
    elif muted:
        silenced = Silenced("muted", visit.say("muted") if mute is None else _muted(visit, mute))
    elif card.state == "locked":
        silenced = Silenced("room_locked", visit.say("room_locked"))
    if visit.wants_json:
        code, told = ("", "") if silenced is None else (silenced.code, silenced.told)
        return visit.json(msgspec.json.encode(WritingTold(code, told, holds.now, holds.turns_s)))
    page = await history.page(visit.site.store, visit.site.keys, number, person, limit=SHOWN_ENTRIES)
    waiting_says = await held.of_author(visit.site.store, visit.site.keys, person, number) if card.member else []
    return visit.page(
        "room.html", held=waiting_says, holds=holds.now, turns_s=holds.turns_s,
        room=_named(visit, card), entries=page.entries, first=page.first, last=page.last, epoch=epoch,
        oldest=page.entries[0].seq if page.entries else None, here=max(1, visit.people_here(number)), me=person,
        peer=card.name, silenced=silenced, about=sayings.of_levels(visit.language),
        unwatched=unwatched, may_call=card.member and card.part in calls.CALLERS,
        asking=asking, third=next((one for one in inside if one.part == "professional"), None), part=card.part,
        own=visit.member.nickname,
    )  # fmt: skip


def _muted(visit: Visit, mute: ToldAct) -> str:
    return visit.language(
        "You are muted here until %(until)s. You can still read, leave, report and ask for help. "
        "The rule: %(rule)s",
        until=visit.language.moment(mute.until or mute.made_at), rule=sayings.of_rule(visit.language, mute.rule),
    )  # fmt: skip


async def join(visit: Visit) -> Response:
    """Come into a group room, or into its lobby; who is in it already just sees it."""
    number = RoomId(visit.id("room"))
    async with visit.site.store.reading() as tx:
        if await door.waits(tx, number, visit.member.person):  # knocking again and again keeps nobody else waiting
            return visit.go(f"/rooms/{number}")
    async with visit.site.store.transaction() as tx:
        await rooms.join(tx, number, visit.member.person)
    return visit.go(f"/rooms/{number}")


async def block(visit: Visit) -> Response:
    """Never match the two again: the other of a one-to-one, which is left with it, or `person` of a group room, or a
    third."""
    number, person = RoomId(visit.id("room")), visit.member.person
    wanted = visit.field("person")
    async with visit.site.store.transaction() as tx:
        await _card(tx, person, number)
        other = await rooms.other_of(tx, number, person)
        whom = whole(wanted) if wanted else other
        if whom is None or whom not in await rooms.met(tx, number, person):
            raise NotAMember
        await blocks.block(tx, person, PersonId(whom))
    if visit.wants_json:
        return visit.json(b"{}")
    return visit.go("/rooms?blocked=yes" if whom == other else f"/rooms/{number}")


async def entries(visit: Visit) -> Response:
    """Give a page of history as JSON, cut to what this person may see."""
    number, asked = RoomId(visit.id("room")), visit.request.query_params
    if set(asked) - {"after", "before", "limit"}:
        raise Malformed
    after, before, limit = (_number(asked.get(name)) for name in ("after", "before", "limit"))
    if limit is not None and not 1 <= limit <= PAGE_ENTRIES:
        raise Malformed
    page = await history.page(
        visit.site.store, visit.site.keys, number, visit.member.person, after=after, before=before,
        limit=limit or PAGE_ENTRIES,
    )  # fmt: skip
    return visit.json(history.encode(page))


async def held_now(visit: Visit) -> Response:
    """Give as JSON what of one's own waits for a moderator in a room."""
    number, person = RoomId(visit.id("room")), visit.member.person
    async with visit.site.store.reading() as tx:
        await access.require_member(tx, number, person)
    found = await held.of_author(visit.site.store, visit.site.keys, person, number)
    return visit.json(msgspec.json.encode([OwnHeld(one.say_id, one.text, one.waits) for one in found]))


def _number(text: str | None) -> int | None:
    if text is None or text == "0":
        return None if text is None else 0
    try:
        return whole(text)
    except NotAMember:
        raise Malformed from None


async def _card(tx: Transaction, person: PersonId, number: RoomId) -> RoomCard:
    """Return the room as the person's own list shows it, so that the page can show no other.

    Raises:
        NotAMember: it is not in the list, or there is no such room.
    """
    for card in await rooms.listing(tx, person):
        if card.id == number:
            return card
    raise NotAMember


@dataclass(frozen=True)
class Named:
    """A room as its template needs it."""

    id: RoomId
    name: str
    about: str
    kind: str
    state: str


def _named(visit: Visit, card: RoomCard) -> Named:
    return Named(card.id, card.name or visit.language("Somebody who left"), card.about, card.kind, card.state)
