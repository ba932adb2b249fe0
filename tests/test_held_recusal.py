"""What waits and is by somebody a moderator may not judge: they learn nothing of it, not that it is there either."""

import pytest
import sqlalchemy as sa

from chat import cases, claims, escalations, holding, roster, staffing
from chat.ids import CaseId, PersonId, RoomId
from chat.journal import Journal
from chat.queue import queue
from chat.refusals import NotAMember, StillWaits
from chat.staff_commands import Claim, Close, Release
from chat.tables import blocks
from chat.tables import cases as cases_table
from chat.tables import held as held_table
from tests.place import Place
from tests.test_escalations import WITHIN_S, acknowledge, asked, on_duty
from tests.test_held import (
    ONE,
    TWO,
    claim,
    close,
    decline,
    hold,
    let_through,
    said,
    speaking,
    stranger,
    waiting,
    waits_in,
)
from tests.words import words


async def block(place: Place, person: PersonId, blocked: PersonId) -> None:
    async with place.store.transaction() as tx:
        await tx.execute(blocks.insert().values(person=person, blocked=blocked, at=await tx.now()))


async def queued(place: Place, moderator: PersonId) -> list[int]:
    async with place.store.reading() as tx:
        return [one.id for one in await queue(tx, moderator)]


async def test_who_may_judge_nothing_of_what_waits_learns_of_no_case(place: Place) -> None:
    moderator, other, a = await place.person("moderator"), await place.person("moderator"), await place.person()
    await block(place, a, moderator)
    room, _ = await waits_in(place, a, other)
    [case] = await place.rows(cases_table)
    assert (await queued(place, moderator), await queued(place, other)) == ([], [case.id])
    with pytest.raises(NotAMember):
        await cases.claim(place.store, place.keys, moderator, Claim(case=case.id))
    with pytest.raises(NotAMember):
        await cases.open_case(place.store, place.keys, moderator, CaseId(case.id))
    await claim(place, other, CaseId(case.id))
    await decline(place, other, (await waiting(place, other, room))[0])
    assert len(await queued(place, moderator)) == 1, "nothing waits, and anybody may close it"
    await close(place, other, CaseId(case.id))
    assert {one.kind for one in await place.desk()} == {"joined", "holding", "declined"}
    assert [one.kind for one in await place.inbox(moderator)] == ["closed"]
    assert [one.kind for one in await place.inbox(other)] == ["claimed", "closed"]


async def test_a_case_tells_nobody_that_something_waited_before_what_they_may_judge(place: Place) -> None:
    moderator, other = await place.person("moderator"), await place.person("moderator")
    a, b = await place.person(), await place.person()
    await block(place, a, moderator)
    room, _ = await waits_in(place, a, other)
    await stranger(place, room, b)
    async with place.store.transaction() as tx:
        began = await tx.now()
        await tx.execute(sa.update(held_table).values(at=held_table.c.at - staffing.LONG_MS - 60_000))
        await tx.execute(sa.update(cases_table).values(created_at=cases_table.c.created_at - staffing.LONG_MS - 60_000))
    before = len(await place.desk())
    async with speaking(place) as here:
        await here.say(room, b, TWO)
    assert len(await place.desk()) == before
    async with place.store.reading() as tx:
        for looks, late in ((moderator, 0), (other, 1)):
            [card] = await queue(tx, looks)
            assert (card.created_at >= began, card.times) == (not late, 1 + late)
            assert (await staffing.staffing(tx, looks)).waiting == late


async def both_wait(place: Place, moderator: PersonId) -> tuple[RoomId, CaseId]:
    """Let something wait by who has blocked the moderator and by somebody else, in a case that the moderator holds."""
    a, b = await place.person(), await place.person()
    await block(place, a, moderator)
    room = await place.room(a, b)
    await hold(place, await place.person("moderator"), room)
    async with speaking(place) as here:
        await here.say(room, a, ONE)
        await here.say(room, b, TWO)
    [case] = await place.rows(cases_table)
    assert await queued(place, moderator) == [case.id]
    await cases.claim(place.store, place.keys, moderator, Claim(case=case.id))
    return room, CaseId(case.id)


async def test_who_has_judged_all_they_may_closes_the_case_and_the_rest_comes_to_somebody_else(place: Place) -> None:
    moderator, other = await place.person("moderator"), await place.person("moderator")
    room, case = await both_wait(place, moderator)
    with pytest.raises(StillWaits):
        await close(place, moderator, case)
    [shown] = await waiting(place, moderator, room)
    await decline(place, moderator, shown)
    assert await queued(place, moderator) == [case], "it does not go before they close it"
    await close(place, moderator, case)
    for _ in range(2):
        await holding.open_missing(place.store, place.keys)
    [rest] = await place.rows(cases_table, cases_table.c.state == "open")
    assert (rest.room, rest.code) == (room, "held")
    assert (await queued(place, moderator), await queued(place, other)) == ([], [rest.id])
    assert [one.text for one in await waiting(place, other, room)] == [ONE]
    await claim(place, other, CaseId(rest.id))
    await decline(place, other, (await waiting(place, other, room))[0])
    await close(place, other, CaseId(rest.id))
    await holding.open_missing(place.store, place.keys)
    assert await queued(place, other) == []


async def test_who_hands_back_what_they_may_not_judge_sees_it_no_more(place: Place) -> None:
    moderator = await place.person("moderator")
    room, case = await both_wait(place, moderator)
    await decline(place, moderator, (await waiting(place, moderator, room))[0])
    await claims.release(place.store, place.keys, moderator, Release(case=case))
    assert await queued(place, moderator) == []
    with pytest.raises(NotAMember):
        command = Close(case=case, outcome="nothing")
        await cases.close(place.store, place.keys, Journal(place.folder / "j"), moderator, command)


async def test_what_waits_and_nobody_on_duty_may_judge_is_asked_of_others(place: Place) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    supervisor, organiser = await place.person("supervisor"), await place.person("organiser")
    await block(place, a, moderator)
    room, [one] = await waits_in(place, a, organiser)
    [case] = await place.rows(cases_table)
    await long_ago(place)
    assert await begin_unwatched(place) == 0, "for this alone nobody is woken at night"
    async with place.store.transaction() as tx:
        await roster.set_rule(tx, place.keys, organiser, words(), "supervisor")
    async with place.store.transaction() as tx:
        await roster.begin(tx, place.keys, moderator, 4)
    await on_duty(place, "professional")
    await long_ago(place, -escalations.UNSEEN_MS)
    assert await begin_unwatched(place) == 0, "somebody may come who sees it"
    await long_ago(place)
    assert await begin_unwatched(place) == 1
    assert await asked(place, CaseId(case.id)) == [supervisor]
    assert await queued(place, moderator) == []
    await acknowledge(place, supervisor, CaseId(case.id))
    await let_through(place, supervisor, one)
    assert await said(place, room) == [ONE]
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(cases_table).values(state="open", claimed_by=None))  # they went, and closed nothing
    assert await escalations.go_on(place.store, place.keys, WITHIN_S) == 0, "nothing waits"


async def long_ago(place: Place, by_ms: int = escalations.UNSEEN_MS) -> None:
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(held_table).values(at=held_table.c.at - by_ms))


async def begin_unwatched(place: Place) -> int:
    return await escalations.begin_unwatched(place.store, place.keys, WITHIN_S)
