"""Asking: of what somebody left open, the one question whose answer would keep most wrong people away."""

from collections.abc import Sequence

from matcher.facets import VALUES, Declared, Facet, Name, declared
from matcher.pairs import may_meet


def most_telling(left_open: Sequence[Name], top: Sequence[Declared]) -> Name | None:
    """Return the facet to ask about: the one whose answer would remove most of `top` under the hard rules.

    What somebody would answer is not known, so every value counts alike: it is the expected number removed. Ties keep
    the order of `left_open`. None: no answer to any of them would remove anybody.

    Args:
        left_open: facets the seeker has not declared, such as `facets.undeclared` returns.
        top: the best of those who may meet the seeker now, some twenty.
    """
    removed = {name: _expected(name, top) for name in left_open}
    best = max(removed, key=lambda name: removed[name], default=None)
    return best if best is not None and removed[best] > 0 else None


def _expected(name: Name, top: Sequence[Declared]) -> float:
    answers = [declared([Facet(name, value)]) for value in VALUES[name]]
    return sum(not may_meet(answer, peer) for answer in answers for peer in top) / len(answers)
