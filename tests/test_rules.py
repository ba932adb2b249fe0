"""Rules: each is broken alone, and turns the pair down under its own name and no other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from chat.ids import Millis, PersonId, RoomId, new_id
from chat.tables import blocks, mutes, people, roles, rooms
from matcher import eligibility
from matcher.facets import Name
from matcher.requests import HOUR_MS, RequestId
from matcher.rules import ALWAYS, RULES
from matcher.tables import (
    not_today,
    offers,
    pairs,
    peers,
    places,
    profile_facets,
    profile_languages,
    request_facets,
    request_languages,
    requests,
)
from matcher.tokens import Tokens
from tests.circle import Circle
from tests.words import place_name

FAR = 4_000_000_000_000
HERE, THERE = place_name("here"), place_name("there")


@dataclass(frozen=True)
class Pair:
    """A request and a peer for whom every rule holds. `talking`: the peer's other chat, `past`: one they had with the
    seeker long ago, `over`: one that ended just now; `earlier`: a request of the seeker that has ended."""

    seeker: PersonId
    peer: PersonId
    other: PersonId
    request: RequestId
    earlier: RequestId
    talking: RoomId
    past: RoomId
    over: RoomId
    tokens: Tokens
    now: Millis


async def fitting_pair(circle: Circle) -> Pair:
    facets: tuple[tuple[Name, str], ...] = (
        ("topic", "addiction"), ("role", "self"), ("side", "harmed"), ("age", "30_44"), ("gender", "woman"),
        ("wish_age", "30_44"), ("wish_gender", "woman"),
    )  # fmt: skip
    peer = await circle.peer("", *facets, ("status", "in_recovery"), capacity=3)
    seeker, other, third = await circle.seeker(), await circle.seeker(), await circle.seeker()
    earlier = await circle.ask(seeker)
    ended = {"state": "withdrawn", "ended_at": 1, "body": None}
    await changed(circle, sa.update(requests).values(ended))
    request = await circle.ask(seeker, "", *facets, ("status", "struggling"))
    talking = await circle.place.one_to_one(other, peer)
    past = await circle.place.one_to_one(seeker, peer)
    over = await circle.place.one_to_one(third, peer)
    async with circle.place.store.reading() as tx:
        now = await tx.now()
    await changed(
        circle,
        sa.update(rooms).where(rooms.c.id == past).values(state="closed", closed_at=1),
        sa.update(rooms).where(rooms.c.id == over).values(state="closed", closed_at=now),
        *(places.insert().values(person=one, avoid=False, token=circle.tokens.place(place_name()))
          for one in (seeker, peer)),
    )  # fmt: skip
    return Pair(seeker, peer, other, request, earlier, talking, past, over, circle.tokens, now)


async def changed(circle: Circle, *statements: sa.Executable) -> None:
    async with circle.place.store.transaction() as tx:
        for one in statements:
            await tx.execute(one)


Change = Callable[[Pair], Sequence[sa.Executable]]


class Case(NamedTuple):
    """One change after which one rule does not hold, and the one after which it does again."""

    code: str
    about: str
    breaks: Change
    mends: Change


def sets(
    table: sa.Table, key: str, of: str, broken: dict[str, object], whole: dict[str, object]
) -> tuple[Change, Change]:
    """Return the two changes of a row: `key` is its column, `of` names whose it is."""

    def change(values: dict[str, object]) -> Change:
        return lambda pair: [sa.update(table).where(table.c[key] == getattr(pair, of)).values(values)]

    return change(broken), change(whole)


def declares(of: str, name: Name, broken: str, whole: str | None) -> tuple[Change, Change]:
    """The request (or the peer's profile) declares another value; where `whole` is None it had declared none."""
    table, key = (request_facets, "request") if of == "request" else (profile_facets, "person")
    own: Name = {"wish_age": "age", "wish_gender": "gender"}.get(name, name)  # type: ignore[assignment]

    def change(value: str) -> Change:
        return lambda pair: [
            sa.update(table).where(table.c[key] == getattr(pair, of), table.c.name == name)
            .values(token=pair.tokens.facet(own, value))
        ]  # fmt: skip

    return change(broken), change(whole or "")


def adds(table: sa.Table, row: Callable[[Pair], dict[str, object]]) -> tuple[Change, Change]:
    def gone(pair: Pair) -> Sequence[sa.Executable]:
        return [table.delete().where(*(table.c[name] == value for name, value in row(pair).items()))]

    return lambda pair: [table.insert().values(row(pair))], gone


def removes(table: sa.Table, row: Callable[[Pair], dict[str, object]]) -> tuple[Change, Change]:
    there, gone = adds(table, row)
    return gone, there


def at_place(person: str, name: str, **said: bool) -> Callable[[Pair], dict[str, object]]:
    kept = {"avoid": False, "small": False, "wished": False} | said
    return lambda pair: {"person": getattr(pair, person), "token": pair.tokens.place(name), **kept}


def both(*changes: tuple[Change, Change]) -> tuple[Change, Change]:
    """Both changes at once, and both back."""
    return (
        lambda pair: [one for breaks, _ in changes for one in breaks(pair)],
        lambda pair: [one for _, mends in reversed(changes) for one in mends(pair)],
    )


def mute(of: str) -> tuple[Change, Change]:
    def muted(pair: Pair) -> Sequence[sa.Executable]:
        return [mutes.insert().values(id=new_id(), person=getattr(pair, of), until=FAR)]

    return muted, lambda pair: [sa.update(mutes).values(lifted_at=1)]


def declined(state: str) -> tuple[Change, Change]:
    """The peer said no (or nothing) to a request the seeker made just before."""

    def said(pair: Pair) -> Sequence[sa.Executable]:
        row = {"id": new_id(), "request": pair.earlier, "seeker": pair.seeker, "peer": pair.peer, "state": state}
        return [offers.insert().values(row | {"round": 1, "made_at": 1, "expires_at": 2, "ended_at": FAR})]

    return said, lambda pair: [sa.update(offers).values(ended_at=1)]


def may_not(name: Name, seeker: str, peer: str) -> tuple[Change, Change]:
    """The table of pairs does not hold this pair."""
    return removes(
        pairs,
        lambda pair: {"name": name, "seeker": pair.tokens.facet(name, seeker), "peer": pair.tokens.facet(name, peer)},
    )


CASES = [
    Case("available", "finishing", *sets(peers, "person", "peer", {"state": "finishing"}, {"state": "open"})),
    Case("available", "away", *sets(peers, "person", "peer", {"state": "away"}, {"state": "open"})),
    Case("capacity", "talks with another", *sets(peers, "person", "peer", {"capacity": 1}, {"capacity": 2})),
    Case("capacity", "a chat opens", *both(
        sets(peers, "person", "peer", {"capacity": 2}, {"capacity": 3}),
        sets(rooms, "id", "over", {"state": "open"}, {"state": "closed"}))),
    Case("gap", "rests", *sets(peers, "person", "peer", {"gap_minutes": 15}, {"gap_minutes": 0})),
    Case("recent_pair", "talk now", *sets(rooms, "id", "past", {"state": "open"}, {"state": "closed"})),
    Case("recent_pair", "talked an hour ago", lambda pair: [
        sa.update(rooms).where(rooms.c.id == pair.past).values(closed_at=pair.now - HOUR_MS)],
        sets(rooms, "id", "past", {}, {"closed_at": 1})[1]),
    Case("recent_pair", "just said no", *declined("declined")),
    Case("recent_pair", "just said nothing", *declined("ended")),
    Case("active", "peer banned", *sets(people, "id", "peer", {"state": "banned"}, {"state": "active"})),
    Case("active", "seeker erased", *sets(people, "id", "seeker", {"state": "erased"}, {"state": "active"})),
    Case("active", "peer muted", *mute("peer")),
    Case("active", "seeker muted", *mute("seeker")),
    Case("approved", "role lost", *sets(roles, "person", "peer", {"role": "moderator"}, {"role": "peer"})),
    Case("topic", "another", *declares("request", "topic", "cancer", "addiction")),
    Case("topic", "near it, unasked", *declares("peer", "topic", "gambling", "addiction")),
    Case("topic_not_today", "not today", *adds(
        not_today, lambda pair: {"person": pair.peer, "token": pair.tokens.facet("topic", "addiction"), "until": FAR})),
    Case("language", "peer's", *sets(profile_languages, "person", "peer", {"language": "fi"}, {"language": "en"})),
    Case("language", "seeker's",
         *sets(request_languages, "request", "request", {"language": "fi"}, {"language": "en"})),
    Case("role", "carer and cared-for", *declares("request", "role", "carer", "self")),
    Case("role", "taken from the table", *may_not("role", "self", "self")),
    Case("side", "caused harm", *declares("peer", "side", "caused_harm", "harmed")),
    Case("side", "seeker caused harm", *declares("request", "side", "caused_harm", "harmed")),
    Case("side", "peer declares none", *declares("peer", "side", "", "harmed")),
    Case("side", "taken from the table", *may_not("side", "harmed", "harmed")),
    Case("status", "peer in crisis", *declares("peer", "status", "in_crisis", "in_recovery")),
    Case("status", "taken from the table", *may_not("status", "struggling", "in_recovery")),
    Case("age", "seeker's wish", *declares("request", "wish_age", "65_up", "30_44")),
    Case("age", "peer's wish", *declares("peer", "wish_age", "65_up", "30_44")),
    Case("age", "minor, peer not vetted", *both(
        declares("request", "age", "under_18", "30_44"), declares("peer", "wish_age", "under_18", "30_44"))),
    Case("age", "minor peer", *both(
        declares("peer", "age", "under_18", "30_44"), declares("request", "wish_age", "under_18", "30_44"))),
    Case("age", "taken from the table", *may_not("age", "30_44", "30_44")),
    Case("gender", "seeker's wish", *declares("request", "wish_gender", "man", "woman")),
    Case("gender", "peer's wish", *declares("peer", "wish_gender", "man", "woman")),
    Case("blocked", "by the seeker",
         *adds(blocks, lambda pair: {"person": pair.seeker, "blocked": pair.peer, "at": 1})),
    Case("blocked", "by the peer", *adds(blocks, lambda pair: {"person": pair.peer, "blocked": pair.seeker, "at": 1})),
    Case("place_to_avoid", "seeker avoids", *both(
        adds(places, at_place("peer", HERE)), adds(places, at_place("seeker", HERE, avoid=True)))),
    Case("place_to_avoid", "peer avoids", *both(
        adds(places, at_place("peer", HERE, avoid=True)), adds(places, at_place("seeker", HERE)))),
    Case("same_small_place", "the seeker says small", *both(
        adds(places, at_place("peer", HERE)), adds(places, at_place("seeker", HERE, small=True)))),
    Case("same_small_place", "the peer says small", *both(
        adds(places, at_place("peer", HERE, small=True)), adds(places, at_place("seeker", HERE)))),
    Case("same_small_place", "one wish alone", *both(
        adds(places, at_place("peer", HERE, small=True, wished=True)),
        adds(places, at_place("seeker", HERE, small=True)))),
]  # fmt: skip

HARMLESS: list[tuple[str, tuple[Change, Change]]] = [
    ("a minor meets a peer who was vetted", both(
        sets(peers, "person", "peer", {"vetted": True}, {"vetted": False}),
        declares("request", "age", "under_18", "30_44"), declares("peer", "wish_age", "under_18", "30_44"))),
    ("both wish for their small place", both(
        adds(places, at_place("peer", HERE, small=True, wished=True)),
        adds(places, at_place("seeker", HERE, wished=True)))),
    ("both are from one city", both(adds(places, at_place("peer", HERE)), adds(places, at_place("seeker", HERE)))),
    ("both avoid one place", both(
        adds(places, at_place("peer", THERE, avoid=True)), adds(places, at_place("seeker", THERE, avoid=True)))),
    ("near it, as the seeker widened", both(
        sets(requests, "id", "request", {"breadth": 1}, {"breadth": 0}),
        declares("peer", "topic", "gambling", "addiction"))),
    ("anybody, as the seeker widened", both(
        sets(requests, "id", "request", {"breadth": 2}, {"breadth": 0}),
        declares("peer", "topic", "cancer", "addiction"), declares("peer", "family", "body", "dependence"))),
    ("not that day", adds(not_today, lambda pair: {
        "person": pair.peer, "token": pair.tokens.facet("topic", "addiction"), "until": 1})),
    ("another topic not today", adds(not_today, lambda pair: {
        "person": pair.peer, "token": pair.tokens.facet("topic", "cancer"), "until": FAR})),
]  # fmt: skip


def test_every_rule_has_a_case_in_which_it_alone_says_no() -> None:
    assert {one.code for one in CASES} == set(RULES)


async def test_each_rule_alone_turns_a_pair_down_and_lets_it_be_again(circle: Circle) -> None:
    pair = await fitting_pair(circle)
    assert await refused(circle, pair) == []
    for case in CASES:
        await changed(circle, *case.breaks(pair))
        assert await refused(circle, pair) == [case.code], case.about
        await changed(circle, *case.mends(pair))
        assert await refused(circle, pair) == [], case.about


async def test_what_is_no_harm_is_no_reason(circle: Circle) -> None:
    pair = await fitting_pair(circle)
    for about, (changes, back) in HARMLESS:
        await changed(circle, *changes(pair))
        assert await refused(circle, pair) == [], about
        await changed(circle, *back(pair))


async def test_nobody_is_offered_to_themselves(circle: Circle) -> None:
    pair = await fitting_pair(circle)
    alone = sa.update(requests).where(requests.c.id == pair.request).values(person=pair.peer)
    await changed(circle, alone)
    assert "active" in await refused(circle, pair)


async def refused(circle: Circle, pair: Pair) -> list[str]:
    """Return the reasons; what asks for offers and what asks at a yes come to the same."""
    async with circle.place.store.reading() as tx:
        codes = await eligibility.refused(tx, pair.request, pair.peer)
        able = await eligibility.eligible(tx, pair.request, [pair.peer])
        assert (able == {pair.peer: False}) is (codes == [])
        holds = not {*ALWAYS, "capacity"} & set(codes)
        assert await eligibility.may_accept(tx, pair.request, pair.peer) is holds, codes
    return codes
