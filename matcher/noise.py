"""Noise: how a count is told so that it tells nothing about one person.

Told to people who ask, a count is few or not, and from where on it is not few is a secret of this installation, the
same for every question. Noise of its own for each question would be stronger against one question and is worth nothing
against a thousand that all count the same person: their mean tells what each hides.

Told in a report, each count has noise of its own, which hangs on what is counted, by a key outside the database, so
that asking again, or in another way that counts the same, tells no more (cell-key perturbation: Fraser and Wooton,
UNECE/Eurostat work session on confidentiality, 2005). A total is no sum of what is told beside it, so taking one from
the other gives nothing away; and as nothing is left out, nothing can be filled in.
"""

import hashlib
import hmac

FEW = 5
"""So many are few, whatever the secret: where an experience is rare, somebody more or less changes no answer."""
SPREAD = 15
"""And more than so many above FEW never are. Between the two one more changes the answer in 1 of 16 installations."""
STEP = 5
"""Counts of a report are told in multiples of it."""
CLEAR = 15
"""From here on a count that is told stands out from the noise. Nobody is told as so many where they are moved by 13 or
more, in one cell of 12,288 (2^-12 / 3): in fewer than 1 of 100 reports of a hundred cells, where a 10 (moved by 8 or
more) stands in 1 of 4."""


def is_few(key: bytes, count: int) -> bool:
    """Whether a count is told as few. `key`: from `Keys.derive("noise")`."""
    return count <= FEW + hmac.digest(key, b"few", "sha256")[0] % (SPREAD + 1)


def told(key: bytes, counted: bytes, count: int) -> int:
    """Return a count as it is told: moved by `noise`, to the nearest multiple of STEP. Nobody may look like a few.

    Args:
        key: as for `is_few`.
        counted: what was counted; equal for equal questions.
    """
    return rounded(count + noise(key, counted))


def rounded(moved: int) -> int:
    """Return a count that was moved by noise, or a sum of such, as it is told."""
    return max(0, STEP * round(moved / STEP))


def noise(key: bytes, counted: bytes) -> int:
    """Return by how much a count is moved: 0 in one case of three, and each step either way half as likely as the one
    before. It has no bound to reckon with, so no sum of what is told leaves but one answer.

    Source: Ghosh, Roughgarden, Sundararajan, Universally utility-maximizing privacy mechanisms (STOC 2009), 2.
    """
    digest = hmac.digest(key, hashlib.sha256(counted).digest(), "sha256")
    return _zeros(digest[:8]) - _zeros(digest[8:16])


def _zeros(digest: bytes) -> int:
    """Count the 0 bits at the end: k of them in one case of 2^(k+1)."""
    bits = int.from_bytes(digest, "big") | 1 << 64
    return (bits & -bits).bit_length() - 1
