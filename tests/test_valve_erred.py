"""Whose reports mostly came to nothing lately counts no more for the valve, and loses nothing else."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa

from chat import appeals
from chat.ids import ActId, CaseId, PersonId, new_id
from chat.staff_commands import Mute, Outcome
from chat.tables import acts, entries, hidden
from chat.tables import cases as cases_table
from chat.valve import ERRED_MOST, ERRED_MS, FLAGGED_MS, HIDE_FLAGS, NIGHT_MS, PAUSE_FLAGS
from tests.place import WHY, Place
from tests.test_appeals import claim, decide
from tests.test_moderation_acts import act
from tests.test_valve import aged, flag, made
from tests.test_valve_judged import close, let_pass, take_back
from tests.words import words

Judge = Callable[[Place, PersonId, list[CaseId]], Awaitable[None]]


async def reported(place: Place, reporters: list[PersonId], *, messages: int = 1) -> tuple[list[CaseId], list[str]]:
    """Let people report what somebody says whom nobody knows, and return the cases and what the valve did."""
    [author] = await aged(place, 1)
    room, before = await place.room(author, *reporters), await made(place)
    said = [await place.say(room, author, words()) for _ in range(messages)]
    found = [case for seq in said for case in await flag(place, room, seq, *reporters)]
    return found, sorted((await made(place))[len(before) :])


async def closed(place: Place, moderator: PersonId, found: list[CaseId]) -> None:
    """A moderator takes back what the valve did and finds nothing to do."""
    await take_back(place, moderator)
    await close(place, moderator, *found)


async def forgotten(place: Place, moderator: PersonId, found: list[CaseId]) -> None:
    """What the valve did is taken back and the cases stay open; by now the words and their rows are gone."""
    await take_back(place, moderator)
    async with place.store.transaction() as tx:
        there = sa.select(cases_table.c.room).where(cases_table.c.id.in_(found))
        for table in (hidden, entries):
            await tx.execute(sa.delete(table).where(table.c.room.in_(there)))


async def left(place: Place, moderator: PersonId, found: list[CaseId]) -> None:
    """What the valve did stays as it is."""
    await close(place, moderator, *found)


async def unjudged(place: Place, moderator: PersonId, found: list[CaseId]) -> None:
    """Nobody has looked."""


async def talked(place: Place, moderator: PersonId, found: list[CaseId]) -> None:
    """One of the reports was enough to talk with somebody; for the others there was nothing left to do."""
    await take_back(place, moderator)
    await close(place, moderator, found[0], outcome="talked")
    await close(place, moderator, *found[1:])


async def muted(place: Place, moderator: PersonId, found: list[CaseId]) -> None:
    """A moderator did by a house rule what the valve did by none."""
    await take_back(place, moderator)
    [row] = await place.rows(cases_table, cases_table.c.id == found[0])
    await act(place, moderator, Mute(person=row.subject, minutes=5, **WHY))
    await close(place, moderator, *found)


@pytest.mark.parametrize(
    ("judge", "counts"),
    [(closed, False), (forgotten, False), (left, True), (unjudged, True), (talked, True),
     (muted, True)],
    ids=lambda one: getattr(one, "__name__", None),
)  # fmt: skip
async def test_of_whom_two_nights_came_to_nothing_the_third_counts_no_more(
    place: Place, judge: Judge, counts: bool
) -> None:
    moderator, reporters = await place.person("moderator"), await aged(place, HIDE_FLAGS)
    for _ in range(2):
        found, did = await reported(place, reporters)
        assert did == ["removed"], "one night is a mistake that anybody makes"
        await judge(place, moderator, found)
        await let_pass(place, NIGHT_MS)
    found, did = await reported(place, reporters)
    assert did == (["removed"] if counts else [])
    assert {row.state for row in await place.rows(cases_table, cases_table.c.id.in_(found))} == {"open"}, "as ever"


async def test_what_was_taken_back_is_held_against_those_alone_who_had_reported_it(place: Place) -> None:
    moderator, [known, *circle] = await place.person("moderator"), await aged(place, 1 + HIDE_FLAGS)
    for _ in range(2):
        [author] = await aged(place, 1)
        room = await place.room(author, known, *circle)
        said, another = [await place.say(room, author, words()) for _ in range(2)]
        await flag(place, room, another, known)
        await flag(place, room, await place.say(room, author, words(), edits=said), *circle)
        await take_back(place, moderator)
        await let_pass(place, NIGHT_MS)
    assert await made(place) == ["removed"] * 2
    assert (await reported(place, circle))[1] == [], "they had reported an edit of it"
    assert (await reported(place, [known, *await aged(place, HIDE_FLAGS - 1)]))[1] == ["removed"]


async def test_a_circle_whose_pauses_were_judged_when_they_were_over_pauses_nobody_else(place: Place) -> None:
    moderator, circle = await place.person("moderator"), await aged(place, PAUSE_FLAGS)
    for on_appeal in (True, False):
        [author] = await aged(place, 1)
        room, found = await place.room(author, *circle), list[CaseId]()
        for one in circle:
            found += await flag(place, room, await place.say(room, author, words()), one)
        [pause] = await place.rows(acts, acts.c.person == author)
        appeal = await appeals.appeal(place.store, place.keys, author, ActId(pause.id), words()) if on_appeal else None
        await let_pass(place, FLAGGED_MS)
        if appeal is None:
            await close(place, moderator, *found)
        else:
            await claim(place, moderator, appeal)
            await decide(place, moderator, appeal, "overturned")
    assert [(row.kind, row.undone_at) for row in await place.rows(acts)] == [("muted", None)] * 2
    assert (await reported(place, circle))[1] == []


async def test_one_night_is_one_mistake_however_many_messages_it_was_about(place: Place) -> None:
    moderator, [known, *others] = await place.person("moderator"), await aged(place, HIDE_FLAGS)
    for _ in range(2):
        await close(place, moderator, *(await reported(place, [known], messages=2))[0])
        await let_pass(place, NIGHT_MS // 4)
    assert (await reported(place, [known, *others]))[1] == ["removed"]


async def test_who_is_as_often_right_as_wrong_is_heard(place: Place) -> None:
    moderator, [known, *others] = await place.person("moderator"), await aged(place, HIDE_FLAGS)
    outcomes: list[Outcome] = ["nothing", "nothing", "removed", "talked"]
    for outcome in outcomes:
        await let_pass(place, NIGHT_MS)
        await close(place, moderator, *(await reported(place, [known]))[0], outcome=outcome)
        if outcome == "removed":
            assert (await reported(place, [known, *others]))[1] == [], "once right and twice wrong"
    assert (await reported(place, [known, *others]))[1] == ["removed"]


async def test_who_was_right_each_night_that_was_left_so_is_heard_after_two_mistakes(place: Place) -> None:
    moderator, [known, *others] = await place.person("moderator"), await aged(place, HIDE_FLAGS)
    for _ in range(2):
        await left(place, moderator, (await reported(place, [known, *others]))[0])
        await let_pass(place, NIGHT_MS)
    for _ in range(2):
        await close(place, moderator, *(await reported(place, [known]))[0])
        await let_pass(place, NIGHT_MS)
    assert (await reported(place, [known, *others]))[1] == ["removed"]


async def test_what_nobody_has_judged_pushes_out_nothing_that_was(place: Place) -> None:
    moderator, [known, *others] = await place.person("moderator"), await aged(place, HIDE_FLAGS)
    for _ in range(2):
        await close(place, moderator, *(await reported(place, [known]))[0])
        await let_pass(place, NIGHT_MS)
    [waits] = (await reported(place, [known]))[0]
    [row] = await place.rows(cases_table, cases_table.c.id == waits)
    earlier = row.created_at - NIGHT_MS // 2
    async with place.store.transaction() as tx:
        await tx.execute(
            cases_table.insert(), [row._asdict() | {"id": new_id(), "created_at": earlier} for _ in range(ERRED_MOST)]
        )
    assert (await reported(place, [known, *others]))[1] == []


async def test_others_are_heard_beside_who_is_not_and_so_are_they_in_the_end(place: Place) -> None:
    moderator, [known, *others] = await place.person("moderator"), await aged(place, 1 + HIDE_FLAGS)
    for _ in range(2):
        await close(place, moderator, *(await reported(place, [known]))[0])
        await let_pass(place, NIGHT_MS)
    assert (await reported(place, [known, *others[1:]]))[1] == []
    assert (await reported(place, [known, *others]))[1] == ["removed"]
    await let_pass(place, ERRED_MS - NIGHT_MS)
    assert (await reported(place, [known, *others[1:]]))[1] == ["removed"]


async def test_what_is_reported_in_a_one_to_one_is_held_against_nobody(place: Place) -> None:
    moderator, [known, *others] = await place.person("moderator"), await aged(place, HIDE_FLAGS)
    for _ in range(2):
        [other] = await aged(place, 1)
        live = await place.one_to_one(known, other)
        await close(place, moderator, *await flag(place, live, await place.say(live, other, words()), known))
        await let_pass(place, NIGHT_MS)
    assert (await reported(place, [known, *others]))[1] == ["removed"]


async def test_nobody_is_told_that_their_report_does_not_count(place: Place) -> None:
    moderator, [early, late, *others] = await place.person("moderator"), await aged(place, 2 + HIDE_FLAGS)
    for _ in range(2):
        await close(place, moderator, *(await reported(place, [early]))[0])
        await let_pass(place, NIGHT_MS)
    before = len(await place.inbox(early))
    [author] = await aged(place, 1)
    room = await place.room(author, early, late, *others)
    said = await place.say(room, author, words())
    desk = len(await place.desk())
    for one in (early, late):
        await flag(place, room, said, one)
    assert len(await place.inbox(early)) == before and await place.inbox(late) == []
    one, other = [(entry.kind, entry.author, entry.code) for entry in (await place.desk())[desk:]]
    assert one == other


async def test_whose_reports_count_is_found_by_indexes(place: Place) -> None:
    explain = "explain " if place.store.is_postgresql else "explain query plan "
    plans = list[str]()

    def plan(connection: sa.Connection, cursor: Any, statement: str, values: Any, *_: object) -> None:
        if " AS known" in statement:
            cursor.execute("set local enable_seqscan = off") if place.store.is_postgresql else None
            cursor.execute(explain + statement, values)
            plans.extend(map(str, cursor.fetchall()))

    engine = place.store._writer.sync_engine
    sa.event.listen(engine, "before_cursor_execute", plan)
    await reported(place, await aged(place, HIDE_FLAGS))
    sa.event.remove(engine, "before_cursor_execute", plan)
    told = " ".join(plans)
    assert all(one in told for one in ("ix_cases_reporter", "ix_cases_subject", "ix_acts_person"))
    assert "Seq Scan" not in told and "SCAN" not in told.replace("SCAN known", "").replace("SCAN each_once", "")
