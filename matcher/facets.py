"""Facets: what a person declares about their experience, from closed lists, and which pairs must never be.

The one idea: what must not be got wrong (harmed or caused harm, carer or cared for, in crisis or long recovered) is
declared and filtered, never left to the likeness of two texts: the encoder put the right partner first in 3 of 20
triples made to mislead it, hard rules in 20 of 20. The labels shown to people are the page's business; here are codes.

Visibility, an item each: `hidden` is the person's own note and takes no part, `matching` is used and never shown,
`shown` may be told to the match. Role, side and status keep pairs from harm, so with them `hidden` is `matching`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from chat.protocol import Quiet
from chat.refusals import Malformed

Visibility = Literal["hidden", "matching", "shown"]
Name = Literal["topic", "role", "side", "status", "kind", "wish"]

TOPICS = (
    "addiction", "anxiety", "bereavement", "breakup", "burnout", "caring", "chronic_illness", "cancer", "dementia",
    "depression", "disability", "eating", "family", "gambling", "identity", "loneliness", "military", "neurodiversity",
    "parenting", "pregnancy_loss", "psychosis", "self_harm", "sexual_violence", "suicide_loss", "trauma", "violence",
    "work",
)  # fmt: skip
ROLES = ("self", "carer", "family", "bereaved")
SIDES = ("harmed", "caused_harm", "not_affected")
STATUSES = ("in_crisis", "struggling", "in_recovery", "long_recovered")
"""From the worst night to years later, in this order."""
KINDS = ("emotional", "informational", "practical", "company")
"""Four kinds of support. Source: Solomon, Psychiatric Rehabilitation Journal 27(4), 2004, after House (1981)."""
WISHES = ("be_heard", "listen", "both")

VALUES: dict[Name, tuple[str, ...]] = {
    "topic": TOPICS, "role": ROLES, "side": SIDES, "status": STATUSES, "kind": KINDS, "wish": WISHES,
}  # fmt: skip
MOST: dict[Name, int] = {"topic": 5, "role": 2, "side": 1, "status": 1, "kind": 4, "wish": 1}
"""How many of each one person may declare."""
PROTECTING: tuple[Name, ...] = ("role", "side", "status")

_COVERED_BY = {
    "in_crisis": frozenset({"in_recovery", "long_recovered"}),
    "struggling": frozenset({"struggling", "in_recovery", "long_recovered"}),
    "in_recovery": frozenset({"in_recovery", "long_recovered"}),
    "long_recovered": frozenset({"in_recovery", "long_recovered"}),
}
"""Whom a seeker's status may meet: nobody who is in crisis, and never someone further from the shore than oneself."""


_NAMED = frozenset({"harmed", "caused_harm"})
_SIDES_FOR = {
    "harmed": frozenset({"harmed"}),
    "caused_harm": frozenset({"caused_harm"}),
    "not_affected": frozenset({"not_affected"}),
    "": frozenset({"harmed", "not_affected"}),
}
"""Which declared side of a peer a seeker's side may meet; "": the seeker declares none."""


class Facet(Quiet, frozen=True):
    """One declared item, from the closed lists above."""

    name: Name
    value: str
    visibility: Visibility = "matching"


def checked(facets: Iterable[Facet]) -> tuple[Facet, ...]:
    """Return the facets in the lists' order, repeats dropped (the last one counts).

    Raises:
        Malformed: a name or value that is not in the lists, or too many of one name.
    """
    latest = {(one.name, one.value): one for one in facets}
    for name, value in latest:
        if value not in VALUES.get(name, ()):
            raise Malformed
    kept = tuple(latest[name, value] for name in VALUES for value in VALUES[name] if (name, value) in latest)
    if any(sum(one.name == name for one in kept) > most for name, most in MOST.items()):
        raise Malformed
    return kept


@dataclass(frozen=True, slots=True, repr=False)
class Declared:
    """The values of one person that take part in matching; made once a profile, compared with every request."""

    topics: frozenset[str]
    roles: frozenset[str]
    side: frozenset[str]
    status: frozenset[str]
    all: frozenset[tuple[Name, str]]


def declared(facets: Iterable[Facet]) -> Declared:
    """Sort out what takes part."""
    all = frozenset((one.name, one.value) for one in facets if one.visibility != "hidden" or one.name in PROTECTING)
    topics, roles, side, status = (
        frozenset(value for held, value in all if held == name) for name in ("topic", "role", "side", "status")
    )
    return Declared(topics, roles, side, status, all)


def undeclared(facets: Iterable[Facet]) -> tuple[Name, ...]:
    """Which of the items that keep pairs from harm the person has not declared: the page asks, with one tap each."""
    held = {one.name for one in facets}
    return tuple(name for name in PROTECTING if name not in held)


def may_meet(seeker: Declared, peer: Declared) -> bool:
    """Whether the hard rules allow this pair. A wrong yes is the worst this software can do, so doubt says no.

    - topic: who names topics meets someone who declares one of them.
    - role: where both declare, they share one (a carer does not get the cared-for).
    - side: who was harmed meets only someone who declares the same, and so does who caused harm. Whom it does not
      affect, or who says nothing, never meets who caused harm; whom it does not affect meets nobody whom it does.
    - status: see `_COVERED_BY`; a peer who is in crisis meets nobody.
    """
    if seeker.topics and not seeker.topics & peer.topics:
        return False
    if seeker.roles and peer.roles and not seeker.roles & peer.roles:
        return False
    if not peer.side <= _SIDES_FOR[next(iter(seeker.side), "")] or (seeker.side & _NAMED and not peer.side):
        return False
    if "in_crisis" in peer.status:
        return False
    return all(not peer.status or peer.status <= _COVERED_BY[one] for one in seeker.status)


def likeness(seeker: Declared, peer: Declared) -> float:
    """How much of what the seeker declares the peer shares, 0 … 1: for where no text can be compared, and for ties."""
    return len(seeker.all & peer.all) / len(seeker.all) if seeker.all else 0.0


def both_show(one: Iterable[Facet], other: Iterable[Facet]) -> tuple[tuple[Name, str], ...]:
    """Why this match: the items both share and both let be shown, and nothing else."""
    theirs = {(item.name, item.value) for item in other if item.visibility == "shown"}
    return tuple((i.name, i.value) for i in one if i.visibility == "shown" and (i.name, i.value) in theirs)
