"""A simulated day keeps the rules that the real network keeps, and comes out the same each time it is played."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher import tally, world
from matcher.assignment import Edges, edges
from matcher.simulation import (
    EXPECTED_MIN,
    LEAVING,
    LEAVING_MORE,
    OFFER_MIN,
    OURS,
    POLICIES,
    Played,
    Policy,
    leaves_after,
    longest,
    nearest,
    play,
)
from matcher.world import World

ALONE = POLICIES[-1]


@pytest.fixture(scope="module")
def day() -> World:
    return world.make(2, 0.3)


@pytest.fixture(scope="module", params=POLICIES, ids=lambda policy: policy.name)
def policy(request: pytest.FixtureRequest) -> Policy:
    assert isinstance(request.param, Policy)
    return request.param


@pytest.fixture(scope="module")
def played(day: World, policy: Policy) -> Played:
    return play(day, policy, 2)


def test_no_peer_ever_talks_with_more_people_than_they_take(played: Played) -> None:
    made, seekers = played.world, np.flatnonzero(played.matched)
    begins = made.arrives[seekers] + played.waited_min[seekers]
    for peer in np.unique(played.peer[seekers]):
        mine = seekers[played.peer[seekers] == peer]
        starts = begins[played.peer[seekers] == peer]
        ends = starts + made.talk_min[mine]
        for moment in starts:
            assert np.count_nonzero((starts <= moment) & (moment < ends)) <= made.capacity[peer]
        assert (starts >= made.on[peer]).all() and (starts <= made.off[peer] + OFFER_MIN).all()


def test_who_was_matched_has_a_peer_and_nobody_else_has(played: Played) -> None:
    assert ((played.peer >= 0) == played.matched).all()
    assert (played.waited_min >= 0).all()
    assert played.offers >= np.count_nonzero(played.matched) > 0
    assert played.share <= 1 + 1e-6


def test_a_place_that_is_alone_helps_its_own_people_only(day: World) -> None:
    alone = play(day, ALONE, 2)
    seekers = np.flatnonzero(alone.matched)
    assert (day.peer_place[alone.peer[seekers]] == day.seeker_place[seekers]).all()


def test_the_same_day_comes_out_the_same_and_another_does_not(day: World) -> None:
    again = world.make(2, 0.3)
    for field in fields(World):
        assert np.array_equal(getattr(day, field.name), getattr(again, field.name))
    first, second = play(day, OURS, 2), play(again, OURS, 2)
    assert np.array_equal(first.waited_min, second.waited_min) and np.array_equal(first.peer, second.peer)
    assert not np.array_equal(first.waited_min, play(day, OURS, 3).waited_min)


def test_one_network_reaches_people_in_small_places_as_well_as_in_large_ones(day: World) -> None:
    together, alone = play(day, OURS, 2), play(day, ALONE, 2)
    small, large = (tally.matched_within(10, tally.in_locality(size)) for size in (500, 50_000))
    assert small(alone) <= 30 and small(together) >= 80 and large(together) >= 80


def test_people_leave_sooner_where_less_was_promised() -> None:
    assert leaves_after(0.02, 60) == pytest.approx(0.02 / LEAVING)
    assert leaves_after(1, 5) < leaves_after(1, EXPECTED_MIN) < leaves_after(1, 120)


@given(patience=st.floats(0, 20), high=st.sampled_from([1, 5, 15, 240]))
def test_somebody_leaves_when_the_hazard_has_summed_up_to_their_patience(patience: float, high: int) -> None:
    left = leaves_after(patience, high)
    hazard = LEAVING * left + LEAVING_MORE * max(0.0, left - high) ** 2 / 2
    assert hazard == pytest.approx(patience, abs=1e-9)


def two_by_one() -> Edges:
    return edges(np.array([[0.3], [0.6]]))


def test_the_policies_that_are_compared_do_what_their_names_say() -> None:
    one, none, waited = np.array([1]), np.array([0]), np.array([9.0, 2.0])
    assert nearest(two_by_one(), one, none, waited, waited).tolist() == [-1, 0]
    assert longest(two_by_one(), one, none, waited, waited).tolist() == [0, -1]
