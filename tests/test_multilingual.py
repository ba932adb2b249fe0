"""The encoder of many languages: what it promises to ranking, and what it is for. Texts here are invented."""

import asyncio

import numpy as np
import pytest

from matcher import loading
from matcher.coverage import MULTILINGUAL, covered
from matcher.encoder import Encoder
from matcher.multilingual import MEANS
from matcher.ranking import best

pytestmark = pytest.mark.model

PEERS = (
    ("sv", "Jag är alkoholist och har varit nykter i elva år."),
    ("en", "My mother had dementia and I looked after her at home until she died."),
    ("fi", "Minulla oli paniikkikohtauksia enkä voinut lähteä kotoa."),
    ("uk", "Мій брат наклав на себе руки два роки тому."),
    ("ar", "تركت زوجا كان يضربني، ومعي طفلان صغيران."),
)
REQUESTS = (
    ("fi", "Olen alkoholisti ja ollut raittiina kolme viikkoa.", 0),
    ("uk", "У мами деменція, я доглядаю за нею вдома.", 1),
    ("en", "I have panic attacks and cannot leave the flat, not even to buy food.", 2),
    ("sv", "Min bror tog sitt liv i våras.", 3),
    ("ru", "Муж бил меня, я ушла от него с детьми.", 4),
)
"""Short and plain: of long texts this small model is less sure (see decisions/0002)."""


@pytest.fixture(scope="module")
def real() -> Encoder:
    """The model, loaded once; its weights are in its package."""
    return asyncio.run(loading.load(MULTILINGUAL))


def test_rows_are_of_unit_length_and_an_empty_list_or_text_is_no_error(real: Encoder) -> None:
    made = real.encode(["one", "", "yksi, kaksi, kolme " * 400], ["en", "en-GB", "fi"])
    assert made.shape == (3, 384)
    assert made.dtype == np.float32
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-3)
    assert real.encode([], []).shape == (0, 384)


def test_a_text_has_the_same_vector_whatever_stands_beside_it(real: Encoder) -> None:
    together = real.encode([text for _, text in PEERS], [code for code, _ in PEERS])
    apart = np.concatenate([real.encode([text], [code]) for code, text in PEERS])
    assert np.allclose(together, apart, atol=1e-5)


def test_each_request_finds_the_peer_who_wrote_of_it_in_another_language(real: Encoder) -> None:
    peers = real.encode([text for _, text in PEERS], [code for code, _ in PEERS])
    wanted = real.encode([text for _, text, _ in REQUESTS], [code for code, _, _ in REQUESTS])
    assert [best(peers @ one, 1)[0] for one in wanted] == [peer for _, _, peer in REQUESTS]


def test_texts_of_one_language_are_not_alike_for_that_alone(real: Encoder) -> None:
    """The mean of each language is taken away, so no language stands apart in a mixed pool."""
    codes = [code for code, _ in PEERS]
    same = ["Bussi lähtee yhdeksältä, joten tule ajoissa asemalle.", "Maalasimme keittiön keltaiseksi viime viikolla."]
    vectors = real.encode([*same, PEERS[1][1]], ["fi", "fi", "en"])
    assert float(vectors[0] @ vectors[1]) < 0.35
    assert len(set(codes)) == len(codes)


def test_it_covers_the_languages_whose_means_it_has(real: Encoder) -> None:
    lines = MEANS.read_text(encoding="utf-8").splitlines()
    assert {line.split()[0] for line in lines if not line.startswith("#")} == covered(MULTILINGUAL)
    assert real.covers("fi") and real.covers("sv-FI")
    assert not real.covers("so")
