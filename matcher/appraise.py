"""python -m matcher signals evaluate: what detectors find of labelled texts, beside a plain list of words.

The shipped rules, a list of the obvious words, and what the texts themselves teach by cross-validation. Texts are read
and never printed; nothing that was learned is kept.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from matcher import learned, loading, recall
from matcher.contacts import contacts
from matcher.crisis import crisis
from matcher.evaluation import Estimate
from matcher.hate import slurs, threats
from matcher.hits import Hit
from matcher.plain import sentences
from matcher.recall import FALSE_ALARMS, Floats, Told, Truths

LINES = msgspec.json.Decoder(dict[str, object])
BATCH = 64


@dataclass(frozen=True, slots=True)
class Kind:
    """What is looked for: the shipped rules, and the list of words anybody would write down first."""

    rules: Callable[[str], list[Hit]]
    listed: tuple[str, ...]


KINDS = {
    "crisis": Kind(crisis, (
        "suicide", "suicidal", "kill myself", "want to die", "end my life", "self harm", "cut myself", "overdose",
        "hopeless", "itsemurha", "haluan kuolla", "tapan itseni",
    )),
    "hate": Kind(lambda text: [*slurs(text), *threats(text)], (
        "nigger", "faggot", "fag", "kike", "spic", "chink", "retard", "tranny", "paki", "white trash", "kill you",
        "neekeri", "ryssä", "homo",
    )),
    "contacts": Kind(contacts, (
        "phone", "number", "email", "whatsapp", "telegram", "snapchat", "instagram", "http", "www", "call me",
    )),
}  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """Read, measure, tell."""
    asked = _arguments().parse_args(arguments)
    texts, wanted = read(asked.file, asked.text, asked.label, asked.positive.split(","))
    print(
        f"{len(texts):,} texts, {int(wanted.sum()):,} to be found. Recall at that share of false alarms, and the area"
    )
    print(
        "under the curve, each with 95 % of resamplings of the texts; off: how far told chances are from the truth.\n"
    )
    head = "".join(f"{f'{share:.0%}':>21}" for share in FALSE_ALARMS)
    print(f"{'':26}{head}{'area':>21}{'off':>7}")
    for one in appraised(KINDS[asked.kind], texts, wanted, seed=asked.seed, model=asked.model if asked.embed else None):
        print(f"{one.name:26}{''.join(f'{_written(each):>21}' for each in (*one.recall, one.area))}{_off(one):>7}")


def read(file: Path, fields: str, label: str, positive: Sequence[str]) -> tuple[list[str], Truths]:
    """Return texts, and which of them are to be found; ends with a sentence where the file does not serve."""
    try:
        records = LINES.decode_lines(file.read_bytes())
        texts = ["\n".join(str(one.get(field) or "") for field in fields.split(",")).strip() for one in records]
        wanted = np.array([str(one.get(label)) in positive for one in records], dtype=np.bool_)
    except OSError as error:
        sys.exit(f"hearthside: {file} cannot be read ({type(error).__name__})")
    except msgspec.MsgspecError:
        sys.exit(f"hearthside: {file} does not hold one JSON object a line")
    if min(wanted.sum(), (~wanted).sum()) < 2 * learned.FOLDS:
        sys.exit(f"hearthside: {file} holds too few texts with or without the labels that are to be found")
    return texts, wanted


def appraised(
    kind: Kind, texts: Sequence[str], wanted: Truths, *, seed: int = 0, model: str | None = None
) -> list[Told]:  # fmt: skip
    """Return what is told of each way to order the texts: the plain list first.

    Args:
        model: an encoder to learn from vectors too; None: words alone.
    """
    listed, rules = by_list(kind, texts), by_rules(kind, texts)
    made = [recall.told("plain list of words", listed, wanted), recall.told("shipped rules", rules, wanted)]
    alone, both = learned.by_words(texts, wanted, rules[:, np.newaxis], seed)
    made.append(recall.told("learned from words", alone, wanted, chances=True))
    made.append(recall.told("words and rules", both, wanted, chances=True))
    if model is not None:
        encoder = asyncio.run(loading.load(model))
        parts = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
        vectors = np.concatenate([encoder.encode(list(part), ["en"] * len(part)) for part in parts])
        seen = learned.by_vectors(vectors, wanted, seed)
        made.append(recall.told("learned from embeddings", seen, wanted, chances=True))
        made.append(recall.told("words, rules, embeddings", (both + seen) / 2, wanted, chances=True))
    return made


def by_list(kind: Kind, texts: Sequence[str]) -> Floats:
    """Return how many of the listed words each text has."""
    plain = [f" {' '.join(sentences(text))} " for text in texts]
    return np.array([sum(f" {word} " in one for word in kind.listed) for one in plain], dtype=np.float64)


def by_rules(kind: Kind, texts: Sequence[str]) -> Floats:
    """Return what the shipped rules' hits weigh in each text."""
    return np.array([sum(hit.weight for hit in kind.rules(text)) for text in texts], dtype=np.float64)


def _arguments() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser("python -m matcher signals evaluate", description=__doc__)
    made.add_argument("file", type=Path, help="texts with labels: one JSON object a line")
    made.add_argument("--kind", choices=KINDS, required=True, help="what is looked for")
    made.add_argument("--text", default="text", help="the text's field; several, with commas, are put together")
    made.add_argument("--label", default="label", help="the label's field")
    made.add_argument("--positive", required=True, help="the labels that are to be found, with commas")
    made.add_argument("--embed", action="store_true", help="learn from embeddings as well (slow)")
    made.add_argument("--model", default="", help="as HEARTHSIDE_MODEL; empty: the bundled one")
    made.add_argument("--seed", type=int, default=0, help="which texts are held back together")
    return made


def _written(one: Estimate) -> str:
    return f"{one.mean:.3f} ({one.low:.2f} … {one.high:.2f})"


def _off(one: Told) -> str:
    return "" if one.off is None else f"{one.off:.3f}"
