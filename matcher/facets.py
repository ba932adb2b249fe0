"""Facets: what a person declares about their experience, from closed lists.

The one idea: what must not be got wrong (harmed or caused harm, carer or cared for, in crisis or long recovered) is
declared and filtered (see `pairs`), never left to the likeness of two texts: the encoder put the right partner first in
3 of 20 triples made to mislead it, hard rules in 20 of 20. The labels people see are the page's business.

Visibility, an item each: `hidden` is the person's own note and takes no part, `matching` is used and never shown,
`shown` may be told to the match. Role, side, status and age keep pairs from harm, so with them `hidden` is `matching`.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from chat.protocol import Quiet
from chat.refusals import Malformed

Visibility = Literal["hidden", "matching", "shown"]
Name = Literal["topic", "role", "side", "status", "kind", "wish", "age", "gender", "wish_age", "wish_gender"]

FAMILIES: dict[str, tuple[str, ...]] = {
    "dependence": ("addiction", "gambling", "eating"),
    "mind": ("anxiety", "burnout", "depression", "psychosis", "self_harm", "trauma"),
    "loss": ("bereavement", "pregnancy_loss", "suicide_loss", "breakup"),
    "care": ("caring", "dementia", "family", "parenting"),
    "body": ("cancer", "chronic_illness", "disability", "neurodiversity"),
    "harm": ("military", "sexual_violence", "violence"),
    "life": ("identity", "loneliness", "work"),
}
"""Topics by what lies near: who widens the circle a step is offered somebody of the same family. The organiser's list
(see `topics`) begins with these; the families stay."""
Topics = Mapping[str, str]
"""The topics one may declare, in their order, each with its family."""
SEEDED: Topics = dict(sorted((topic, family) for family, topics in FAMILIES.items() for topic in topics))
ROLES = ("self", "carer", "family", "bereaved")
SIDES = ("harmed", "caused_harm", "not_affected")
STATUSES = ("in_crisis", "struggling", "in_recovery", "long_recovered")
"""From the worst night to years later, in this order."""
KINDS = ("emotional", "informational", "practical", "company")
"""Four kinds of support. Source: Solomon, Psychiatric Rehabilitation Journal 27(4), 2004, after House (1981)."""
WISHES = ("be_heard", "listen", "both")
AGES = ("under_18", "18_29", "30_44", "45_64", "65_up")
GENDERS = ("woman", "man", "other")

VALUES: dict[Name, tuple[str, ...]] = {
    "role": ROLES, "side": SIDES, "status": STATUSES, "kind": KINDS, "wish": WISHES,
    "age": AGES, "gender": GENDERS, "wish_age": AGES, "wish_gender": GENDERS,
}  # fmt: skip
"""The lists that are the same everywhere; topics are the organiser's."""
MOST: dict[Name, int] = {
    "topic": 5, "role": 2, "side": 1, "status": 1, "kind": 4, "wish": 1, "age": 1, "gender": 1, "wish_age": 5,
    "wish_gender": 3,
}  # fmt: skip
"""How many of each one person may declare."""
PROTECTING: tuple[Name, ...] = ("role", "side", "status")
"""What keeps pairs from harm and is asked about; `age` keeps minors apart."""
NEVER_HIDDEN: tuple[Name, ...] = (*PROTECTING, "age")
WISHED: dict[Name, Name] = {"wish_age": "age", "wish_gender": "gender"}
"""What one wishes of the other, and what the other must declare for it. None wished: no matter."""


class Facet(Quiet, frozen=True):
    """One declared item, from the closed lists above."""

    name: Name
    value: str
    visibility: Visibility = "matching"


def checked(facets: Iterable[Facet], topics: Topics = SEEDED) -> tuple[Facet, ...]:
    """Return the facets in the lists' order, repeats dropped (the last one counts).

    Args:
        topics: the organiser's list now (`topics.offered`).

    Raises:
        Malformed: a name or value that is not in the lists, or too many of one name.
    """
    latest = {(one.name, one.value): one for one in facets}
    lists: dict[Name, Iterable[str]] = {"topic": tuple(topics), **VALUES}
    for name, value in latest:
        if value not in lists.get(name, ()):
            raise Malformed
    kept = tuple(latest[name, value] for name in lists for value in lists[name] if (name, value) in latest)
    if any(sum(one.name == name for one in kept) > most for name, most in MOST.items()):
        raise Malformed
    return kept


Declared = Mapping[Name, frozenset[str]]
"""The values of one person that take part in matching, by name; a name with none is absent."""


def declared(facets: Iterable[Facet]) -> Declared:
    """Sort out what takes part."""
    made: dict[Name, set[str]] = {}
    for one in facets:
        if one.visibility != "hidden" or one.name in NEVER_HIDDEN:
            made.setdefault(one.name, set()).add(one.value)
    return {name: frozenset(values) for name, values in made.items()}


def undeclared(facets: Iterable[Facet]) -> tuple[Name, ...]:
    """Which of the items that keep pairs from harm the person has not declared: the page asks, with one tap each."""
    held = {one.name for one in facets}
    return tuple(name for name in PROTECTING if name not in held)


def families(held: Iterable[str], topics: Topics = SEEDED) -> frozenset[str]:
    """Return the families of topics somebody declares."""
    return frozenset(topics[one] for one in held if one in topics)


def both_show(one: Iterable[Facet], other: Iterable[Facet]) -> tuple[tuple[Name, str], ...]:
    """Why this match: the items both share and both let be shown, and nothing else."""
    theirs = {(item.name, item.value) for item in other if item.visibility == "shown"}
    return tuple((i.name, i.value) for i in one if i.visibility == "shown" and (i.name, i.value) in theirs)
