"""Ranking: the most similar of those who fit, best first. Exact: 100,000 rows take 8 ms, so no index is kept."""

import numpy as np

from matcher.encoder import Vectors, centred

UNIT = 1e-3
"""How far from unit length a row may be. A row of zeros (nothing to compare) is allowed and similar to nothing."""


PRIOR = 50
"""A pool's mean counts as if so many vectors at the shipped mean stood beside it: of two peers it tells little,
of a thousand nearly everything."""


def set_apart(wanted: Vectors, peers: Vectors) -> tuple[Vectors, Vectors]:
    """Take from a request and its candidates what the candidates have in common, so that what differs decides.

    Precision at 5 on two sets of real texts, by the shipped mean alone and with this: .413 -> .422, .457 -> .464.

    Args:
        wanted, peers: as for `rank`.

    Returns:
        Both, of unit length again; zeros stay zeros.
    """
    present = np.linalg.norm(peers, axis=1) > UNIT
    mean: Vectors = (peers.sum(axis=0) / (present.sum() + PRIOR)).astype(np.float32)
    apart = centred(peers, mean)
    apart[~present] = 0
    seeker = centred(wanted[np.newaxis], mean)[0]
    return (seeker, apart) if seeker.any() else (wanted, peers)


def rank(wanted: Vectors, peers: Vectors, *, top: int) -> list[tuple[int, float]]:
    """Return the peers most similar to a request, best first.

    Args:
        wanted: shape (d,), float32, unit length.
        peers: shape (n, d), float32, rows of unit length or all zeros; n may be 0.
        top: how many at most.

    Returns:
        (row of `peers`, cosine similarity) pairs. Ties keep row order, so a second run agrees with the first.

    Raises:
        ValueError: shapes do not match, or a vector is not of unit length.

    Source: Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), 6.3.1.
    """
    if peers.ndim != 2 or wanted.shape != peers.shape[1:]:
        raise ValueError("the request's vector and the peers' are not of one kind")
    lengths = np.linalg.norm(peers, axis=1)
    if abs(float(np.linalg.norm(wanted)) - 1) > UNIT or bool(np.any((np.abs(lengths - 1) > UNIT) & (lengths > UNIT))):
        raise ValueError("a vector is not of unit length")
    if top <= 0:
        return []
    similar = peers @ wanted
    if top < len(similar):
        least = np.partition(similar, len(similar) - top)[len(similar) - top]
        rows = np.flatnonzero(similar >= least)  # more than `top` only where there are ties at the end
    else:
        rows = np.arange(len(similar))
    best = rows[np.argsort(-similar[rows], kind="stable")][:top]
    return [(int(row), float(similar[row])) for row in best]
