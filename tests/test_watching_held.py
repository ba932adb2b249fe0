"""Watching what waits: whoever is in danger in a room that holds is found before a moderator has looked, and once."""

import asyncio

import pytest
import sqlalchemy as sa

from chat import cases, escalations, held, raising
from chat.cases import OpenedCase
from chat.ids import CaseId, PersonId, RoomId
from chat.protocol import TakeBack
from chat.queue import queue
from chat.raising import Stale
from chat.refusals import NotAMember
from chat.store import Transaction
from chat.tables import cases as cases_table
from chat.tables import entries
from chat.tables import escalations as steps
from chat.tables import held as held_table
from matcher import watching
from matcher.detectors import findings_held
from tests.circle import Circle
from tests.place import Place
from tests.test_held import decline, let_through, waiting, waits_in
from tests.watch import CRY, until_quiet, watching_in
from tests.words import words

CRIES, BEFORE = words(CRY), words("before")


async def found_held(place: Place) -> list[tuple[str, PersonId | None, int | None, int | None, int]]:
    """Return (code, subject, held, seq, times) of every case but the one in which it is judged."""
    rows = await place.rows(cases_table, cases_table.c.code != held.CODE)
    return [(one.code, one.subject, one.held, one.seq, one.times) for one in sorted(rows, key=lambda one: one.id)]


async def opened(place: Place, moderator: PersonId) -> OpenedCase:
    [row] = await place.rows(cases_table, cases_table.c.code != held.CODE)
    return await cases.open_case(place.store, place.keys, moderator, CaseId(row.id))


async def test_who_cries_out_where_it_waits_is_found_and_offered_help_before_anybody_has_looked(
    circle: Circle,
) -> None:
    place = circle.place
    moderator, friend, a = await place.person("moderator"), await place.person("moderator"), await place.person()
    await place.one_to_one(a, friend)
    room, [one, _] = await waits_in(place, a, moderator, CRIES, words("call me on 040 123 4567"))
    before = await place.say(room, a, BEFORE)
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(entries).where(entries.c.room == room, entries.c.seq == before).values(at=1))
    later = await place.say(room, a, words("later"))
    async with place.store.transaction() as tx:
        await tx.execute(
            sa.update(entries).where(entries.c.room == room, entries.c.seq == later).values(at=entries.c.at + 5)
        )
    await until_quiet(watching_in(circle))
    assert await found_held(place) == [("crisis_now", a, one.id, None, 1)]
    assert [one.code for one in await place.inbox(a) if one.kind == "notice"] == ["offered_help"]
    case = await opened(place, moderator)
    assert [(piece.seq, piece.text) for piece in case.evidence] == [(before, BEFORE), (0, CRIES)]
    assert (case.level, case.kind, case.seq) == ("imminent", "signal", None)
    async with place.store.reading() as tx:
        assert [card.code for card in await queue(tx, moderator)] == ["crisis_now", "held"]
        assert await queue(tx, friend) == []
    with pytest.raises(NotAMember):
        await opened(place, friend)
    assert len(await waiting(place, moderator, room)) == 2, "it waits as before"
    assert await until_quiet(watching_in(circle)) == 0
    assert await escalations.begin_unwatched(place.store, place.keys, 180) == 1
    assert [row.case for row in await place.rows(steps)] == [case.id], "nobody is on duty, so somebody is asked"


async def test_what_is_let_through_is_the_same_case_and_is_about_its_entry_then(circle: Circle) -> None:
    place = circle.place
    moderator, a = await place.person("moderator"), await place.person()
    room, [one, two] = await waits_in(place, a, moderator, CRIES, CRIES)
    await until_quiet(watching_in(circle))
    assert await found_held(place) == [("crisis_now", a, one.id, None, 2)]
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(cases_table).values(created_at=5))  # a night has passed
    await let_through(place, moderator, one)
    seq = (await place.read(room))[-1].seq
    await until_quiet(watching_in(circle))
    assert await found_held(place) == [("crisis_now", a, one.id, seq, 2)]
    case = await opened(place, moderator)
    assert case.seq == seq and (seq, CRIES) in [(piece.seq, piece.text) for piece in case.evidence]
    await let_through(place, moderator, two)
    await until_quiet(watching_in(circle))
    assert len(await found_held(place)) == 2, "the second was counted an age ago, so it is news"


