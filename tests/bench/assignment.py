"""assignment: how fast who waits is matched at once, how near to the optimum, and how fairly; and the search before it.

Vectors are drawn around 22 kinds of experience of falling frequency. What is compared ran on the same vectors.
"""

import argparse
import statistics
import time

import numpy as np

from matcher.assignment import Counts, Edges, Floats, Rows, assign, commonness, edges
from matcher.ranking import Pool, best, similarities
from matcher.simulation import nearest

KINDS, DIMENSIONS = 22, 384
WAITED_MEAN_MIN = 20.0


def figures(argv: list[str]) -> dict[str, float]:
    """Measure; see the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench assignment")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of people; below 1 to try the bench")
    asked = parser.parse_args(argv)
    return (
        _large(int(10_000 * asked.scale), int(2_000 * asked.scale), asked.rounds)
        | _scarce(int(1_000 * asked.scale), int(300 * asked.scale))
        | _search(int(100_000 * asked.scale), 10 * asked.rounds)
    )


def _large(seekers: int, peers: int, rounds: int) -> dict[str, float]:
    """Seekers against peers with one place each: the time from similarities to who goes to whom."""
    similarity, waited = _people(seekers, peers)
    free, none = np.ones(peers, dtype=np.int64), np.zeros(peers, dtype=np.int64)
    took, greedy_took = [], []
    for _ in range(rounds):
        begin = time.perf_counter()
        able, common = edges(similarity), commonness(similarity)
        matched = assign(able, capacity=free, talks=none, waited_min=waited, common=common)
        took.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        greedy = nearest(edges(similarity), free, none, waited, common)
        greedy_took.append(time.perf_counter() - begin)
    most = _optimum(able, free)
    return {
        "assign_10k_2k_s": statistics.median(took),
        "assign_share_of_optimum": _sum(similarity, matched) / _sum(similarity, most),
        "nearest_10k_2k_s": statistics.median(greedy_took),
        "nearest_share_of_optimum": _sum(similarity, greedy) / _sum(similarity, most),
    }


def _scarce(seekers: int, peers: int) -> dict[str, float]:
    """Three seekers to a place: how long those had waited who are left, to those who are matched."""
    similarity, waited = _people(seekers, peers)
    free, none = np.ones(peers, dtype=np.int64), np.zeros(peers, dtype=np.int64)
    able, common = edges(similarity), commonness(similarity)
    matched = assign(able, capacity=free, talks=none, waited_min=waited, common=common) >= 0
    greedy = nearest(able, free, none, waited, common) >= 0
    return {
        "wait_fairness": float(waited[~matched].mean() / waited[matched].mean()),
        "nearest_wait_fairness": float(waited[~greedy].mean() / waited[greedy].mean()),
    }


def _search(peers: int, rounds: int) -> dict[str, float]:
    """The exact search for one request among many peers, and what a change among them costs the next one."""
    random = np.random.default_rng(3)
    vectors = _unit(random.standard_normal((peers, DIMENSIONS), dtype=np.float32))
    begin = time.perf_counter()
    pool = Pool.of(vectors)
    made = time.perf_counter() - begin
    took, product_took = [], []
    for wanted in _unit(random.standard_normal((rounds, DIMENSIONS), dtype=np.float32)):
        begin = time.perf_counter()
        best(similarities(wanted[np.newaxis], pool)[0], 20)
        took.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        vectors @ wanted
        product_took.append(time.perf_counter() - begin)
    return {
        "search_100k_ms": statistics.median(took) * 1000,
        "product_100k_ms": statistics.median(product_took) * 1000,
        "pool_100k_ms": made * 1000,
    }


def _people(seekers: int, peers: int) -> tuple[Floats, Floats]:
    """Return the similarity of each seeker and peer, and how long each seeker has waited."""
    random = np.random.default_rng(1)
    kinds = _unit(random.standard_normal((KINDS, DIMENSIONS), dtype=np.float32))
    shares = 1 / np.arange(1, KINDS + 1)
    drawn = random.choice(KINDS, seekers + peers, p=shares / shares.sum())
    noise = _unit(random.standard_normal((seekers + peers, DIMENSIONS), dtype=np.float32))
    vectors = _unit(0.6 * kinds[drawn] + noise)
    return vectors[:seekers] @ vectors[seekers:].T, random.exponential(WAITED_MEAN_MIN, seekers)


def _unit(rows: Floats) -> Floats:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _optimum(able: Edges, free: Counts) -> Rows:
    """As many matched, by similarity alone."""
    seekers = int(able.seekers.max()) + 1
    return assign(able, capacity=free, talks=0 * free, waited_min=np.zeros(seekers), common=np.zeros(seekers))


def _sum(similarity: Floats, matched: Rows) -> float:
    served = np.flatnonzero(matched >= 0)
    return float(similarity[served, matched[served]].sum())
