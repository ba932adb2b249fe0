"""Ranking: exact, stable, and strict about what it is given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.encoder import Vectors, centred
from matcher.ranking import Pool, best, similarities


def unit(*rows: list[float]) -> Vectors:
    made = np.array(rows, dtype=np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


def array(*values: float) -> Vectors:
    return np.array(values, dtype=np.float32)


def test_the_highest_come_first() -> None:
    assert best(array(0.1, 0.9, 0.5), 2).tolist() == [1, 2]


def test_ties_keep_their_order_also_at_the_cut() -> None:
    assert best(array(0.5, 1, 1, 1, 0), 2).tolist() == [1, 2]


@pytest.mark.parametrize("top", [-1, 0, 5])
def test_nobody_to_rank_is_no_error(top: int) -> None:
    assert best(array(), top).tolist() == []
    assert similarities(unit([1, 0]), Pool.of(np.zeros((0, 2), dtype=np.float32))).shape == (1, 0)


@given(values=st.lists(st.integers(-3, 3), max_size=60), top=st.integers(0, 70))
def test_it_agrees_with_sorting_everything(values: list[int], top: int) -> None:
    similar = array(*values)
    assert best(similar, top).tolist() == np.argsort(-similar, kind="stable")[:top].tolist()


def test_a_peer_without_a_vector_stands_between_the_similar_and_the_dissimilar() -> None:
    peers = np.concatenate([unit([-1, 0]), np.zeros((1, 2), dtype=np.float32), unit([1, 0])])
    assert best(similarities(unit([1, 0]), Pool.of(peers))[0], 3).tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("wanted", "peers"),
    [
        (array(2, 0)[np.newaxis], unit([1, 0])),
        (unit([1, 0, 0]), unit([1, 0])),
        (unit([1, 0])[0], unit([1, 0])),
        (unit([1, 0]), unit([1, 0])[0]),
    ],
)
def test_what_is_no_unit_vector_is_an_error(wanted: Vectors, peers: Vectors) -> None:
    with pytest.raises(ValueError, match="vector"):
        similarities(wanted, Pool.of(peers))


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 60), seekers=st.integers(1, 5))
def test_it_agrees_with_moving_every_row(seed: int, count: int, seekers: int) -> None:
    random = np.random.default_rng(seed)
    peers, wanted = unit(*random.normal(size=(count, 8)).tolist()), unit(*random.normal(size=(seekers, 8)).tolist())
    pool = Pool.of(peers)
    moved = centred(wanted, pool.mean) @ centred(peers, pool.mean).T
    assert np.allclose(similarities(wanted, pool), moved, atol=1e-4)


def test_centring_takes_away_what_all_texts_share() -> None:
    mean = array(0.5, 0.0)
    apart = centred(unit([1, 1], [1, -1]), mean)
    assert np.allclose(np.linalg.norm(apart, axis=1), 1)
    assert float(apart[0] @ apart[1]) < float(unit([1, 1])[0] @ unit([1, -1])[0])
    assert not centred(array(0.5, 0.0)[np.newaxis], mean).any()


def test_what_a_whole_pool_shares_does_not_decide() -> None:
    pool = unit(*([5, 1, 0] for _ in range(200)), *([5, 0, 1] for _ in range(200)))
    wanted = unit([1, 0, 3])
    told = similarities(wanted, Pool.of(pool))[0]
    assert told[-1] > 0 > told[0]
    assert float((wanted @ pool.T)[0, 0]) > 0.3  # as they came, everybody was alike


def test_a_small_pool_is_hardly_moved() -> None:
    pool = np.concatenate([unit([1, 0], [0, 1]), np.zeros((1, 2), dtype=np.float32)])
    told = similarities(unit([1, 1]), Pool.of(pool))[0]
    assert np.allclose(told[:2], (unit([1, 1]) @ pool.T)[0, :2], atol=0.05)
    assert told[2] == 0


@pytest.mark.parametrize("count", [1, 500])
def test_a_pool_of_one_kind_is_no_error(count: int) -> None:
    wanted = unit([1, 0])
    pool = np.repeat(wanted, count, axis=0)
    assert np.isfinite(similarities(wanted, Pool.of(pool))).all()
