"""Facets: the pairs that must never be, whatever two texts look like."""

import itertools

import pytest

from chat.refusals import Malformed
from matcher.facets import Facet, Name, Visibility, both_show, checked, declared, undeclared
from matcher.pairs import may_meet

Pairs = tuple[tuple[Name, str], ...]


def facets(*pairs: tuple[Name, str], visibility: Visibility = "matching") -> tuple[Facet, ...]:
    return tuple(Facet(name, value, visibility) for name, value in pairs)


FORBIDDEN: list[tuple[Pairs, Pairs]] = [
    ((("side", "harmed"),), (("side", "caused_harm"),)),
    ((("side", "caused_harm"),), (("side", "harmed"),)),
    ((("side", "harmed"),), ()),
    ((("side", "harmed"),), (("side", "not_affected"),)),
    ((), (("side", "caused_harm"),)),
    ((("side", "not_affected"),), (("side", "caused_harm"),)),
    ((("side", "not_affected"),), (("side", "harmed"),)),
    ((("role", "carer"),), (("role", "self"),)),
    ((("role", "bereaved"),), (("role", "family"),)),
    ((("topic", "addiction"),), (("topic", "gambling"),)),
    ((("topic", "addiction"),), ()),
    ((("status", "in_crisis"),), (("status", "struggling"),)),
    ((("status", "long_recovered"),), (("status", "struggling"),)),
    ((), (("status", "in_crisis"),)),
]

ALLOWED: list[tuple[Pairs, Pairs]] = [
    ((), ()),
    ((), (("topic", "addiction"), ("role", "self"), ("side", "harmed"), ("status", "struggling"))),
    ((("side", "harmed"),), (("side", "harmed"),)),
    ((("side", "caused_harm"),), (("side", "caused_harm"),)),
    ((), (("side", "not_affected"),)),
    ((("side", "not_affected"),), ()),
    ((("role", "carer"),), ()),
    ((("role", "carer"), ("role", "self")), (("role", "self"),)),
    ((("topic", "addiction"), ("topic", "work")), (("topic", "work"),)),
    ((("status", "in_crisis"),), (("status", "long_recovered"),)),
    ((("status", "struggling"),), (("status", "struggling"),)),
]


@pytest.mark.parametrize(("seeker", "peer"), FORBIDDEN)
def test_a_dangerous_pair_never_meets(seeker: Pairs, peer: Pairs) -> None:
    assert not may_meet(declared(facets(*seeker)), declared(facets(*peer)))


@pytest.mark.parametrize(("seeker", "peer"), ALLOWED)
def test_a_fitting_pair_may_meet(seeker: Pairs, peer: Pairs) -> None:
    assert may_meet(declared(facets(*seeker)), declared(facets(*peer)))


def test_of_all_declared_pairs_none_crosses_sides_or_reaches_someone_in_crisis() -> None:
    sides = ((), ("harmed",), ("caused_harm",), ("not_affected",))
    statuses = ((), ("in_crisis",), ("struggling",), ("in_recovery",), ("long_recovered",))
    roles = ((), ("self",), ("carer",), ("family",), ("bereaved",))
    everyone = [
        declared(
            [*facets(*(("side", one) for one in a)), *facets(*(("status", one) for one in b)),
             *facets(*(("role", one) for one in c))]
        )
        for a, b, c in itertools.product(sides, statuses, roles)
    ]  # fmt: skip
    meetings = [(one, other) for one in everyone for other in everyone if may_meet(one, other)]
    assert meetings
    for one, other in meetings:
        sides_met = {*one.get("side", ()), *other.get("side", ())}
        assert sides_met not in ({"harmed", "caused_harm"}, {"harmed", "not_affected"})
        assert "in_crisis" not in other.get("status", ())
        assert not ("role" in one and "role" in other) or one["role"] & other["role"]


def test_what_keeps_pairs_from_harm_counts_even_where_it_is_kept_hidden() -> None:
    assert not may_meet(declared([]), declared(facets(("side", "caused_harm"), visibility="hidden")))
    assert not may_meet(declared([]), declared(facets(("status", "in_crisis"), visibility="hidden")))


def test_a_hidden_topic_takes_no_part() -> None:
    hidden = declared(facets(("topic", "addiction"), visibility="hidden"))
    assert hidden == {}


def test_only_what_both_show_is_told_as_the_reason() -> None:
    mine = (Facet("topic", "addiction", "shown"), Facet("role", "self", "shown"), Facet("wish", "both", "matching"))
    theirs = (Facet("topic", "addiction", "shown"), Facet("role", "self", "matching"), Facet("wish", "both", "shown"))
    assert both_show(mine, theirs) == (("topic", "addiction"),)
    assert both_show(theirs, mine) == (("topic", "addiction"),)


@pytest.mark.parametrize(
    "wrong",
    [
        facets(("topic", "the moon")),
        facets(("side", "harmed"), ("side", "caused_harm")),
        facets(*(("topic", one) for one in ("addiction", "anxiety", "bereavement", "breakup", "burnout", "caring"))),
    ],
)
def test_what_is_not_in_the_lists_or_too_many_is_refused(wrong: tuple[Facet, ...]) -> None:
    with pytest.raises(Malformed):
        checked(wrong)


def test_the_page_learns_what_to_ask_with_one_tap() -> None:
    assert undeclared(facets(("topic", "addiction"), ("role", "self"))) == ("side", "status")
