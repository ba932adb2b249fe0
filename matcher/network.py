"""The bundled model's network, compiled for the processor it runs on: the same vectors in half the time torch takes.

OpenVINO takes the network over from torch, in memory, in some two seconds. Tokens, pooling and batches stay with
sentence-transformers, whose own way to OpenVINO asks for an older transformers than it uses itself (decision 0005).
"""

import importlib
import sys
import warnings
from types import MappingProxyType
from typing import cast

import torch
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # it would tell its maker of every start
openvino = importlib.import_module("openvino")

SETTINGS = MappingProxyType({"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1})
"""f32 also where the processor could do with less: vectors that are kept must stay those of every other machine."""


class Network(torch.nn.Module):
    """Stands where a transformer stood in a sentence-transformers model."""

    def __init__(self, network: PreTrainedModel, threads: int) -> None:
        super().__init__()
        self.config = network.config
        tokens = torch.ones(2, 8, dtype=torch.long)
        asked = {"input_ids": tokens, "attention_mask": tokens, "token_type_ids": torch.zeros_like(tokens)}
        with warnings.catch_warnings(action="ignore"):  # that lengths are fixed: they are not, and a test holds it
            taken = openvino.convert_model(network, example_input=asked)
        self._compiled = openvino.compile_model(taken, "CPU", {**SETTINGS, "INFERENCE_NUM_THREADS": threads})

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor, **_: object
    ) -> BaseModelOutput:
        """Return the last hidden state, float32 of shape (texts, tokens, d), for three int64 of (texts, tokens)."""
        one = self._compiled.create_infer_request()  # its own for each call: two threads may encode
        made = one.infer([each.numpy() for each in (input_ids, attention_mask, token_type_ids)])
        return BaseModelOutput(last_hidden_state=cast(torch.FloatTensor, torch.from_numpy(made[0])))
