"""What is said in a room that holds: it waits for a moderator, and nobody but its author learns of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from chat import appeals, cases, held, moderation, rooms
from chat.clock import Clock
from chat.group import GroupCommit, Said
from chat.held import HeldSay
from chat.holding import Holding
from chat.ids import ActId, CaseId, PersonId, RoomId, Seq
from chat.journal import Journal
from chat.protocol import Edit, TakeBack
from chat.refusals import Gone, NotAllowed, NotAMember, Refusal, StillWaits
from chat.retention import Retention
from chat.settings import Settings
from chat.staff_commands import Claim, Close, Decide, Decline, Hold, LetThrough, Undo
from chat.tables import acts, audit
from chat.tables import cases as cases_table
from chat.tables import held as held_table
from chat.talk import edit
from chat.timeline import seal
from tests.place import WHY, Place
from tests.test_group import Speakers, code, driver_of
from tests.words import words

ONE, TWO = words("one"), words("two")


@asynccontextmanager
async def speaking(place: Place, says: int = 1000) -> AsyncIterator[Speakers]:
    """One process: a group commit, and the writer of what waits beside it."""
    settings = Settings.from_environment({"HEARTHSIDE_SAYS": str(says)})
    driver, holding = driver_of(place, says), Holding(place.store, place.keys, settings)
    group = GroupCommit(driver, lambda _: None, lambda _: None, holding.take)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(group.run())
        keeping = tasks.create_task(holding.run())
        yield Speakers(place, group)
        group.end()
        keeping.cancel()
    await driver.close()


async def hold(place: Place, by: PersonId, room: RoomId, hours: str | None = None) -> ActId:
    return await moderation.act(place.store, place.keys, by, Hold(room=room, hours=hours, **WHY))


async def undo(place: Place, by: PersonId, act: ActId) -> None:
    await moderation.undo(place.store, place.keys, by, Undo(act=act))


async def waiting(place: Place, by: PersonId, room: RoomId) -> list[HeldSay]:
    return await held.to_judge(place.store, place.keys, by, room)


async def let_through(place: Place, by: PersonId, one: HeldSay) -> None:
    await held.let_through(place.store, place.keys, by, LetThrough(held=one.id))


async def decline(place: Place, by: PersonId, one: HeldSay) -> ActId:
    return await moderation.act(place.store, place.keys, by, Decline(held=one.id, **WHY))


async def said(place: Place, room: RoomId) -> list[str]:
    return [one.text for one in await place.read(room) if one.kind == "said" and not one.hidden]


async def waits_in(place: Place, person: PersonId, moderator: PersonId, *texts: str) -> tuple[RoomId, list[HeldSay]]:
    """Make a room that holds, and let somebody say something in it."""
    room = await place.room(person)
    await hold(place, moderator, room)
    async with speaking(place) as here:
        for text in texts or (ONE,):
            assert code(await here.say(room, person, text)) == "held"
    return room, await waiting(place, moderator, room)


def hours_around(now: datetime, *, inside: bool) -> str:
    begins = now - timedelta(hours=1) if inside else now + timedelta(hours=2)
    return f"{begins:%H:%M}-{begins + timedelta(hours=2):%H:%M}"


async def test_what_is_said_waits_and_takes_no_number_and_is_said_once_when_it_is_let_through(place: Place) -> None:
    moderator, a, b = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(a, b)
    made = await hold(place, moderator, room)
    assert await hold(place, moderator, room) == made, "once"
    before = [one.seq for one in await place.read(room)]
    async with speaking(place) as here, speaking(place) as there:
        for one in (here, there):
            assert code(await one.say(room, a, ONE, "held-say-id")) == "held", "the same answer again"
        assert code(await here.say(room, a, TWO, "held-say-id")) == "say_id_conflict"
        assert [one.seq for one in await place.read(room)] == before
        [case] = await place.rows(cases_table, cases_table.c.code == "held")
        assert (case.room, case.subject, case.level) == (room, None, "other")
        assert code(await here.say(room, b, TWO)) == "held"
        [case] = await place.rows(cases_table)
        assert case.times == 1, "one case a room, and how much waits is not told"
        first, second = await waiting(place, moderator, room)
        assert (first.text, second.text) == (ONE, TWO)
        [mine] = await held.of_author(place.store, place.keys, a, room)
        assert (mine.text, mine.say_id, mine.waits) == (ONE, "held-say-id", True)
        await let_through(place, moderator, second)
        await let_through(place, moderator, first)
        assert await said(place, room) == [TWO, ONE]
        assert [one.seq for one in await place.read(room)] == [*before, len(before) + 1, len(before) + 2]
        again = await there.say(room, a, ONE, "held-say-id")
        assert isinstance(again, Said) and (again.seq, again.fresh) == (len(before) + 2, False)
        with pytest.raises(NotAMember):
            await let_through(place, moderator, first)
        await undo(place, moderator, made)
        assert code(await here.say(room, a)) == "said"
    assert [one.kind for one in await place.desk()][1:] == ["holding", "let_through", "let_through", "undone"]
    assert len(await place.rows(audit, audit.c.act == "let_through", audit.c.actor == moderator)) == 2


async def test_who_may_not_judge_the_author_neither_sees_nor_decides_what_waits(place: Place) -> None:
    moderator, other, a, b = [
        await place.person(*roles) for roles in (("moderator",), ("moderator",), (), ())
    ]  # fmt: skip
    await place.one_to_one(a, moderator)
    room = await place.room(a, b)
    await hold(place, other, room)
    async with speaking(place) as here:
        await here.say(room, a, ONE)
        await here.say(room, b, TWO)
    assert [one.text for one in await waiting(place, moderator, room)] == [TWO]
    first, second = await waiting(place, other, room)
    for by, refusal in ((moderator, NotAMember), (a, NotAllowed), (b, NotAllowed)):
        with pytest.raises(refusal):
            await let_through(place, by, first)
        with pytest.raises((NotAMember, NotAllowed)):
            await decline(place, by, first)
    await let_through(place, moderator, second)
    await let_through(place, other, first)
    assert await said(place, room) == [TWO, ONE]


async def test_who_is_declined_is_told_and_can_appeal_and_what_is_overturned_is_said(place: Place) -> None:
    moderator, other, a = await place.person("moderator"), await place.person("moderator"), await place.person()
    room, [one] = await waits_in(place, a, moderator)
    made = await decline(place, moderator, one)
    assert await decline(place, moderator, one) == made
    assert [(one.kind, one.ref, one.code) for one in await place.inbox(a)] == [("declined", made, "kindness")]
    assert await held.of_author(place.store, place.keys, a, room) == await waiting(place, moderator, room) == []
    async with speaking(place) as here:
        assert code(await here.say(room, a, ONE, one.say_id)) == "gone"
    assert await appeals.excerpts(place.store, place.keys, a, [made]) == {made: [ONE]}
    appeal = await appeals.appeal(place.store, place.keys, a, made, words())
    opened = await cases.open_case(place.store, place.keys, other, appeal)
    assert ONE in [piece.text for piece in opened.evidence]
    await cases.claim(place.store, place.keys, other, Claim(case=appeal))
    decide = Decide(case=appeal, outcome="overturned", reason="A reason.")
    await appeals.decide(place.store, place.keys, Journal(place.folder / "j"), other, decide)
    assert await said(place, room) == [ONE]
    [row] = await place.rows(acts, acts.c.id == made)
    assert row.undone_by == other


async def test_what_its_author_takes_back_is_nowhere_and_cannot_be_let_through(place: Place) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    room, [one] = await waits_in(place, a, moderator)
    back = TakeBack(room=room, say_id=one.say_id)
    for _ in range(2):
        async with place.store.transaction() as tx:
            await held.take_back(tx, a, back)
    [row] = await place.rows(held_table)
    assert row.body is None and await waiting(place, moderator, room) == []
    for judging in (let_through, decline):
        with pytest.raises(Gone):
            await judging(place, moderator, one)  # type: ignore[operator]
    async with speaking(place) as here:
        assert code(await here.say(room, a, ONE, one.say_id)) == "gone"
    with pytest.raises(Gone):
        async with place.store.transaction() as tx:
            await held.take_back(tx, moderator, back)


async def test_what_nobody_looks_at_in_a_day_waits_no_more_and_its_author_is_told_and_keeps_the_words(
    place: Place,
) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    room, [one] = await waits_in(place, a, moderator)
    await held.end_due(place.store)
    assert len(await waiting(place, moderator, room)) == 1
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(held_table).values(at=held_table.c.at - held.WAITS_MS))
    for _ in range(2):
        await held.end_due(place.store)
    assert [(one.kind, one.code) for one in await place.inbox(a)] == [("notice", "not_looked_at")]
    [mine] = await held.of_author(place.store, place.keys, a, room)
    assert (mine.text, mine.waits) == (ONE, False)
    with pytest.raises(Gone):
        await let_through(place, moderator, one)
    assert await place.rows(acts, acts.c.person == a) == []
    async with place.store.reading() as tx:
        now = await tx.now()
    await held.forget(place.store, now, 0)
    assert await held.of_author(place.store, place.keys, a, room) == [] and len(await place.rows(held_table)) == 1
    await held.forget(place.store, now, now)
    assert await place.rows(held_table) == []


async def test_what_waits_is_decided_after_the_room_holds_no_more_and_is_said_once(place: Place) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    room, [one, two] = await waits_in(place, a, moderator, ONE, TWO)
    [holding] = await place.rows(acts, acts.c.kind == "holding")
    [case] = await place.rows(cases_table)
    await claim(place, moderator, CaseId(case.id))
    await undo(place, moderator, ActId(holding.id))
    await let_through(place, moderator, one)
    async with speaking(place) as here:
        assert code(await here.say(room, a, TWO, two.say_id)) == "said", "an old page sends it again"
    assert await waiting(place, moderator, room) == []
    await let_through(place, moderator, two)
    assert await said(place, room) == [ONE, TWO] and await place.rows(held_table) == []
    await close(place, moderator, CaseId(case.id))


async def test_a_say_id_that_waits_or_has_waited_is_never_that_of_other_words(place: Place) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    other = await place.room(a)
    before = await place.say(other, a, words())
    room, [one, two] = await waits_in(place, a, moderator, ONE, TWO)
    mine = await place.say(room, a, words())
    await decline(place, moderator, two)
    [holding] = await place.rows(acts, acts.c.kind == "holding")
    async with speaking(place) as here:
        for _ in range(2):  # while the room holds, and when it holds no more
            for waits in (one, two):
                for where, text in ((other, words("elsewhere")), (other, waits.text), (room, words("else"))):
                    assert code(await here.say(where, a, text, waits.say_id)) == "say_id_conflict"
                for where, target in ((other, before), (room, mine)):
                    assert await refused_edit(place, a, where, target, waits.say_id) == "say_id_conflict"
            await undo(place, moderator, ActId(holding.id))
        assert code(await here.say(other, await stranger(place, other), ONE, one.say_id)) == "said", "another's own"
    await let_through(place, moderator, one)
    assert len(await said(place, other)) == 2 and (await said(place, room))[1:] == [ONE]


async def stranger(place: Place, room: RoomId, person: PersonId | None = None) -> PersonId:
    person = await place.person() if person is None else person
    async with place.store.transaction() as tx:
        await rooms.join(tx, room, person)
    return person


async def refused_edit(place: Place, person: PersonId, room: RoomId, target: Seq, say_id: str) -> str:
    text = words()
    sealed = seal(await place.keys.get(person, "said"), room, person, say_id, text)
    with pytest.raises(Refusal) as refused:
        async with place.store.transaction() as tx:
            await edit(tx, person, Edit(room=room, seq=target, say_id=say_id, text=text), sealed, 20, 10, UTC)
    return refused.value.code


async def claim(place: Place, by: PersonId, case: CaseId) -> None:
    await cases.claim(place.store, place.keys, by, Claim(case=case))


async def close(place: Place, by: PersonId, case: CaseId) -> None:
    command = Close(case=case, outcome="nothing")
    await cases.close(place.store, place.keys, Journal(place.folder / "j"), by, command)


async def test_a_case_in_which_something_waits_is_not_closed(place: Place) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    room, [one] = await waits_in(place, a, moderator)
    [case] = await place.rows(cases_table)
    await claim(place, moderator, CaseId(case.id))
    with pytest.raises(StillWaits):
        await close(place, moderator, CaseId(case.id))
    await decline(place, moderator, one)
    await close(place, moderator, CaseId(case.id))
    async with speaking(place) as here:
        assert code(await here.say(room, a)) == "held"
    assert len(await place.rows(cases_table)) == 2, "the next opens another"


async def test_a_sweep_ends_and_forgets_what_is_due(place: Place) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    await waits_in(place, a, moderator)
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(held_table).values(at=1))
    settings = Settings.from_environment({})
    assert await Retention(place.store, place.keys, settings, Clock()).sweep()
    [row] = await place.rows(held_table)
    assert row.ended_at is not None and row.body is not None
