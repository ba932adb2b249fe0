"""Noise: from what is told no count of a few can be worked out, however the numbers are taken from one another."""

from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from matcher.noise import CLEAR, FEW, SPREAD, STEP, is_few, noise, rounded, told

Counts = npt.NDArray[np.int64]
REPORTS = 10_000
ROWS, COLUMNS = 5, 4
ROUNDS = 12
"""Of squeezing; nothing changes any more well before."""
CELLS = 100
"""Who left waiting, in a report of the topics and values that an installation begins with."""
FARTHEST = 64
"""No noise is more: that much every attacker knows."""
LIKELY = 5
"""Noise is hardly ever more (one number in 48), so an attacker may bet that it is not."""


def reports() -> Counts:
    """Return 10,000 tables of small counts, shape (n, rows, columns), each with its row, column and grand totals."""
    inner = np.random.default_rng(7).poisson(1.7, (REPORTS, ROWS, COLUMNS))
    rows = np.concatenate([inner, inner.sum(1, keepdims=True)], 1)
    return np.concatenate([rows, rows.sum(2, keepdims=True)], 2)


def squeezed(low: Counts, high: Counts) -> tuple[Counts, Counts]:
    """Attack: narrow what each count may be by what its row, its column and their totals leave for it."""
    low, high = low.copy(), high.copy()
    for _ in range(ROUNDS):
        for axis in (1, 2):
            lows, highs = np.moveaxis(low, axis, -1), np.moveaxis(high, axis, -1)  # views, so both are narrowed
            least, most = lows[..., :-1].sum(-1), highs[..., :-1].sum(-1)
            lows[..., -1], highs[..., -1] = np.maximum(lows[..., -1], least), np.minimum(highs[..., -1], most)
            others_least, others_most = least[..., None] - lows[..., :-1], most[..., None] - highs[..., :-1]
            lows[..., :-1] = np.maximum(lows[..., :-1], lows[..., -1:] - others_most)
            highs[..., :-1] = np.minimum(highs[..., :-1], highs[..., -1:] - others_least)
    return low, high


