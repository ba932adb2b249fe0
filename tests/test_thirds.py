"""Thirds: who may ask to come into a one-to-one, who answers, and how often."""

import pytest

from chat import cases, claims, history, moderation, rooms, roster, thirds
from chat.protocol import Report
from chat.refusals import Gone, NotAllowed, NotAMember, RoomClosed, RoomFull, TooFast
from chat.staff_commands import Claim, HandOver, Mute, Release
from chat.tables import audit, blocks
from chat.tables import escalations as steps
from chat.tables import people as people_table
from chat.tables import thirds as asks
from tests.place import Place
from tests.test_escalations import acknowledge, escalate, on_duty
from tests.three import chat
from tests.words import words


async def test_who_sees_to_the_case_asks_with_a_reason_and_nothing_is_shared_yet(place: Place) -> None:
    here = await chat(place)
    asked = await here.ask()
    async with place.store.reading() as tx:
        found = await thirds.standing(tx, here.room)
        assert await thirds.by_case(tx, here.third) == {here.case: "asked"}
    assert found is not None and (found.person, found.role) == (here.third, "professional") and found.nickname
    notice = (await place.read(here.room))[-1]
    assert (notice.kind, notice.code, notice.author, notice.ref) == (
        "notice", "professional_asks", here.third, asked,
    )  # fmt: skip
    [row] = await place.rows(audit, audit.c.act == "asked_in")
    assert (row.actor, row.subject, row.room, row.ref) == (here.third, here.seeker, here.room, here.case)
    assert row.body is not None, "the reason is kept, sealed"
    assert await here.range_of_third() is None
    with pytest.raises(NotAMember):
        await history.page(place.store, place.keys, here.room, here.third)
    assert await here.ask() == asked, "as long as it stands it is one"
    assert len(await place.rows(asks)) == 1


async def test_whoever_does_not_see_to_it_may_not_ask(place: Place) -> None:
    here = await chat(place)
    other, moderator = await on_duty(place, "professional"), await place.person("moderator", "supervisor")
    member = await place.person()
    for by in (other, moderator, member, here.peer, here.seeker):
        with pytest.raises((NotAllowed, NotAMember)):
            await here.ask(by)
    await claims.release(place.store, place.keys, here.third, Release(case=here.case))
    with pytest.raises(NotAllowed):
        await here.ask()
    await cases.claim(place.store, place.keys, moderator, Claim(case=here.case))
    assert await here.ask(moderator), "a supervisor who has claimed a call may"
    reported = Report(room=here.room, seq=here.said[0], reason=words())
    report = await cases.report(place.store, place.keys, here.peer, reported)
    await cases.claim(place.store, place.keys, moderator, Claim(case=report))
    with pytest.raises(NotAllowed):  # nobody was asked about a report that was merely claimed
        await here.ask(moderator, report)
    group = await place.room(here.seeker, here.peer)
    seq = await place.say(group, here.seeker, words())
    wide = await cases.report(place.store, place.keys, here.peer, Report(room=group, seq=seq))
    await cases.claim(place.store, place.keys, moderator, Claim(case=wide))
    await escalate(place, moderator, wide)
    [step] = await place.rows(steps, steps.c.case == wide)
    await acknowledge(place, step.whom, wide)
    with pytest.raises(NotAMember):
        await here.ask(step.whom, wide)


async def test_who_was_reported_learns_it_from_no_ask(place: Place) -> None:
    """In a one-to-one whoever reported the peer is the other."""
    here, moderator = await chat(place), await place.person("moderator")
    reported = Report(room=here.room, seq=here.said[1], reason=words(), level="minors")
    report = await cases.report(place.store, place.keys, here.seeker, reported)
    await cases.claim(place.store, place.keys, moderator, Claim(case=report))
    async with place.store.transaction() as tx:
        await roster.begin(tx, place.keys, here.third, 4)
    await escalate(place, moderator, report)
    await acknowledge(place, here.third, report)
    before = await place.read(here.room)
    with pytest.raises(NotAllowed):
        await here.ask(here.third, report)
    assert await place.read(here.room) == before
    async with place.store.reading() as tx:
        assert await thirds.by_case(tx, here.third) == {here.case: "may"}, "about the peer's own call they may"


