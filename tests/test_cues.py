"""Cues: what a text suggests is asked about, and no text takes long to look at."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.cues import CUES, contradicted, missing, suggested
from matcher.facets import PROTECTING, VALUES, Facet, Name

Pairs = tuple[tuple[Name, str], ...]

SAID: list[tuple[str, Name, str]] = [
    ("My father beat me until I moved out.", "side", "harmed"),
    ("I was bullied at school for six years", "side", "harmed"),
    ("He would lock the door and then he choked me.", "side", "harmed"),
    ("I got away from an abusive boyfriend in May.", "side", "harmed"),
    ("Isäni hakkasi minua, kun olin lapsi.", "side", "harmed"),
    ("I’ve hit my girlfriend more than once and I'm ashamed", "side", "caused_harm"),
    ("i threatened my ex and lost the right to see our son", "side", "caused_harm"),
    ("I ran over a cyclist that winter.", "side", "caused_harm"),
    ("I cannot face the people I hurt.", "side", "caused_harm"),
    ("I bullied other kids at school and I think of them daily", "side", "caused_harm"),
    ("Löin vaimoani, enkä anna sitä itselleni anteeksi.", "side", "caused_harm"),
    ("I have never been in a war, I only read about them", "side", "not_affected"),
    ("It doesn't affect me, my friends talk about it", "side", "not_affected"),
    ("En ole itse koskaan juonut", "side", "not_affected"),
    ("I was diagnosed with MS last spring.", "role", "self"),
    ("I tried to kill myself two years ago", "role", "self"),
    ("my husband looks after me now", "role", "self"),
    ("Olen alkoholisti.", "role", "self"),
    ("I'm a carer, day and night", "role", "carer"),
    ("Looking after my old father takes all I have", "role", "carer"),
    ("Hoidan äitiäni kotona", "role", "carer"),
    ("My brother is an alcoholic.", "role", "family"),
    ("My daughter relapsed again", "role", "family"),
    ("Poikani käyttää huumeita", "role", "family"),
    ("My best friend died in the spring", "role", "bereaved"),
    ("I lost my brother to suicide", "role", "bereaved"),
    ("Mieheni kuoli keväällä", "role", "bereaved"),
    ("I don't want to wake up. I'm going to kill myself", "status", "in_crisis"),
    ("I am in crisis right now and do not know if I make it through the night", "status", "in_crisis"),
    ("En jaksa enää elää", "status", "in_crisis"),
    ("i cant stop, each evening i promise and then drink", "status", "struggling"),
    ("Retkahdin taas viikonloppuna", "status", "struggling"),
    ("I’m recovering, slowly", "status", "in_recovery"),
    ("three weeks sober and shaking", "status", "in_recovery"),
    ("Kolme kuukautta raittiina", "status", "in_recovery"),
    ("I have been clean for eleven years", "status", "long_recovered"),
    ("It is twenty years since my last bet", "status", "long_recovered"),
    ("I have been well for many years", "status", "long_recovered"),
    ("Olen ollut raittiina kuusi vuotta", "status", "long_recovered"),
]

ORDINARY = [
    "I hit rock bottom in March.",
    "We were beaten at chess by my uncle.",
    "The news hit me hard.",
    "He beat the record and told me.",
    "My brother is a dentist and looks after his garden.",
    "I can't wait to meet somebody who understands.",
    "The house was sold. My mother rang. My uncle kicked me out.",
    "I do not know who I am any more.",
    "Äitini soitti eilen, ja menimme kauppaan.",
    "",
]


def facets(*pairs: tuple[Name, str]) -> tuple[Facet, ...]:
    return tuple(Facet(name, value) for name, value in pairs)


@pytest.mark.parametrize(("text", "name", "value"), SAID)
def test_what_words_suggest_is_noticed(text: str, name: Name, value: str) -> None:
    assert (name, value) in suggested(text)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_suggest_nothing(text: str) -> None:
    assert suggested(text) == []


def test_a_cue_does_not_reach_across_a_full_stop() -> None:
    assert ("side", "caused_harm") in suggested("I hit my brother")
    assert suggested("I hit. My brother came") == []


@pytest.mark.parametrize(
    ("text", "declared", "asked"),
    [
        ("I hit my wife for years", (("side", "harmed"),), ("side", "caused_harm")),
        ("I hit my wife for years", (("side", "caused_harm"),), None),
        ("I hit my wife for years", (("role", "self"),), None),  # left open: `missing` asks
        ("My father beat me, and I hit my wife", (("side", "harmed"),), ("side", "caused_harm")),
        ("I have relapsed", (("status", "long_recovered"),), ("status", "struggling")),
        ("I have relapsed, after I had been sober for years", (("status", "long_recovered"),), None),
        ("My son is an addict and so I am exhausted", (("role", "family"), ("role", "carer")), None),
        ("We go for walks", (("side", "harmed"), ("status", "struggling")), None),
    ],
)
def test_words_that_contradict_what_was_declared_are_asked_about(
    text: str, declared: Pairs, asked: tuple[Name, str] | None
) -> None:
    assert contradicted(text, facets(*declared)) == asked


def test_what_is_left_open_is_asked_about_and_the_side_first() -> None:
    text = "I was diagnosed with cancer, and my husband beats me"
    assert missing(text, ()) == ("side", "harmed")
    assert missing(text, facets(("side", "harmed"))) == ("role", "self")
    assert missing(text, facets(("side", "not_affected"), ("role", "carer"))) is None


def test_a_cue_is_for_a_facet_that_keeps_pairs_from_harm() -> None:
    assert all(name in PROTECTING and value in VALUES[name] for name, value, _ in CUES)
    assert len({(name, value) for name, value, _ in CUES}) == len(CUES)


def test_no_pattern_repeats_without_bound_so_no_text_takes_long() -> None:
    for _, _, patterns in CUES:
        for pattern in patterns:
            assert not re.search(r"[*+]|,\}", pattern), pattern


@given(st.text(st.sampled_from("abi hit my.!?'’\n12äö"), max_size=400), st.sampled_from(sorted(VALUES["side"])))
def test_any_text_gets_an_answer_that_was_not_declared(text: str, side: str) -> None:
    declared = facets(("side", side))
    assert contradicted(text, declared) != ("side", side)
    found = missing(text, declared)
    assert found is None or found[0] != "side"
