"""python -m matcher evaluate: the table and the page, from files; and what it says of files it cannot use."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT
from tests.words import CANARY, words

PATIENCE_S = 100
TOPICS = {
    "wine": ("I drink wine every night", "I drank wine in secret", "three weeks without wine", "sober, no more wine"),
    "care": ("I nurse my mother", "my mother has dementia", "caring for my old mother", "mother wanders at night"),
}
TRIPLE = {"kind": "side", "anchor": "My husband hit me", "right": "I was beaten at home", "trap": "I hit my wife"}
FACETS = {
    "anchor": [["topic", "violence"], ["side", "harmed"]],
    "right": [["topic", "violence"], ["side", "harmed"]],
    "trap": [["topic", "violence"], ["side", "caused_harm"]],
}


def evaluate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "matcher", "evaluate", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def written(file: Path, *records: object) -> Path:
    file.write_text("\n".join(json.dumps(one) for one in records), encoding="utf-8")
    return file


@pytest.mark.model
@pytest.mark.timeout(240)
def test_it_prints_a_table_and_writes_a_page_and_neither_holds_a_text(tmp_path: Path) -> None:
    records = [{"title": words(), "text": text, "on": [on]} for on, texts in TOPICS.items() for text in texts]
    texts = written(tmp_path / "texts.jsonl", *records, {"text": "alone", "on": "rare"}, {"text": "", "on": "wine"})
    danger = written(tmp_path / "danger.json", [TRIPLE])
    facets = written(tmp_path / "facets.json", [FACETS])
    parallel = written(tmp_path / "languages.json", [["I drink", "Minä juon"], ["I sing", "Minä laulan"]])
    page = tmp_path / "report.html"
    ran = evaluate(
        texts, "--text", "title,text", "--label", "on", "--least", "4", "--danger", danger, "--facets", facets,
        "--languages", parallel, "--codes", "en,fi", "--report", page,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "8 texts, 2 labels" in ran.stdout
    assert "P@5" in ran.stdout and "nDCG@10" in ran.stdout and "chance" in ran.stdout
    for line, answer in (
        ("trap barred, right partner allowed", "1 of 1"),
        ("nothing declared: the trap is asked", "1 of 1"),
        ("at most", "3 of 8"),  # who cares for somebody declares another role than most
        ("fi ", "facets and wait alone decide"),
    ):
        assert any(line in one and answer in one for one in ran.stdout.splitlines()), (line, ran.stdout)
    shown = page.read_text(encoding="utf-8")
    assert shown.count("<svg") == 3 and "<script" not in shown
    for told in (ran.stdout, ran.stderr, shown):
        assert CANARY not in told and "wine" not in told


@pytest.mark.parametrize(
    "content", [words(), json.dumps({"text": words(), "label": "one"})], ids=["no JSON", "no such field"]
)
def test_a_file_that_cannot_be_used_is_named_and_not_quoted(content: str, tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text(content, encoding="utf-8")
    ran = evaluate(file)
    assert ran.returncode == 1
    assert "texts.jsonl" in ran.stderr
    assert CANARY not in ran.stderr and "Traceback" not in ran.stderr
