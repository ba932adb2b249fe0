"""Asking: of what somebody left open, the one question whose answer would keep most wrong people away."""

from collections.abc import Collection, Sequence

from matcher.cues import contradicted, missing
from matcher.facets import VALUES, Declared, Facet, Name, declared, undeclared
from matcher.pairs import may_meet

WORST: Name = "side"
"""What hurts most when it is got wrong: asked also where too few are there to say what would be most telling."""


def question(
    text: str, facets: Sequence[Facet], questioned: Collection[str], top: Sequence[Declared] | None
) -> Name | None:
    """Return the facet to ask a seeker about before anybody is asked for them, or None.

    Asked, never inferred: what their words contradict; else, once a request, of what they left open what their words
    hint at, or what would remove most of the best.

    Args:
        questioned: what they were asked about before.
        top: see `most_telling`; None: too few to look at without telling that they are there.
    """
    doubted = contradicted(text, facets)
    if doubted is not None and doubted[0] not in questioned:
        return doubted[0]
    if questioned:
        return None
    left_open, hinted = undeclared(facets), missing(text, facets)
    if hinted:
        return hinted[0]
    if top is None:
        return WORST if WORST in left_open else None
    return most_telling(left_open, top, declared(facets))


def most_telling(left_open: Sequence[Name], top: Sequence[Declared], held: Declared) -> Name | None:
    """Return the facet to ask about: the one whose answer would remove most of `top` under the hard rules.

    What somebody would answer is not known, so every value counts alike: it is the expected number removed. Ties keep
    the order of `left_open`. None: no answer to any of them would remove anybody.

    Args:
        left_open: facets the seeker has not declared, such as `facets.undeclared` returns.
        top: the best of those who may meet the seeker now, some twenty.
        held: what the seeker has declared.
    """
    removed = {name: _expected(name, top, held) for name in left_open}
    best = max(removed, key=lambda name: removed[name], default=None)
    return best if best is not None and removed[best] > 0 else None


def _expected(name: Name, top: Sequence[Declared], held: Declared) -> float:
    answers = [{**held, name: frozenset({value})} for value in VALUES[name]]
    return sum(not may_meet(answer, peer) for answer in answers for peer in top) / len(answers)
