"""Rules: under which condition a request may be offered to a peer. A rule a function; its name is its reason code.

Each gives a condition on the rows `requests` and `peers` of a statement, so that the database decides, with what it
holds at that moment. Which rule turned a pair down is told to nobody: not shown, not logged.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from chat.access import decided
from chat.store import clock
from chat.tables import alias, blocks, memberships, mutes, people, roles, rooms
from matcher.pairs import EDITED, never
from matcher.requests import HOUR_MS
from matcher.tables import (
    not_today,
    offers,
    pairs,
    peers,
    places,
    profile_facets,
    profile_languages,
    profiles,
    request_facets,
    request_languages,
    requests,
)

MINUTE_MS = 60_000
TALKED_H = 12
"""Two who have talked are not brought together again at once: somebody else may help more, and whoever left is free."""
DECLINED_H = 1
"""Who said no to somebody, or nothing, is not asked for them again by a request made anew."""

Condition = sa.ColumnElement[bool]
Rule = Callable[[bool], Condition]
"""From "is it PostgreSQL" to the condition, on `requests` and `peers`, under which one may be offered to the other."""


def active(is_postgresql: bool) -> Condition:
    """Both are there and neither is muted."""
    both = sa.select(people.c.id).where(people.c.state == "active")
    return sa.and_(
        peers.c.person.in_(both), requests.c.person.in_(both), peers.c.person != requests.c.person,
        ~muted(is_postgresql, peers.c.person), ~muted(is_postgresql, requests.c.person),
    )  # fmt: skip


def approved(_: bool) -> Condition:
    """The peer is one by role, and has a profile."""
    return sa.and_(
        sa.exists().where(roles.c.person == peers.c.person, roles.c.role == "peer"),
        sa.exists().where(profiles.c.person == peers.c.person),
    )


def available(_: bool) -> Condition:
    """The peer takes requests now."""
    return peers.c.state == "open"


def capacity(_: bool) -> Condition:
    """There is room for one more, open one-to-ones and standing offers counted."""
    return talks() + _stands() < peers.c.capacity


def gap(is_postgresql: bool) -> Condition:
    """The peer's rest after their last chat is over."""
    ended = _chats_of_peer().where(rooms.c.closed_at > clock(is_postgresql) - peers.c.gap_minutes * MINUTE_MS)
    return ~ended.correlate(peers).exists()


def topic(_: bool) -> Condition:
    """The peer shares a topic; or its family, or none, where the person has widened the circle."""
    asks = sa.exists().where(request_facets.c.request == requests.c.id, request_facets.c.name == "topic")
    return sa.or_(
        requests.c.breadth >= 2, ~asks, _share("topic"), sa.and_(requests.c.breadth >= 1, _share("family"))
    )  # fmt: skip


def topic_not_today(is_postgresql: bool) -> Condition:
    """It is about nothing the peer does not take for now."""
    held = sa.exists().where(
        not_today.c.person == peers.c.person, not_today.c.until > clock(is_postgresql),
        request_facets.c.request == requests.c.id, request_facets.c.token == not_today.c.token,
    )  # fmt: skip
    return ~held


def language(_: bool) -> Condition:
    """They read one language in common."""
    return sa.exists().where(
        request_languages.c.request == requests.c.id, profile_languages.c.person == peers.c.person,
        request_languages.c.language == profile_languages.c.language,
    )  # fmt: skip


def age(_: bool) -> Condition:
    """Minors are among themselves, or with who was vetted for them; and each is of the age the other wishes."""
    may = sa.case((peers.c.vetted, _may_meet("age", "vetted")), else_=_may_meet("age", "age"))
    return sa.and_(may, _wish_holds("wish_age", "age"))


def gender(_: bool) -> Condition:
    """Each is of the gender the other wishes."""
    return _wish_holds("wish_gender", "gender")


def blocked(_: bool) -> Condition:
    """Neither has blocked the other."""
    either = sa.or_(
        sa.and_(blocks.c.person == requests.c.person, blocks.c.blocked == peers.c.person),
        sa.and_(blocks.c.person == peers.c.person, blocks.c.blocked == requests.c.person),
    )
    return ~sa.exists().where(either)


def place_to_avoid(_: bool) -> Condition:
    """Neither is from a place the other avoids."""
    one, other = alias(places, "one"), alias(places, "other")
    met = sa.exists().where(
        one.c.token == other.c.token, one.c.avoid, ~other.c.avoid,
        sa.or_(sa.and_(one.c.person == requests.c.person, other.c.person == peers.c.person),
               sa.and_(one.c.person == peers.c.person, other.c.person == requests.c.person)),
    )  # fmt: skip
    return ~met


def same_small_place(_: bool) -> Condition:
    """They are not from the same small place, unless both wish for it."""
    one, other = alias(places, "one"), alias(places, "other")
    met = sa.exists().where(
        one.c.person == requests.c.person, other.c.person == peers.c.person, one.c.token == other.c.token,
        ~one.c.avoid, ~other.c.avoid, sa.or_(one.c.small, other.c.small), ~sa.and_(one.c.wished, other.c.wished),
    )  # fmt: skip
    return ~met


