"""Detectors: what they find, what they leave alone, and that no text, however made, keeps them long."""

import re
import sys
from collections.abc import Callable, Iterable
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.ids import Millis, PersonId, RoomId, Seq
from matcher import advances, contacts, crisis, detectors, hate, hits, plain
from matcher.detectors import Heard, findings, findings_held, of_text
from matcher.floods import FLOOD, FLOOD_MS, JOINING, REPEATS, Trace, floods
from matcher.own_signals import OwnSignal

ONE, OTHER = PersonId(1), PersonId(2)
HOSTILE = (
    "a", "a ", "1 ", "@", "a@", "a.", "not ", "my ", "i want to ", "kill ", "ig ", "(at)", "double ", "n ", "e\u0301",
    "\U0001f600", ".", "you are ", "!", "\u200b", "one two ", "www", "l1",
)  # fmt: skip


def codes(text: str, *, one_to_one: bool = True) -> set[str]:
    return set(hits.opening(of_text(text, one_to_one=one_to_one)))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("I'm going to kill myself tonight", "crisis_now"), ("I just took all my pills", "crisis_now"),
        ("the gun is in my hand", "crisis_now"), ("I wrote a goodbye letter", "crisis_now"),
        ("tapan itseni tänään", "crisis_now"), ("otin kaikki lääkkeet", "crisis_now"),
        ("I don't want to live anymore", "crisis"), ("they would be better off without me", "crisis"),
        ("I keep cutting myself", "crisis"), ("haluan kuolla", "crisis"), ("en jaksa enää elää", "crisis"),
        ("ｉ ｗａｎｔ ｔｏ ｄｉｅ", "crisis"), ("i want to d\u200bie", "crisis"),
    ],
)  # fmt: skip
def test_words_of_crisis_are_graded(text: str, code: str) -> None:
    assert codes(text) == {code}


@pytest.mark.parametrize(
    "text",
    [
        "I am not suicidal", "I would never kill myself", "My brother is suicidal", "she said she wants to die",
        "my phone died tonight", "I feel hopeless and alone", "en ole itsetuhoinen", "I was dead tired",
    ],
)  # fmt: skip
def test_what_is_denied_or_said_of_somebody_else_opens_nothing(text: str) -> None:
    assert codes(text) == set()


def test_hints_add_up() -> None:
    text = "hopeless worthless no way out a burden trapped unbearable pointless cannot cope no future giving up"
    assert codes(text) == {"crisis"}


@pytest.mark.parametrize(
    "text",
    [
        "040 123 4567", "+358-40-1234567", "jane.doe at example.com", "call me: 0401234567",
        "zero four zero one two three four five six seven",
        "nolla neljä nolla yksi kaksi kolme neljä viisi kuusi seitsemän", "0️⃣4️⃣0️⃣ 1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣", "④⓪① ②③④⑤⑥",
        "04🍎0 12🍎34 5🍎67", "O4O l23 45b7", "zero 4 then 0 then 12 34 then 567", "double four 0 triple one 23 9",
        "jane.doe@example.org", "jane dot doe at gmail", "jane (at) example (dot) com", "www.example.org", "t.me/jane",
        "https://example.org/x",
        "@jane_doe", "add me on snap", "what's your insta?", "my whatsapp is janedoe",
        "let's talk on telegram", "here is my number", "mikä on sun numero", "lisää mut snapissa",
    ],
)  # fmt: skip
def test_contact_details_are_found_however_they_are_spelled(text: str) -> None:
    assert codes(text) == {"contact"}
    assert codes(text, one_to_one=False) == set(), "it is a one-to-one's matter"


@pytest.mark.parametrize(
    "text",
    [
        "I was born in 1984 and left in 2003 with 12 people", "500 mg twice a day for 10 years",
        "it took 3 years and 25 days",
        "we met at 5 pm or 6 pm on the 12th", "one of us has two kids and I have three", "look at me. no one cares",
        "I signal when I turn", "zilpzalp1234567a", "I got 3,500 euros and owe 120,000 dollars", "1 2 3",
    ],
)  # fmt: skip
def test_years_amounts_and_small_talk_are_no_contact_details(text: str) -> None:
    assert codes(text) == set()


def test_slurs_are_known_in_disguise_and_threats_by_whom_they_are_to() -> None:
    for text in ("f@gg0t", "f a g g o t", "faaaaggots", "Fаggot"):  # the last has a Cyrillic letter
        assert codes(text) == {"slur"}, text
    assert codes("I will find you") == codes("kys") == codes("tapan sut") == {"threat"}
    assert codes("this will kill me, I hurt my back, the mannerheim street") == set()
    assert codes("I am gay and tired") == set()


def heard(seq: int, text: str, author: PersonId = ONE, *, at: int = 0, kind: str = "said", mac: bytes = b"") -> Heard:
    return Heard(Seq(seq), Trace(kind, author, Millis(at or seq), mac or str(seq).encode()), text)


def course(*said: tuple[PersonId, str], kind: str = "one_to_one", new: int = 1) -> set[tuple[str, int]]:
    every = [heard(n, text, author) for n, (author, text) in enumerate(said, 1)]
    return {(one.code, one.seq) for one in findings(RoomId(9), kind, every[:-new], every[-new:])}


