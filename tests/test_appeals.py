"""Appeals: whom an act is about asks once for another look, somebody else decides, and who acted learns nothing."""

import asyncio

import pytest
import sqlalchemy as sa

from chat import account, appeals, audit, audit_log, cases, claims, erasure, escalations, moderation, staffing
from chat.clock import Clock
from chat.ids import ActId, CaseId, PersonId
from chat.journal import Journal
from chat.keys import KeyDestroyed
from chat.protocol import Entry
from chat.queue import queue
from chat.refusals import Gone, Malformed, NotAllowed, NotAMember, NotWords
from chat.retention import Retention
from chat.settings import Settings
from chat.staff_commands import (
    Ban,
    Claim,
    Close,
    Confirm,
    Decide,
    Escalate,
    Grade,
    HandOver,
    Mute,
    Release,
    Remove,
    Verdict,
    Warn,
)
from chat.tables import acts, entries, evidence, hidden, mutes, people
from chat.tables import audit as audit_table
from chat.tables import cases as cases_table
from tests.place import WHY, Place
from tests.test_moderation_acts import act, refusal_of, undo
from tests.words import words


async def appeal(place: Place, person: PersonId, one: ActId, text: str = "") -> CaseId:
    return await appeals.appeal(place.store, place.keys, person, one, text)


async def claim(place: Place, by: PersonId, case: CaseId) -> None:
    await cases.claim(place.store, place.keys, by, Claim(case=case))


async def decide(place: Place, by: PersonId, case: CaseId, outcome: Verdict) -> None:
    command = Decide(case=case, outcome=outcome, reason=words())
    await appeals.decide(place.store, place.keys, Journal(place.folder / "erasures.journal"), by, command)


async def seen(place: Place, by: PersonId) -> list[CaseId]:
    async with place.store.reading() as tx:
        return [one.id for one in await queue(tx, by)]


async def told(place: Place, person: PersonId) -> list[tuple[str, str, str]]:
    """How each act stands, as the person reads it: its kind, whether it stands, what became of the appeal."""
    async with place.store.reading() as tx:
        return [
            (one.kind, "stands" if one.stands else "over", one.verdict or ("waits" if one.appealed_at else ""))
            for one in await account.acts_of(tx, person)
        ]


def kinds(entries: list[Entry]) -> list[tuple[str, int, str]]:
    return [(one.kind, one.ref, one.code) for one in entries]


async def muted(place: Place, moderator: PersonId, person: PersonId, **more: int) -> ActId:
    return await act(place, moderator, Mute(person=person, minutes=60, **WHY, **more))  # type: ignore[arg-type]


async def test_an_appeal_reaches_everybody_who_may_judge_it_and_not_whoever_acted(place: Place) -> None:
    maker, second, boss = [await place.person(one) for one in ("moderator", "moderator", "organiser")]
    professional, person = await place.person("professional"), await place.person()
    made = await muted(place, maker, person)
    before, desk = await place.inbox(maker), await place.desk()
    case = await appeal(place, person, made, words())
    assert await appeal(place, person, made) == case, "once"
    assert [await seen(place, one) for one in (maker, second, boss, professional)] == [[], [case], [case], []]
    await claim(place, second, case)
    await claims.release(place.store, place.keys, second, Release(case=case))
    await claim(place, boss, case)
    await claims.release(place.store, place.keys, boss, Release(case=case))
    for one in (second, boss):
        news = kinds(await place.inbox(one))
        assert [kind for kind, ref, _ in news if ref == case] == ["appealed", *["claimed", "released"] * 2]
    assert await place.inbox(maker) == before and await place.desk() == desk
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(cases_table).values(created_at=1))
    async with place.store.reading() as tx:
        waiting = [(await staffing.staffing(tx, one)).waiting for one in (maker, second)]
    assert waiting == [0, 1], "not even as a count"
    assert await told(place, person) == [("muted", "stands", "waits")]


