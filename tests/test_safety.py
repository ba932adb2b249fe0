"""The safety report: what came and what became of it, counted once a month, and no more told by many reports than by
one."""

from itertools import count

import sqlalchemy as sa

from chat import cases, escalations, held, moderation
from chat.ids import Millis, new_id
from chat.journal import Journal
from chat.protocol import Report
from chat.settings import Settings
from chat.staff_commands import Acknowledge, Claim, Close, Escalate, Mute, Undo
from chat.tables import acts as acts_table
from chat.tables import audit, rooms
from chat.tables import cases as cases_table
from chat.tables import escalations as escalations_table
from matcher.noise import noise
from matcher.safety import (
    LISTED,
    MONTHS_MOST,
    SETTLED_MS,
    Month,
    Safety,
    begins,
    month_of,
    report,
    settle,
)
from matcher.tables import month_counts
from tests.place import Place
from tests.words import words

KEY = b"key"
MINUTE_MS = 60_000
MONTHS_AGO = 4
OFF = 45
"""Noise of as much comes once in 2^40 numbers, so a count this far off is a wrong count."""


async def open_since(place: Place, months: int) -> Month:
    """Let the place be there since the month so many before this one, and return this one."""
    async with place.store.transaction() as tx:
        this = month_of(await tx.now())
        await tx.execute(sa.update(rooms).values(created_at=begins(Month(this - months))))
    return this


async def settle_all(place: Place, now: Millis | None = None) -> int:
    """Count every month that is over, as sweeps do; return how many there were."""
    for months in count():
        async with place.store.transaction() as tx:
            at = await tx.now() + SETTLED_MS if now is None else now
            if not await settle(tx, Settings(), Millis(at), key=KEY):
                return months
    raise AssertionError


async def told(place: Place, months: int = MONTHS_MOST) -> Safety:
    async with place.store.reading() as tx:
        return await report(tx, months)


async def keep(
    place: Place, n: int, at: int, *, kind: str = "report", level: str = "hate", outcome: str = "muted",
    open_min: int = 30, looked_min: int | None = None, acted_min: int | None = None,
    acknowledged_min: int | None = None, asked: bool = False,
) -> None:  # fmt: skip
    """Keep cases that were closed and whatever was done about them."""
    person = await place.person("moderator")
    made: list[dict[str, object]] = [
        {"id": new_id(), "state": "closed", "kind": kind, "level": level, "outcome": outcome, "created_at": at,
         "closed_at": at + open_min * MINUTE_MS}
        for _ in range(n)
    ]  # fmt: skip
    async with place.store.transaction() as tx:
        await tx.execute(cases_table.insert(), made)
        first = (await tx.execute(sa.select(sa.func.coalesce(sa.func.max(audit.c.n), 0)))).scalar_one() + 1000
        if looked_min is not None:
            await tx.execute(audit.insert(), [
                {"n": first + 2 * at_row + more, "at": at + (looked_min + more) * MINUTE_MS, "actor": person,
                 "act": "opened", "ref": one["id"], "mac": b""}
                for at_row, one in enumerate(made) for more in (0, 1)
            ])  # fmt: skip
        if acted_min is not None:
            await tx.execute(acts_table.insert(), [
                {"id": new_id(), "kind": "muted", "person": person, "rule": "kindness", "rule_version": 0,
                 "case": one["id"], "made_by": person, "made_at": at + acted_min * MINUTE_MS}
                for one in made
            ])  # fmt: skip
        if asked or acknowledged_min is not None:
            taken = None if acknowledged_min is None else at + acknowledged_min * MINUTE_MS
            await tx.execute(escalations_table.insert(), [
                {"case": one["id"], "step": 1, "asked_at": at, "due_at": at, "acknowledged_at": taken} for one in made
            ])  # fmt: skip


def near(found: Safety, by: str, value: str, wanted: int, *months: Month) -> bool:
    return abs(found.told(by, value, *months) - wanted) <= OFF  # type: ignore[arg-type]


async def test_cases_are_told_by_where_they_came_from_what_they_were_about_and_what_came_of_them(place: Place) -> None:
    this = await open_since(place, MONTHS_AGO)
    first, second = begins(Month(this - 2)), begins(Month(this - 1))
    await keep(place, 300, first, kind="signal", level="spam", outcome="nothing")
    async with place.store.transaction() as tx:  # a third of them are what waits in rooms that hold
        some = sa.select(cases_table.c.id).limit(100)
        await tx.execute(sa.update(cases_table).where(cases_table.c.id.in_(some)).values(code=held.CODE))
    await keep(place, 200, second, kind="call", level="other", outcome="overturned")
    await keep(place, 150, second - 10 * MINUTE_MS, outcome="muted")  # came in one month, closed in the next
    await keep(place, 150, begins(this), outcome="talked")  # this month is not over
    assert await settle_all(place) == MONTHS_AGO
    found = await told(place)
    assert found.months == tuple(range(this - MONTHS_AGO, this))
    wanted = {("came", ""): 650, ("closed", ""): 650, ("came", "signal"): 200, ("closed", "call"): 200,
              ("came", "held"): 100, ("closed", "held"): 100,
              ("level", "spam"): 300, ("level", "hate"): 150, ("outcome", "overturned"): 200, ("outcome", "muted"): 150,
              ("outcome", "talked"): 0}  # fmt: skip
    for (by, value), number in wanted.items():
        assert near(found, by, value, number), (by, value)
    assert near(found, "came", "report", 150, Month(this - 2)) and near(found, "closed", "report", 0, Month(this - 2))
    assert near(found, "came", "report", 0, Month(this - 1)) and near(found, "closed", "report", 150, Month(this - 1))