def test_what_a_chat_comes_to_is_told_by_its_course_and_by_one_person_alone() -> None:
    age, secret, sexual, away = "how old are you", "our little secret", "what are you wearing", "shall we meet up"
    assert course((ONE, age)) == course((ONE, secret)) == course((ONE, away)) == set()
    assert course((ONE, age), (OTHER, "fine"), (ONE, sexual)) == {("minor", 3)}
    assert course((ONE, age), (OTHER, sexual)) == {("sexual", 2)}, "the other one's question is not theirs"
    assert course((ONE, secret), (ONE, away)) == {("secrecy", 2)}
    assert course((ONE, age), (ONE, sexual), (ONE, "hello")) == set(), "what was raised before is not raised again"
    assert course((ONE, age), (ONE, sexual), kind="group") == set()
    between = [(OTHER, "well")] * detectors.LOOK_BACK
    assert course((ONE, age), *between, (ONE, sexual)) == {("sexual", detectors.LOOK_BACK + 2)}


@given(st.integers(1, 7))
def test_a_course_comes_to_the_same_however_it_is_cut_into_readings(new: int) -> None:
    said = [
        (ONE, text)
        for text in ("how old are you", "hi", "our secret", "fine", "shall we meet up", "send me nudes", "k")
    ]
    whole = course(*said, new=len(said))
    last = {one for one in whole if one[1] > len(said) - new}
    assert course(*said, new=new) == last


def test_floods_repeats_and_bursts_are_counted_within_their_time() -> None:
    def trace(n: int, *, at: int, kind: str = "said", mac: bytes = b"") -> Trace:
        return Trace(kind, PersonId(n), Millis(at), mac)

    many = [trace(1, at=n, mac=bytes([n])) for n in range(FLOOD - 1)]
    assert [hit.code for hit in floods(trace(1, at=FLOOD, mac=b"x"), many)] == ["flood"]
    assert floods(trace(1, at=FLOOD_MS + FLOOD, mac=b"x"), many) == floods(trace(2, at=FLOOD, mac=b"x"), many) == []
    same = [trace(1, at=n, mac=b"s") for n in range(REPEATS - 1)]
    assert [hit.code for hit in floods(trace(1, at=99, mac=b"s"), same)] == ["repeat"]
    came = [trace(n, at=n, kind="joined") for n in range(JOINING - 1)]
    assert [hit.code for hit in floods(trace(99, at=99, kind="joined"), came)] == ["joining"]
    assert floods(trace(0, at=99, kind="joined"), came) == [], "one who comes and goes is no burst"


@given(st.text(max_size=300))
def test_any_text_is_looked_at(text: str) -> None:
    of_text(text, one_to_one=True)
    advances.themes(text)


def patterns() -> Iterable[tuple[str, str]]:
    """Every pattern of the detectors, with where it stands."""

    def inside(one: object) -> Iterable[re.Pattern[str]]:
        if isinstance(one, re.Pattern):
            yield one
        elif isinstance(one, tuple | list):
            for each in one:
                yield from inside(each)
        elif isinstance(one, dict):
            yield from inside(list(one.values()))

    for module in (advances, contacts, crisis, hate, plain):
        for name, value in vars(module).items():
            for found in inside(value):
                yield f"{module.__name__}.{name}", found.pattern


def test_no_pattern_repeats_without_a_bound_but_for_one_class_of_signs() -> None:
    """Such a repeat is linear alone and quadratic or worse beside another; a class of signs by itself is a run."""
    run = re.compile(r"\[[^\]]*\]\+?|\\[wsdWD]\+|\(\.\)\\1\{2,\}")
    for where, pattern in patterns():
        bare = re.sub(r"\\[+*]|\[[^\]]*\]", "x", pattern)
        if re.search(r"[+*]|\{\d+,\}", bare):
            assert all(run.fullmatch(each) for each in pattern.split("|")), f"{where}: {pattern[:60]}"


def steps(work: Callable[[], object]) -> int:
    """Count the lines of Python that run."""
    count = 0

    def tracer(frame: FrameType, event: str, arg: object) -> object:
        nonlocal count
        count += event == "line"
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("piece", HOSTILE)
def test_twice_the_text_is_at_most_some_twice_the_steps(piece: str) -> None:
    text = (piece * 4000)[:1000]
    once, twice = (steps(lambda n=n: of_text(text * n, one_to_one=True)) for n in (1, 2))  # type: ignore[misc]
    assert twice < 2.5 * once + 500


def test_of_what_waits_the_text_alone_is_looked_at_as_in_a_group_room() -> None:
    own = [OwnSignal("own-1", "Harbour", "words", "the old harbour", "other", "on")]
    text = "meet me at the old harbour, call me on 040 123 4567, i want to kill myself tonight"
    found = findings_held(RoomId(5), 7, ONE, text, own)
    assert [(one.room, one.seq, one.held, one.subject, one.code, one.level) for one in found] == [
        (5, None, 7, ONE, "crisis_now", "imminent"), (5, None, 7, ONE, "own-1", "other"),
    ]  # fmt: skip