def recent_pair(is_postgresql: bool) -> Condition:
    """They are not in a one-to-one with each other, have not just talked, and the peer has not just said no."""
    theirs, seekers = alias(memberships, "theirs"), alias(memberships, "seekers")
    together = sa.exists().where(
        seekers.c.person == requests.c.person, theirs.c.room == seekers.c.room, theirs.c.person == peers.c.person,
        rooms.c.id == seekers.c.room, rooms.c.kind == "one_to_one",
        sa.or_(rooms.c.state == "open", rooms.c.closed_at > clock(is_postgresql) - TALKED_H * HOUR_MS),
    )  # fmt: skip
    ran_out = sa.and_(offers.c.state == "ended", offers.c.ended_at >= offers.c.expires_at)
    declined = sa.exists().where(
        offers.c.seeker == requests.c.person, offers.c.peer == peers.c.person, offers.c.request != requests.c.id,
        sa.or_(offers.c.state == "declined", ran_out),
        offers.c.ended_at > clock(is_postgresql) - DECLINED_H * HOUR_MS,
    )  # fmt: skip
    return sa.and_(~together, ~declined)


def asked(_: bool) -> Condition:
    """The peer was not asked in this round of the request."""
    return ~sa.exists().where(
        offers.c.request == requests.c.id, offers.c.round == requests.c.round, offers.c.peer == peers.c.person
    )


def _of_pairs(name: str) -> Rule:
    def rule(_: bool) -> Condition:
        return _may_meet(name, name)

    rule.__doc__ = f"Their {name}s may meet: see `pairs`."
    return rule


ALWAYS: dict[str, Rule] = {
    "active": active, "approved": approved, "topic": topic, "topic_not_today": topic_not_today, "language": language,
    **{name: _of_pairs(name) for name in EDITED},
    "age": age, "gender": gender, "blocked": blocked, "place_to_avoid": place_to_avoid,
    "same_small_place": same_small_place,
}  # fmt: skip
"""What holds when an offer is accepted, as when it is made."""
AT_OFFER: dict[str, Rule] = {
    "available": available, "capacity": capacity, "gap": gap, "recent_pair": recent_pair,
}  # fmt: skip
RULES = {**AT_OFFER, **ALWAYS}


def _held(name: str, seeker: Any, peer: Any) -> tuple[Condition, ...]:
    """That the request declares the one token under this name, and the peer's profile the other."""
    return (
        request_facets.c.request == requests.c.id, request_facets.c.name == name, request_facets.c.token == seeker,
        profile_facets.c.person == peers.c.person, profile_facets.c.name == name, profile_facets.c.token == peer,
    )  # fmt: skip


def _may_meet(facet: str, name: str) -> Condition:
    """That what they declare of a facet may meet, by the pairs of this name; but never what never may (see `pairs`)."""
    held = _held(facet, pairs.c.seeker, pairs.c.peer)
    return sa.and_(
        sa.exists().where(pairs.c.name == name, *held), ~sa.exists().where(pairs.c.name == never(name), *held)
    )


def _share(name: str) -> Condition:
    return sa.exists().where(*_held(name, profile_facets.c.token, request_facets.c.token))


def _wish_holds(wish: str, own: str) -> Condition:
    """Each declares what the other wishes; who wishes nothing takes anybody."""
    asks, has = alias(request_facets, "asks"), alias(profile_facets, "has")
    asked_of_peer = sa.exists().where(request_facets.c.request == requests.c.id, request_facets.c.name == wish)
    asked_of_seeker = sa.exists().where(profile_facets.c.person == peers.c.person, profile_facets.c.name == wish)

    def met(of_request: str, of_profile: str) -> Condition:
        return sa.exists().where(
            asks.c.request == requests.c.id, asks.c.name == of_request, has.c.person == peers.c.person,
            has.c.name == of_profile, asks.c.token == has.c.token,
        )  # fmt: skip

    return sa.and_(sa.or_(~asked_of_peer, met(wish, own)), sa.or_(~asked_of_seeker, met(own, wish)))


def muted(is_postgresql: bool, person: "sa.ColumnElement[int]") -> Condition:
    """Whether somebody is muted everywhere now, as somebody decided."""
    return sa.exists().where(
        mutes.c.person == person,
        mutes.c.room.is_(None),
        mutes.c.lifted_at.is_(None),
        mutes.c.until > clock(is_postgresql),
        decided(),
    )


def _chats_of_peer() -> "sa.Select[Any]":
    """The one-to-ones the peer is or was in as a peer."""
    return sa.select(memberships.c.room).join(rooms, rooms.c.id == memberships.c.room).where(
        memberships.c.person == peers.c.person, memberships.c.part == "peer", rooms.c.kind == "one_to_one"
    )  # fmt: skip


def talks() -> "sa.ColumnElement[int]":
    """How many one-to-ones the peer is in now, as a peer."""
    now = _chats_of_peer().where(memberships.c.to_seq.is_(None), rooms.c.state == "open")
    return now.with_only_columns(sa.func.count(), maintain_column_froms=True).correlate(peers).scalar_subquery()


def _stands() -> "sa.ColumnElement[int]":
    """How many offers are before the peer now."""
    stands = sa.select(sa.func.count()).where(offers.c.peer == peers.c.person, offers.c.ended_at.is_(None))
    return stands.correlate(peers).scalar_subquery()
