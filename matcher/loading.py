"""Loading the real encoder, while offers go on."""

import asyncio
import importlib
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, cast

from matcher.coverage import MULTILINGUAL
from matcher.encoder import Encoder


class _Module(Protocol):
    def load(self, model: str) -> Encoder: ...


async def load(model: str) -> Encoder:
    """Load the real encoder in a thread: seconds, most of them spent on importing torch.

    Its module is named here and not imported above, because its import would hold up offers, and because who only
    keeps profiles (the web process) must not carry half a gigabyte and more.

    Raises:
        OSError, ValueError: there is no such model. RuntimeError: it cannot be compiled for this processor.
        ImportError: its package is not installed.
    """

    def loading() -> Encoder:
        module = "matcher.multilingual" if model == MULTILINGUAL else "matcher.model"
        return cast(_Module, importlib.import_module(module)).load(model)

    thread = ThreadPoolExecutor(1, "loading")
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, loading)
    finally:
        thread.shutdown(wait=False)  # who is cancelled does not wait for torch
