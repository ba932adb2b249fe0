"""Places: nobody meets who they must not meet, and no name of a place is anywhere."""

import random
import unicodedata

import pytest
import sqlalchemy as sa

from chat.refusals import Malformed, SignedOut
from chat.tables import people
from matcher import places, rules
from matcher.places import AVOIDED_MOST, HOMES_MOST
from matcher.tables import peers, requests
from matcher.tables import places as table
from matcher.tokens import PLACE_MOST, Tokens
from tests import crowd
from tests.circle import Circle
from tests.crowd import One
from tests.words import PLACE_CANARY, place_name

SEEKERS = PEERS = 100
NAMES = [place_name(str(n)) for n in range(12)]
TOKENS = Tokens(b"k" * 32)


def test_a_place_is_known_however_it_is_written() -> None:
    same = ["Łódź", "lodz", "ŁÓDŹ", " L o d z ", "Lódź\u200b", unicodedata.normalize("NFD", "Łódź")]
    assert len({TOKENS.place(one) for one in same}) == 1
    for one, other in (("Tromsø", "Tromso"), ("Ærø", "Aero"), ("İzmir", "izmir"), ("Iğdır", "igdir"), ("Åbo", "abo"),
                       ("Straße", "STRASSE"), ("Hyvinkää", "Hyvinkaa"), ("ﬁnspång", "Finspang")):  # fmt: skip
        assert TOKENS.place(one) == TOKENS.place(other), one
    others = ["Turku", "Turka", "Oulu", "東京", "京都", "Москва", "Київ", "القاهرة"]
    assert len({TOKENS.place(one) for one in others}) == len(others)


def test_a_token_says_nothing_without_its_key_and_is_of_one_thing() -> None:
    place = TOKENS.place("addiction")
    assert place != Tokens(b"x" * 32).place("addiction")
    assert place not in {TOKENS.facet(name, "addiction") for name in ("topic", "place", "facet")}
    assert TOKENS.facet("topic", "") != TOKENS.facet("side", "")


@pytest.mark.parametrize("wrong", ["", "   ", "–", "x" * (PLACE_MOST + 1), "\u200b"])
def test_what_is_no_name_is_refused(wrong: str) -> None:
    with pytest.raises(Malformed):
        TOKENS.place(wrong)


async def test_what_was_kept_is_counted_replaced_and_gone(circle: Circle) -> None:
    person = await circle.seeker()
    here, there = place_name("here"), place_name("there")
    async with circle.place.store.transaction() as tx:
        await places.save_homes(tx, circle.tokens, person, [here, here.upper()], small=True, wished=False)
        await places.save_avoided(tx, circle.tokens, person, [there])
        assert await places.kept(tx, person) == places.Kept(1, 1, True, False)
        await places.save_homes(tx, circle.tokens, person, [here, there], small=False, wished=True)
        assert await places.kept(tx, person) == places.Kept(2, 1, False, True)
        await places.save_homes(tx, circle.tokens, person, [], small=True, wished=True)
        assert await places.kept(tx, person) == places.Kept(0, 1, False, False)
    for most, save in ((HOMES_MOST, "homes"), (AVOIDED_MOST, "avoided")):
        with pytest.raises(Malformed):
            async with circle.place.store.transaction() as tx:
                names = [place_name() for _ in range(most + 1)]
                if save == "homes":
                    await places.save_homes(tx, circle.tokens, person, names, small=False, wished=False)
                else:
                    await places.save_avoided(tx, circle.tokens, person, names)
    raw = b"".join(bytes(one.token) for one in await circle.place.rows(table)) + repr(places.Kept).encode()
    assert PLACE_CANARY.encode() not in raw
    async with circle.place.store.transaction() as tx:
        await tx.execute(sa.update(people).where(people.c.id == person).values(state="erased"))
    with pytest.raises(SignedOut):
        async with circle.place.store.transaction() as tx:
            await places.save_avoided(tx, circle.tokens, person, [there])


class Somebody:
    """Where somebody is from and whom they avoid, as they said it."""

    def __init__(self, chosen: random.Random) -> None:
        self.homes = frozenset(chosen.sample(NAMES, chosen.choice((0, 1, 1, 2))))
        self.avoids = frozenset(chosen.sample(NAMES, chosen.choice((0, 0, 1, 3))))
        self.small, self.wished = chosen.random() < 0.4, chosen.random() < 0.5

    def must_not_meet(self, other: "Somebody") -> bool:
        """By what both said, and by nothing else."""
        listed = self.avoids & other.homes or other.avoids & self.homes
        close = self.homes & other.homes and (self.small or other.small) and not (self.wished and other.wished)
        return bool(listed or close)


async def test_ten_thousand_times_nobody_is_offered_somebody_from_a_place_to_avoid_or_a_small_one(
    circle: Circle,
) -> None:
    chosen = random.Random(1)
    who = await crowd.peers_of(circle, [One()] * PEERS)
    seekers = await crowd.people_of(circle, SEEKERS)
    asked = await crowd.requests_of(circle, seekers, [One()] * SEEKERS)
    said = {person: Somebody(chosen) for person in (*who, *seekers)}
    async with circle.place.store.transaction() as tx:
        for person, one in sorted(said.items()):
            await places.save_homes(tx, circle.tokens, person, one.homes, small=one.small, wished=one.wished)
            await places.save_avoided(tx, circle.tokens, person, one.avoids)
        both = rules.place_to_avoid(tx.is_postgresql) & rules.same_small_place(tx.is_postgresql)
        pairs = sa.select(requests.c.person, peers.c.person.label("peer")).select_from(requests.join(peers, sa.true()))
        may = {(row.person, row.peer) for row in await tx.execute(pairs.where(both))}
    apart = {(one, other) for one in seekers for other in who if said[one].must_not_meet(said[other])}
    assert 0 < len(apart) < SEEKERS * PEERS
    assert may == {(one, other) for one in seekers for other in who} - apart
    matching = circle.matching()
    while await matching.beat():
        pass
    made = await circle.place.rows(requests, requests.c.state == "offered")
    assert len(made) > SEEKERS // 2 and len(asked) == SEEKERS
