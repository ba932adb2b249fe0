"""The encoder: texts to unit vectors whose cosine tells how much two experiences are alike.

The one idea: the mean of ordinary language is taken away and the rest brought back to unit length, because what all
texts share hides what sets them apart. With many languages each has its mean, or a pool would split by language.
`ranking.similarities` takes away what is left of the pool's own mean. (Source of the method: Mu and Viswanath,
All-but-the-Top, ICLR 2018, its first step alone; figures: decisions/0001.)

Loading costs seconds, so it is done in a thread.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Makes vectors. Deterministic: the same texts give the same vectors, whatever stands beside them (to 1e-5)."""

    @property
    def name(self) -> str:
        """Which model; vectors of two names are not compared."""

    def covers(self, language: str) -> bool:
        """Whether texts in this language get vectors that mean something."""

    def encode(self, texts: list[str], languages: list[str]) -> Vectors:
        """Return float32 of shape (len(texts), d), rows of unit length. Blocks: call it in a thread.

        `languages`: the tag of each text's language, all of them covered.
        """


def centred(vectors: Vectors, mean: Vectors) -> Vectors:
    """Take the mean from unit rows and bring them back to unit length; a row equal to the mean becomes zeros."""
    apart = vectors - mean
    length = np.linalg.norm(apart, axis=1, keepdims=True)
    made: Vectors = np.divide(apart, length, out=np.zeros_like(apart), where=length > 1e-6)
    return made
