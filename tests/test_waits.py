"""The announced wait: what is said is kept, also where many leave before they are matched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.waits import RECENT, STEPS, likely, waiting_share

HISTORY = st.lists(st.tuples(st.floats(0, 1440), st.floats(0.01, 1440), st.booleans()), max_size=40)
NOW = 3000.0


def announced(waited: list[float], matched: list[bool]) -> tuple[int, int] | None:
    """Return what is announced after requests that waited so long and ended, all of them seen from the first minute."""
    minutes = np.array(waited)
    begins = NOW + np.arange(len(minutes)) - minutes.min(initial=0)
    return likely(begins, begins + minutes, np.array(matched, dtype=bool), NOW * 2)


def test_the_estimate_is_kaplans_and_meiers() -> None:
    # remission of leukaemia under 6-MP, in weeks (Freireich et al., Blood 21, 1963)
    relapsed = [6.0, 6, 6, 7, 10, 13, 16, 22, 23]
    longer_than = [6.0, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    waits, share = waiting_share(np.zeros(21), np.array(longer_than + relapsed), np.arange(21) >= len(longer_than))
    assert waits.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert share.tolist() == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4)


def test_who_was_looked_at_late_tells_nothing_of_their_first_minutes() -> None:
    entered, minutes = np.array([0.0, 0, 6]), np.array([5.0, 10, 10])
    waits, share = waiting_share(entered, minutes, np.array([True, True, False]))
    assert waits.tolist() == [5, 10] and share.tolist() == [0.5, 0.25]


def test_too_few_to_say_and_too_many_unmatched_to_promise_say_nothing() -> None:
    assert announced([3.0] * 5, [True] * 5) is None
    assert announced([], []) is None
    assert announced([3.0] * 20 + [50.0] * 20, [True] * 20 + [False] * 20) is None


def test_a_range_is_in_words_a_person_would_use() -> None:
    assert announced([4.0] * 10, [True] * 10) == (2, 5)
    assert announced([0.2] * 10, [True] * 10) == (1, 1)
    assert likely(np.zeros(100), np.linspace(1, 100, 100), np.ones(100, bool), 200) == (15, 120)


def test_a_wait_that_grows_is_announced_by_those_who_are_in_it() -> None:
    before = np.arange(0.0, 50)  # one a minute, matched after two
    begins = np.concatenate((before, np.arange(50.0, 90)))  # and since the fiftieth minute nobody
    ends = np.concatenate((before + 2, np.full(40, np.inf)))
    matched = np.isfinite(ends)
    assert likely(begins[:60], ends[:60], matched[:60], 52) == (2, 2)
    assert likely(begins, ends, matched, 90) is None


def test_a_wait_that_has_become_short_is_announced_as_short() -> None:
    begins = np.concatenate((np.zeros(30), np.arange(200.0, 220)))  # thirty from the night, and twenty of this morning
    ends = np.concatenate((np.arange(200.0, 230), begins[30:] + 2))
    assert likely(begins, ends, np.ones(50, dtype=bool), 240) == (2, 2)


@given(HISTORY)
def test_a_range_has_its_ends_in_order_and_among_the_steps(history: list[tuple[float, float, bool]]) -> None:
    begins, minutes, ended = (np.array([one[n] for one in history], dtype=float) for n in range(3))
    told = likely(begins, np.where(ended > 0, begins + minutes, np.inf), ended > 0, NOW)
    if told is not None:
        low, high = told
        assert low <= high and low in STEPS and high in STEPS


@given(HISTORY, st.integers(0, 2**32 - 1))
def test_somebody_who_waits_in_vain_never_makes_the_wait_look_shorter(
    history: list[tuple[float, float, bool]], seed: int
) -> None:
    begins, minutes, matched = (np.array([one[n] for one in history], dtype=float) for n in range(3))
    ends, taken = begins + minutes, matched > 0
    before = likely(begins, ends, taken, NOW)
    after = likely(np.append(begins, ends.min(initial=0)), np.append(ends, np.inf), np.append(taken, False), NOW)
    if before is None:
        assert after is None
    elif after is not None:
        assert after[1] >= before[1]
    order = np.random.default_rng(seed).permutation(len(begins))
    assert likely(begins[order], ends[order], taken[order], NOW) == before


@pytest.mark.parametrize("mean_left_min", [5.0, 20.0, 1e9])
def test_what_is_announced_holds_for_four_in_five_however_many_leave(mean_left_min: float) -> None:
    random = np.random.default_rng(7)
    kept = told = 0
    for _ in range(300):
        mean_min = random.uniform(2, 40)
        begins = np.sort(random.uniform(0, 2000, 1000))
        waits, leaves = random.exponential(mean_min, 1000), random.exponential(mean_left_min, 1000)
        ends, matched = begins + np.minimum(waits, leaves), waits <= leaves
        there = begins < 1500
        last = np.sort(ends[there & (ends <= 1500)])[-RECENT]
        known = there & (ends >= last)
        seen = np.where(ends <= 1500, ends, np.inf)[known]
        range_told = likely(begins[known], seen, matched[known] & np.isfinite(seen), 1500)
        if range_told is not None:
            kept += np.count_nonzero(random.exponential(mean_min, 50) <= range_told[1])
            told += 50
    assert told >= 300 and kept / told >= 0.8
