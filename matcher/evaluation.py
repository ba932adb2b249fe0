"""Evaluation: how well similar texts find each other, scored exactly as requests are.

The one idea: every text asks all others, and another is relevant when it shares a label. Labels are topics, a stand-in
for shared experience; nothing here says that a match helped anybody.

Source of the measures: Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), 8.4; of the
intervals: Efron and Tibshirani, An Introduction to the Bootstrap (1993), 13.3 (percentiles).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.encoder import Vectors
from matcher.ranking import Pool, best, similarities

MEASURES = ("P@1", "P@5", "nDCG@10", "MRR")
DEPTH = 100
"""So many of each ranking are looked at: a first relevant text below counts 0 in MRR, and less than 0.01 is lost."""
RESAMPLES = 1000

Hits = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean, and the interval that holds it in 95 of 100 resamplings of the queries."""

    mean: float
    low: float
    high: float


def counted(labels: Sequence[Sequence[str]], least: int) -> list[frozenset[str]]:
    """Return each text's labels, without those that fewer than `least` texts have; empty: the text takes no part."""
    texts_of = Counter(label for held in labels for label in set(held))
    return [frozenset(label for label in held if texts_of[label] >= least) for held in labels]


def most_alike(wanted: Vectors, pool: Vectors, top: int) -> list[int]:
    """Return the rows of a pool that are most like a request, best first, as a matcher compares them.

    Args:
        wanted: shape (d,). pool: shape (n, d).
    """
    return [int(row) for row in best(similarities(wanted[np.newaxis], Pool.of(pool))[0], top)]


def rankings(vectors: Vectors) -> Iterator[list[int]]:
    """Yield, for every row, the DEPTH others that a request with its vector would find, best first.

    Args:
        vectors: shape (n, d), as an encoder makes them.
    """
    pool = vectors.copy()
    for asking, wanted in enumerate(vectors):
        pool[asking] = 0  # no part of the pool: similar to nothing, and not counted in its mean
        found = most_alike(wanted, pool, DEPTH + 1)
        pool[asking] = wanted
        yield [row for row in found if row != asking][:DEPTH]


def shuffled(texts: int, seed: int) -> Iterator[list[int]]:
    """Yield what chance alone would find, in the same form: the plain comparison."""
    chance = np.random.default_rng(seed)
    for asking in range(texts):
        yield [int(row) for row in chance.permutation(texts)[: DEPTH + 1] if row != asking][:DEPTH]


def scores(labels: Sequence[frozenset[str]], found: Iterator[list[int]]) -> Iterator[Scores]:
    """Yield MEASURES for each text as the one that asks."""
    texts_of: dict[str, set[int]] = {}
    for row, held in enumerate(labels):
        for label in held:
            texts_of.setdefault(label, set()).add(row)
    for asking, ranking in enumerate(found):
        relevant = set().union(*(texts_of[label] for label in labels[asking])) - {asking}
        yield measured(np.array([row in relevant for row in ranking], dtype=np.bool_), len(relevant))


def measured(hits: Hits, relevant: int) -> Scores:
    """Return MEASURES of one ranking.

    Args:
        hits: whether each found text is relevant, best first.
        relevant: how many relevant texts there are; the best possible ranking begins with them.
    """
    discount = 1 / np.log2(np.arange(2, 12))
    best = discount[: min(relevant, 10)].sum()
    gain = discount[: len(hits[:10])] @ hits[:10]
    first = int(np.argmax(hits)) + 1 if hits.any() else np.inf
    return np.array([hits[:1].sum(), hits[:5].sum() / 5, gain / best if best else 0, 1 / first])


def estimated(each: Scores, seed: int = 0) -> list[Estimate]:
    """Return an estimate for each column, from one row a query."""
    chance = np.random.default_rng(seed)
    means = np.array([each[chance.integers(len(each), size=len(each))].mean(axis=0) for _ in range(RESAMPLES)])
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    return [Estimate(*map(float, one)) for one in zip(each.mean(axis=0), low, high, strict=True)]


def translations_found(
    vectors: Vectors, meaning: Sequence[int], language: Sequence[str], *, own: bool
) -> dict[str, float]:
    """Return, for each language, how often a text's first match is a translation of it (R@1).

    The pool is the texts of all other languages, mixed; with `own` those of its own stand in it too, as they do where
    people wait: what is measured then is also whether languages keep apart.

    Args:
        vectors: shape (n, d).
        meaning, language: n each; texts of one meaning are translations of each other.
    """
    hits: dict[str, list[bool]] = {}
    for asking, wanted in enumerate(vectors):
        pool = [row for row in range(len(vectors)) if row != asking and (own or language[row] != language[asking])]
        for row in most_alike(wanted, vectors[pool], 1):
            hits.setdefault(language[asking], []).append(meaning[pool[row]] == meaning[asking])
    return {code: float(np.mean(found)) for code, found in hits.items()}
