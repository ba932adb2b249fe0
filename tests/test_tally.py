"""What is counted of a day that was played, against a day small enough to count by hand."""

import math

import numpy as np
import pytest

from matcher import tally
from matcher.simulation import Played
from matcher.tally import MEASURES, over
from matcher.world import World


def played(announced: list[float] | None = None, matched: list[bool] | None = None) -> Played:
    """Four people who waited 2, 8, 20 and 40 minutes; the last left, the first two live in a place of 500."""
    world = World(
        size=np.array([500, 500, 5_000, 50_000]),
        seeker_place=np.arange(4), peer_place=np.array([0, 1]),
        rare=np.array([True, False, False, False]),
        arrives=np.zeros(4), patience=np.ones(4), talk_min=np.full(4, 50.0), on=np.zeros(2), off=np.full(2, 180.0),
        capacity=np.array([2, 2]), similarity=np.zeros((4, 2)),
        alike=np.array([[True, False], [True, False], [False, False], [False, False]]), common=np.zeros(4),
    )  # fmt: skip
    return Played(
        world, np.array([2.0, 8.0, 20.0, 40.0]), np.array(matched or [True, True, True, False]),
        np.array(announced or [5.0, 5.0, 30.0, 30.0]), np.array([0, 0, 1, -1]), 0.97, 6,
    )  # fmt: skip


def test_each_measure_is_what_one_counts_by_hand() -> None:
    counted = {one.name: one.of(played()) for one in MEASURES}
    assert counted == pytest.approx(
        {
            "asked for somebody": 4, "matched": 75, "matched within 10 min": 50, "… in places of 500": 100,
            "… in places of 5,000": 0, "… in places of 50,000": 0, "wait until matched, median": 8,
            "wait until matched, 90 %": 17.6, "same kind of experience": 100 * 2 / 3, "similarity, of the optimum": 97,
            "matched, rare experience": 100, "matched, common experience": 100 * 2 / 3, "announced waits kept": 50,
            "were told a wait": 100, "offers per match": 2,
        }
    )  # fmt: skip


def test_who_left_before_the_announced_end_counts_neither_as_kept_nor_as_broken() -> None:
    assert tally.kept(played([5.0, 5.0, 30.0, 60.0])) == pytest.approx(100 * 2 / 3)
    assert tally.kept(played([5.0, 10.0, 30.0, math.nan])) == 100


def test_a_measure_over_days_has_a_mean_and_two_standard_errors() -> None:
    one, other = played(), played(matched=[True, True, False, False])
    matched = MEASURES[1].of
    assert over([one, other], matched) == pytest.approx((62.5, 37.5, 87.5))
    assert over([one], matched) == (75, 75, 75)
    assert all(math.isnan(end) for end in over([one], lambda _: math.nan))
