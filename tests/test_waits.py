"""The announced wait: what is said is kept, also where many leave before they are matched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.waits import LEAST, RECENT, STEPS, likely, waiting_share

HISTORY = st.lists(st.tuples(st.floats(0, 1440), st.booleans()), max_size=40)


def test_the_estimate_is_kaplans_and_meiers() -> None:
    # remission of leukaemia under 6-MP, in weeks (Freireich et al., Blood 21, 1963)
    relapsed = [6.0, 6, 6, 7, 10, 13, 16, 22, 23]
    longer_than = [6.0, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    waits, share = waiting_share(np.array(longer_than + relapsed), np.arange(21) >= len(longer_than))
    known = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    for week, still in known.items():
        assert share[np.searchsorted(waits, week, side="right") - 1] == pytest.approx(still, abs=5e-4)


def test_too_few_to_say_and_too_many_unmatched_to_promise_say_nothing() -> None:
    assert likely(np.array([3.0] * (LEAST - 1)), np.array([True] * (LEAST - 1))) is None
    assert likely(np.array([]), np.array([], dtype=bool)) is None
    assert likely(np.array([3.0] * 20 + [50.0] * 20), np.array([True] * 20 + [False] * 20)) is None


def test_a_range_is_in_words_a_person_would_use() -> None:
    assert likely(np.array([4.0] * 10), np.array([True] * 10)) == (2, 5)
    assert likely(np.array([0.2] * 10), np.array([True] * 10)) == (1, 1)
    assert likely(np.linspace(1, 100, 100), np.array([True] * 100)) == (15, 120)


@given(HISTORY)
def test_a_range_has_its_ends_in_order_and_among_the_steps(history: list[tuple[float, bool]]) -> None:
    minutes, matched = np.array([one for one, _ in history]), np.array([one for _, one in history], dtype=bool)
    announced = likely(minutes, matched)
    if announced is not None:
        low, high = announced
        assert low <= high and low in STEPS and high in STEPS


@given(HISTORY, st.integers(0, 2**32 - 1))
def test_somebody_who_waits_in_vain_never_makes_the_wait_look_shorter(
    history: list[tuple[float, bool]], seed: int
) -> None:
    minutes, matched = np.array([one for one, _ in history]), np.array([one for _, one in history], dtype=bool)
    longest = float(minutes.max(initial=1.0))
    before = likely(minutes, matched)
    after = likely(np.append(minutes, longest), np.append(matched, False))
    if before is not None and after is not None:
        assert after[1] >= before[1]
    order = np.random.default_rng(seed).permutation(len(minutes))
    assert likely(minutes[order], matched[order]) == before


@pytest.mark.parametrize("mean_left_min", [5.0, 20.0, 1e9])
def test_what_is_announced_holds_for_four_in_five_however_many_leave(mean_left_min: float) -> None:
    random = np.random.default_rng(7)
    kept = told = 0
    for _ in range(400):
        mean_min = random.uniform(2, 40)
        waits, leaves = random.exponential(mean_min, RECENT), random.exponential(mean_left_min, RECENT)
        announced = likely(np.minimum(waits, leaves), waits <= leaves)
        if announced is not None:
            kept += np.count_nonzero(random.exponential(mean_min, 50) <= announced[1])
            told += 50
    assert told >= 400 and kept / told >= 0.8
