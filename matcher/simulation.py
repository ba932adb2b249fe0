"""A simulation: a made-up day of a network of peers, played through by one policy, event by event.

    arrives -> waits -> offered -> talks -> the place is free again
                 ^         |
                 +---------+  declined, not answered
    and from waiting or offered: leaves

The one idea: only the policy differs. People, shifts and patience are the world's; how offers are answered is drawn
from the run's own seed. Nobody who waits is forgotten: who still waits at the end has waited in vain.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher import waits
from matcher.assignment import Counts, Edges, Floats, Rows, assign, edges
from matcher.world import DAY_MIN, World

BEAT_MIN = 5 / 60
"""Who waits is looked at together so often, when something has changed."""
OFFER_MIN = 1.5
ANSWER_MIN = 0.4
"""Who answers an offer takes so long on average."""
DECLINED, UNANSWERED = 0.15, 0.15
"""Of offers so many are declined, and so many stand until they end."""
AGAIN_MIN = 5.0
"""A peer who did not take a request is asked for it again after so long."""
LEAVING, LEAVING_MORE = 0.004, 0.002
"""Of people who wait so many leave in a minute; each minute past the announced wait adds so many to that."""
EXPECTED_MIN = 15
"""Who was told no wait expects this."""

Assign = Callable[[Edges, Counts, Counts, Floats, Floats], Rows]
"""able, capacity, talks, waited_min, common as for `assignment.assign`."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A way to decide who is offered whom. `alone`: each locality helps its own people only."""

    name: str
    assign: Assign
    alone: bool = False


def ours(able: Edges, capacity: Counts, talks: Counts, waited_min: Floats, common: Floats) -> Rows:
    """All at once, fairly."""
    return assign(able, capacity=capacity, talks=talks, waited_min=waited_min, common=common)


def nearest(able: Edges, capacity: Counts, talks: Counts, waited_min: Floats, common: Floats) -> Rows:
    """The most similar pair first, then the next."""
    return _one_by_one(able, capacity, len(waited_min), np.argsort(-able.similarity, kind="stable"))


def longest(able: Edges, capacity: Counts, talks: Counts, waited_min: Floats, common: Floats) -> Rows:
    """Who waits longest first chooses the most similar."""
    return _one_by_one(
        able, capacity, len(waited_min), np.lexsort((-able.similarity, able.seekers, -waited_min[able.seekers]))
    )


def _one_by_one(able: Edges, capacity: Counts, seekers: int, order: Rows) -> Rows:
    matched, left = np.full(seekers, -1, dtype=np.intp), capacity.copy()
    for edge in order:
        seeker, peer = able.seekers[edge], able.peers[edge]
        if matched[seeker] < 0 and left[peer] > 0:
            matched[seeker] = peer
            left[peer] -= 1
    return matched


OURS = Policy("all at once", ours)
POLICIES = (
    OURS,
    Policy("nearest first", nearest),
    Policy("longest wait first", longest),
    Policy("each place alone", ours, alone=True),
)


@dataclass(frozen=True, slots=True)
class Played:
    """How a day went. Rows are the world's seekers.

    Attributes:
        waited_min: (n,) until matched, until they left, or to the end.
        matched: (n,) whether the wait ended with a talk.
        announced: (n,) the high end of the wait that was announced; NaN: none was.
        peer: (n,) whom they talked with; -1: nobody.
        share: similarity of all pairs that were chosen, to what similarity alone would have given in the same batches.
        offers: how many were made.
    """

    world: World
    waited_min: Floats
    matched: npt.NDArray[np.bool_]
    announced: Floats
    peer: Rows
    share: float
    offers: int


def play(world: World, policy: Policy, seed: int) -> Played:
    """Play a day through; the same arguments give the same day."""
    return _Day(world, policy, seed).play()


