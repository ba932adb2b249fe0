"""Escalations: who is asked after whom, until when, who may acknowledge, and what everybody concerned is told."""

import asyncio

import pytest
import sqlalchemy as sa

from chat import account, calls, cases, claims, escalations, line, people, queue, reviews, roster
from chat.ids import CaseId, PersonId
from chat.journal import Journal
from chat.protocol import Call, Level, Report
from chat.refusals import Gone, NotAllowed, NotAMember
from chat.staff_commands import Acknowledge, Claim, Close, Escalate, Release, Review
from chat.tables import audit
from chat.tables import cases as cases_table
from chat.tables import escalations as steps_table
from chat.tables import reviews as reviews_table
from tests.place import Place
from tests.words import words

WITHIN_S = 180


async def on_duty(place: Place, *held: str) -> PersonId:
    """Return somebody on duty with these roles."""
    person = await place.person(*held)
    async with place.store.transaction() as tx:
        await roster.begin(tx, place.keys, person, 4)
    return person


async def report(place: Place, *, level: Level = "hate") -> tuple[CaseId, PersonId, PersonId]:
    """Return a case, whom it is about and who reported it."""
    subject, reporter = await place.person(), await place.person()
    room = await place.room(subject, reporter)
    seq = await place.say(room, subject, words())
    command = Report(room=room, seq=seq, level=level)
    return await cases.report(place.store, place.keys, reporter, command), subject, reporter


async def claimed(place: Place, moderator: PersonId) -> tuple[CaseId, PersonId, PersonId]:
    case, subject, reporter = await report(place)
    await cases.claim(place.store, place.keys, moderator, Claim(case=case))
    return case, subject, reporter


async def escalate(place: Place, moderator: PersonId, case: CaseId, level: Level = "imminent") -> None:
    command = Escalate(case=case, level=level, reason=words())
    await escalations.escalate(place.store, place.keys, moderator, command, WITHIN_S)


async def acknowledge(place: Place, person: PersonId, case: CaseId) -> None:
    await escalations.acknowledge(place.store, place.keys, person, Acknowledge(case=case))


async def asked(place: Place, case: CaseId) -> list[object]:
    """Return whom a case was asked of, in order."""
    rows = await place.rows(steps_table, steps_table.c.case == case)
    assert [row.step for row in rows] == list(range(1, len(rows) + 1))
    return [row.whom for row in rows]


async def let_time_pass(place: Place, seconds: int) -> None:
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(steps_table).values(due_at=steps_table.c.due_at - seconds * 1000))


async def go_on(place: Place) -> int:
    return await escalations.go_on(place.store, place.keys, WITHIN_S)


async def test_one_after_another_is_asked_until_somebody_acknowledges(place: Place) -> None:
    moderator = await on_duty(place, "moderator")
    professional, supervisor = await on_duty(place, "professional"), await on_duty(place, "supervisor")
    away, organiser = await place.person("supervisor"), await place.person("organiser")
    case, _, _ = await claimed(place, moderator)
    await escalate(place, moderator, case)
    line_of = [supervisor, professional, organiser, supervisor]
    for step in range(1, 5):
        assert await asked(place, case) == line_of[:step]
        await let_time_pass(place, WITHIN_S - 60)
        assert await go_on(place) == 0, "who was asked has their time"
        await let_time_pass(place, 61)
        tried = await asyncio.gather(*(go_on(place) for _ in range(4)))
        assert sum(tried) == 1, "of processes that look at once, one asks"
    assert away not in await asked(place, case)
    await acknowledge(place, professional, case)
    await let_time_pass(place, 1000)
    assert await go_on(place) == 0
    [row] = await place.rows(cases_table)
    assert (row.state, row.claimed_by, row.level) == ("claimed", professional, "imminent")
    told = [(one.kind, one.code, one.author) for one in await place.desk() if one.ref == case][2:]
    assert told == [
        ("graded", "imminent", moderator), ("escalated", "supervisor", moderator),
        ("escalated", "professional", moderator), ("escalated", "organiser", moderator),
        ("escalated", "supervisor", moderator), ("escalated", "professional", moderator),
        ("acknowledged", "", professional),
    ]  # fmt: skip
    acts = [(one.act, one.subject, one.code) for one in await place.rows(audit, audit.c.act == "asked")]
    assert acts[:3] == [("asked", one, line.ASKED[at]) for at, one in enumerate(line_of[:3])]


