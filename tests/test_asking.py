"""Asking: the one question that would keep most wrong people away."""

from hypothesis import given
from hypothesis import strategies as st

from matcher.asking import most_telling
from matcher.facets import PROTECTING, VALUES, Declared, Facet, Name, declared
from matcher.pairs import may_meet


def peer(*pairs: tuple[Name, str]) -> Declared:
    return declared(Facet(name, value) for name, value in pairs)


def test_where_sides_differ_the_side_is_asked_about() -> None:
    top = [peer(("side", "harmed")), peer(("side", "not_affected")), peer(("role", "self"))]
    assert most_telling(PROTECTING, top, {}) == "side"


def test_where_roles_differ_and_the_side_is_known_the_role_is_asked_about() -> None:
    top = [peer(("role", "self"), ("side", "harmed")), peer(("role", "carer"), ("side", "harmed"))]
    assert most_telling(("role", "status"), top, {}) == "role"


def test_what_removes_nobody_is_not_asked() -> None:
    assert most_telling(PROTECTING, [], {}) is None
    assert most_telling((), [peer(("side", "harmed"))], {}) is None
    assert most_telling(("kind", "wish"), [peer(("side", "harmed"))], {}) is None
    assert most_telling(("role",), [peer(("side", "harmed"))], {}) is None  # no peer declares a role


names = st.lists(st.sampled_from(sorted(VALUES)), unique=True)
peers = st.lists(
    st.lists(st.sampled_from([(name, value) for name in PROTECTING for value in VALUES[name]]), max_size=3), max_size=20
).map(lambda all: [peer(*pairs) for pairs in all])


@given(names, peers)
def test_no_other_question_would_remove_more(left_open: list[Name], top: list[Declared]) -> None:
    def removed(name: Name) -> float:
        answers = [peer((name, value)) for value in VALUES[name]]
        return sum(sum(not may_meet(answer, one) for one in top) / len(answers) for answer in answers)

    asked = most_telling(left_open, top, {})
    most = max(map(removed, left_open), default=0)
    assert (asked is None) == (most == 0)
    assert asked is None or abs(removed(asked) - most) < 1e-9


@given(names, peers)
def test_the_order_of_the_peers_changes_nothing(left_open: list[Name], top: list[Declared]) -> None:
    assert most_telling(left_open, top, {}) == most_telling(left_open, top[::-1], {})