async def test_times_run_from_coming_in_to_the_first_look_the_first_act_and_the_first_to_acknowledge(
    place: Place,
) -> None:
    this = await open_since(place, 1)
    at = begins(Month(this - 1))
    await keep(place, 200, at, looked_min=2, acted_min=8, acknowledged_min=1, open_min=90)
    await keep(place, 150, at, looked_min=50, asked=True, open_min=90)
    await keep(place, 150, at, open_min=2000)
    await settle_all(place)
    found = await told(place)
    looked, acted, acknowledged = [
        {value: number for value in LISTED[by] if (number := found.told(by, value)) > OFF}
        for by in ("looked", "acted", "acknowledged")
    ]
    assert set(looked) == {"3", "60", "longer"} and set(acted) == {"10", "240", "longer"}
    assert set(acknowledged) == {"3", "never"}
    assert near(found, "looked", "3", 200) and near(found, "acted", "10", 200) and near(found, "done", "muted", 200)
    assert (found.within("looked", 0.5), found.within("looked", 0.9)) == ("60", "longer")
    assert found.within("acknowledged", 0.5) == "3"


async def test_no_typical_time_is_told_of_few(place: Place) -> None:
    this = await open_since(place, MONTHS_MOST)
    await keep(place, 30, begins(Month(this - 1)), looked_min=2)
    await settle_all(place)
    assert (await told(place, 12)).within("looked", 0.5) is None


async def test_what_staff_really_do_is_counted(place: Place) -> None:
    """From a report to its closing, by the commands themselves, so a renamed row of the audit or an act is missed."""
    moderator, _, _ = [await place.person(one) for one in ("moderator", "supervisor", "organiser")]
    author, reader = await place.person(), await place.person()
    room = await place.room(author, reader)
    for _ in range(3):
        seq = await place.say(room, author, words())
        made = Report(room=room, seq=seq, reason=words(), level="hate")
        case = await cases.report(place.store, place.keys, reader, made)
        await cases.claim(place.store, place.keys, moderator, Claim(case=case))
        await escalations.escalate(
            place.store, place.keys, moderator, Escalate(case=case, level="imminent", reason=words()), 180
        )
        whom = (await place.rows(escalations_table, escalations_table.c.case == case))[0].whom
        await escalations.acknowledge(place.store, place.keys, whom, Acknowledge(case=case))
        mute = Mute(person=author, minutes=5, rule="kindness", reason=words(), case=case)
        act = await moderation.act(place.store, place.keys, moderator, mute)
        await moderation.undo(place.store, place.keys, moderator, Undo(act=act, reason=words()))
        journal = Journal(place.folder / "erasures.journal")
        await cases.close(place.store, place.keys, journal, whom, Close(case=case, outcome="muted"))
    this = await open_since(place, 0)
    await settle_all(place, Millis(begins(Month(this + 1)) + SETTLED_MS))
    found = await told(place)
    exact = {cell: found.counts[this, cell] - noise(KEY, f"safety\0{this}\0{cell[0]}\0{cell[1]}".encode())
             for by, values in LISTED.items() for cell in ((by, value) for value in values)}  # fmt: skip
    wanted = {("came", ""), ("came", "report"), ("closed", ""), ("closed", "report"), ("level", "imminent"),
              ("outcome", "muted"), ("looked", "3"), ("acted", "3"), ("acknowledged", "3"), ("done", "muted"),
              ("undone", "muted")}  # fmt: skip
    assert {cell: n for cell, n in exact.items() if n} == dict.fromkeys(wanted, 3)


async def test_a_month_is_counted_once_and_stays_whatever_becomes_of_its_rows(place: Place) -> None:
    this = await open_since(place, MONTHS_AGO)
    await keep(place, 4, begins(Month(this - 1)), looked_min=1, acted_min=2, acknowledged_min=1)
    await settle_all(place)
    before = await told(place)
    async with place.store.transaction() as tx:
        for table in (escalations_table, acts_table, cases_table):
            await tx.execute(sa.delete(table))
    await keep(place, 7, begins(Month(this - 2)))
    assert await settle_all(place) == 0
    assert await told(place) == before


async def test_a_month_is_counted_an_hour_after_its_end_from_the_first_on_and_none_that_is_told_no_more(
    place: Place,
) -> None:
    this = await open_since(place, MONTHS_AGO)
    over = begins(this)
    assert await settle_all(place, Millis(over + SETTLED_MS - 1)) == MONTHS_AGO - 1
    assert await settle_all(place, Millis(over + SETTLED_MS)) == 1
    late = Month(this + 3 * MONTHS_MOST)
    assert await settle_all(place, Millis(begins(late) + SETTLED_MS)) == MONTHS_MOST
    assert (await told(place)).months == tuple(range(late - MONTHS_MOST, late))


async def test_every_listed_value_is_told_every_month_also_of_nothing(place: Place) -> None:
    await open_since(place, 2)
    await settle_all(place)
    found = await told(place)
    assert {cell for _, cell in found.counts} == {(by, value) for by, values in LISTED.items() for value in values}
    assert len(set(found.counts.values())) > 3, "nothing has noise, too"
    [row] = (await place.rows(month_counts))[:1]
    assert set(row._fields) == {"month", "by", "value", "noised"}, "no count is kept without its noise"