async def test_nobody_is_asked_about_themselves_or_by_themselves(place: Place) -> None:
    supervisor, other = await on_duty(place, "supervisor"), await on_duty(place, "supervisor")
    reporter = await on_duty(place, "supervisor", "organiser")
    subject = await on_duty(place, "professional")
    room = await place.room(subject, reporter)
    seq = await place.say(room, subject, words())
    case = await cases.report(place.store, place.keys, reporter, Report(room=room, seq=seq))
    await escalate(place, supervisor, case)  # a supervisor escalates what nobody holds, too
    for _ in range(2):
        await let_time_pass(place, WITHIN_S + 1)
        await go_on(place)
    assert await asked(place, case) == [other] * 3
    for by in (subject, reporter):
        with pytest.raises(NotAMember):
            await acknowledge(place, by, case)
        with pytest.raises((NotAMember, NotAllowed)):
            await escalate(place, by, case)


async def test_who_is_not_asked_does_not_acknowledge_but_who_comes_later_in_the_line_may(place: Place) -> None:
    moderator, supervisor = await on_duty(place, "moderator"), await on_duty(place, "supervisor")
    other, organiser = await place.person("supervisor"), await place.person("organiser")
    case, subject, _ = await claimed(place, moderator)
    with pytest.raises(NotAMember):
        await acknowledge(place, organiser, case)
    await escalate(place, moderator, case)
    for by in (moderator, other, subject):
        with pytest.raises(NotAllowed):
            await acknowledge(place, by, case)
    await acknowledge(place, organiser, case)
    await acknowledge(place, organiser, case)
    with pytest.raises(Gone):
        await acknowledge(place, supervisor, case)
    assert [one.kind for one in await place.desk()].count("acknowledged") == 1


async def test_only_who_holds_a_case_escalates_it_and_once(place: Place) -> None:
    moderator, other = await on_duty(place, "moderator"), await on_duty(place, "moderator")
    supervisor = await on_duty(place, "supervisor")
    case, _, _ = await claimed(place, moderator)
    with pytest.raises(NotAllowed):
        await escalate(place, other, case)
    levels: tuple[Level, ...] = ("hate", "minors")
    for level in levels:
        await escalate(place, moderator, case, level)
    assert await asked(place, case) == [supervisor]
    async with place.store.reading() as tx:
        [card] = await queue.queue(tx, other)
    assert (card.level, card.asked, card.acknowledged, card.claimed_by) == ("minors", supervisor, False, moderator)
    with pytest.raises(NotAMember):
        await escalate(place, moderator, CaseId(12345))


async def test_a_professional_and_an_organiser_see_a_case_once_they_are_asked_and_no_other(place: Place) -> None:
    moderator, professional = await on_duty(place, "moderator"), await on_duty(place, "professional")
    organiser = await place.person("organiser")
    case, _, reporter = await claimed(place, moderator)
    hidden, _, _ = await report(place)
    async with place.store.reading() as tx:
        assert await queue.queue(tx, professional) == await queue.queue(tx, organiser) == []
    with pytest.raises(NotAllowed):
        await cases.open_case(place.store, place.keys, professional, case)
    await escalate(place, moderator, case)
    async with place.store.reading() as tx:
        assert [one.id for one in await queue.queue(tx, professional)] == [case]
        assert await queue.queue(tx, organiser) == []
    assert (await cases.open_case(place.store, place.keys, professional, case)).evidence
    for refused in (hidden, CaseId(12345)):
        with pytest.raises(NotAllowed):
            await cases.open_case(place.store, place.keys, professional, refused)
    await acknowledge(place, professional, case)
    journal = Journal(place.folder / "erasures.journal")
    closing = Close(case=case, outcome="talked", reason=words())
    await cases.close(place.store, place.keys, journal, professional, closing)
    assert [one.code for one in await place.inbox(reporter)] == ["asked", "acknowledged", "talked"]


async def test_whoever_is_in_danger_is_told_that_somebody_was_asked_and_what_came_of_it(place: Place) -> None:
    moderator, supervisor = await on_duty(place, "moderator"), await on_duty(place, "supervisor")
    seeker, peer = await place.person(), await place.person("peer")
    room = await place.one_to_one(seeker, peer)
    before = len(await place.inbox(seeker))
    called = await calls.call(place.store, place.keys, peer, Call(room=room))
    danger, subject, _ = await claimed(place, moderator)
    accused, blamed, reporter = await claimed(place, moderator)
    await cases.claim(place.store, place.keys, moderator, Claim(case=called))
    journal = Journal(place.folder / "erasures.journal")
    for case, level in ((called, "other"), (danger, "imminent"), (accused, "sexual")):
        await escalate(place, moderator, case, level)  # type: ignore[arg-type]
        await acknowledge(place, supervisor, case)
        await cases.close(place.store, place.keys, journal, supervisor, Close(case=case, outcome="talked"))
    story = ["asked", "acknowledged", "talked"]
    assert [(one.kind, one.code) for one in (await place.inbox(seeker))[before:]] == [("notice", one) for one in story]
    assert [one.code for one in (await place.inbox(peer))[before:]] == story
    assert [one.code for one in await place.inbox(subject)] == story
    assert [one.code for one in await place.inbox(reporter)] == story
    assert await place.inbox(blamed) == [], "whom a report accuses is not told that others were asked"
    async with place.store.reading() as tx:
        assert [(one.number, one.code) for one in await account.case_notices(tx, seeker)] == [(called, "talked")]
        assert [(one.number, one.code) for one in await account.case_notices(tx, reporter)] == [(accused, "talked")]
        assert await account.case_notices(tx, blamed) == []