async def test_what_is_overturned_is_undone_at_once_and_what_is_upheld_stands(place: Place) -> None:
    maker, second, person = await place.person("moderator"), await place.person("moderator"), await place.person()
    room = await place.room(person)
    for outcome, stands in (("upheld", True), ("overturned", False)):
        made = await muted(place, maker, person)
        case = await appeal(place, person, made, words())
        for refused in (maker, second):
            with pytest.raises((NotAMember, NotAllowed)):
                await decide(place, refused, case, outcome)  # type: ignore[arg-type]
        await claim(place, second, case)
        await decide(place, second, case, outcome)  # type: ignore[arg-type]
        [row] = await place.rows(mutes, mutes.c.id == made)
        assert (row.lifted_at is None) == stands
        assert kinds(await place.inbox(person))[-1] == ("notice", made, outcome)
        assert kinds(await place.inbox(second))[-1] == ("decided", case, outcome)
        assert (("undone", made, "muted") in kinds(await place.desk())) == (not stands)
        assert (await told(place, person))[0] == ("muted", "stands" if stands else "over", outcome)
        [row] = await place.rows(cases_table, cases_table.c.id == case)
        assert (row.state, row.outcome) == ("closed", outcome), "a report counts it"
        assert await place.rows(evidence, evidence.c.case == case) == []
        with pytest.raises(KeyDestroyed):
            await place.keys.get(case, "case")
        [row] = await place.rows(audit_table, audit_table.c.act == "decided", audit_table.c.ref == case)
        assert (row.actor, row.subject, row.code) == (second, person, outcome) and row.body is not None
        with pytest.raises(Gone):
            await decide(place, second, case, outcome)  # type: ignore[arg-type]
        assert await appeal(place, person, made) == case, "no second time"
        if stands:
            await undo(place, maker, made)
    assert await refusal_of(place, room, person) == ""
    verdict = await audit.verify(place.store, place.keys.derive("audit"))
    assert verdict.broken is None


async def test_whoever_said_yes_to_a_ban_for_good_learns_nothing_either(place: Place) -> None:
    maker, second, third = [await place.person(one) for one in ("moderator", "supervisor", "moderator")]
    person = await place.person()
    made = await act(place, maker, Ban(person=person, **WHY))
    await moderation.confirm(place.store, place.keys, second, Confirm(act=made, reason="A reason."))
    case = await appeal(place, person, made)
    assert [await seen(place, one) for one in (maker, second, third)] == [[], [], [case]]
    await claim(place, third, case)
    await claims.hand_over(place.store, place.keys, third, HandOver(to=second))
    assert await seen(place, second) == [] and await seen(place, third) == [case], "it goes to the queue instead"
    await claim(place, third, case)
    await decide(place, third, case, "overturned")
    [row] = await place.rows(people, people.c.id == person)
    assert row.state == "active"


async def test_nobody_appeals_what_is_not_about_them_or_is_over(place: Place) -> None:
    maker, person, other = await place.person("moderator"), await place.person(), await place.person()
    made = await muted(place, maker, person)
    for who, which in ((other, made), (maker, made), (person, ActId(12345))):
        with pytest.raises(NotAMember):
            await appeal(place, who, which)
    with pytest.raises(Malformed):
        await appeal(place, person, made, "a" * (appeals.WORDS_MOST + 1))
    with pytest.raises(NotWords):
        await appeal(place, person, made, "a\0")
    await undo(place, maker, made)
    with pytest.raises(NotAMember):
        await appeal(place, person, made)
    assert await place.rows(cases_table) == [] and await place.keys.owners("case") == set()


async def test_an_act_that_ended_meanwhile_is_still_decided(place: Place) -> None:
    maker, second, person = await place.person("moderator"), await place.person("moderator"), await place.person()
    room = await place.room(person)
    seq = await place.say(room, person, words())
    made = [await muted(place, maker, person), await act(place, maker, Remove(room=room, seq=seq, **WHY))]
    appealed = [await appeal(place, person, one) for one in made]
    await undo(place, maker, made[0])
    async with place.store.transaction() as tx:  # 72 h later
        await tx.execute(sa.update(hidden).values(destroyed=True))
        await tx.execute(sa.update(entries).where(entries.c.seq == seq, entries.c.room == room).values(body=None))
    for one in appealed:
        await claim(place, second, one)
        opened = await cases.open_case(place.store, place.keys, second, one)
        async with place.store.reading() as tx:
            about = await appeals.appealed(tx, ActId(opened.act or 0))
        assert about.stands == (opened.act == made[1])
        await decide(place, second, one, "overturned")
    assert await told(place, person) == [("removed", "over", "overturned"), ("muted", "over", "overturned")]


