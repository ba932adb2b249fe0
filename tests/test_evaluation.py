"""Evaluation: the measures against values worked out by hand, and the scoring against that of requests."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.encoder import Vectors
from matcher.evaluation import (
    DEPTH,
    MEASURES,
    counted,
    estimated,
    measured,
    rankings,
    scores,
    shuffled,
    translations_found,
)
from matcher.ranking import Pool, best, similarities

A, B = frozenset({"a"}), frozenset({"b"})


def hits(*places: int, of: int = 12) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.array([place in places for place in range(1, of + 1)])


def unit(rows: int, columns: int = 8, seed: int = 0) -> Vectors:
    made = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize(
    ("places", "relevant", "wanted"),
    [
        ((1, 2, 3, 4, 5), 5, (1, 1, 1, 1)),
        ((2, 4), 2, (0, 0.4, (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3)), 0.5)),
        ((6,), 3, (0, 0, (1 / math.log2(7)) / (1 + 1 / math.log2(3) + 0.5), 1 / 6)),
        ((12,), 1, (0, 0, 0, 1 / 12)),  # below the tenth place nothing is gained
        ((), 4, (0, 0, 0, 0)),
        ((), 0, (0, 0, 0, 0)),
    ],
)
def test_measures_are_those_worked_out_by_hand(
    places: tuple[int, ...], relevant: int, wanted: tuple[float, ...]
) -> None:
    assert measured(hits(*places), relevant) == pytest.approx(wanted)


def test_a_ranking_shorter_than_five_counts_what_is_not_there_as_missed() -> None:
    assert measured(np.array([True, True]), 2) == pytest.approx((1, 0.4, 1, 1))


def test_labels_of_few_texts_do_not_count_and_their_texts_take_no_part() -> None:
    labels = [["a"], ["a", "b"], ["b", "b"], ["a", "c"], []]
    assert counted(labels, 3) == [A, A, frozenset(), A, frozenset()]


def test_every_text_asks_all_others_and_never_itself() -> None:
    for asking, ranking in enumerate(rankings(unit(6))):
        assert sorted(ranking) == [row for row in range(6) if row != asking]


def test_texts_are_ranked_as_a_request_ranks_peers() -> None:
    vectors = unit(40)
    for asking, ranking in enumerate(rankings(vectors)):
        others = [row for row in range(40) if row != asking]
        found = best(similarities(vectors[asking : asking + 1], Pool.of(vectors[others]))[0], 40)
        assert ranking == [others[row] for row in found]


def test_relevant_is_what_shares_a_label() -> None:
    labels = [A, A, B, A | B]
    found = iter([[1, 2, 3], [2, 0, 3], [0, 1, 3], [0, 1, 2]])
    each = np.array(list(scores(labels, found)))
    assert each[:, MEASURES.index("P@1")].tolist() == [1, 0, 0, 1]
    assert each[:, MEASURES.index("MRR")] == pytest.approx([1, 1 / 2, 1 / 3, 1])


def test_texts_in_two_heaps_find_their_own_and_by_chance_half() -> None:
    heaps = np.repeat(np.eye(2, 8, dtype=np.float32), 20, axis=0) + 0.1 * unit(40)
    vectors = np.asarray(heaps / np.linalg.norm(heaps, axis=1, keepdims=True), dtype=np.float32)
    labels = [A] * 20 + [B] * 20
    assert np.array(list(scores(labels, rankings(vectors))))[:, :3].min() == 1
    chance = np.array(list(scores(labels, shuffled(40, seed=1)))).mean(axis=0)
    assert 0.35 < chance[MEASURES.index("P@5")] < 0.6


def test_no_ranking_is_longer_than_it_is_looked_at() -> None:
    assert {len(ranking) for ranking in rankings(unit(DEPTH + 5))} == {DEPTH}
    assert {len(ranking) for ranking in shuffled(DEPTH + 5, seed=0)} == {DEPTH}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_an_interval_holds_its_mean_and_stays_within_what_was_seen(seen: list[float]) -> None:
    (one,) = estimated(np.array(seen)[:, np.newaxis])
    assert min(seen) - 1e-9 <= one.low <= one.high <= max(seen) + 1e-9


def test_an_interval_is_as_wide_as_theory_says() -> None:
    (one,) = estimated(np.repeat([0.0, 1.0], 200)[:, np.newaxis])
    assert one.high - one.low == pytest.approx(2 * 1.96 * 0.5 / math.sqrt(400), rel=0.1)


def test_a_translation_is_sought_among_all_other_languages() -> None:
    vectors = np.eye(3, 8, dtype=np.float32)[[0, 1, 0, 1, 1, 0]]
    languages = ["en", "en", "fi", "fi", "sv", "sv"]
    found = translations_found(vectors, [0, 1, 0, 1, 0, 1], languages, own=False)
    assert found == {"en": 1, "fi": 1, "sv": 0}  # Swedish has its two exchanged


def test_a_language_that_keeps_apart_finds_itself_where_it_stands_in_the_pool_too() -> None:
    apart = np.array([[1, 0, 0], [0, 1, 0], [0.6, 0, 0.8], [0, 0.6, 0.8]], dtype=np.float32)
    languages = ["en", "en", "fi", "fi"]
    assert translations_found(apart, [0, 1, 0, 1], languages, own=False) == {"en": 1, "fi": 1}
    assert translations_found(apart, [0, 1, 0, 1], languages, own=True) == {"en": 1, "fi": 0}
