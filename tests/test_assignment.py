"""Assignment: as many as can be, as well as can be, and no rule bent for it."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from matcher import assignment
from matcher.assignment import Edges, Floats, Rows, assign, commonness, edges


class Case:
    """Seekers and peers as they may come: few distinct numbers, so that there are ties."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        seekers, peers = random.integers(1, 8, 2)
        self.similarity = random.choice([-0.8, -0.2, 0.0, 0.25, 0.5, 0.9], (seekers, peers))
        self.may_meet = random.random((seekers, peers)) < random.choice([0.2, 0.6, 1.0])
        self.capacity = random.integers(0, 4, peers)
        self.talks = random.integers(0, 6, peers)
        self.waited_min = random.choice([0.0, 3.0, 20.0, 59.0, 300.0], seekers)
        self.common = random.choice([0.0, 0.2, 0.5], seekers)
        self.able = edges(self.similarity, self.may_meet)

    def assigned(self) -> Rows:
        return assign(
            self.able, capacity=self.capacity, talks=self.talks, waited_min=self.waited_min, common=self.common
        )

    def weight(self, matched: Rows) -> float:
        """The sum that is to be greatest, written as the module's docstring has it."""
        due = assignment.WAITED * np.minimum(self.waited_min, 60) - assignment.COMMON * self.common
        total, talks = 0.0, self.talks.astype(float)
        for seeker, peer in enumerate(matched):
            if peer >= 0:
                total += self.similarity[seeker, peer] + due[seeker] - assignment.LOAD * talks[peer]
                talks[peer] += 1
        return total

    def places(self) -> tuple[Rows, Rows]:
        """The peer of each free place, and how many of its peer's places are before it."""
        peer = np.repeat(np.arange(len(self.capacity)), self.capacity)
        nth = np.concatenate([np.arange(one) for one in self.capacity]) if len(peer) else peer
        return peer, nth.astype(np.intp)

    def most(self) -> int:
        """How many can be served at all."""
        peer, _ = self.places()
        return int((maximum_bipartite_matching(csr_array(self.may_meet[:, peer]), "column") >= 0).sum())

    def optimum(self) -> float:
        """The greatest sum of weights among the ways to serve that many, by the dense Hungarian method."""
        peer, nth = self.places()
        due = assignment.WAITED * np.minimum(self.waited_min, 60) - assignment.COMMON * self.common
        weight = self.similarity[:, peer] + due[:, None] - assignment.LOAD * (self.talks[peer] + nth)
        served = np.where(self.may_meet[:, peer], weight + 1000, -1e6)
        dense = np.concatenate((served, np.zeros((len(due), len(due)))), axis=1)
        rows, columns = linear_sum_assignment(dense, maximize=True)
        chosen = dense[rows, columns]
        return float(chosen[chosen != 0].sum() - 1000 * np.count_nonzero(chosen))


@given(seed=st.integers(0, 2**32 - 1))
def test_no_peer_is_given_more_than_they_take_and_nobody_whom_a_rule_forbids(seed: int) -> None:
    case = Case(seed)
    matched = case.assigned()
    served = matched >= 0
    assert (np.bincount(matched[served], minlength=len(case.capacity)) <= case.capacity).all()
    assert case.may_meet[np.flatnonzero(served), matched[served]].all()


@given(seed=st.integers(0, 2**32 - 1))
def test_nobody_waits_who_could_have_been_served_as_well(seed: int) -> None:
    case = Case(seed)
    assert np.count_nonzero(case.assigned() >= 0) == case.most()


@given(seed=st.integers(0, 2**32 - 1))
def test_it_is_the_best_of_all_ways_to_serve_as_many(seed: int) -> None:
    case = Case(seed)
    assert case.weight(case.assigned()) == pytest.approx(case.optimum(), abs=1e-5)


@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_decides_nothing_but_ties(seed: int) -> None:
    case, other = Case(seed), Case(seed)
    random = np.random.default_rng(seed)
    rows, columns = random.permutation(len(case.common)), random.permutation(len(case.capacity))
    other.similarity, other.may_meet = case.similarity[rows][:, columns], case.may_meet[rows][:, columns]
    other.capacity, other.talks = case.capacity[columns], case.talks[columns]
    other.waited_min, other.common = case.waited_min[rows], case.common[rows]
    other.able = edges(other.similarity, other.may_meet)
    assert other.weight(other.assigned()) == pytest.approx(case.weight(case.assigned()), abs=1e-5)
    assert (case.assigned() == case.assigned()).all()


