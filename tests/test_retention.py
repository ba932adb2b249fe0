"""Retention: what is due dies, what is not stays, and nothing dies by a clock nobody trusts."""

import asyncio
import dataclasses

import pytest
import sqlalchemy as sa

from chat import audit, cases, links, moderation, retention, rooms, sessions, timeline
from chat.clock import Clock, confirm_clock
from chat.ids import PersonId, RoomId, Seq
from chat.keys import KeyDestroyed
from chat.protocol import Done, Ping, Report
from chat.retention import DAY_MS, HOUR_MS, Retention
from chat.settings import Settings
from chat.staff_commands import Mute
from chat.tables import audit as audit_table
from chat.tables import cases as cases_table
from chat.tables import entries, evidence, hidden
from chat.tables import links as links_table
from chat.tables import mutes as mutes_table
from chat.tables import rooms as rooms_table
from chat.tables import sessions as sessions_table
from tests.live import live
from tests.place import Place
from tests.words import words

SETTINGS = Settings()


def of(place: Place, **changes: int) -> Retention:
    settings = dataclasses.replace(SETTINGS, **changes)  # type: ignore[arg-type]
    return Retention(place.store, place.keys, settings, Clock())


async def age(place: Place, table: sa.Table, column: str, ms: int, *where: "sa.ColumnElement[bool]") -> None:
    """Make rows look older than they are."""
    async with place.store.transaction() as tx:
        older = sa.update(table).where(*where)
        await tx.execute(older.values({column: table.c[column] - ms}))


async def append(place: Place, room: RoomId, kind: str, person: PersonId, seq: Seq) -> None:
    async with place.store.transaction() as tx:
        await tx.lock(rooms_table, [room])
        await timeline.append(tx, room, kind, person, target=seq)


async def bodies(place: Place, room: RoomId) -> dict[int, bool]:
    """Which entries with words of a room still have them."""
    rows = await place.rows(entries, entries.c.room == room, entries.c.say_id.is_not(None))
    return {row.seq: row.body is not None for row in rows}


async def test_hidden_words_die_after_their_hours_and_not_before(place: Place) -> None:
    person = await place.person()
    room = await place.room(person)
    kept, taken_back, changed = [await place.say(room, person, words()) for _ in range(3)]
    await append(place, room, "retracted", person, taken_back)
    edit = await place.say(room, person, words(), edits=changed)
    await age(place, hidden, "at", 72 * HOUR_MS - 60_000)
    await of(place).sweep()
    assert all((await bodies(place, room)).values())
    await age(place, hidden, "at", 60_000)
    for _ in range(2):
        await of(place).sweep()
    assert await bodies(place, room) == {kept: True, taken_back: False, changed: False, edit: True}
    shown = {one.seq: one for one in await place.read(room)}
    assert shown[changed].text != "" and shown[taken_back].hidden == "retracted"


async def test_a_group_room_begins_later_and_its_words_are_gone(place: Place) -> None:
    person = await place.person()
    room = await place.room(person)
    old = [await place.say(room, person, words()) for _ in range(3)]
    await age(place, entries, "at", 91 * DAY_MS)
    young = await place.say(room, person, words())
    await of(place).sweep()
    [row] = await place.rows(rooms_table, rooms_table.c.id == room)
    assert (row.first_seq, row.last_seq) == (young, young)
    assert await bodies(place, room) == {**dict.fromkeys(old, False), young: True}
    assert len(await place.rows(entries, entries.c.room == room)) == 5, "rows stay, so that a say_id is still known"


async def test_rows_go_thirty_days_after_their_words_and_the_room_goes_on(place: Place) -> None:
    person = await place.person()
    room = await place.room(person)
    said = await place.say(room, person, words())
    await append(place, room, "retracted", person, said)
    await age(place, entries, "at", 119 * DAY_MS)
    await of(place).sweep()
    assert len(await place.rows(entries, entries.c.room == room)) == 3
    await age(place, entries, "at", 2 * DAY_MS)
    for _ in range(2):
        await of(place).sweep()
    assert await place.rows(entries, entries.c.room == room) == []
    assert await place.rows(hidden) == []
    assert await place.say(room, person, words()) == 4


async def test_a_one_to_one_is_kept_while_it_lasts_and_thirty_days_longer(place: Place) -> None:
    seeker, peer = await place.person(), await place.person()
    room = await place.one_to_one(seeker, peer)
    said = await place.say(room, seeker, words())
    await age(place, entries, "at", 400 * DAY_MS)
    await of(place).sweep()
    assert await bodies(place, room) == {said: True}
    async with place.store.transaction() as tx:
        await rooms.leave(tx, room, seeker)
    await age(place, rooms_table, "closed_at", 29 * DAY_MS)
    await of(place).sweep()
    assert await bodies(place, room) == {said: True}
    await age(place, rooms_table, "closed_at", 2 * DAY_MS)
    await of(place).sweep()
    assert await bodies(place, room) == {said: False}
    async with place.store.reading() as tx:
        assert await rooms.listing(tx, peer) == []
    await age(place, rooms_table, "closed_at", 30 * DAY_MS)
    await age(place, entries, "at", 60 * DAY_MS)
    await of(place).sweep()
    assert await place.rows(entries, entries.c.room == room) == []


