"""Raising: what is found becomes one case with its evidence, and nothing else, however often somebody dies over it."""

import pytest
import sqlalchemy as sa

from chat import cases, raising
from chat.ids import CaseId
from chat.queue import queue
from chat.raising import Found, Stale
from chat.store import Transaction
from chat.tables import audit, entries, mutes, people
from chat.tables import cases as cases_table
from matcher import watched
from matcher.tables import watched as watched_table
from tests.circle import Circle
from tests.watch import CRY, found, leased, until_quiet, watching_in
from tests.words import words


async def test_words_of_crisis_reach_the_desk_with_what_was_said_around_them_and_nobody_is_named_as_reporter(
    circle: Circle,
) -> None:
    place = circle.place
    moderator, person, other = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(person, other)
    before = [await place.say(room, other, words()) for _ in range(7)]
    said = await place.say(room, person, words(CRY))
    after = await place.say(room, other, words("what is it"))
    assert await until_quiet(watching_in(circle)) == after
    [row] = await place.rows(cases_table)
    assert (row.level, row.code, row.seq, row.subject, row.reporter, row.times) == (
        "imminent", "crisis_now", said, person, None, 1,
    )  # fmt: skip
    told = (await place.desk())[-1]
    assert (told.kind, told.ref, told.code, told.text) == ("reported", row.id, "imminent", "")
    case = await cases.open_case(place.store, place.keys, moderator, CaseId(row.id))
    assert [one.seq for one in case.evidence] == [*before[-5:], said, after]
    async with place.store.reading() as tx:
        [card] = await queue(tx, moderator)
    assert (case.code, case.times, card.code, card.times) == ("crisis_now", 1, "crisis_now", 1)
    assert await until_quiet(watching_in(circle)) == 0
    [act] = await place.rows(audit, audit.c.act == "raised")
    assert (act.actor, act.subject, act.code) == (None, person, "crisis_now")


async def test_help_is_offered_to_who_cries_out_once_a_day_and_to_nobody_else(circle: Circle) -> None:
    place = circle.place
    person, other = await place.person(), await place.person()
    first, second = await place.room(person, other), await place.room(person, other)
    for room in (first, second):
        await place.say(room, person, words(CRY))
        await until_quiet(watching_in(circle))
    assert len(await place.rows(cases_table)) == 2
    assert [(one.kind, one.code) for one in await place.inbox(person)] == [("notice", "offered_help")]
    assert await place.inbox(other) == []
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(entries).where(entries.c.code == "offered_help").values(at=1))
        await tx.execute(sa.update(cases_table).values(created_at=1))
    await place.say(first, person, words(CRY))
    await until_quiet(watching_in(circle))
    assert [one.code for one in await place.inbox(person)] == ["offered_help"] * 2


async def test_nobody_is_muted_hidden_or_banned_by_it(sqlite_circle: Circle) -> None:
    place = sqlite_circle.place
    person, other = await place.person(), await place.person()
    room = await place.room(person, other)
    await place.say(room, person, words("i will kill you"))
    await until_quiet(watching_in(sqlite_circle))
    assert [one[0] for one in await found(sqlite_circle)] == ["threat"]
    assert await place.rows(mutes) == []
    assert [one.kind for one in await place.inbox(person)] == []
    [now] = await place.rows(people, people.c.id == person)
    assert now.state == "active"
    assert (await place.read(room))[-1].text != ""


async def test_repeats_are_one_case_that_counts_up_and_another_room_is_another_case(circle: Circle) -> None:
    place = circle.place
    person, other = await place.person(), await place.person()
    room, second = await place.room(person, other), await place.room(person)
    for _ in range(3):
        await place.say(room, person, words(CRY))
    await place.say(second, person, words(CRY))
    await place.say(room, other, words(CRY))
    await until_quiet(watching_in(circle))
    await place.say(room, person, words(CRY))
    await until_quiet(watching_in(circle))
    assert sorted((one[1], one[3]) for one in await found(circle)) == sorted([(person, 4), (person, 1), (other, 1)])
    assert len([one for one in await place.desk() if one.kind == "reported"]) == 3
    assert len(await place.keys.owners("case")) == 3
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(cases_table).values(created_at=5))
    await place.say(room, person, words(CRY))
    await until_quiet(watching_in(circle))
    assert len(await found(circle)) == 4, "after an hour it is news again"


@pytest.mark.parametrize("at", ["made", "kept"])
async def test_a_process_that_dies_over_an_entry_leaves_it_to_the_next(circle: Circle, at: str) -> None:
    """It dies when the case's key is made, and once more when all is written and nothing is committed."""
    place = circle.place
    person = await place.person()
    room = await place.room(person)
    said = await place.say(room, person, words(CRY))
    [held] = await leased(circle, lease_s=0)
    finding = [Found(room, said, person, "crisis_now", "imminent")]

    async def die(tx: Transaction) -> None:
        if at == "kept":
            assert await watched.move(tx, held, said)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await raising.raise_cases(place.store, place.keys, finding, die)
    assert await place.rows(cases_table) == []
    await until_quiet(watching_in(circle))
    assert [one[0] for one in await found(circle)] == ["crisis_now"]


async def test_the_same_entry_is_never_a_second_case_even_where_the_cursor_was_put_back(circle: Circle) -> None:
    place = circle.place
    person = await place.person()
    room = await place.room(person)
    await place.say(room, person, words(CRY))
    await until_quiet(watching_in(circle))
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(watched_table).values(seq=0))
        await tx.execute(sa.update(cases_table).values(state="closed", created_at=5))
    await until_quiet(watching_in(circle))
    assert [one[3] for one in await found(circle)] == [1]


async def test_a_case_that_closes_between_the_look_and_the_write_is_looked_at_again(sqlite_circle: Circle) -> None:
    place = sqlite_circle.place
    person = await place.person()
    room = await place.room(person)
    first = await place.say(room, person, words(CRY))
    await until_quiet(watching_in(sqlite_circle))
    second = await place.say(room, person, words(CRY))

    async def closes(tx: Transaction) -> None:
        await tx.execute(sa.update(cases_table).values(state="closed"))

    with pytest.raises(Stale):
        await raising.raise_cases(
            place.store, place.keys, [Found(room, second, person, "crisis_now", "imminent")], closes
        )  # fmt: skip
    assert [one[2:] for one in await found(sqlite_circle)] == [(first, 1)]
