"""Noise: how a count is told so that it tells nothing about one person.

The noise hangs on what is counted, by a key outside the database, so asking again, or in another way that counts the
same, tells no more (cell-key perturbation: Fraser and Wooton, UNECE/Eurostat work session on confidentiality, 2005).
A total has noise of its own and is no sum of what is told beside it, so taking one from the other gives nothing away;
and as nothing is left out, nothing can be filled in.
"""

import hashlib
import hmac

FEW = 5
SPREAD = 2
"""A count that is only compared with FEW is moved by at most so many."""
STEP = 5
"""Counts are told in multiples of it."""


def is_few(key: bytes, counted: bytes, count: int) -> bool:
    """Whether a count is about FEW or less, told so that one more or less is not seen.

    Args:
        key: from `Keys.derive("noise")`.
        counted: what was counted; equal for equal questions.
    """
    return count + _digest(key, counted)[0] % (2 * SPREAD + 1) - SPREAD <= FEW


def told(key: bytes, counted: bytes, count: int) -> int:
    """Return a count as it is told: moved by `noise`, to the nearest multiple of STEP. Nobody may look like a few.

    Args:
        key, counted: as for `is_few`.
    """
    return max(0, STEP * round((count + noise(key, counted)) / STEP))


def noise(key: bytes, counted: bytes) -> int:
    """Return by how much a count is moved: 0 in one case of three, and each step either way half as likely as the one
    before. It has no bound to reckon with, so no sum of what is told leaves but one answer.

    Source: Ghosh, Roughgarden, Sundararajan, Universally utility-maximizing privacy mechanisms (STOC 2009), 2.
    """
    digest = _digest(key, counted)
    return _zeros(digest[:8]) - _zeros(digest[8:16])


def _zeros(digest: bytes) -> int:
    """Count the 0 bits at the end: k of them in one case of 2^(k+1)."""
    bits = int.from_bytes(digest, "big") | 1 << 64
    return (bits & -bits).bit_length() - 1


def _digest(key: bytes, counted: bytes) -> bytes:
    return hmac.digest(key, hashlib.sha256(counted).digest(), "sha256")
