"""Ranking: exact, stable, and strict about what it is given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.encoder import Vectors, centred
from matcher.ranking import rank, set_apart


def unit(*rows: list[float]) -> Vectors:
    made = np.array(rows, dtype=np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


def test_the_most_similar_come_first() -> None:
    peers = unit([0, 1], [1, 0], [1, 1])
    assert [row for row, _ in rank(unit([1, 0])[0], peers, top=3)] == [1, 2, 0]


def test_ties_keep_row_order_also_at_the_cut() -> None:
    peers = unit([1, 1], [1, 0], [1, 0], [1, 0], [0, 1])
    assert [row for row, _ in rank(unit([1, 0])[0], peers, top=2)] == [1, 2]


def test_nobody_to_rank_is_no_error() -> None:
    assert rank(unit([1, 0])[0], np.zeros((0, 2), dtype=np.float32), top=5) == []


def test_a_peer_without_a_vector_stands_between_the_similar_and_the_dissimilar() -> None:
    peers = np.concatenate([unit([-1, 0]), np.zeros((1, 2), dtype=np.float32), unit([1, 0])])
    assert [row for row, _ in rank(unit([1, 0])[0], peers, top=3)] == [2, 1, 0]


@pytest.mark.parametrize(
    ("wanted", "peers"),
    [
        (np.array([2, 0], dtype=np.float32), unit([1, 0])),
        (unit([1, 0])[0], np.array([[3, 0]], dtype=np.float32)),
        (unit([1, 0, 0])[0], unit([1, 0])),
    ],
)
def test_what_is_no_unit_vector_is_an_error(wanted: Vectors, peers: Vectors) -> None:
    with pytest.raises(ValueError, match="vector"):
        rank(wanted, peers, top=1)


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 60), top=st.integers(0, 70))
def test_it_agrees_with_sorting_everything(seed: int, count: int, top: int) -> None:
    random = np.random.default_rng(seed)
    peers = unit(*(random.integers(-2, 3, (count, 4)) + np.array([0.5, 0, 0, 0])).tolist())
    wanted = unit(list(random.normal(size=4)))[0]
    similar = peers @ wanted
    expected = np.argsort(-similar, kind="stable")[:top]
    assert [row for row, _ in rank(wanted, peers, top=top)] == expected.tolist()


def test_centring_takes_away_what_all_texts_share() -> None:
    mean = np.array([0.5, 0.0], dtype=np.float32)
    apart = centred(unit([1, 1], [1, -1]), mean)
    assert np.allclose(np.linalg.norm(apart, axis=1), 1)
    assert float(apart[0] @ apart[1]) < float(unit([1, 1])[0] @ unit([1, -1])[0])
    assert not centred(np.array([[0.5, 0.0]], dtype=np.float32), mean).any()


def test_what_a_whole_pool_shares_does_not_decide() -> None:
    pool = unit(*([5, 1, 0] for _ in range(200)), *([5, 0, 1] for _ in range(200)))
    wanted = unit([1, 0, 3])[0]
    seeker, apart = set_apart(wanted, pool)
    assert float(apart[-1] @ seeker) > 0 > float(apart[0] @ seeker)
    assert float(pool[0] @ wanted) > 0.3  # as they came, everybody was alike
    assert np.allclose(np.linalg.norm(apart, axis=1), 1, atol=1e-3)


def test_a_small_pool_is_hardly_moved_and_who_has_no_vector_stays_without() -> None:
    pool = np.concatenate([unit([1, 0], [0, 1]), np.zeros((1, 2), dtype=np.float32)])
    wanted = unit([1, 1])[0]
    seeker, apart = set_apart(wanted, pool)
    assert not apart[2].any()
    assert np.allclose(apart[:2], pool[:2], atol=0.05)
    assert rank(seeker, apart, top=3)


@pytest.mark.parametrize("count", [0, 1, 500])
def test_setting_apart_never_leaves_a_request_without_a_direction(count: int) -> None:
    wanted = unit([1, 0])[0]
    seeker, apart = set_apart(wanted, np.repeat(wanted[np.newaxis], count, axis=0))
    assert abs(float(np.linalg.norm(seeker)) - 1) < 1e-3
    assert len(rank(seeker, apart, top=5)) == min(count, 5)
