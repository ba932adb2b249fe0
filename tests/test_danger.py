"""Danger: triples made to mislead, judged by words, by declared facets and by the question that cues lead to."""

from typing import Any

import numpy as np

from matcher.danger import Declarations, Triple, is_false_alarm, judged, share
from matcher.facets import Name

HARMED: list[tuple[Name, str]] = [("topic", "violence"), ("side", "harmed")]
CAUSED: list[tuple[Name, str]] = [("topic", "violence"), ("side", "caused_harm")]
MISLED = np.array([[1, 0, 0], [0.6, 0.8, 0], [0.8, 0, 0.6]], dtype=np.float32)
"""The trap is more alike than the right partner."""


def triple(trap: str = "I hit my wife", facets: Declarations | None = None) -> Triple:
    return Triple("side", "My husband hit me", "I was beaten at home", trap, facets)


def declarations(**changed: Any) -> Declarations:
    return Declarations(**({"anchor": HARMED, "right": HARMED, "trap": CAUSED} | changed))


def test_words_alone_are_misled_where_the_trap_is_more_alike() -> None:
    assert not judged(triple(), MISLED).by_words
    assert judged(triple(), MISLED[[0, 2, 1]]).by_words


def test_declared_facets_bar_the_trap_and_let_the_right_partner_through() -> None:
    assert judged(triple(facets=declarations()), MISLED).by_facets
    assert not judged(triple(facets=declarations(trap=HARMED)), MISLED).by_facets
    assert not judged(triple(facets=declarations(right=[])), MISLED).by_facets
    assert not judged(triple(), MISLED).by_facets  # nothing is known of what they would declare


def test_where_nothing_is_declared_the_traps_words_lead_to_the_question_that_bars_it() -> None:
    found = judged(triple(facets=declarations()), MISLED)
    assert found.trap_asked and found.asked and found.answered and found.doubted


def test_a_question_about_what_they_have_in_common_does_not_count() -> None:
    same = declarations(trap=[*HARMED, ("status", "struggling")], anchor=[*HARMED, ("status", "struggling")])
    found = judged(triple("My brother hit me", facets=same), MISLED)
    assert not found.trap_asked and not found.asked and not found.doubted and not found.answered


def test_words_without_a_cue_lead_to_no_question_to_the_trap() -> None:
    found = judged(triple("We had a hard time", facets=declarations()), MISLED)
    assert not found.trap_asked and not found.doubted
    assert found.asked and found.answered  # who asks is asked, and then meets only those who declare the same


def test_an_alarm_is_false_where_most_would_have_declared_otherwise() -> None:
    assert is_false_alarm("I hit my son once")
    assert not is_false_alarm("I can't sleep and I cry a lot")


def test_a_share_of_nothing_is_nothing() -> None:
    assert share([]) == 0
    assert share([True, False]) == 0.5
