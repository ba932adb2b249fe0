"""Recall: of the texts a person should see, how many are found while so many others are raised for nothing.

The one idea: a detector orders texts, and where the line is drawn decides how many false alarms people get. So recall
is told at a share of false alarms, with an interval, and beside a plain list of words on the same texts.

Sources: Fawcett, An introduction to ROC analysis (2006); Efron and Tibshirani, An Introduction to the Bootstrap (1993),
13.3 (percentiles); Guo et al., On Calibration of Modern Neural Networks (2017) for the calibration error.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.evaluation import RESAMPLES, Estimate

FALSE_ALARMS = (0.01, 0.02, 0.05)
BINS = 10

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one way to order texts. `recall`: one for each of FALSE_ALARMS. `off`: see `miscalibration`."""

    name: str
    recall: list[Estimate]
    area: Estimate
    off: float | None


def recall_at(scores: Floats, wanted: Truths, false_alarms: float) -> float:
    """Return the share of wanted texts above the lowest line that raises at most this share of the others.

    Texts of one score stand on one side of the line together: a tie that would raise too many raises none.
    """
    others = np.sort(scores[~wanted])[::-1]
    allowed = int(false_alarms * len(others) + 1e-9)
    if not wanted.any():
        return 0.0
    line = others[allowed] if allowed < len(others) else -np.inf
    return float(np.mean(scores[wanted] > line))


def area(scores: Floats, wanted: Truths) -> float:
    """Return how often a wanted text stands above another, ties counted half (the area under the ROC curve)."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    yes, no = int(wanted.sum()), int((~wanted).sum())
    if not yes or not no:
        return 0.5
    return float((ranks[wanted].sum() - yes * (yes + 1) / 2) / (yes * no))


def miscalibration(chances: Floats, wanted: Truths) -> float:
    """Return by how much told chances are off the shares that came true, in the mean over texts, in BINS bins."""
    bins = np.minimum((chances * BINS).astype(int), BINS - 1)
    return float(sum(abs(chances[bins == n].sum() - wanted[bins == n].sum()) for n in range(BINS)) / len(chances))


def told(name: str, scores: Floats, wanted: Truths, *, chances: bool = False, seed: int = 0) -> Told:
    """Return what is told of an order, with what holds in 95 of 100 resamplings of the texts.

    Args:
        scores: shape (n,), the higher the sooner.
        wanted: shape (n,).
        chances: whether the scores are chances, 0 … 1.
    """
    recalls = [_estimated(lambda s, w, at=at: recall_at(s, w, at), scores, wanted, seed) for at in FALSE_ALARMS]  # type: ignore[misc]
    off = miscalibration(scores, wanted) if chances else None
    return Told(name, recalls, _estimated(area, scores, wanted, seed), off)


def _estimated(of: Callable[[Floats, Truths], float], scores: Floats, wanted: Truths, seed: int) -> Estimate:
    chance, made = np.random.default_rng(seed), []
    yes, no = np.flatnonzero(wanted), np.flatnonzero(~wanted)
    for _ in range(RESAMPLES if len(wanted) < 3000 else RESAMPLES // 5):
        drawn = np.concatenate([chance.choice(yes, len(yes)), chance.choice(no, len(no))])
        made.append(of(scores[drawn], wanted[drawn]))
    low, high = np.percentile(made, [2.5, 97.5])
    return Estimate(of(scores, wanted), float(low), float(high))
