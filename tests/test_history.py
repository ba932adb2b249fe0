"""Each rule of the judge finds what breaks it, and a good history breaks none."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.history import History, Kept, Say, Seen, Silence, Stay, Wrong, judge

ROOM, ANNA, BEN = 1, 5, 6


def good() -> History:
    """Two people, three says; the last was acknowledged again after a lost connection."""
    kept = [Kept(ROOM, 1, ANNA, ""), *(Kept(ROOM, 2 + n, (ANNA, BEN)[n % 2], f"say-{n}") for n in range(3))]
    says = [Say(ROOM, one.author, one.say_id, 10.0 * one.seq, 10.0 * one.seq + 5, one.seq) for one in kept[1:]]
    says[-1] = replace(says[-1], again=(says[-1].seq,))
    says.append(Say(ROOM, ANNA, "never-answered", 60.0))
    seen = [Seen(ROOM, BEN, session, one.seq, one.author, one.say_id)
            for one, session in zip(kept, (1, 1, 2, 2), strict=True)]  # fmt: skip
    return History(says, seen, kept, [Stay(ROOM, BEN, 0, 4)], [Silence(ROOM, ANNA, 55.0)])


def test_a_good_history_has_nothing_wrong() -> None:
    assert judge(good()) == []


def drop_row(history: History) -> None:
    history.kept[1] = replace(history.kept[1], seq=9)


def keep_twice(history: History) -> None:
    history.kept.append(replace(history.kept[1], room=2, seq=1))
    history.says.append(replace(history.says[0], room=2, acked_at=None))


def invent(history: History) -> None:
    history.kept.append(Kept(ROOM, 5, BEN, "nobody-said-it"))


def lose(history: History) -> None:
    history.kept.pop()
    history.seen.pop()
    history.stays.clear()


def answer_differently(history: History) -> None:
    history.says[2] = replace(history.says[2], again=(99,))


def show_another(history: History) -> None:
    history.seen[1] = replace(history.seen[1], say_id="say-2")


def show_twice(history: History) -> None:
    history.seen.append(replace(history.seen[3], session=3))


def show_backwards(history: History) -> None:
    history.seen[2], history.seen[3] = history.seen[3], history.seen[2]


def miss(history: History) -> None:
    del history.seen[2]


def overtake(history: History) -> None:
    history.says[0] = replace(history.says[0], sent_at=46.0, acked_at=47.0)


def speak_muted(history: History) -> None:
    history.silences[0] = replace(history.silences[0], told_at=35.0)


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (drop_row, "hole or repeat in seq"), (keep_twice, "kept twice"), (invent, "never said"),
        (lose, "acknowledged and lost"), (answer_differently, "acknowledged with another seq"),
        (show_another, "shown and not kept"), (show_twice, "shown twice"), (show_backwards, "out of order"),
        (miss, "missed"), (overtake, "before what came earlier"), (speak_muted, "kept after the mute"),
    ],
)  # fmt: skip
def test_each_rule_finds_what_breaks_it(spoil: Callable[[History], None], rule: str) -> None:
    history = good()
    spoil(history)
    found: list[Wrong] = judge(history)
    assert rule in {one.rule for one in found}
