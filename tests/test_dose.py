"""The dose: how long moderators were with what is hard to read, told to each alone; and the break after it."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from chat import appeals, cases, claims, dose, escalations, moderation, roster
from chat.dose import DAY_MS, READ_MS, WEEK_MS, Dose
from chat.ids import CaseId, PersonId
from chat.journal import Journal
from chat.protocol import Level, Report
from chat.refusals import NotAllowed
from chat.staff_commands import Claim, Close, HandOver, Mute, Release
from chat.tables import audit, shifts
from chat.tables import cases as cases_table
from tests.pages import site
from tests.place import Place
from tests.words import words

MINUTE_MS = 60_000
NEAR_MS = 5_000
"""A test takes no longer than that; what is told is told in minutes."""


async def report(place: Place, level: Level = "hate") -> CaseId:
    author, reader = await place.person(), await place.person()
    room = await place.room(author, reader)
    seq = await place.say(room, author, words())
    made = Report(room=room, seq=seq, reason=words(), level=level)
    return await cases.report(place.store, place.keys, reader, made)


async def claim(place: Place, person: PersonId, level: Level = "hate") -> CaseId:
    case = await report(place, level)
    await cases.claim(place.store, place.keys, person, Claim(case=case))
    return case


async def release(place: Place, person: PersonId, case: CaseId) -> None:
    await claims.release(place.store, place.keys, person, Release(case=case))


async def pass_by(place: Place, minutes: float) -> None:
    """Let so much time have passed since all that was done."""
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(audit).values(at=audit.c.at - int(minutes * MINUTE_MS)))


async def dose_of(place: Place, person: PersonId) -> Dose:
    async with place.store.reading() as tx:
        return await dose.dose(tx, person)


async def all_of(place: Place) -> int | None:
    async with place.store.reading() as tx:
        return await dose.hours_of_all(tx)


def near(told_ms: int, minutes: float) -> bool:
    return abs(told_ms - minutes * MINUTE_MS) <= NEAR_MS


async def test_holding_a_heavy_case_counts_until_it_is_handed_back_or_closed(place: Place) -> None:
    moderator, other = await place.person("moderator"), await place.person("moderator")
    case = await claim(place, moderator)
    await pass_by(place, 10)
    assert near((await dose_of(place, moderator)).day_ms, 10), "it counts while it is held"
    await release(place, moderator, case)
    await pass_by(place, 10)
    assert near((await dose_of(place, moderator)).day_ms, 10)
    await cases.claim(place.store, place.keys, moderator, Claim(case=case))
    await pass_by(place, 5)
    journal = Journal(place.folder / "erasures.journal")
    await cases.close(place.store, place.keys, journal, moderator, Close(case=case, outcome="nothing"))
    await pass_by(place, 30)
    assert near((await dose_of(place, moderator)).day_ms, 15)
    assert (await dose_of(place, other)) == Dose(0, 0)


async def test_what_is_not_heavy_does_not_count(place: Place) -> None:
    moderator = await place.person("moderator")
    await claim(place, moderator, "spam")
    await claim(place, moderator, "other")
    await pass_by(place, 10)
    assert (await dose_of(place, moderator)) == Dose(0, 0)


async def test_two_cases_at_a_time_are_no_double_dose_and_opening_one_counts_a_minute(place: Place) -> None:
    moderator, reader = await place.person("moderator"), await place.person("supervisor")
    case = await claim(place, moderator)
    await claim(place, moderator, "minors")
    for person in (moderator, reader):
        await cases.open_case(place.store, place.keys, person, case)
    await pass_by(place, 10)
    assert near((await dose_of(place, moderator)).day_ms, 10)
    assert (await dose_of(place, reader)) == Dose(READ_MS, READ_MS)


async def test_what_is_handed_over_counts_for_whoever_has_it(place: Place) -> None:
    moderator, buddy = await place.person("moderator"), await place.person("moderator")
    await claim(place, moderator)
    await pass_by(place, 10)
    await claims.hand_over(place.store, place.keys, moderator, HandOver(to=buddy))
    await pass_by(place, 20)
    assert near((await dose_of(place, moderator)).day_ms, 10)
    assert near((await dose_of(place, buddy)).day_ms, 20)


async def test_a_day_and_a_week_are_the_last_ones(place: Place) -> None:
    moderator = await place.person("moderator")
    case = await claim(place, moderator)
    await pass_by(place, 10)
    await release(place, moderator, case)
    await pass_by(place, DAY_MS / MINUTE_MS)
    found = await dose_of(place, moderator)
    assert found.day_ms <= NEAR_MS and near(found.week_ms, 10)
    await pass_by(place, WEEK_MS / MINUTE_MS)
    assert await dose_of(place, moderator) == Dose(0, 0)


async def test_supervisors_are_told_the_sum_of_three_and_of_no_fewer(place: Place) -> None:
    three = [await place.person("moderator") for _ in range(3)]
    for n, person in enumerate(three):
        assert await all_of(place) is None
        case = await claim(place, person)
        await pass_by(place, 10 * (n + 1))
        await release(place, person, case)
    assert await all_of(place) == 2, "an hour and what this test took: hours that have begun"


async def test_a_dose_is_counted_by_an_index(place: Place) -> None:
    explain = "explain " if place.store.is_postgresql else "explain query plan "
    person, plans = await place.person(), list[str]()

    def plan(connection: sa.Connection, cursor: Any, statement: str, values: Any, *_: object) -> None:
        if "FROM audit" in statement:
            cursor.execute(explain + statement, values)
            plans.extend(map(str, cursor.fetchall()))

    async with place.store.transaction() as tx:
        if place.store.is_postgresql:
            await tx.execute(sa.text("set local enable_seqscan = off"))
        engine = place.store._writer.sync_engine
        sa.event.listen(engine, "before_cursor_execute", plan)
        await dose.dose(tx, person)
        sa.event.remove(engine, "before_cursor_execute", plan)
    assert "ix_audit_at" in " ".join(plans)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda one: (min(one), max(one)))),
       st.integers(0, 50))  # fmt: skip
def test_what_overlaps_counts_once(spans: list[tuple[int, int]], since: int) -> None:
    covered = {at for begin, end in spans for at in range(max(begin, since), end)}
    assert dose._length(spans, since) == len(covered)


async def test_who_takes_a_break_is_asked_for_nothing_until_it_is_over(place: Place) -> None:
    moderator, supervisor = await place.person("moderator"), await place.person("supervisor")

    async def on_duty() -> set[PersonId]:
        async with place.store.reading() as tx:
            return {one.person for one in await roster.on_duty(tx)}

    async def rest(minutes: int) -> None:
        async with place.store.transaction() as tx:
            await roster.rest(tx, place.keys, supervisor, minutes)

    async def resting() -> bool:
        async with place.store.reading() as tx:
            return await roster.resting(tx, supervisor) is not None

    await rest(10)
    assert not await resting(), "who is not on shift has no break from it"
    for person in (moderator, supervisor):
        async with place.store.transaction() as tx:
            await roster.begin(tx, place.keys, person, 2)
    await rest(10)
    assert await on_duty() == {moderator} and await resting()
    await rest(0)
    assert await on_duty() == {moderator, supervisor} and not await resting()
    await rest(10)
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(shifts).values(resting_until=shifts.c.resting_until - 10 * MINUTE_MS))
    assert await on_duty() == {moderator, supervisor}, "it ends by itself"
    await rest(10)
    async with place.store.transaction() as tx:
        await roster.begin(tx, place.keys, supervisor, 1)
    assert await on_duty() == {moderator, supervisor}, "who begins a shift is there"
    member = await place.person()
    with pytest.raises(NotAllowed):
        async with place.store.transaction() as tx:
            await roster.rest(tx, place.keys, member)


async def test_a_severe_case_is_escalated_while_the_only_moderator_is_on_a_break(place: Place) -> None:
    moderator = await place.person("moderator")
    async with place.store.transaction() as tx:
        await roster.begin(tx, place.keys, moderator, 2)
    await report(place, "imminent")
    assert await escalations.begin_unwatched(place.store, place.keys, 180) == 0
    async with place.store.transaction() as tx:
        await roster.rest(tx, place.keys, moderator)
    assert await escalations.begin_unwatched(place.store, place.keys, 180) == 1


async def test_who_was_asked_or_decides_an_appeal_can_hand_over_and_rest_too(place: Place) -> None:
    boss, moderator, person = await place.person("organiser"), await place.person("moderator"), await place.person()
    mute = Mute(person=person, minutes=5, rule="kindness", reason="A reason.")
    made = await moderation.act(place.store, place.keys, moderator, mute)
    appeal = await appeals.appeal(place.store, place.keys, person, made, "")
    await cases.claim(place.store, place.keys, boss, Claim(case=appeal))
    await claims.hand_over(place.store, place.keys, boss, HandOver())
    [row] = await place.rows(cases_table, cases_table.c.id == appeal)
    assert row.state == "open"


async def test_on_a_break_cases_go_to_a_colleague_and_the_console_says_so(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place = pages.place
        moderator, buddy = await place.person("moderator"), await place.person("moderator")
        case = await claim(place, moderator, "imminent")
        await pass_by(place, 10)
        for person in (moderator, buddy):
            async with place.store.transaction() as tx:
                await roster.begin(tx, place.keys, person, 2)
        async with await pages.browser_of(moderator) as browser:
            told = (await browser.get("/console/staffing")).json()
            assert "10 minutes in the last day" in told["heavy"] and told["moderators"] == 2
            for wrong in ("x", "-1"):
                await browser.get("/duty")
                assert (await browser.post("/duty/break", {"to": wrong})).status_code == 400
            page = (await browser.get("/duty")).text
            assert "The cases you hold go" in page and f'<option value="{buddy}">' in page
            answer = await browser.post("/duty/break", {"to": str(buddy)})
            assert answer.headers["location"] == "/duty#break"
            assert "You are on a break until" in (await browser.get("/duty")).text
            assert "You are on a break." in (await browser.get("/console")).text
            assert (await browser.get("/console/staffing")).json()["moderators"] == 1
            await browser.get("/duty")
            assert (await browser.post("/duty/break", {"over": "yes"})).headers["location"] == "/console"
            assert (await browser.get("/console/staffing")).json()["moderators"] == 2
        [row] = await place.rows(cases_table, cases_table.c.id == case)
        assert row.claimed_by == buddy