def pinned(counts: Counts, low: Counts, high: Counts, wanted: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Return how many of the wanted counts the attack pins to one number, and how many of them rightly."""
    low, high = squeezed(low, high)
    one = ((low == high) & wanted)[:, :-1, :-1]
    return int(np.count_nonzero(one)), int(np.count_nonzero(one & (low == counts)[:, :-1, :-1]))


def bounds(shown: Counts, reach: int) -> tuple[Counts, Counts]:
    """Return between what the counts must be when no noise is more than `reach`."""
    edge = STEP // 2 + reach
    return np.maximum(0, shown - edge), shown + edge


def is_small(counts: Counts) -> npt.NDArray[np.bool_]:
    return (counts > 0) & (counts < FEW)


@pytest.fixture(scope="module")
def counts() -> Counts:
    return reports()


@pytest.fixture(scope="module")
def shown(counts: Counts) -> Counts:
    """What is told of them: every cell and every total by its own noise."""
    flat = [told(b"key", str(at).encode(), count) for at, count in enumerate(counts.ravel().tolist())]
    return np.array(flat).reshape(counts.shape)


def test_leaving_small_numbers_out_gives_thousands_of_them_away(counts: Counts) -> None:
    """Why nothing is left out: with totals beside them the same attack fills one hole in ten."""
    hidden = is_small(counts)
    hidden[:, -1, :] = hidden[:, :, -1] = False  # totals are printed
    low, high = np.where(hidden, 1, counts), np.where(hidden, FEW - 1, counts)
    attacked, right = pinned(counts, low, high, hidden)
    assert right == attacked > 10_000


@pytest.mark.parametrize("reach", [LIKELY, FARTHEST])
def test_no_small_number_can_be_worked_out_of_what_is_told(counts: Counts, shown: Counts, reach: int) -> None:
    assert pinned(counts, *bounds(shown, reach), is_small(counts))[1] == 0


@pytest.mark.parametrize("reach", [0, 1])
def test_who_bets_on_little_noise_is_right_no_more_often_than_who_guesses(
    counts: Counts, shown: Counts, reach: int
) -> None:  # fmt: skip
    attacked, right = pinned(counts, *bounds(shown, reach), np.ones_like(counts, dtype=bool))
    commonest = max(np.mean(counts[:, :-1, :-1] == one) for one in range(FEW))
    assert attacked > 1000 and right < 1.2 * commonest * attacked


def test_taking_numbers_from_totals_tells_less_than_the_number_itself(counts: Counts, shown: Counts) -> None:
    cells, small = counts[:, :-1, :-1], is_small(counts[:, :-1, :-1])
    for axis in (1, 2):
        total = shown.take([-1], axis)[:, :ROWS, :COLUMNS]
        others = shown[:, :-1, :-1].sum(axis, keepdims=True) - shown[:, :-1, :-1]
        guessed = np.abs(total - others - cells)[small].mean()
        assert guessed > 1.5 * np.abs(shown[:, :-1, :-1] - cells)[small].mean()


def test_what_is_told_hangs_on_what_is_counted_and_on_the_key_alone() -> None:
    cells = [str(at).encode() for at in range(200)]
    first = [told(b"key", one, 12) for one in cells]
    assert first == [told(b"key", one, 12) for one in cells]
    assert first != [told(b"another key", one, 12) for one in cells]
    assert len(set(first)) > 2
    assert all(one % STEP == 0 and one >= 0 for one in first)


def test_each_step_of_noise_is_half_as_likely_as_the_one_before_and_none_is_impossible() -> None:
    n = 30_000
    seen = Counter(noise(b"key", str(at).encode()) for at in range(n))
    for moved in range(-4, 5):
        assert seen[moved] / n == pytest.approx(2 ** -abs(moved) / 3, rel=0.15)
    assert max(seen) > 8 and min(seen) < -8


def test_nobody_may_look_like_a_few_and_a_few_like_nobody() -> None:
    cells = [str(at).encode() for at in range(2000)]
    assert {told(b"key", one, 0) for one in cells} >= {0, STEP}
    assert {told(b"key", one, 1) for one in cells} >= {0, STEP}


def test_what_is_told_to_be_looked_at_is_hardly_ever_made_of_nobody() -> None:
    def ghosts(shown: int) -> float:
        """In how many reports of nobody stands so much or more anywhere."""
        moved = next(by for by in range(FARTHEST) if rounded(by) >= shown)
        return CELLS * 2.0 ** (1 - moved) / 3

    assert ghosts(CLEAR) < 0.01 < 0.25 < ghosts(CLEAR - STEP), "and no higher than it must be"
    readme = " ".join((Path(__file__).parent.parent / "README.md").read_text().split())
    assert f"and now and then a {CLEAR - STEP}; {CLEAR} and more mean something" in readme


INSTALLATIONS = [str(n).encode() * 8 for n in range(2000)]


def test_few_are_always_few_and_many_never() -> None:
    assert all(is_few(key, count) for key in INSTALLATIONS for count in range(FEW + 1))
    assert not any(is_few(key, FEW + SPREAD + 1) for key in INSTALLATIONS)


def test_more_never_sound_like_fewer_and_asking_again_tells_the_same() -> None:
    for key in INSTALLATIONS[:200]:
        said = [is_few(key, count) for count in range(2 * (FEW + SPREAD))]
        assert said == sorted(said, reverse=True) == [is_few(key, count) for count in range(2 * (FEW + SPREAD))]


def test_one_more_is_seen_in_few_installations() -> None:
    for count in range(FEW + SPREAD + 2):
        moved = sum(is_few(key, count) is not is_few(key, count + 1) for key in INSTALLATIONS)
        assert moved <= 0.08 * len(INSTALLATIONS), count  # a sixteenth, and what chance adds