def one_place(similarity: list[float], waited_min: list[float], common: list[float] | None = None) -> int:
    """Return which of several seekers gets the only place."""
    matched = assign(
        edges(np.array(similarity)[:, None]), capacity=np.array([1]), talks=np.array([0]),
        waited_min=np.array(waited_min), common=np.array(common or [0.0] * len(similarity)),
    )  # fmt: skip
    return int(np.flatnonzero(matched >= 0)[0])


def test_of_equals_who_waits_longer_is_served_and_of_those_the_first() -> None:
    assert one_place([0.5, 0.5, 0.5], [3, 9, 4]) == 1
    assert one_place([0.5, 0.5, 0.5], [3, 3, 3]) == 0
    assert one_place([0.5, 0.5], [90, 61]) == 0  # past the hour, the order in which they came


def test_waiting_outweighs_similarity_in_the_end() -> None:
    assert one_place([0.4, 0.2], [0, 10]) == 0
    assert one_place([0.4, 0.2], [0, 58]) == 1


def test_rare_experience_is_not_passed_over_for_being_rare() -> None:
    assert one_place([0.4, 0.38], [5, 5], [0.4, 0.1]) == 1


def test_nobody_is_left_for_being_unlike_everybody() -> None:
    assert one_place([-0.9], [0.0], [1.0]) == 0


def test_talks_spread_over_peers_about_as_alike() -> None:
    alike = edges(np.array([[0.50, 0.49], [0.50, 0.49]]))
    matched = assign(
        alike, capacity=np.array([2, 2]), talks=np.array([0, 0]), waited_min=np.zeros(2), common=np.zeros(2)
    )
    assert sorted(matched) == [0, 1]
    matched = assign(
        alike, capacity=np.array([2, 2]), talks=np.array([3, 0]), waited_min=np.zeros(2), common=np.zeros(2)
    )
    assert matched.tolist() == [1, 1]


@pytest.mark.parametrize(("seekers", "peers"), [(0, 0), (0, 3), (3, 0)])
def test_nobody_waiting_and_nobody_free_are_no_errors(seekers: int, peers: int) -> None:
    nothing: Floats = np.zeros((seekers, peers))
    none = np.zeros(peers, dtype=np.int64)
    common = commonness(nothing)
    matched = assign(edges(nothing), capacity=none + 1, talks=none, waited_min=np.zeros(seekers), common=common)
    assert (matched == -1).all() and len(matched) == seekers


@given(seed=st.integers(0, 2**32 - 1), top=st.integers(1, 9))
def test_the_edges_kept_are_each_seekers_best(seed: int, top: int) -> None:
    case = Case(seed)
    kept = edges(case.similarity, case.may_meet, top=top)
    assert case.may_meet[kept.seekers, kept.peers].all()
    assert len(set(zip(kept.seekers.tolist(), kept.peers.tolist(), strict=True))) == len(kept.seekers)
    for seeker, row in enumerate(case.similarity):
        best = np.sort(row[case.may_meet[seeker]])[::-1][:top]
        assert np.sort(kept.similarity[kept.seekers == seeker])[::-1].tolist() == best.tolist()
    assert all(one <= other for one, other in itertools.pairwise(kept.seekers.tolist()))


def test_how_common_an_experience_is_is_told_by_the_tenth_most_like_it() -> None:
    row = np.array([0.9, 0.7, *[0.1] * 18])
    assert commonness(np.array([row, row[::-1]])).tolist() == pytest.approx([0.8, 0.8])


def test_many_places_and_an_edge_apiece() -> None:
    able = Edges(np.arange(3), np.array([1, 1, 1]), np.array([0.1, 0.2, 0.3]))
    matched = assign(
        able, capacity=np.array([5, 2, 5]), talks=np.zeros(3, np.int64), waited_min=np.zeros(3), common=np.zeros(3)
    )
    assert matched.tolist() == [-1, 1, 1]
