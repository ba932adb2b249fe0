"""Danger: triples written to mislead a matcher (who asks, the right partner, a trap that shares the words).

The one idea: three safety nets are judged one by one. Words alone say how often the encoder is misled; declared facets
must bar every trap; and where nothing was declared, cues must lead to the question that would have barred it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from matcher.cues import contradicted, missing
from matcher.encoder import Vectors
from matcher.evaluation import most_alike
from matcher.facets import PROTECTING, Facet, Name, checked, declared
from matcher.pairs import may_meet

USUAL = (Facet("role", "self"), Facet("side", "not_affected"), Facet("status", "struggling"))
"""What most who ask for support of their own would declare; see `is_false_alarm`."""


class Declarations(msgspec.Struct, frozen=True):
    """What each of the three would declare, were they asked: pairs of facet and value.

    Raises:
        Malformed: see `facets.checked`.
    """

    anchor: list[tuple[Name, str]]
    right: list[tuple[Name, str]]
    trap: list[tuple[Name, str]]

    def __post_init__(self) -> None:
        for pairs in (self.anchor, self.right, self.trap):
            _facets(pairs)


class Triple(msgspec.Struct, frozen=True):
    """`anchor` asks; `right` should be found, and `trap` never."""

    kind: str
    anchor: str
    right: str
    trap: str
    facets: Declarations | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one triple.

    Attributes:
        by_words: similarity alone puts the right partner before the trap.
        by_facets: with everything declared, the hard rules bar the trap and let the right partner through.
        trap_asked: nothing is declared, and the trap's own words lead to a question on a facet in which they differ.
        asked: so do the trap's words or the words of who asks.
        doubted: the trap declares what who asks declares, and its words lead to a question on a facet in which they
            differ.
        answered: each of the two answers the one question its words lead to, and then the hard rules bar the trap.
    """

    kind: str
    by_words: bool
    by_facets: bool = False
    trap_asked: bool = False
    asked: bool = False
    doubted: bool = False
    answered: bool = False


def judged(triple: Triple, vectors: Vectors) -> Verdict:
    """Judge one triple.

    Args:
        vectors: shape (3, d), of anchor, right and trap.
    """
    by_words = most_alike(vectors[0], vectors[1:], 1) == [0]
    if triple.facets is None:
        return Verdict(triple.kind, by_words)
    anchor, right, trap = (_facets(one) for one in (triple.facets.anchor, triple.facets.right, triple.facets.trap))
    differ = {name for name in PROTECTING if not _values(anchor, name) & _values(trap, name)}
    differ = {name for name in differ if _values(anchor, name) or _values(trap, name)}
    of_anchor, of_trap = missing(triple.anchor, ()), missing(triple.trap, ())
    doubt = contradicted(triple.trap, [one for one in anchor if one.name in PROTECTING])
    asking, trapped = (
        declared(one for one in facets if question is not None and one.name == question[0])
        for facets, question in ((anchor, of_anchor), (trap, of_trap))
    )
    return Verdict(
        triple.kind,
        by_words,
        by_facets=may_meet(declared(anchor), declared(right)) and not may_meet(declared(anchor), declared(trap)),
        trap_asked=of_trap is not None and of_trap[0] in differ,
        asked=any(one is not None and one[0] in differ for one in (of_anchor, of_trap)),
        doubted=doubt is not None and doubt[0] in differ,
        answered=not may_meet(asking, trapped),
    )


def is_false_alarm(text: str) -> bool:
    """Whether a text of somebody who asks for support of their own would be asked about though they declare USUAL.

    Counted for texts of which nothing more is known, so this is an upper bound: some of these questions are right.
    """
    return contradicted(text, USUAL) is not None


def share(said: Sequence[bool]) -> float:
    """Return how many are true, of all; of none it is 0."""
    return float(np.mean(said)) if said else 0.0


def _facets(pairs: Iterable[tuple[Name, str]]) -> tuple[Facet, ...]:
    return checked(Facet(name, value) for name, value in pairs)


def _values(facets: Iterable[Facet], name: Name) -> set[str]:
    return {one.value for one in facets if one.name == name}