class _Day:
    """What changes while a day is played. Events are (minute, running number, what happens, to whom, offer)."""

    def __init__(self, world: World, policy: Policy, seed: int) -> None:
        self._world, self._policy = world, policy
        self._random = np.random.default_rng((seed, 1))
        seekers, peers = world.similarity.shape
        self._events: list[tuple[float, int, Callable[[int, int], None], int, int]] = []
        self._now = 0.0
        self._count = 0
        self._batch_at = np.inf
        self._waiting: set[int] = set()
        self._offer = np.zeros(seekers, dtype=np.int64)  # the number of the offer that stands; 0: none
        self._offers = 0
        self._peer = np.full(seekers, -1, dtype=np.intp)
        self._ended = np.full(seekers, np.inf)
        self._matched = np.zeros(seekers, dtype=bool)
        self._announced = np.full(seekers, np.nan)
        self._asked = np.full((seekers, peers), -np.inf)
        self._used, self._talks = np.zeros(peers, dtype=np.int64), np.zeros(peers, dtype=np.int64)
        self._got = self._best = 0.0

    def play(self) -> Played:
        world = self._world
        for seeker, minute in enumerate(world.arrives):
            self._at(float(minute), self._arrive, seeker)
        for peer, minute in enumerate(world.on):
            self._at(float(minute), self._come, peer)
        while self._events:
            self._now, _, happen, who, offer = heapq.heappop(self._events)
            if self._now > DAY_MIN:
                break
            happen(who, offer)
        waited = np.minimum(self._ended, DAY_MIN) - world.arrives
        self._peer[~self._matched] = -1
        share = self._got / self._best if self._best else 1.0
        return Played(world, waited, self._matched, self._announced, self._peer, share, self._offers)

    def _at(self, minute: float, happen: Callable[[int, int], None], who: int, offer: int = 0) -> None:
        self._count += 1
        heapq.heappush(self._events, (minute, self._count, happen, who, offer))

    def _look(self, minute: float) -> None:
        """See to it that there is a batch at the first beat from this minute on."""
        beat = np.ceil(minute / BEAT_MIN) * BEAT_MIN
        if beat < self._batch_at:
            self._batch_at = beat
            self._at(beat, self._batch, 0)

    def _come(self, peer: int, _: int) -> None:
        self._look(self._now)

    def _arrive(self, seeker: int, _: int) -> None:
        announced = self._likely(seeker)
        high = EXPECTED_MIN if announced is None else announced[1]
        if announced is not None:
            self._announced[seeker] = high
        self._waiting.add(seeker)
        self._at(self._now + leaves_after(float(self._world.patience[seeker]), high), self._leave, seeker)
        self._look(self._now)

    def _likely(self, seeker: int) -> tuple[int, int] | None:
        """Return what is announced to who comes now: from those who came before, to the same place when it is alone."""
        before = np.arange(seeker)
        if self._policy.alone:
            before = before[self._world.seeker_place[:seeker] == self._world.seeker_place[seeker]]
        over = np.isfinite(self._ended[before])
        last = before[over][np.argsort(self._ended[before[over]])][-waits.RECENT :]
        known = np.concatenate((last, before[~over]))
        return waits.likely(self._world.arrives[known], self._ended[known], self._matched[known], self._now)

    def _leave(self, seeker: int, _: int) -> None:
        if self._ended[seeker] <= self._now:
            return
        self._ended[seeker] = self._now
        self._waiting.discard(seeker)
        if self._offer[seeker]:
            self._free(int(self._peer[seeker]))
            self._offer[seeker], self._peer[seeker] = 0, -1

    def _batch(self, _: int, __: int) -> None:
        self._batch_at = np.inf
        world = self._world
        on = (world.on <= self._now) & (self._now < world.off)
        free = np.flatnonzero(on & (self._used < world.capacity))
        waiting = np.sort(np.fromiter(self._waiting, dtype=np.intp))
        if not len(free) or not len(waiting):
            return
        may_meet = self._asked[np.ix_(waiting, free)] <= self._now - AGAIN_MIN
        if self._policy.alone:
            may_meet &= world.seeker_place[waiting][:, None] == world.peer_place[free]
        able = edges(world.similarity[np.ix_(waiting, free)], may_meet)
        capacity, talks = world.capacity[free] - self._used[free], self._talks[free]
        waited, common = self._now - world.arrives[waiting], world.common[waiting]
        matched = self._policy.assign(able, capacity, talks, waited, common)
        self._got += _similarity(world, waiting, free, matched)
        if len(waiting) == 1 or capacity.sum() == 1:  # nothing to solve
            self._best += float(able.similarity.max()) if len(able.similarity) else 0.0
        else:
            best = ours(able, capacity, 0 * talks, 0 * waited, 0 * common)
            self._best += _similarity(world, waiting, free, best)
        for at in np.flatnonzero(matched >= 0):
            self._make(int(waiting[at]), int(free[matched[at]]))

    def _make(self, seeker: int, peer: int) -> None:
        """Offer a request to a peer, and let chance say how it is answered."""
        self._offers += 1
        self._waiting.remove(seeker)
        self._offer[seeker], self._peer[seeker] = self._offers, peer
        self._asked[seeker, peer] = self._now
        self._used[peer] += 1
        chance, answers = self._random.random(), self._now + min(OFFER_MIN, self._random.exponential(ANSWER_MIN))
        if chance < UNANSWERED:
            self._at(self._now + OFFER_MIN, self._decline, seeker, self._offers)
        elif chance < UNANSWERED + DECLINED:
            self._at(answers, self._decline, seeker, self._offers)
        else:
            self._at(answers, self._accept, seeker, self._offers)

    def _decline(self, seeker: int, offer: int) -> None:
        if self._offer[seeker] != offer:
            return
        self._free(int(self._peer[seeker]))
        self._offer[seeker], self._peer[seeker] = 0, -1
        self._waiting.add(seeker)
        self._look(self._now + AGAIN_MIN)

    def _accept(self, seeker: int, offer: int) -> None:
        if self._offer[seeker] != offer:
            return
        self._offer[seeker] = 0
        self._matched[seeker], self._ended[seeker] = True, self._now
        self._talks[self._peer[seeker]] += 1
        self._at(self._now + float(self._world.talk_min[seeker]), self._end, int(self._peer[seeker]))

    def _end(self, peer: int, _: int) -> None:
        self._free(peer)

    def _free(self, peer: int) -> None:
        self._used[peer] -= 1
        self._look(self._now)


def leaves_after(patience: float, high_min: float) -> float:
    """Return after how many minutes of waiting somebody leaves who expects to wait `high_min` at most.

    Leaving is a hazard: LEAVING a minute, and LEAVING_MORE more with each minute past what is expected. They leave when
    it has summed up to their patience.
    """
    if patience <= LEAVING * high_min:
        return patience / LEAVING
    rest = patience - LEAVING * high_min
    return high_min + (math.sqrt(LEAVING**2 + 2 * LEAVING_MORE * rest) - LEAVING) / LEAVING_MORE


def _similarity(world: World, waiting: Rows, free: Rows, matched: Rows) -> float:
    served = matched >= 0
    return float(world.similarity[waiting[served], free[matched[served]]].sum())