@pytest.mark.parametrize("how", ["blocks", "is blocked", "matched", "ended"])
@pytest.mark.parametrize("whom", ["seeker", "peer"])
async def test_who_is_no_stranger_to_either_of_the_two_comes_not_in(place: Place, how: str, whom: str) -> None:
    """Asked before and after the ask; what hinders looks as if the chat were over."""
    for asked_before in (False, True):
        here = await chat(place)
        person = here.seeker if whom == "seeker" else here.peer
        asked = await here.ask() if asked_before else 0
        async with place.store.transaction() as tx:
            if how == "matched":
                await tx.lock(people_table, [here.third, person])
                await rooms.open_one_to_one(tx, person, here.third, 1)
            elif how == "ended":
                await rooms.leave(tx, here.room, here.peer)
            else:
                one, other = (here.third, person) if how == "blocks" else (person, here.third)
                await tx.execute(blocks.insert().values(person=one, blocked=other, at=await tx.now()))
        if not asked_before:
            with pytest.raises(NotAMember):
                await here.ask()
            continue
        async with place.store.reading() as tx:
            assert await thirds.by_case(tx, here.third) == {}
            assert how == "ended" or await thirds.standing(tx, here.room) is None
        with pytest.raises(RoomClosed if how == "ended" else Gone):
            await here.answer(asked, "all")
        assert await here.range_of_third() is None


async def test_the_member_alone_decides_and_the_answer_is_written_down(place: Place) -> None:
    here = await chat(place)
    asked = await here.ask()
    for by in (here.peer, here.third, await place.person(), await place.person("organiser")):
        with pytest.raises(NotAMember):
            await here.answer(asked, "all", by)
        with pytest.raises(NotAMember):
            await here.answer(12345, "all", by)
    await here.answer(asked, "not_now")
    await here.answer(asked, "not_now")
    with pytest.raises(Gone):
        await here.answer(asked, "all")
    assert await here.range_of_third() is None
    assert (await here.codes())[-2:] == ["notice professional_asks", "notice between_two"]
    await here.let_time_pass()
    await here.let_in("last")
    assert (await here.codes())[-3:] == ["notice professional_asks", "joined professional", "notice reads_last"]
    rows = [(row.actor, row.subject, row.code) for row in await place.rows(audit, audit.c.act == "answered")]
    assert rows == [(here.seeker, here.third, "not_now"), (here.seeker, here.third, "last")]
    with pytest.raises(NotAMember):
        await here.let_go(here.peer)


async def test_nobody_is_pressed(place: Place) -> None:
    here = await chat(place, "professional", "supervisor")
    asked = await here.ask()
    await here.answer(asked, "not_now")
    with pytest.raises(TooFast) as found:
        await here.ask()
    assert found.value.retry_after is not None and found.value.retry_after <= thirds.AGAIN_MS / 1000
    async with place.store.reading() as tx:
        assert await thirds.by_case(tx, here.third) == {here.case: "not_now"}
    await here.let_time_pass()
    again = await here.ask()
    other = await place.person("supervisor")
    await claims.hand_over(place.store, place.keys, here.third, HandOver(to=other))
    with pytest.raises(TooFast):  # another one, but of the same member
        await here.ask(other)
    async with place.store.reading() as tx:
        assert await thirds.by_case(tx, other) == {here.case: "lately"}, "it was not they who asked"
    with pytest.raises(Gone):  # who asked sees to it no more
        await here.answer(again, "all")
    await here.let_time_pass()
    newer = await here.ask(other)
    with pytest.raises(Gone):  # the answer was to the one before
        await here.answer(again, "all")
    await here.answer(newer, "from_here")
    assert await here.range_of_third() is None
    async with place.store.reading() as tx:
        inside = {(one.person, one.part) for one in await rooms.members(tx, here.room)}
        assert await thirds.by_case(tx, other) == {here.case: "in"}
    assert inside == {(here.seeker, "seeker"), (here.peer, "peer"), (other, "professional")}
    with pytest.raises(RoomFull):
        await here.let_time_pass()
        await here.ask(other)
    await here.let_go()
    async with place.store.reading() as tx:
        assert await thirds.by_case(tx, other) == {here.case: "lately"}, "the member had said yes"


async def test_a_muted_member_may_answer_and_end_it(place: Place) -> None:
    here = await chat(place)
    mute = Mute(person=here.seeker, room=here.room, minutes=5, rule="kindness", reason=words())
    await moderation.act(place.store, place.keys, await place.person("moderator"), mute)
    await here.let_in("from_here")
    await here.let_go()
    found = await here.range_of_third()
    assert found is not None and found[1] is not None
