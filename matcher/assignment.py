"""Assignment: who waits and who is free, matched all at once.

The one idea: as many as possible are served, and only then is it asked how well. Of all ways to serve that many, that
with the greatest sum of weights is taken, where the weight of seeker and peer is

    their similarity
    + WAITED for each minute the seeker has waited, up to WAITED_MOST_MIN
    - COMMON times how alike the seeker is to the tenth of all peers most like them
    - LOAD for each talk the peer has today

Nobody is passed over for too little similarity. Who has lived through what many have would win every comparison, being
alike to somebody wherever they look; COMMON takes that advantage away, so that rare experience waits no longer.

Method: a sparse assignment problem with a column for each free place of a peer and a private column for each seeker,
which stands for going on waiting (Jonker and Volgenant, Computing 38, 1987, as in scipy's
`min_weight_full_bipartite_matching`).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

Floats = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]

TOP = 20
"""Edges kept a seeker: 99.9 % of the optimum over all edges at 1,000 x 300, at a hundredth of its cost at 10,000."""
WAITED = 0.004
"""Twenty-five minutes of waiting weigh as much as a tenth of similarity. With three seekers to a place, on two sets of
real texts: those left had waited a third as long as those matched, at 93 % of the similarity that could be had. Two and
a half times as much costs another 6 %, for a quarter instead of a third."""
WAITED_MOST_MIN = 60.0
COMMON = 0.7
"""Matched in simulated days with three seekers to a place, rare / common experience: .33 / .40 at 0, .36 / .39 at 0.3,
.38 / .37 at 0.7. It costs 1 % of similarity."""
COMMON_TENTH = 10
LOAD = 0.02
"""Among peers about as alike the one with fewer talks today is asked."""
FIRST = 1e-6
"""Among equal seekers the one in the earlier row is served."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Pairs that may meet, after every hard rule. In order of seeker, each pair once.

    Attributes:
        seekers, peers: shape (e,), intp: rows of the seekers and of the peers.
        similarity: shape (e,), cosine, -1 … 1.
    """

    seekers: Rows
    peers: Rows
    similarity: Floats


def edges(similarity: Floats, may_meet: npt.NDArray[np.bool_] | None = None, *, top: int = TOP) -> Edges:
    """Keep each seeker's best edges.

    Args:
        similarity: shape (n, p), cosine of each seeker and each peer.
        may_meet: shape (n, p), which pairs no hard rule forbids; None: all.
        top: how many a seeker at most. Of edges as good as the last one, any.
    """
    seekers, peers = similarity.shape
    if may_meet is not None:
        similarity = np.where(may_meet, similarity, -np.inf)
    if top < peers:
        kept = np.sort(np.argpartition(similarity, peers - top, axis=1)[:, peers - top :], axis=1)
    else:
        kept = np.broadcast_to(np.arange(peers), (seekers, peers))
    rows, columns = np.repeat(np.arange(seekers), kept.shape[1]), kept.ravel()
    alike = similarity[rows, columns]
    there = np.isfinite(alike)
    return Edges(rows[there], columns[there], alike[there])


def commonness(similarity: Floats) -> Floats:
    """Return how common each seeker's experience is among the peers: the mean similarity to the most similar tenth.

    Args:
        similarity: shape (n, p), of each seeker and every peer there is, free or not; p may be 0.

    Returns:
        Shape (n,), -1 … 1.
    """
    peers = similarity.shape[1]
    if not peers:
        return np.zeros(len(similarity))
    tenth = max(1, peers // COMMON_TENTH)
    most: Floats = np.partition(similarity, peers - tenth, axis=1)[:, peers - tenth :].mean(axis=1)
    return most


def assign(able: Edges, *, capacity: Counts, talks: Counts, waited_min: Floats, common: Floats) -> Rows:
    """Match seekers and peers: as many as can be, and among the ways to do so with the greatest sum of weights.

    Args:
        able: who may meet whom. Only these pairs come out.
        capacity: shape (p,), how many more each peer may take now, 0 or more.
        talks: shape (p,), how many each peer has had or been offered today.
        waited_min: shape (n,), minutes, 0 or more.
        common: shape (n,), see `commonness`.

    Returns:
        Shape (n,): the row of the peer for each seeker, -1 where they go on waiting. The same input gives the same
        output; of equal seekers the earlier are served.
    """
    count, peers = len(waited_min), len(capacity)
    matched = np.full(count, -1, dtype=np.intp)
    places = np.minimum(capacity, np.bincount(able.peers, minlength=peers))
    first = np.concatenate(([0], np.cumsum(places)))  # the first column of each peer
    if not count or not first[-1]:
        return matched
    due = WAITED * np.minimum(waited_min, WAITED_MOST_MIN) - COMMON * common
    weight = able.similarity + due[able.seekers] - LOAD * talks[able.peers]
    edge = np.repeat(np.arange(len(weight)), places[able.peers])
    nth = np.arange(len(edge)) - np.repeat(np.cumsum(places[able.peers]) - places[able.peers], places[able.peers])
    cost = LOAD * nth - weight[edge]
    cost += 1 - cost.min()  # the solver takes a zero for no edge; a constant for all changes no comparison
    waiting = cost.max() * (1 + min(count, int(first[-1])))  # one more served outweighs whatever it costs the others
    rows = np.concatenate((able.seekers[edge], np.arange(count)))
    columns = np.concatenate((first[able.peers[edge]] + nth, first[-1] + np.arange(count)))
    costs = np.concatenate((cost, waiting + FIRST * (1 - np.arange(count) / count)))
    problem = csr_array((costs, (rows, columns)), shape=(count, int(first[-1]) + count))
    served, taken = min_weight_full_bipartite_matching(problem)
    real = taken < first[-1]
    matched[served[real]] = np.searchsorted(first, taken[real], side="right") - 1
    return matched
