"""Ranking: how alike a request and peers are, and who is most. Exact: 100,000 rows take 8 ms, so no index is kept."""

import numpy as np

from matcher.encoder import Vectors

UNIT = 1e-3
"""How far from unit length a row may be. A row of zeros (nothing to compare) is allowed and similar to nothing."""
PRIOR = 50
"""A pool's mean counts as if so many vectors at the shipped mean stood beside it: of two peers it tells little,
of a thousand nearly everything."""


def pool_mean(peers: Vectors) -> Vectors:
    """Return what the peers of a pool have in common, shape (d,): see `similarities`. Rows of zeros do not count."""
    present = int(np.count_nonzero(peers.any(axis=1)))
    mean: Vectors = (peers.sum(axis=0) / (present + PRIOR)).astype(np.float32)
    return mean


def similarities(wanted: Vectors, peers: Vectors, mean: Vectors) -> Vectors:
    """Return how alike requests and peers are when what the pool has in common is taken from both.

    Precision at 5 on two sets of real texts, by the shipped mean alone and with this: .413 -> .422, .457 -> .464. The
    rows are never moved: (x - m)(q - m) is told from x q, x m and q m, in one product over all rows.

    Args:
        wanted: shape (s, d), float32, rows of unit length.
        peers: shape (n, d), float32, rows of unit length, or all zeros where there is nothing to compare; n may be 0.
        mean: shape (d,): see `pool_mean`.

    Returns:
        Cosine similarity, shape (s, n), float32. 0 for a row of zeros, and for one that is the mean itself.

    Raises:
        ValueError: shapes do not match, or a request's vector is not of unit length.

    Source: Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), 6.3.1; decisions/0001.
    """
    if wanted.ndim != 2 or peers.ndim != 2 or not wanted.shape[1] == peers.shape[1] == len(mean):
        raise ValueError("the requests' vectors and the peers' are not of one kind")
    if np.any(np.abs(np.linalg.norm(wanted, axis=1) - 1) > UNIT):
        raise ValueError("a vector is not of unit length")
    common, along = float(mean @ mean), wanted @ mean
    products = np.concatenate((wanted, mean[np.newaxis])) @ peers.T
    theirs = products[-1]
    apart = np.sqrt(np.maximum(1 + common - 2 * along, 0))[:, None] * np.sqrt(np.maximum(1 + common - 2 * theirs, 0))
    is_told = (apart > UNIT) & peers.any(axis=1)
    products = products[:-1] - theirs - along[:, None] + common
    made: Vectors = np.divide(products, apart, out=np.zeros_like(products), where=is_told)
    return made


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