async def test_an_appeal_is_not_graded_closed_or_escalated(place: Place) -> None:
    maker, second, person = await place.person("moderator"), await place.person("supervisor"), await place.person()
    case = await appeal(place, person, await muted(place, maker, person))
    await claim(place, second, case)
    for attempt in (
        claims.grade(place.store, place.keys, second, Grade(case=case, level="spam")),
        cases.close(place.store, place.keys, Journal(place.folder / "j"), second, Close(case=case, outcome="nothing")),
        escalations.escalate(
            place.store, place.keys, second, Escalate(case=case, level="hate", reason=words()), 60
        ),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            await attempt


async def test_of_two_who_decide_at_once_one_does(place: Place) -> None:
    maker, second, person = await place.person("moderator"), await place.person("moderator"), await place.person()
    supervisor = await place.person("supervisor")
    case = await appeal(place, person, await muted(place, maker, person))
    await claim(place, second, case)
    answers = await asyncio.gather(
        decide(place, second, case, "upheld"), decide(place, supervisor, case, "overturned"), return_exceptions=True
    )
    assert sorted(type(one) for one in answers if one is not None) == [Gone] and None in answers
    [row] = await place.rows(cases_table)
    [undone] = [one.undone_at for one in await place.rows(acts)]
    assert (row.outcome == "overturned") == (undone is not None)
    assert len([one for one in await place.inbox(person) if one.code in ("upheld", "overturned")]) == 1


async def test_of_two_appeals_at_once_there_is_one(place: Place) -> None:
    maker, person = await place.person("moderator"), await place.person()
    made = await muted(place, maker, person)
    first, second = await asyncio.gather(appeal(place, person, made), appeal(place, person, made))
    assert first == second and len(await place.rows(cases_table)) == 1
    assert await place.keys.owners("case") == {first}


async def test_an_erased_persons_appeal_dies_with_them(place: Place) -> None:
    maker, second, person = await place.person("moderator"), await place.person("moderator"), await place.person()
    case = await appeal(place, person, await muted(place, maker, person), words())
    await claim(place, second, case)
    await erasure.erase(place.store, place.keys, Journal(place.folder / "erasures.journal"), person)
    assert await place.rows(evidence) == [] and await place.keys.owners("case") == set()
    assert await seen(place, second) == []
    with pytest.raises(Gone):
        await decide(place, second, case, "upheld")


async def test_whoever_acted_stays_recused_as_long_as_the_appeal_is_there(place: Place) -> None:
    maker, person = await place.person("moderator"), await place.person()
    made = await act(place, maker, Warn(person=person, **WHY))
    await appeal(place, person, made)
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(acts).values(made_at=1))
    await Retention(place.store, place.keys, Settings(), Clock()).sweep()
    assert [one.id for one in await place.rows(acts)] == [made] and await seen(place, maker) == []


async def test_whoever_acted_does_not_read_why_it_was_overturned(place: Place) -> None:
    maker, second, person = await place.person("supervisor"), await place.person("moderator"), await place.person()
    made = await muted(place, maker, person)
    case = await appeal(place, person, made, words())
    await claim(place, second, case)
    await decide(place, second, case, "overturned")
    for row in await place.rows(audit_table, audit_table.c.act.in_(["undone", "decided"])):
        with pytest.raises(NotAMember):
            await audit_log.why(place.store, place.keys, maker, row.n)


async def test_whoever_decides_an_appeal_is_no_second_for_what_it_is_against(place: Place) -> None:
    maker, second, third = [await place.person("moderator") for _ in range(3)]
    person = await place.person()
    made = await act(place, maker, Ban(person=person, **WHY))
    await claim(place, second, await appeal(place, person, made))
    with pytest.raises(NotAllowed):
        await moderation.confirm(place.store, place.keys, second, Confirm(act=made, reason="A reason."))
    await moderation.confirm(place.store, place.keys, third, Confirm(act=made, reason="A reason."))
