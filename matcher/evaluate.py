"""python -m matcher evaluate: how well a model finds similar texts, with the scoring that requests get.

It prints a table and, on request, writes one page with plots. Texts are read and never printed.
"""

import argparse
import asyncio
import contextlib
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from chat.refusals import Malformed
from matcher import danger, loading, report
from matcher.danger import Declarations, Triple, Verdict
from matcher.encoder import Encoder, Vectors
from matcher.evaluation import MEASURES, Estimate, counted, estimated, rankings, scores, shuffled, translations_found
from matcher.plot import Plot, Series
from matcher.ranking import PRIOR

T = TypeVar("T")

LINES = msgspec.json.Decoder(dict[str, object])
BATCH = 64
"""Texts encoded between two signs of progress."""


def main(arguments: Sequence[str]) -> None:
    """Read, measure, tell."""
    asked = _arguments().parse_args(arguments)
    texts, labels = _labelled(asked) if asked.file else ([], [])
    triples = _triples(asked.danger, asked.facets) if asked.danger else []
    parallel = _parallel(asked.languages, asked.codes.split(",")) if asked.languages else []
    _tell("loading the model")
    try:
        encoder = asyncio.run(loading.load(asked.model))
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        sys.exit(f"hearthside: the model cannot be loaded ({type(error).__name__})")
    _tell(f"{encoder.name}; similarity as in matching: centred twice, with a prior of {PRIOR}")
    parts = [
        *(_similar(encoder, texts, labels, asked.seed) if texts else ()),
        *(_dangerous(encoder, triples, texts) if triples else ()),
        *(_across(encoder, parallel, asked.codes.split(",")) if parallel else ()),
    ]
    if asked.report:
        asked.report.write_text(report.page(f"How {encoder.name} finds what is alike", parts), encoding="utf-8")
        _tell(f"written: {asked.report}")


