"""A made-up day: localities, the peers who live there and their shifts, who asks for somebody and when.

The one idea: everything that chance decides about people is drawn here, once, so that every policy plays the same day.
All numbers are assumptions; none is measured on a network like this one. The report prints them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.assignment import Counts, Floats, Rows, commonness

LOCALITIES = {500: 60, 5_000: 14, 50_000: 2}
"""How many localities of how many people: 200,000 people."""
PEOPLE_PER_PEER = 500
ON_DUTY = 2 / 7
"""A peer has two shifts a week."""
SHIFT_MIN = 180.0
TALK_MIN = 50.0
"""A talk on average; each lasts from half to one and a half of it."""
HOURS = (3, 3, 4, 6, 8, 8, 8, 9, 9, 9, 9, 10, 12, 14, 16, 17, 16, 13, 9, 7, 5, 3, 3, 3)
"""How many ask in each hour, from five in the morning, to each other: the evening is busiest. Shifts follow it."""
DAY_MIN = 1440.0
TOPICS = 40
"""Kinds of experience; the k-th is 1/k as frequent as the first."""
RARE = 0.02
"""A kind that fewer people than this share have lived through is rare (together about three people in ten)."""
DIMENSIONS = 64
ALIKE = 0.5
"""How much of a vector is its kind of experience: precision at 5 is .42 then, as of two sets of real texts."""


@dataclass(frozen=True, slots=True)
class World:
    """One day. n seekers in order of arrival, p peers on duty; times are minutes from its begin.

    Attributes:
        size: (n,) how many people live where the seeker does.
        seeker_place, peer_place: (n,), (p,) which locality.
        rare: (n,) whether the seeker's kind of experience is rare.
        arrives: (n,), ascending.
        patience: (n,) exponential with mean 1: who has little of it leaves early.
        talk_min: (n,) how long the seeker's talk lasts.
        on, off: (p,) when the peer's shift begins and ends.
        capacity: (p,) with how many at once the peer talks.
        similarity: (n, p) cosine of each seeker and peer.
        alike: (n, p) whether both have lived through the same kind.
        common: (n,) see `assignment.commonness`.
    """

    size: Counts
    seeker_place: Rows
    peer_place: Rows
    rare: npt.NDArray[np.bool_]
    arrives: Floats
    patience: Floats
    talk_min: Floats
    on: Floats
    off: Floats
    capacity: Counts
    similarity: Floats
    alike: npt.NDArray[np.bool_]
    common: Floats


def make(seed: int, load: float) -> World:
    """Make a day.

    Args:
        seed: the same seed and load give the same day.
        load: how many minutes of talk are asked for, to one minute that a peer has room for.
    """
    random = np.random.default_rng(seed)
    sizes = np.repeat(np.array(list(LOCALITIES)), list(LOCALITIES.values()))
    lives = np.repeat(np.arange(len(sizes)), sizes // PEOPLE_PER_PEER)
    peer_place = lives[random.random(len(lives)) < ON_DUTY]
    peers = len(peer_place)
    on = np.maximum(0, _times(random, peers) - random.uniform(0, SHIFT_MIN, peers))
    capacity = random.choice([1, 2], peers, p=[0.6, 0.4])
    seekers = max(1, int(random.poisson(load * float(capacity.sum()) * SHIFT_MIN / TALK_MIN)))
    seeker_place = random.choice(len(sizes), seekers, p=sizes / sizes.sum())
    shares = 1 / np.arange(1, TOPICS + 1)
    shares /= shares.sum()
    kinds = _directions(random, TOPICS)
    of_seekers, of_peers = random.choice(TOPICS, seekers, p=shares), random.choice(TOPICS, peers, p=shares)
    similarity = _vectors(random, kinds[of_seekers]) @ _vectors(random, kinds[of_peers]).T
    arrives = _times(random, seekers)
    arrives.sort()
    return World(
        size=sizes[seeker_place],
        seeker_place=seeker_place,
        peer_place=peer_place,
        rare=shares[of_seekers] < RARE,
        arrives=arrives,
        patience=random.exponential(1, seekers),
        talk_min=TALK_MIN * random.uniform(0.5, 1.5, seekers),
        on=on,
        off=on + SHIFT_MIN,
        capacity=capacity,
        similarity=similarity,
        alike=of_seekers[:, None] == of_peers,
        common=commonness(similarity),
    )


def _times(random: np.random.Generator, count: int) -> Floats:
    hours = random.choice(len(HOURS), count, p=np.array(HOURS) / sum(HOURS))
    minutes: Floats = (hours + random.random(count)) * DAY_MIN / len(HOURS)
    return minutes


def _directions(random: np.random.Generator, count: int) -> Floats:
    drawn = random.normal(size=(count, DIMENSIONS))
    unit: Floats = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def _vectors(random: np.random.Generator, kinds: Floats) -> Floats:
    drawn = ALIKE * kinds + (1 - ALIKE) * _directions(random, len(kinds)) * 2
    unit: Floats = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit
