"""The catalogues are whole: every phrase in every language, with the same placeholders, and safe to stand in HTML."""

import re
from collections.abc import Sequence
from typing import get_args

import pytest
from babel.messages.catalog import Catalog, Message

from chat import refusals  # noqa: F401  its classes are walked
from chat.account import CASE_NOTICES
from chat.held import CODE as HELD
from chat.protocol import LEVELS, Choice
from chat.queue import RANKS
from chat.staff_commands import Outcome, Verdict
from matcher.facets import SEEDED, VALUES
from matcher.hits import Code
from tests.catalogue import catalogues, phrases
from web import audit_words, case_words, facet_words, flow_cards, language, sayings

PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")
LANGUAGES = [code for code in language.LANGUAGES if code != language.SOURCE]


def texts(message: Message) -> Sequence[str]:
    return message.string if isinstance(message.string, (list, tuple)) else [message.string or ""]


def ids(message: Message) -> Sequence[str]:
    return message.id if isinstance(message.id, (list, tuple)) else [message.id]


@pytest.fixture(params=LANGUAGES)
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    """Each language's catalogue but the source's."""
    return next(found for path, found in catalogues() if path.parts[-3] == request.param)


def test_every_phrase_is_translated_and_none_is_left_over(catalogue: Catalog) -> None:
    wanted = {one.id for one in phrases() if one.id}
    held = {one.id for one in catalogue if one.id}
    assert {"missing": wanted - held, "left over": held - wanted} == {"missing": set(), "left over": set()}
    assert [one.id for one in catalogue if one.id and not all(texts(one))] == []
    assert [one.id for one in catalogue if one.fuzzy and one.id] == []


def test_placeholders_agree(catalogue: Catalog) -> None:
    for one in catalogue:
        if one.id:
            wanted = set(PLACEHOLDER.findall(ids(one)[-1]))
            for text in texts(one):
                assert set(PLACEHOLDER.findall(text)) == wanted, one.id
                assert text.count("%") == len(re.findall(r"%\(", text)), one.id


def test_a_phrase_holds_nothing_that_html_would_read() -> None:
    """Templates mark phrases as safe, so that their values alone are escaped."""
    for found in (phrases(), *(one for _, one in catalogues())):
        for one in found:
            for text in (*ids(one), *(texts(one) if one.string else ())):
                assert one.id == "" or not set('<>&"') & set(text), text


def test_no_phrase_shouts_or_counts_down(catalogue: Catalog) -> None:
    for found in (phrases(), catalogue):
        assert [one.id for one in found if one.id and any("!" in text for text in (*ids(one), *texts(one)))] == []


def test_every_facet_has_a_word_and_every_refusal_a_sentence_in_each_language() -> None:
    assert {name: set(words) for name, words in facet_words.LABELS.items()} == {
        name: set(values) for name, values in {"topic": SEEDED, **VALUES}.items()
    }
    assert set(sayings.NOTICES) == set(CASE_NOTICES)
    assert set(sayings.LEVELS) == set(flow_cards.CARDS) == set(LEVELS)
    for spoken in language.load().values():
        said = [sayings.of_refusal(spoken, code) for code in sayings.REFUSALS]
        assert all(one.endswith(".") for one in said)
        if spoken.code != language.SOURCE:
            assert not set(said) & set(sayings.REFUSALS.values())


def test_what_staff_read_for_the_codes_of_cases_is_complete() -> None:
    assert set(case_words.LEVELS) == set(RANKS)
    assert set(case_words.FOUND) == {*get_args(Code), HELD}
    assert set(case_words.OUTCOMES) == {*get_args(Outcome), *get_args(Verdict)}
    assert set(audit_words.CODES["answered"]) == set(get_args(Choice))
    assert set(audit_words.CODES) <= set(audit_words.ACTS)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("", "en"), ("fi", "fi"), ("fi-FI,fi;q=0.9,en;q=0.8", "fi"), ("en-GB,en;q=0.9,fi;q=0.1", "en"), ("sv", "en"),
        ("sv, fi;q=0.2", "fi"), ("fi;q=0, en", "en"), ("fi;q=x, en;q=0.1", "en"), ("*", "en"), (";;,,q=", "en"),
        ("fi" * 5000, "en"), ("../../etc, \x00", "en"),
    ],
)  # fmt: skip
def test_a_browsers_wish_is_read(asked: str, given: str) -> None:
    assert language.negotiate(asked) == given


def test_a_wait_is_told_in_words() -> None:
    english, finnish = (language.load()[code] for code in ("en", "fi"))
    assert [english.since(s) for s in (0, 59, 60, 119, 120, 3599, 3600, 9000)] == [
        "less than a minute", "less than a minute", "1 minute", "1 minute", "2 minutes", "59 minutes", "1 hour",
        "2 hours",
    ]  # fmt: skip
    assert finnish.since(120) == "2 minuuttia"


def test_a_moment_is_told_by_a_clock_of_24_hours() -> None:
    at = 1_795_895_640_000
    assert language.load()["en"].moment(at) == "28 Nov 2026 19:54 UTC"
    assert language.load()["fi"].moment(at) == "28.11.2026 19.54 UTC"
