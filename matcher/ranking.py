"""Ranking: how alike a request and peers are, and who is most. Exact: one reading of all rows, so no index is kept."""

from dataclasses import dataclass

import numpy as np

from matcher.encoder import Vectors

UNIT = 1e-3
"""How far from unit length a row may be. A row of zeros (nothing to compare) is allowed and similar to nothing."""
PRIOR = 50
"""A pool's mean counts as if so many vectors at the shipped mean stood beside it: of two peers it tells little,
of a thousand nearly everything."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Pool:
    """Peers to compare with, and what is told of all of them before anybody asks: it costs several searches.

    Attributes:
        peers: shape (n, d), float32, rows of unit length, or all zeros where there is nothing to compare; n may be 0.
            Whoever changes a row makes a new pool.
        mean: shape (d,), what the peers have in common. Rows of zeros do not count.
        along: shape (n,), each row's product with the mean.
        length: shape (n,), of each row once the mean is taken from it; infinite where there is nothing to compare.
    """

    peers: Vectors
    mean: Vectors
    along: Vectors
    length: Vectors

    @classmethod
    def of(cls, peers: Vectors) -> "Pool":
        """Make a pool of peers.

        Raises:
            ValueError: not a row a peer.
        """
        if peers.ndim != 2:
            raise ValueError("peers' vectors are not rows")
        is_told = np.einsum("nd,nd->n", peers, peers) > 0
        mean: Vectors = (peers.sum(axis=0) / (int(np.count_nonzero(is_told)) + PRIOR)).astype(np.float32)
        along = peers @ mean
        length = _length(along, mean)
        return cls(peers, mean, along, np.where(is_told & (length > UNIT), length, np.float32(np.inf)))


def similarities(wanted: Vectors, pool: Pool) -> Vectors:
    """Return how alike requests and peers are when what the pool has in common is taken from both.

    Precision at 5 on two sets of real texts, by the shipped mean alone and with this: .413 -> .422, .457 -> .464. The
    rows are never moved: (x - m)(q - m) is told from x q, x m and q m, in one product over all rows.

    Args:
        wanted: shape (s, d), float32, rows of unit length.

    Returns:
        Cosine similarity, shape (s, n), float32. 0 for a row of zeros, and for one that is the mean itself.

    Raises:
        ValueError: shapes do not match, or a request's vector is not of unit length.

    Source: Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), 6.3.1; decisions/0001.
    """
    if wanted.ndim != 2 or wanted.shape[1] != len(pool.mean):
        raise ValueError("the requests' vectors and the peers' are not of one kind")
    if np.any(np.abs(np.linalg.norm(wanted, axis=1) - 1) > UNIT):
        raise ValueError("a vector is not of unit length")
    along = wanted @ pool.mean
    length = _length(along, pool.mean)
    made: Vectors = wanted @ pool.peers.T
    made -= pool.along
    made += (float(pool.mean @ pool.mean) - along)[:, None]
    made /= np.where(length > UNIT, length, np.float32(np.inf))[:, None]
    made /= pool.length
    return made


def _length(along: Vectors, mean: Vectors) -> Vectors:
    """Return how long unit vectors are without the mean, from their products with it."""
    left: Vectors = np.sqrt(np.maximum(1 + float(mean @ mean) - 2 * along, 0))
    return left


def best(similar: Vectors, top: int) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
    """Return the rows of the `top` highest, best first. Ties keep their order, so another run agrees with this one."""
    if top <= 0:
        return np.zeros(0, dtype=np.intp)
    if top < len(similar):
        least = np.partition(similar, len(similar) - top)[len(similar) - top]
        rows = np.flatnonzero(similar >= least)  # more than `top` only where there are ties at the end
    else:
        rows = np.arange(len(similar))
    return rows[np.argsort(-similar[rows], kind="stable")][:top]
