"""Own signals: what an organisation looks for itself is bounded, found in linear time, tried in counts, and raised."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from chat.ids import PersonId
from chat.refusals import Malformed, NotAllowed, NotAMember, NotWords, Refusal, TooFast
from chat.tables import audit, cases, entries
from matcher import own_signals, trying
from matcher.looked_for import PATTERN_MOST, WORD_MOST, WORDS_MOST, checked, compiled
from matcher.noise import FEW, STEP
from matcher.own_signals import NAME_MOST, SIGNALS_MOST, OwnSignal
from matcher.tables import own_signals as table
from matcher.trying import DAY_MS, PAGE, TRIALS_MOST, WEEK_MS, Tried
from tests.circle import Circle
from tests.watch import found, until_quiet, watching_in
from tests.words import words

PILLS = OwnSignal("", "Pills", "words", "sleeping pills", "imminent")


async def add(circle: Circle, organiser: PersonId, signal: OwnSignal = PILLS) -> OwnSignal:
    async with circle.place.store.transaction() as tx:
        code = await own_signals.add(
            tx, circle.place.keys, organiser, signal.name, signal.kind, signal.text, signal.level
        )  # fmt: skip
    return replace(signal, code=code)


async def change(circle: Circle, organiser: PersonId, signal: OwnSignal, **to: str) -> OwnSignal:
    signal = replace(signal, **to)  # type: ignore[arg-type]
    async with circle.place.store.transaction() as tx:
        await own_signals.change(tx, circle.place.keys, organiser, signal)
    return signal


async def listed(circle: Circle) -> list[OwnSignal]:
    async with circle.place.store.reading() as tx:
        return await own_signals.load(tx)


@pytest.mark.parametrize(
    ("kind", "text", "said", "is_in"),
    [
        ("words", "pills", "My PILLS, please", True),
        ("words", "pills", "pillsbury", False), ("words", "pills", "spills", False),
        ("words", "pills\nsleeping pills", "𝓹𝓲𝓵𝓵𝓼", True), ("words", "sleeping pills", "sleeping. Ｐills", True),
        ("words", "sleeping pills", "pills for sleeping", False), ("words", "Äiti", "ÄITI tuli", True),
        ("words", "a.b (c", "it is A, B: c", True), ("words", "p.lls", "pills", False),
        ("words", "don't", "I do not", True), ("words", "pills", "", False), ("words", "pills", "🙂", False),
        ("pattern", "itsemurh", "Itsemurhasta", True), ("pattern", "^[0-9]{4} EUR$", "1234 eur!", True),
        ("pattern", "^[0-9]{4} eur$", "send 1234 eur", False),
        ("pattern", "coin ?[a-zä]+ invest", "Coinbäse, invest", True),
    ],
)  # fmt: skip
def test_words_are_found_whole_and_patterns_anywhere_whatever_a_text_is_dressed_in(
    kind: str, text: str, said: str, is_in: bool
) -> None:
    assert compiled(kind, checked(kind, text))(said) is is_in


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("words", ""), ("words", " \n "), ("words", "!!\npills"), ("words", "a\0b"), ("words", "a" * (WORD_MOST + 1)),
        ("words", "\n".join(f"w{n}" for n in range(WORDS_MOST + 1))), ("pattern", "a\nb"), ("pattern", "("),
        ("pattern", "(?=a)"), ("pattern", r"(a)\1"), ("pattern", "a{1001}"), ("pattern", "(?:a{30}){30}"),
        ("pattern", "a*"), ("pattern", "|a"), ("pattern", "a" * (PATTERN_MOST + 1)), ("other", "a"),
    ],
)  # fmt: skip
def test_what_is_too_much_or_no_pattern_or_in_every_text_is_refused_without_quoting_it(kind: str, text: str) -> None:
    with pytest.raises((Malformed, NotWords)) as refused:
        checked(kind, text)
    assert str(refused.value) in ("", refused.value.code)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a*)*b$", "(.*a){20}b", "([a-z]+ ?)+!"])
def test_a_hostile_pattern_ends_on_the_longest_text(pattern: str) -> None:
    assert compiled("pattern", checked("pattern", pattern))("a" * 4000 + "9") is False


def test_a_full_list_of_the_longest_words_can_be_matched() -> None:
    text = "\n".join(f"{n:03}" + "ä" * (WORD_MOST - 3) for n in range(WORDS_MOST))
    assert compiled("words", checked("words", text))(f"so {text.splitlines()[-1]} it is")


async def test_every_change_is_a_version_and_in_the_audit_and_nothing_is_on_by_itself(circle: Circle) -> None:
    organiser = await circle.place.person("organiser")
    one = await add(circle, organiser)
    other = await add(circle, organiser, replace(PILLS, name="Other"))
    assert await listed(circle) == [one, other]
    assert {each.state for each in await listed(circle)} == {"off"}
    one = await change(circle, organiser, one, state="on", text="pills")
    one = await change(circle, organiser, one, state="retired")
    assert await listed(circle) == [one, other]
    rows = sorted(await circle.place.rows(table, table.c.code == one.code), key=lambda row: row.version)
    assert [(row.state, row.text) for row in rows] == [("off", PILLS.text), ("on", "pills"), ("retired", "pills")]
    noted = await circle.place.rows(audit, audit.c.act == "own_signal", audit.c.code == one.code)
    assert [(row.n, row.actor) for row in noted] == [(row.version, organiser) for row in rows]
    async with circle.place.store.reading() as tx:
        assert await own_signals.changed(tx) == (rows[-1].made_at, organiser)


async def test_only_organisers_may_and_within_bounds(sqlite_circle: Circle) -> None:
    organiser = await sqlite_circle.place.person("organiser")
    one = await add(sqlite_circle, organiser)
    refused: list[tuple[type[Refusal], PersonId, OwnSignal]] = [
        (NotAllowed, await sqlite_circle.place.person("supervisor", "moderator"), one),
        (NotAMember, organiser, replace(one, code="own_nothing")),
        (NotWords, organiser, replace(one, name="")),
        (Malformed, organiser, replace(one, name="a" * (NAME_MOST + 1))),
        (Malformed, organiser, replace(one, level="grave")),
        (Malformed, organiser, replace(one, state="maybe")),
    ]
    for why, who, signal in refused:
        with pytest.raises(why):
            await change(sqlite_circle, who, signal)
    for _ in range(SIGNALS_MOST - 1):
        await add(sqlite_circle, organiser)
    with pytest.raises(Malformed):
        await add(sqlite_circle, organiser)
    await change(sqlite_circle, organiser, one, state="retired")
    await add(sqlite_circle, organiser)
    with pytest.raises(Malformed):
        await change(sqlite_circle, organiser, one, state="off")


async def test_switched_on_it_raises_cases_until_it_is_switched_off_and_acts_on_nobody(circle: Circle) -> None:
    place = circle.place
    organiser, one, other = await place.person("organiser"), await place.person(), await place.person()
    room, chat = await place.room(one, other), await place.one_to_one(one, other)
    signal, watcher = await add(circle, organiser), watching_in(circle)
    await place.say(room, one, words("sleeping pills"))
    await until_quiet(watcher)
    assert await found(circle) == [], "off"
    signal = await change(circle, organiser, signal, state="on")
    said = [await place.say(where, one, words("sleeping pills")) for where in (room, chat)]
    await until_quiet(watcher)
    assert {each[:3] for each in await found(circle)} == {(signal.code, one, seq) for seq in said}
    assert {row.level for row in await place.rows(cases)} == {"imminent"}
    await change(circle, organiser, signal, state="off")
    await place.say(room, other, words("sleeping pills"))
    await until_quiet(watcher)
    assert len(await found(circle)) == 2
    assert {row.kind for row in await place.read(room)} <= {"joined", "said"}


async def test_a_signal_that_the_engine_no_longer_takes_silences_no_other(sqlite_circle: Circle) -> None:
    place = sqlite_circle.place
    organiser, person = await place.person("organiser"), await place.person()
    broken, whole = [
        await change(sqlite_circle, organiser, await add(sqlite_circle, organiser), state="on") for _ in range(2)
    ]
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(table).where(table.c.code == broken.code).values(kind="pattern", text="("))
    await place.say(await place.room(person), person, words("sleeping pills"))
    await until_quiet(watching_in(sqlite_circle))
    assert [each[0] for each in await found(sqlite_circle)] == [whole.code]


async def said_by(circle: Circle, many: int, text: str) -> None:
    """Let so many people say a text, each in a room of their own."""
    for _ in range(many):
        person = await circle.place.person()
        await circle.place.say(await circle.place.room(person), person, words(text))


async def test_a_trial_counts_the_last_week_and_is_in_the_audit_before_it_reads(circle: Circle) -> None:
    place, organiser = circle.place, await circle.place.person("organiser")
    signal = await add(circle, organiser)
    await said_by(circle, 30, "sleeping pills")
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(entries).values(at=entries.c.at - WEEK_MS - 1000))
    await said_by(circle, 30, "sleeping pills")
    await said_by(circle, PAGE, "hello")
    tried = await trying.try_out(place.store, place.keys, organiser, signal.code)
    assert tried.whole
    assert abs(tried.entries - (30 + PAGE)) <= 4 * STEP
    for count in (tried.times, tried.rooms, tried.people):
        assert abs(count - 30) <= 4 * STEP and count % STEP == 0 and count > 0
    assert await trying.try_out(place.store, place.keys, organiser, signal.code) == tried, "asking again tells no more"
    reworded = await add(circle, organiser, replace(PILLS, text="sleeping pills\nunheard of"))
    assert await trying.try_out(place.store, place.keys, organiser, reworded.code) == tried, "nor does another wording"
    noted = await place.rows(audit, audit.c.act == "own_signal_tried")
    assert [(row.actor, row.code) for row in noted] == [
        (organiser, each) for each in [signal.code] * 2 + [reworded.code]
    ]
    assert await found(circle) == [], "nothing is raised by it"


async def test_a_trial_tells_nothing_of_few_people_however_much_they_said(sqlite_circle: Circle) -> None:
    place, organiser = sqlite_circle.place, await sqlite_circle.place.person("organiser")
    people, signal = [await place.person() for _ in range(FEW)], await add(sqlite_circle, organiser)
    room = await place.room(*people)
    for person in people:
        for _ in range(STEP):
            await place.say(room, person, words("sleeping pills"))
        tried = await trying.try_out(place.store, place.keys, organiser, signal.code)
        assert (tried.times, tried.rooms, tried.people) == (0, 0, 0)


async def test_a_trial_ends_after_so_many_entries_or_so_long_and_says_so(sqlite_circle: Circle) -> None:
    place, organiser = sqlite_circle.place, await sqlite_circle.place.person("organiser")
    signal = await add(sqlite_circle, organiser)
    await said_by(sqlite_circle, PAGE + 5, "sleeping pills")
    tried = await trying.try_out(place.store, place.keys, organiser, signal.code, most=PAGE)
    assert not tried.whole and abs(tried.entries - PAGE) <= 4 * STEP
    late = await trying.try_out(place.store, place.keys, organiser, signal.code, within_s=0)
    assert late == Tried(late.entries, whole=False)
    assert (await trying.try_out(place.store, place.keys, organiser, signal.code)).whole


async def test_who_may_not_try_or_tries_nothing_is_refused_before_anything_is_read(sqlite_circle: Circle) -> None:
    place, organiser = sqlite_circle.place, await sqlite_circle.place.person("organiser")
    signal = await add(sqlite_circle, organiser)
    await said_by(sqlite_circle, 1, "sleeping pills")
    with pytest.raises(NotAllowed):
        await trying.try_out(place.store, place.keys, await place.person("supervisor"), signal.code)
    with pytest.raises(NotAMember):
        await trying.try_out(place.store, place.keys, organiser, "own_nothing")
    assert await place.rows(audit, audit.c.act == "own_signal_tried") == [], "that comes first of all"


async def test_trials_are_few_a_day_whoever_makes_them(sqlite_circle: Circle) -> None:
    place = sqlite_circle.place
    one, two = await place.person("organiser"), await place.person("organiser")
    signal = await add(sqlite_circle, one)
    for n in range(TRIALS_MOST):
        await trying.try_out(place.store, place.keys, (one, two)[n % 2], signal.code)
    with pytest.raises(TooFast):
        await trying.try_out(place.store, place.keys, two, signal.code)
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(audit).values(at=audit.c.at - DAY_MS))
    await trying.try_out(place.store, place.keys, two, signal.code)