async def test_a_case_and_its_key_are_kept_a_year(place: Place) -> None:
    moderator, person, reporter = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(person, reporter)
    report = Report(room=room, seq=await place.say(room, person, words()), reason=words())
    case = await cases.report(place.store, place.keys, reporter, report)
    await age(place, cases_table, "created_at", 364 * DAY_MS)
    await of(place).sweep()
    assert (await cases.open_case(place.store, place.keys, moderator, case)).reason
    await age(place, cases_table, "created_at", 2 * DAY_MS)
    await of(place).sweep()
    assert await place.rows(cases_table) == [] and await place.rows(evidence) == []
    with pytest.raises(KeyDestroyed):
        await place.keys.get(case, "case")


async def test_the_audit_loses_its_reasons_then_its_rows_and_holds_all_the_time(place: Place) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    command = Mute(person=person, minutes=5, rule="kindness", reason=words())
    key = place.keys.derive("audit")
    await moderation.act(place.store, place.keys, moderator, command)
    await of(place, keep_case_days=0).sweep()
    rows = await place.rows(audit_table)
    assert [(row.act, row.body is not None, row.body_digest is not None) for row in rows] == [
        ("granted", False, False), ("muted", False, True),
    ]  # fmt: skip
    assert (await audit.verify(place.store, key)).broken is None
    await of(place, keep_audit_days=0).sweep()
    assert await place.rows(audit_table) == []
    assert (await audit.verify(place.store, key)).broken is None
    await moderation.act(place.store, place.keys, moderator, command)
    assert (await audit.verify(place.store, key)).broken is None


async def test_doors_that_open_nothing_are_taken_away(place: Place) -> None:
    person, moderator = await place.person(), await place.person("moderator")
    async with place.store.transaction() as tx:
        await sessions.open(tx, person)
        await links.make_link(tx)
    await moderation.act(place.store, place.keys, moderator, Mute(person=person, minutes=1, rule="kindness", reason=""))
    await of(place).sweep()
    doors = ((sessions_table, "expires_at", 61), (links_table, "expires_at", 3), (mutes_table, "until", 366))
    for table, column, days in doors:
        assert len(await place.rows(table)) == 1
        await age(place, table, column, days * DAY_MS)
    await of(place).sweep()
    assert [await place.rows(table) for table, _, _ in doors] == [[], [], []]


async def test_a_socket_ends_with_its_session_and_with_no_other(place: Place) -> None:
    person, other = await place.person(), await place.person()
    async with live(place) as one, one.client(person) as over, one.client(other) as kept:
        [row] = await place.rows(sessions_table, sessions_table.c.person == person)
        async with one.client(person) as mine:
            await age(place, sessions_table, "expires_at", 61 * DAY_MS, sessions_table.c.id == row.id)
            await of(place).sweep()
            assert await over.closed() == 1008
            for still in (mine, kept):
                assert isinstance(await still.ask(Ping()), Done)
        assert [(told.kind, told.ref) for told in await place.inbox(person)] == [("signed_out", row.id)]
        assert await place.inbox(other) == []
        await of(place).sweep()
        assert len(await place.inbox(person)) == 1, "it is told once"


async def test_keys_of_nobody_are_destroyed_once_they_were_seen_twice(place: Place) -> None:
    person = await place.person()
    await place.keys.make(77, "said", "own")
    await place.keys.make(78, "case")
    sweeping = of(place)
    await sweeping.sweep_keys()
    assert await place.keys.owners("said") == {person, 77}
    await sweeping.sweep_keys()
    for purpose, left in (("said", {person}), ("own", {person}), ("case", set())):
        assert await place.keys.owners(purpose) == left  # type: ignore[arg-type]


async def test_nothing_expires_by_a_clock_that_jumped_until_it_is_confirmed(place: Place) -> None:
    person = await place.person()
    room = await place.room(person)
    said = await place.say(room, person, words())
    counted = iter([1000.0, 1000.0, 1000.0 - 30 * 86_400, 1000.0, 1000.0, 1000.0])
    sweeping = Retention(place.store, place.keys, SETTINGS, Clock(lambda: next(counted)))
    assert await sweeping.sweep() and await sweeping.sweep()
    await age(place, entries, "at", 91 * DAY_MS)
    assert not await sweeping.sweep()
    assert not await sweeping.sweep()
    assert await bodies(place, room) == {said: True}
    async with place.store.transaction() as tx:
        await confirm_clock(tx)
    assert await sweeping.sweep()
    assert await bodies(place, room) == {said: False}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # on SQLite it looks like away
async def test_a_sweep_that_fails_is_told_and_is_not_the_last(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    async with place.store.transaction() as tx:
        await tx.execute(sa.text("alter table links rename to away"))
    sweeping = asyncio.ensure_future(retention.run(place.store, place.keys, SETTINGS))
    try:
        for _ in range(500):
            if sweeping.done() or "a sweep failed" in caplog.text:
                break
            await asyncio.sleep(0.01)
        assert "a sweep failed" in caplog.text
        assert not sweeping.done()
    finally:
        sweeping.cancel()