def _arguments() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser("python -m matcher evaluate", description=__doc__)
    made.add_argument("file", nargs="?", type=Path, help="texts with labels: one JSON object a line")
    made.add_argument("--text", default="text", help="the text's field; several, with commas, are put together")
    made.add_argument("--label", default="label", help="the label's field: a word or a list of words")
    made.add_argument("--least", type=int, default=10, help="labels of fewer texts do not count (10)")
    made.add_argument("--sample", type=int, default=0, help="measure so many of the texts, drawn at random")
    made.add_argument("--seed", type=int, default=0, help="which texts are drawn")
    made.add_argument("--model", default="", help="as HEARTHSIDE_MODEL; empty: the bundled one")
    made.add_argument("--danger", type=Path, help="triples (kind, anchor, right, trap): a JSON list")
    made.add_argument("--facets", type=Path, help="what each triple's three would declare: a JSON list in that order")
    made.add_argument("--languages", type=Path, help="translations of one another: a JSON list of lists")
    made.add_argument("--codes", default="en,fi,sv,ar,uk", help="the languages of those lists (en,fi,sv,ar,uk)")
    made.add_argument("--report", type=Path, help="write a page with plots there")
    return made


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Where a file cannot be used, end by naming it; what it holds is not quoted."""
    try:
        yield
    except OSError as error:
        sys.exit(f"hearthside: {file} cannot be read ({type(error).__name__})")
    except (ValueError, Malformed, msgspec.MsgspecError):
        sys.exit(f"hearthside: {file} does not hold what is expected; see python -m matcher evaluate --help")


def _labelled(asked: argparse.Namespace) -> tuple[list[str], list[frozenset[str]]]:
    """Return the texts that take part, with the labels that count."""
    texts, labels = [], []
    with _reading(asked.file):
        records = LINES.decode_lines(asked.file.read_bytes())
        if asked.sample:
            records = random.Random(asked.seed).sample(records, min(asked.sample, len(records)))
        for record in records:
            held = msgspec.convert(record.get(asked.label), str | list[str] | None) or []
            texts.append("\n".join(str(record.get(field) or "") for field in asked.text.split(",")).strip())
            labels.append([held] if isinstance(held, str) else held)
        kept = counted([held if text else [] for text, held in zip(texts, labels, strict=True)], asked.least)
        chosen = [row for row, held in enumerate(kept) if held]
        if not chosen:
            raise ValueError
    return [texts[row] for row in chosen], [kept[row] for row in chosen]


def _triples(file: Path, facets: Path | None) -> list[Triple]:
    """Return the triples, with what each of the three would declare where a file says it."""
    with _reading(file):
        triples = msgspec.json.decode(file.read_bytes(), type=list[Triple])
    if facets is None:
        return triples
    with _reading(facets):
        each = msgspec.json.decode(facets.read_bytes(), type=list[Declarations])
        return [msgspec.structs.replace(triple, facets=said) for triple, said in zip(triples, each, strict=True)]


def _parallel(file: Path, codes: list[str]) -> list[list[str]]:
    """Return sentences, each in all languages."""
    with _reading(file):
        parallel = msgspec.json.decode(file.read_bytes(), type=list[list[str]])
        if any(len(each) != len(codes) for each in parallel):
            raise ValueError
    return parallel


def _similar(encoder: Encoder, texts: list[str], labels: list[frozenset[str]], seed: int) -> Iterator[str]:
    vectors = _encoded(encoder, texts, ["en"] * len(texts))
    ours, chance = (
        estimated(np.array(list(scores(labels, _followed(found, len(texts), doing)))))
        for found, doing in ((rankings(vectors), "ranking"), (shuffled(len(texts), seed), "ranking by chance"))
    )
    texts_of = Counter(label for held in labels for label in held)
    what = f"{len(texts):,} texts, {len(texts_of)} labels; every text asks all others; relevant: shares a label"
    _say(f"\n{what}. Mean and 95 % interval (bootstrap over the texts that ask).\n")
    _say(f"{'':10}{'this model':>24}{'chance':>24}")
    for measure, one, other in zip(MEASURES, ours, chance, strict=True):
        _say(f"{measure:10}{_written(one):>24}{_written(other):>24}")
    yield report.paragraph(f"{what}. Labels are topics, a stand-in for shared experience.")
    yield report.bars(Plot(
        "Texts on one topic find each other",
        f"{MEASURES[1]} {ours[1].mean:.3f}, by chance {chance[1].mean:.3f}. Whiskers: 95 % of 1,000 resamplings.",
        MEASURES,
        [_series("this model", ours), _series("chance", chance)],
        digits=3,
        most=1,
    ))  # fmt: skip


def _dangerous(encoder: Encoder, triples: list[Triple], texts: list[str]) -> Iterator[str]:
    vectors = _encoded(encoder, [text for one in triples for text in (one.anchor, one.right, one.trap)],
                       ["en"] * (3 * len(triples)))  # fmt: skip
    verdicts = [danger.judged(one, vectors[3 * n : 3 * n + 3]) for n, one in enumerate(triples)]
    rows: list[tuple[str, list[bool]]] = [("right partner first, by words alone", [one.by_words for one in verdicts])]
    if all(one.facets for one in triples):
        rows += _asked(verdicts)
    _say(f"\n{len(triples)} triples made to mislead: who asks, the right partner, a trap that shares the words.\n")
    for what, said in rows:
        _say(f"{what:66}{sum(said):4} of {len(said)}")
    missed = sorted({one.kind for one in verdicts if not one.by_facets}) if len(rows) > 1 else []
    if missed:
        _say(f"NOT SAFE with everything declared: {', '.join(missed)}")
    if texts:
        alarms = [danger.is_false_alarm(text) for text in texts]
        rows.append(("false alarms", alarms))
        _say(
            f"{'asked though nothing is known to be contradicted, at most':66}{sum(alarms):4} of {len(alarms)}"
            f" ({100 * danger.share(alarms):.1f} %)\n  each text as if its writer had declared "
            f"{', '.join(f'{one.name} {one.value}' for one in danger.USUAL)}; every question counts as false"
        )
    yield report.bars(Plot(
        "Triples made to mislead",
        "With everything declared no trap may be let through; where nothing is, words lead to a question.",
        [what for what, _ in rows],
        [Series("share", [100 * danger.share(said) for _, said in rows])],
        unit="%",
        most=100,
    ))  # fmt: skip


def _asked(verdicts: list[Verdict]) -> list[tuple[str, list[bool]]]:
    return [
        ("trap barred, right partner allowed, with facets", [one.by_facets for one in verdicts]),
        ("nothing declared: the trap is asked", [one.trap_asked for one in verdicts]),
        ("nothing declared: one of the two is asked", [one.asked for one in verdicts]),
        ("trap barred once that is answered", [one.answered for one in verdicts]),
        ("declared as who asks: the trap is asked", [one.doubted for one in verdicts]),
    ]


def _across(encoder: Encoder, parallel: list[list[str]], codes: list[str]) -> Iterator[str]:
    covered = [n for n, code in enumerate(codes) if encoder.covers(code)]
    placed = [(row, codes[n], each[n]) for row, each in enumerate(parallel) for n in covered]
    others: dict[str, float] = {}
    mixed: dict[str, float] = {}
    if len(covered) > 1:
        meanings, languages, texts = (list(one) for one in zip(*placed, strict=True))
        vectors = _encoded(encoder, texts, languages)
        others, mixed = (translations_found(vectors, meanings, languages, own=own) for own in (False, True))
    _say(f"\n{len(parallel)} sentences in {len(codes)} languages. R@1: the first match is a translation, sought among")
    _say(f"all other languages mixed, and with its own there too.\n\n{'':10}{'others':>9}{'all':>9}")
    for code in codes:
        found = f"{others[code]:>9.2f}{mixed[code]:>9.2f}" if code in others else "  facets and wait alone decide"
        _say(f"{code:10}{found}")
    yield report.bars(Plot(
        "A translation is found first",
        "A dash: the model does not cover the language, so facets and wait alone decide.",
        codes,
        [Series("among other languages", [others.get(code, np.nan) for code in codes]),
         Series("its own among them", [mixed.get(code, np.nan) for code in codes])],
        digits=2,
        most=1,
    ))  # fmt: skip


def _encoded(encoder: Encoder, texts: list[str], languages: list[str]) -> Vectors:
    """Encode in batches of like length, telling how far it is."""
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    starts = range(0, len(texts), BATCH)
    batches = [order[start : start + BATCH] for start in starts]
    made = np.concatenate([
        encoder.encode([texts[row] for row in batch], [languages[row] for row in batch])
        for batch in _followed(iter(batches), len(batches), "encoding")
    ])  # fmt: skip
    placed = np.empty_like(made)
    placed[order] = made
    return placed


def _followed(items: Iterator[T], all: int, doing: str) -> Iterator[T]:
    """Tell now and then how far it is."""
    for done, one in enumerate(items, 1):
        yield one
        if done % max(1, all // 20) == 0 or done == all:
            print(f"\r{doing}: {100 * done // all} %   ", end="" if done < all else "\n", file=sys.stderr, flush=True)


def _series(name: str, each: list[Estimate]) -> Series:
    return Series(name, [one.mean for one in each], [(one.low, one.high) for one in each])


def _written(one: Estimate) -> str:
    return f"{one.mean:.3f} ({one.low:.3f} … {one.high:.3f})"


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _say(line: str) -> None:
    print(line, flush=True)
