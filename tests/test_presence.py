"""Presence is what processes say of their people; what they no longer say is forgotten."""

from chat.bus import Going, Here
from chat.presence import PRESENCE_S, ROOMS_A_MESSAGE, Presence


def test_a_person_with_two_connections_is_here_until_both_are_gone() -> None:
    one = Presence(1)
    one.enter(7, 5)
    one.enter(7, 5)
    one.leave(7, 5)
    assert one.people(7) == {5}
    one.leave(7, 5)
    assert one.people(7) == set()
    one.leave(7, 5)
    assert one.people(7) == set()


def test_people_of_all_processes_are_here() -> None:
    one, two = Presence(1), Presence(2)
    one.enter(7, 5)
    two.enter(7, 6)
    assert one.heard(two.news({7})) == {7}
    assert one.people(7) == {5, 6}
    assert one.heard(two.news({7})) == set(), "said again, nothing has changed"


def test_an_empty_room_is_told_so_and_forgotten() -> None:
    one, two = Presence(1), Presence(2)
    two.enter(7, 6)
    one.heard(two.news({7}))
    two.leave(7, 6)
    assert one.heard(two.news({7})) == {7}
    assert one.people(7) == set()


def test_a_room_that_is_not_mentioned_stays_as_it_was() -> None:
    one = Presence(1)
    one.heard(Here(2, {7: [6], 8: [6]}))
    assert one.heard(Here(2, {8: []})) == {8}
    assert (one.people(7), one.people(8)) == ({6}, set())


def test_a_process_that_says_goodbye_takes_its_people_with_it() -> None:
    one = Presence(1)
    one.heard(Here(2, {7: [6], 8: [6]}))
    one.heard(Here(3, {7: [9]}))
    assert one.heard(Going(2)) == {7, 8}
    assert (one.people(7), one.people(8)) == ({9}, set())


def test_ones_own_word_that_comes_back_changes_nothing() -> None:
    one = Presence(1)
    one.enter(7, 5)
    assert one.heard(Here(1, {7: [99]})) == set()
    assert one.heard(Going(1)) == set()
    assert one.people(7) == {5}


def test_a_process_that_fell_silent_is_forgotten_after_its_time() -> None:
    now = 100.0
    one = Presence(1, lambda: now)
    one.heard(Here(2, {7: [6]}))
    now += PRESENCE_S - 0.1
    one.heard(Here(3, {7: [9]}))
    assert one.expire() == set()
    now += 0.2
    assert one.expire() == {7}
    assert one.people(7) == {9}
    assert one.expire() == set()


def test_everything_is_told_in_messages_that_fit_and_even_nothing_is_a_sign_of_life() -> None:
    one, other = Presence(1), Presence(2)
    one.heard(Here(2, {}))
    assert [*one.all()] == [Here(1, {})]
    for room in range(2 * ROOMS_A_MESSAGE + 1):
        one.enter(room, 5)
    parts = [*one.all()]
    assert [len(part.rooms) for part in parts] == [ROOMS_A_MESSAGE, ROOMS_A_MESSAGE, 1]
    for part in parts:
        other.heard(part)
    assert all(other.people(room) == {5} for room in range(2 * ROOMS_A_MESSAGE + 1))


def test_a_process_that_hears_of_no_other_gives_only_a_sign_of_life() -> None:
    now = 100.0
    one = Presence(1, lambda: now)
    one.enter(7, 5)
    assert [*one.all()] == [Here(1, {})]
    one.heard(Here(2, {}))
    assert [*one.all()] == [Here(1, {7: [5]})]
    now += PRESENCE_S + 0.1
    one.expire()
    assert [*one.all()] == [Here(1, {})]
    one.heard(Here(2, {}))
    one.heard(Going(2))
    assert [*one.all()] == [Here(1, {})]


def test_who_comes_while_everything_is_told_hinders_nobody() -> None:
    one = Presence(1)
    one.heard(Here(2, {}))
    for room in range(ROOMS_A_MESSAGE + 1):
        one.enter(room, 5)
    told = one.all()
    next(told)
    one.enter(9_999, 5)
    one.leave(ROOMS_A_MESSAGE, 5)
    assert [*told] == [Here(1, {ROOMS_A_MESSAGE: []})]


def test_a_lost_message_that_a_room_is_empty_repairs_itself() -> None:
    now = 100.0
    one, two = Presence(1, lambda: now), Presence(2)
    for room in (7, 8):
        two.enter(room, 6)
    one.heard(two.news({7, 8}))
    two.leave(7, 6)
    now += PRESENCE_S - 0.1
    two.heard(one.news([]))
    for part in two.all():
        one.heard(part)
    now += 0.2
    assert one.expire() == {7}
    assert (one.people(7), one.people(8)) == (set(), {6})