async def test_what_was_declined_or_waited_in_vain_is_heard_and_what_was_taken_back_is_not(circle: Circle) -> None:
    place = circle.place
    moderator = await place.person("moderator")
    ended, vain, back, through = [await place.person() for _ in range(4)]
    _, [one] = await waits_in(place, ended, moderator, CRIES)
    await decline(place, moderator, one)
    await waits_in(place, vain, moderator, CRIES)
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(held_table).values(at=held_table.c.at - held.WAITS_MS))
    await held.end_due(place.store)
    room, [one] = await waits_in(place, back, moderator, CRIES)
    async with place.store.transaction() as tx:
        await held.take_back(tx, back, TakeBack(room=room, say_id=one.say_id))
    _, [one] = await waits_in(place, through, moderator, CRIES)
    await let_through(place, moderator, one)
    await until_quiet(watching_in(circle))
    raised = await found_held(place)
    assert {one[1] for one in raised} == {ended, vain, through} and len(raised) == 3
    assert [seq is None for _, subject, _, seq, _ in raised if subject == through] == [False]
    assert await place.rows(held_table, held_table.c.heard_at.is_(None)) == []


async def test_of_many_who_look_at_once_one_raises_it(circle: Circle) -> None:
    place = circle.place
    moderator = await place.person("moderator")
    people = [await place.person() for _ in range(4)]
    for person in people:
        await waits_in(place, person, moderator, CRIES, words("i will kill you"))
    one, other = watching_in(circle), watching_in(circle)
    await asyncio.gather(*(until_quiet(each) for each in (one, other, one, other)))
    await until_quiet(one)
    raised = await found_held(place)
    assert sorted(one[:2] for one in raised) == sorted(
        (code, person) for person in people for code in ("crisis_now", "threat")
    )
    assert {one[4] for one in raised} == {1}
    async with place.store.transaction() as tx:
        assert await held.hear(tx, [row.id for row in await place.rows(held_table)]) == 0, "each was heard"
    assert len(await place.keys.owners("case")) == len(await place.rows(cases_table))


@pytest.mark.parametrize("heard", [False, True])
async def test_a_process_that_dies_over_what_waits_leaves_it_to_the_next(circle: Circle, heard: bool) -> None:
    """It dies before it has noted that it heard, and once more when all is written and nothing is committed."""
    place = circle.place
    moderator, a = await place.person("moderator"), await place.person()
    room, [one] = await waits_in(place, a, moderator, CRIES)
    finding = findings_held(RoomId(room), one.id, a, CRIES)

    async def die(tx: Transaction) -> None:
        if heard:
            assert await held.hear(tx, [one.id]) == 1
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await raising.raise_cases(place.store, place.keys, finding, die)
    assert await found_held(place) == []
    await until_quiet(watching_in(circle))
    assert [one[0] for one in await found_held(place)] == ["crisis_now"]


async def test_what_is_let_through_between_the_look_and_the_write_is_found_as_an_entry(circle: Circle) -> None:
    place = circle.place
    moderator, a = await place.person("moderator"), await place.person()
    room, [one] = await waits_in(place, a, moderator, CRIES)
    finding = findings_held(RoomId(room), one.id, a, CRIES)
    await let_through(place, moderator, one)

    async def keep(tx: Transaction) -> None:
        if not await held.hear(tx, [one.id]):
            raise Stale

    with pytest.raises(Stale):
        await raising.raise_cases(place.store, place.keys, finding, keep)
    await until_quiet(watching_in(circle))
    [(_, _, which, seq, times)] = await found_held(place)
    assert which is None and seq is not None and times == 1


async def test_what_is_old_raises_nothing_and_keeps_nobody_busy(sqlite_circle: Circle) -> None:
    place = sqlite_circle.place
    moderator, a = await place.person("moderator"), await place.person()
    await waits_in(place, a, moderator, CRIES)
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(held_table).values(at=held_table.c.at - watching.LATE_MS - 1000))
    await until_quiet(watching_in(sqlite_circle))
    assert await found_held(place) == [] and await until_quiet(watching_in(sqlite_circle)) == 0


async def test_the_one_who_asks_what_is_unheard_reads_an_index(circle: Circle) -> None:
    unheard = "select * from held where heard_at is null order by at limit 100"
    async with circle.place.store.transaction() as tx:
        if tx.is_postgresql:
            await tx.execute(sa.text("set local enable_seqscan = off"))
        explain = "explain " if tx.is_postgresql else "explain query plan "
        plan = str((await tx.execute(sa.text(explain + unheard))).all())
    assert "ix_held_unheard" in plan
