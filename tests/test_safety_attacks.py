"""Attacks on the safety report: what can be worked out of many reports, by whoever lays them side by side."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.noise import STEP, noise, rounded
from matcher.safety import PERIODS, Cell, Month, Safety

KEY = b"key"
OFF = 45
"""Noise of as much comes once in 2^40 numbers."""
Counts = npt.NDArray[np.int64]
HISTORIES = 2000
ALL_MONTHS = 24
VALUES = 4
ROUNDS = 10
"""The last is the total of the others."""


def histories() -> Counts:
    """Return small counts, shape (n, months, values), each month with its total."""
    inner = np.random.default_rng(7).poisson(0.8, (HISTORIES, ALL_MONTHS, VALUES - 1))
    return np.concatenate([inner, inner.sum(2, keepdims=True)], 2)


def noised(counts: Counts) -> Counts:
    moved = [noise(KEY, str(at).encode()) for at in range(counts.size)]
    return counts + np.array(moved).reshape(counts.shape)


def reports(kept: Counts) -> Iterator[tuple[slice, Counts]]:
    """Return every report there ever is of these months, by which of them it sums."""
    for period in PERIODS:
        for at in range(ALL_MONTHS - period + 1):
            months = slice(at, at + period)
            total = kept[:, months].sum(1)
            yield months, np.maximum(0, STEP * np.rint(total / STEP)).astype(np.int64)


def squeezed(kept: Counts, reach: int) -> tuple[Counts, Counts]:
    """Attack: narrow what each count may be by every report that sums it, and by what a total leaves for its parts,
    betting that no noise is more than `reach`."""
    low, high = np.zeros_like(kept), np.full_like(kept, 10_000)
    told = list(reports(kept))
    for _ in range(ROUNDS):
        for months, shown in told:
            edge = STEP // 2 + reach * (months.stop - months.start)
            lows, highs = low[:, months], high[:, months]  # views, so both are narrowed
            most, least = (shown + edge)[:, None], np.where(shown > 0, shown - edge, 0)[:, None]
            others_low, others_high = lows.sum(1, keepdims=True) - lows, highs.sum(1, keepdims=True) - highs
            lows[:], highs[:] = np.maximum(lows, least - others_high), np.minimum(highs, most - others_low)
        total_low, total_high = low[..., -1:], high[..., -1:]
        parts_low, parts_high = low[..., :-1], high[..., :-1]
        sum_low, sum_high = parts_low.sum(2, keepdims=True), parts_high.sum(2, keepdims=True)
        total_low[:], total_high[:] = np.maximum(total_low, sum_low), np.minimum(total_high, sum_high)
        parts_low[:] = np.maximum(parts_low, total_low - (sum_high - parts_high))
        parts_high[:] = np.minimum(parts_high, total_high - (sum_low - parts_low))
    return low, high


@pytest.mark.parametrize("reach", [5, 64])
def test_no_sequence_of_reports_gives_a_small_count_away(reach: int) -> None:
    counts = histories()
    low, high = squeezed(counts, 0)
    assert np.count_nonzero((low == high) & (low == counts) & (counts > 0)) > 100, "fives alone would not be enough"
    low, high = squeezed(noised(counts), reach)
    assert np.count_nonzero((low == high) & (low == counts) & (counts > 0)) == 0


def consistent(case: int, key: bytes) -> tuple[set[int], int, list[int]]:
    """Attack: one case or none in a month, all else known; return what the month's number may be after every report
    that sums it, what it is, and these reports as they would be with noise of their own."""
    cell: Cell = ("came", "")
    asked = Month(ALL_MONTHS // 2)
    kept = {(Month(one), cell): noise(key, str(one).encode()) for one in range(ALL_MONTHS)}
    kept[asked, cell] += case
    may, own = set(range(-OFF, OFF)), []
    for period in PERIODS:
        for first in range(max(0, asked - period + 1), min(asked, ALL_MONTHS - period) + 1):
            months = tuple(Month(one) for one in range(first, first + period))
            rest = sum(kept[one, cell] for one in months if one != asked)
            told = Safety(months, kept).told(*cell)
            may = {one for one in may if rounded(one + rest) == told}
            own.append(case + noise(key, f"{period} {first}".encode()))
    return may, kept[asked, cell], own


def test_who_knows_all_the_rest_and_lays_every_report_side_by_side_bets_as_on_one_number() -> None:
    """Had each report noise of its own, their mean would tell the case. As all are made of the month's one number, who
    lays them side by side comes to that number and no further."""
    bets = []
    for at in range(HISTORIES):
        case = at % 2
        may, number, own = consistent(case, str(at).encode())
        assert number in may
        bets.append([bet == case for bet in (sorted(may)[len(may) // 2] >= 1, number >= 1, np.mean(own) > 0.5)])
    by_reports, by_one, by_mean = np.mean(bets, axis=0)
    assert by_mean > 0.8 and by_one == pytest.approx(2 / 3, abs=0.03) and by_reports <= by_one + 0.01


@given(st.lists(st.integers(-20, 60), min_size=ALL_MONTHS, max_size=ALL_MONTHS), st.data())
def test_whatever_is_told_of_a_period_is_the_sum_of_what_is_kept_of_its_months(
    kept: list[int], data: st.DataObject
) -> None:
    period = data.draw(st.sampled_from(PERIODS))
    at = data.draw(st.integers(0, ALL_MONTHS - period))
    months = tuple(Month(one) for one in range(at, at + period))
    cell: Cell = ("came", "")
    found = Safety(months, {(month, cell): kept[month] for month in months})
    assert found.told(*cell) == rounded(sum(kept[at : at + period])) == found.told(*cell, *months)
    assert [found.told(*cell, month) for month in months] == [rounded(kept[month]) for month in months]
