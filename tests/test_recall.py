"""Recall at a share of false alarms, the area, calibration; and the tool that tells them, on made-up texts."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher import appraise, learned
from matcher.recall import area, miscalibration, recall_at, told
from tests.servers import ROOT

CRIES = ("i want to die", "i keep cutting myself", "they would be better off without me", "no reason to live")
CALM = ("the bus was late", "my sister made soup", "work is a lot this week", "the news was long")


def truths(*wanted: int) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.array(wanted, dtype=np.bool_)


def test_recall_is_told_at_the_lowest_line_that_raises_no_more_than_allowed() -> None:
    scores = np.array([9.0, 7, 5, 3, 8, 6, 4, 2, 1, 0])
    wanted = truths(1, 1, 1, 1, 0, 0, 0, 0, 0, 0)
    assert recall_at(scores, wanted, 0.01) == 1 / 4, "none of six may be raised"
    assert recall_at(scores, wanted, 1 / 6) == 2 / 4
    assert recall_at(scores, wanted, 1.0) == 1.0


def test_a_tie_that_would_raise_too_many_raises_none() -> None:
    assert recall_at(np.array([1.0, 1, 1, 0]), truths(1, 1, 0, 0), 0.05) == 0
    assert recall_at(np.zeros(4), truths(1, 1, 0, 0), 0.4) == 0


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
def test_the_area_is_how_often_a_wanted_text_stands_above_another(rows: list[tuple[int, bool]]) -> None:
    scores, wanted = np.array([one for one, _ in rows], dtype=float), np.array([one for _, one in rows])
    yes, no = scores[wanted], scores[~wanted]
    if len(yes) and len(no):
        pairs = [(a > b) + (a == b) / 2 for a in yes for b in no]
        assert area(scores, wanted) == pytest.approx(float(np.mean(pairs)))


def test_told_chances_are_held_against_what_came_true() -> None:
    wanted = truths(1, 0, 0, 0)
    assert miscalibration(np.full(4, 0.25), wanted) == pytest.approx(0)
    assert miscalibration(np.full(4, 0.75), wanted) == pytest.approx(0.5)


def test_the_interval_holds_the_figure() -> None:
    chance = np.random.default_rng(1)
    wanted = chance.random(400) < 0.3
    one = told("some", wanted + chance.normal(size=400), wanted)
    for each in (*one.recall, one.area):
        assert each.low <= each.mean <= each.high
    assert one.off is None and 0.5 < one.area.mean < 1


def made_up(count: int = 120) -> list[dict[str, object]]:
    return [
        {"said": f"{(CRIES if n % 3 == 0 else CALM)[n % 4]} {n}", "is": "cry" if n % 3 == 0 else "calm"}
        for n in range(count)
    ]  # fmt: skip


def test_no_text_is_judged_by_what_was_learned_from_itself() -> None:
    """Every text is alone in a direction of its own: whoever had seen it would know."""
    wanted = np.array([n % 2 == 0 for n in range(60)])
    shuffled = np.random.default_rng(2).permutation(wanted)
    vectors = np.eye(60, dtype=np.float32)
    assert 0.2 < area(learned.by_vectors(vectors, shuffled, 0), shuffled) < 0.8


def test_the_rules_beat_the_plain_list_and_nothing_that_was_said_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text("\n".join(json.dumps(one) for one in made_up()))
    ended = subprocess.run(
        (sys.executable, "-m", "matcher", "signals", "evaluate", str(file), "--kind", "crisis", "--text", "said",
         "--label", "is", "--positive", "cry"),
        cwd=ROOT, capture_output=True, timeout=100, check=False, text=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-2000:]
    rows = {line[:26].strip(): line[26:].split() for line in ended.stdout.splitlines()[4:]}
    assert list(rows) == ["plain list of words", "shipped rules", "learned from words", "words and rules"]
    assert float(rows["shipped rules"][0]) == 1.0 > float(rows["plain list of words"][0])
    assert not any(text in ended.stdout + ended.stderr for text in (*CRIES, *CALM))


def test_a_file_that_does_not_serve_ends_it_with_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    for content, said in (("{", "one JSON object a line"), ('{"said": "a", "is": "cry"}', "too few texts")):
        file.write_text(content)
        with pytest.raises(SystemExit, match=said):
            appraise.read(file, "said", "is", ["cry"])
    with pytest.raises(SystemExit, match="cannot be read"):
        appraise.read(tmp_path / "absent", "said", "is", ["cry"])