async def test_what_is_severe_and_finds_nobody_on_duty_is_escalated_by_itself(place: Place) -> None:
    await place.person("supervisor")
    organiser, professional = await place.person("organiser"), await place.person("professional")
    async with place.store.transaction() as tx:
        await roster.set_rule(tx, place.keys, organiser, words(), "professional")
    case, subject, _ = await report(place, level="imminent")
    await report(place, level="spam")
    tried = await asyncio.gather(
        *(escalations.begin_unwatched(place.store, place.keys, WITHIN_S) for _ in range(4))
    )  # fmt: skip
    assert sum(tried) == 1
    assert await asked(place, case) == [professional]
    assert [one.code for one in await place.inbox(subject)] == ["asked"]
    await let_time_pass(place, WITHIN_S + 1)
    await go_on(place)
    assert await asked(place, case) == [professional, organiser]
    await on_duty(place, "moderator")
    other, _, _ = await report(place, level="imminent")
    assert await escalations.begin_unwatched(place.store, place.keys, WITHIN_S) == 0, "somebody looks at the queue"
    assert await asked(place, other) == []


async def test_a_case_that_was_acknowledged_and_let_go_is_asked_of_the_next_within_30_s(place: Place) -> None:
    assert claims.ACKNOWLEDGED_LEASE_MS + 2 * claims.BEAT_S * 1000 <= 30_000
    moderator, first = await on_duty(place, "moderator"), await on_duty(place, "supervisor")
    second = await on_duty(place, "supervisor")
    case, _, _ = await claimed(place, moderator)
    await escalate(place, moderator, case)
    await acknowledge(place, first, case)
    async with place.store.transaction() as tx:
        aged = cases_table.c.seen_at - claims.ACKNOWLEDGED_LEASE_MS - 1
        await tx.execute(sa.update(cases_table).values(seen_at=aged))
    assert await claims.expire(place.store, place.keys) == 1
    assert await go_on(place) == 1
    assert await asked(place, case) == [first, second]
    await acknowledge(place, first, case)  # back again: whoever was asked before may
    await claims.release(place.store, place.keys, first, Release(case=case))
    assert await go_on(place) == 1
    assert await asked(place, case) == [first, second, second], "the one asked longest ago, but for who asked last"


async def test_what_was_escalated_comes_to_the_desk_for_a_review_when_it_is_closed(place: Place) -> None:
    moderator, supervisor = await on_duty(place, "moderator"), await on_duty(place, "supervisor")
    member, professional = await place.person(), await place.person("professional")
    case, _, _ = await claimed(place, moderator)
    await escalate(place, moderator, case)
    command = Review(case=case, reason=words())
    with pytest.raises(NotAMember):
        await reviews.review(place.store, place.keys, moderator, command)
    await acknowledge(place, supervisor, case)
    journal = Journal(place.folder / "erasures.journal")
    await cases.close(place.store, place.keys, journal, supervisor, Close(case=case, outcome="talked"))
    async with place.store.reading() as tx:
        [card] = await reviews.waiting(tx, moderator)
        due_in = card.due_at - await tx.now()
        with pytest.raises(NotAllowed):
            await reviews.waiting(tx, member)
        assert await reviews.waiting(tx, professional) == []  # whom `review` would refuse
    assert (card.case, card.level, card.outcome) == (case, "imminent", "talked")
    assert 0 < due_in <= reviews.REVIEW_HOURS * reviews.HOUR_MS
    await reviews.review(place.store, place.keys, moderator, command)
    with pytest.raises(Gone):
        await reviews.review(place.store, place.keys, supervisor, command)
    async with place.store.reading() as tx:
        assert await reviews.waiting(tx, moderator) == []
    [row] = await place.rows(reviews_table)
    assert row.reviewed_by == moderator


async def test_where_there_is_nobody_to_ask_it_is_kept_and_asked_again(place: Place) -> None:
    moderator = await on_duty(place, "moderator")
    case, _, _ = await claimed(place, moderator)
    await escalate(place, moderator, case)
    assert await asked(place, case) == [None]
    organiser = await place.person("organiser")
    await let_time_pass(place, WITHIN_S + 1)
    await go_on(place)
    assert await asked(place, case) == [None, organiser]
    async with place.store.transaction() as tx:
        await people.grant(tx, place.keys, moderator, "supervisor", organiser)
