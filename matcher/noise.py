"""Noise: how a count is told so that it tells nothing about one person.

The noise hangs on what is counted, by a key outside the database, so asking again, or in another way that counts the
same, tells no more (cell-key perturbation: Fraser and Wooton, UNECE/Eurostat work session on confidentiality, 2005).
"""

import hashlib
import hmac

FEW = 5
SPREAD = 2
"""A count is moved by at most so many."""


def is_few(key: bytes, counted: bytes, count: int) -> bool:
    """Whether a count is about FEW or less, told so that one more or less is not seen.

    Args:
        key: from `Keys.derive("noise")`.
        counted: what was counted; equal for equal questions.
    """
    digest = hmac.digest(key, hashlib.sha256(counted).digest(), "sha256")
    return count + digest[0] % (2 * SPREAD + 1) - SPREAD <= FEW
