"""Recusal: a moderator learns nothing of a case, and can do nothing, about who is no stranger to them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import sqlalchemy as sa

from chat import appeals, bans, cases, claims, escalations, moderation, reviews, rooms, roster
from chat.acts import require_case
from chat.ids import ActId, CaseId, PersonId, RoomId
from chat.journal import Journal
from chat.protocol import Report
from chat.queue import queue
from chat.recusal import MATCHED_MS
from chat.refusals import NotAMember, Refusal
from chat.staff_commands import (
    Acknowledge,
    Ban,
    Claim,
    Clear,
    Close,
    Confirm,
    Decide,
    Escalate,
    Expel,
    Grade,
    Mute,
    Release,
    Remove,
    Review,
    Undo,
    Warn,
)
from chat.tables import acts, audit, blocks, mutes, people
from chat.tables import rooms as rooms_table
from tests.place import WHY, Place
from tests.test_escalations import WITHIN_S, asked, go_on, let_time_pass, on_duty, report
from tests.words import words

ABSENT = 2**53 - 5
TIES = ("matched", "matched lately", "blocks", "is blocked", "oneself")


async def tie(place: Place, how: str, moderator: PersonId, person: PersonId) -> None:
    """Let the two be no strangers."""
    if how.startswith("matched"):
        chat = await place.one_to_one(person, moderator)
        if how != "matched":
            await end(place, chat, person, MATCHED_MS - 60_000)
    elif how != "oneself":
        one, other = (moderator, person) if how == "blocks" else (person, moderator)
        async with place.store.transaction() as tx:
            await tx.execute(blocks.insert().values(person=one, blocked=other, at=await tx.now()))


async def end(place: Place, chat: RoomId, person: PersonId, ago_ms: int) -> None:
    async with place.store.transaction() as tx:
        await rooms.leave(tx, chat, person)
        ended = sa.update(rooms_table).where(rooms_table.c.id == chat)
        await tx.execute(ended.values(closed_at=await tx.now() - ago_ms))


async def told(attempt: Callable[[], Awaitable[object]]) -> str:
    try:
        await attempt()
    except Refusal as refusal:
        return f"{refusal.code} {refusal.retry_after}"
    return "done"


def paths(place: Place, by: PersonId, one: CaseId, bystander: PersonId) -> tuple[Callable[[], Awaitable[object]], ...]:
    """Every way to a case."""
    store, keys, journal = place.store, place.keys, Journal(place.folder / "erasures.journal")
    warn = Warn(person=bystander, case=one, **WHY)
    return (
        lambda: cases.open_case(store, keys, by, one),
        lambda: cases.claim(store, keys, by, Claim(case=one)),
        lambda: cases.close(store, keys, journal, by, Close(case=one, outcome="nothing")),
        lambda: claims.grade(store, keys, by, Grade(case=one, level="hate")),
        lambda: claims.release(store, keys, by, Release(case=one)),
        lambda: escalations.escalate(store, keys, by, Escalate(case=one, level="hate", reason=words()), 60),
        lambda: escalations.acknowledge(store, keys, by, Acknowledge(case=one)),
        lambda: reviews.review(store, keys, by, Review(case=one)),
        lambda: moderation.act(store, keys, by, warn),
        lambda: appeals.decide(store, keys, journal, by, Decide(case=one, outcome="upheld", reason="A reason.")),
    )


@pytest.mark.parametrize("how", TIES)
@pytest.mark.parametrize("whose", ["subject", "reporter"])
async def test_every_path_to_a_case_looks_as_if_it_were_not_there(place: Place, how: str, whose: str) -> None:
    supervisor, subject, reporter = await place.person("supervisor"), await place.person(), await place.person()
    bystander = await place.person()
    if how == "oneself":
        subject, reporter = (supervisor, reporter) if whose == "subject" else (subject, supervisor)
    room = await place.room(subject, reporter)
    report = Report(room=room, seq=await place.say(room, subject, words()), reason=words())
    case = await cases.report(place.store, place.keys, reporter, report)
    await tie(place, how, supervisor, subject if whose == "subject" else reporter)
    store = place.store
    before, desk = await place.rows(audit), await place.desk()
    async with store.reading() as tx:
        assert await queue(tx, supervisor) == []
    for one in (case, CaseId(ABSENT)):
        for attempt in paths(place, supervisor, one, bystander):
            assert await told(attempt) == "not_a_member None"
    async with store.transaction() as tx:
        with pytest.raises(NotAMember):  # asked again under the locks: a block may come in between
            await require_case(tx, supervisor, case)
    assert await place.rows(audit) == before and await place.desk() == desk
    other = await place.person("moderator")
    async with store.reading() as tx:
        assert [one.id for one in await queue(tx, other)] == [case], "others see it"


@pytest.mark.parametrize("how", [*TIES, "made it", "said yes to it"])
async def test_every_path_to_an_appeal_looks_as_if_it_were_not_there(place: Place, how: str) -> None:
    supervisor, organiser, other = [await place.person(one) for one in ("supervisor", "organiser", "moderator")]
    person, bystander = supervisor if how == "oneself" else await place.person(), await place.person()
    store, keys = place.store, place.keys
    command = Ban(person=person, **WHY) if how == "said yes to it" else Mute(person=person, minutes=5, **WHY)
    made = await moderation.act(store, keys, supervisor if how == "made it" else organiser, command)
    if how == "said yes to it":
        await moderation.confirm(store, keys, supervisor, Confirm(act=made, reason="A reason."))
    if how in TIES:
        await tie(place, how, supervisor, person)
    before, desk = await place.inbox(supervisor), await place.desk()
    case = await appeals.appeal(store, keys, person, made, words())
    rows = await place.rows(audit)
    for one in (case, CaseId(ABSENT)):
        for attempt in paths(place, supervisor, one, bystander):
            assert await told(attempt) == "not_a_member None"
    async with store.reading() as tx:
        assert await queue(tx, supervisor) == []
        assert [one.id for one in await queue(tx, other)] == [case], "others see it"
    assert await place.inbox(supervisor) == before and await place.desk() == desk and await place.rows(audit) == rows


@pytest.mark.parametrize("how", TIES)
async def test_every_act_looks_as_if_nobody_were_there(place: Place, how: str) -> None:
    moderator, other = await place.person("moderator"), await place.person("moderator")
    person = moderator if how == "oneself" else await place.person()
    room = await place.room(person)
    said = await place.say(room, person, words())
    by, made = (await place.person("organiser"), []) if how == "oneself" else (other, [])
    for command in (Mute(person=person, minutes=5, **WHY), Ban(person=person, **WHY)):
        if how != "oneself" or isinstance(command, Mute):
            made.append(await moderation.act(place.store, place.keys, by, command))
    await tie(place, how, moderator, person)
    store, keys = place.store, place.keys
    for whom, where, seq, which in ((person, room, said, made), (PersonId(ABSENT), room, ABSENT, [ActId(ABSENT)])):
        for command in (
            Warn(person=whom, **WHY), Mute(person=whom, minutes=5, **WHY), Remove(room=where, seq=seq, **WHY),
            Clear(person=whom, room=where, minutes=5, **WHY), Expel(person=whom, room=where, **WHY),
            Ban(person=whom, days=14, **WHY),
        ):  # fmt: skip
            assert await told(lambda command=command: moderation.act(store, keys, moderator, command)) == (
                "not_a_member None"
            )
        for one in which:
            for attempt in (
                lambda one=one: moderation.undo(store, keys, moderator, Undo(act=one)),
                lambda one=one: moderation.confirm(store, keys, moderator, Confirm(act=one, reason="A reason.")),
            ):
                assert await told(attempt) == "not_a_member None"
    async with store.reading() as tx:
        assert await bans.waiting(tx, moderator) == []
    assert sorted(one.id for one in await place.rows(acts)) == sorted(made)
    assert [one.lifted_at for one in await place.rows(mutes)] == [None]


async def test_a_match_that_ended_a_month_ago_is_forgotten(place: Place) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    await end(place, await place.one_to_one(person, moderator), person, MATCHED_MS + 60_000)
    await moderation.act(place.store, place.keys, moderator, Warn(person=person, **WHY))


async def test_a_block_that_comes_while_a_moderator_acts_is_before_the_act_or_after_it(place: Place) -> None:
    """The gate: the block's transaction holds both people while the act begins."""
    moderator, person = await place.person("moderator"), await place.person()
    warn = Warn(person=person, **WHY)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        async with place.store.transaction() as tx:
            await tx.lock(people, [moderator, person])
            await tx.execute(blocks.insert().values(person=person, blocked=moderator, at=await tx.now()))
            acting = tasks.create_task(told(lambda: moderation.act(place.store, place.keys, moderator, warn)))
            done, _ = await asyncio.wait({acting}, timeout=0.5)
            assert not done
        assert await acting == f"{NotAMember.code} None"


async def test_what_is_severe_and_nobody_on_duty_may_judge_is_escalated_by_itself_too(place: Place) -> None:
    moderator, supervisor = await on_duty(place, "moderator"), await on_duty(place, "supervisor")
    away, organiser = await place.person("supervisor"), await place.person("organiser")
    async with place.store.transaction() as tx:
        await roster.set_rule(tx, place.keys, organiser, words(), "supervisor")
    case, subject, reporter = await report(place, level="imminent")
    await tie(place, "matched", moderator, subject)
    assert await escalations.begin_unwatched(place.store, place.keys, WITHIN_S) == 0, "one of them sees it"
    await tie(place, "blocks", supervisor, reporter)
    assert await escalations.begin_unwatched(place.store, place.keys, WITHIN_S) == 1
    await let_time_pass(place, WITHIN_S + 1)
    await go_on(place)
    assert await asked(place, case) == [away, organiser]
