"""The real encoder: what it promises to ranking, and what it is for. Texts here are invented."""

import asyncio

import numpy as np
import pytest

from matcher import demo, loading
from matcher.encoder import Encoder
from matcher.ranking import rank

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def real() -> Encoder:
    """The bundled model, loaded once; without the Internet (it is not asked for anything)."""
    return asyncio.run(loading.load(""))


def test_rows_are_of_unit_length_and_an_empty_list_is_no_error(real: Encoder) -> None:
    made = real.encode(["one", "", "a much longer text about a day on which nothing happened " * 40])
    assert made.shape == (3, 384)
    assert made.dtype == np.float32
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-3)


def test_a_text_has_the_same_vector_whatever_stands_beside_it(real: Encoder) -> None:
    texts = [text for _, text, _, _ in demo.PEERS]
    together = real.encode(texts)
    apart = np.concatenate([real.encode([text]) for text in texts])
    assert np.allclose(together, apart, atol=1e-5)


def test_ordinary_sentences_about_different_things_are_not_alike(real: Encoder) -> None:
    ordinary = ["The bus leaves at nine.", "I have lost my keys again.", "She paints the kitchen yellow.",
                "What did they say about the dog?", "Two coffees, please.", "It rained on their wedding."]  # fmt: skip
    made = real.encode(ordinary)
    others = (made @ made.T)[~np.eye(len(made), dtype=bool)]
    assert abs(float(others.mean())) < 0.05


def test_each_demo_request_finds_the_peer_it_was_written_for(real: Encoder) -> None:
    peers = real.encode([text for _, text, _, _ in demo.PEERS])
    wanted = real.encode([text for text, _ in demo.REQUESTS])
    found = [demo.PEERS[rank(one, peers, top=1)[0][0]][0] for one in wanted]
    assert found == ["Demo Peer Birch", "Demo Peer Heron", "Demo Peer Willow"]


def test_it_says_which_languages_it_covers(real: Encoder) -> None:
    assert real.covers("en")
    assert real.covers("en-GB")
    assert not real.covers("fi")


async def test_a_model_that_is_not_there_is_an_error_and_not_a_wait() -> None:
    with pytest.raises((OSError, ValueError)):
        async with asyncio.timeout(60):
            await loading.load("./no/such/folder")
