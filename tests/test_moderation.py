"""Moderation: what a mute and a removal do, to whom they may be done, and that each is one transaction."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import sqlalchemy as sa

from chat import access, cases, moderation, people
from chat.ids import CaseId, PersonId, RoomId, Seq
from chat.journal import Journal
from chat.protocol import Report
from chat.refusals import Gone, Muted, NotAllowed, NotAMember
from chat.staff_commands import Close, Mute, Remove, Undo
from chat.tables import acts, audit, entries, hidden, mutes
from tests.place import Place
from tests.words import words


def mute_of(person: PersonId, room: RoomId | None = None, *, minutes: int = 5, case: int | None = None) -> Mute:
    return Mute(person=person, room=room, minutes=minutes, rule="kindness", reason=words(), case=case)


async def may_speak(place: Place, room: RoomId, person: PersonId) -> bool:
    try:
        async with place.store.transaction() as tx:
            await access.require_voice(tx, room, person)
    except Muted:
        return False
    return True


async def test_a_mute_everywhere_reaches_groups_and_leaves_one_to_ones_alone(place: Place) -> None:
    moderator, person, peer = await place.person("moderator"), await place.person(), await place.person()
    first, second = await place.room(person), await place.room(person)
    chat = await place.one_to_one(person, peer)
    mute = await moderation.act(place.store, place.keys, moderator, mute_of(person))
    assert [await may_speak(place, room, person) for room in (first, second, chat)] == [False, False, True]
    assert [(one.kind, one.ref, one.code) for one in (await place.inbox(person))[1:]] == [("muted", mute, "kindness")]
    assert [(one.kind, one.ref) for one in (await place.desk())[1:]] == [("muted", mute)]
    [row] = await place.rows(audit, audit.c.act == "muted")
    assert (row.actor, row.subject, row.room, row.ref, row.code) == (moderator, person, None, mute, "kindness")
    assert row.body is not None


async def test_a_mute_in_one_room_is_for_that_room(place: Place) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    first, second = await place.room(person), await place.room(person)
    await moderation.act(place.store, place.keys, moderator, mute_of(person, first))
    assert [await may_speak(place, room, person) for room in (first, second)] == [False, True]
    assert [one.kind for one in await place.read(first)] == ["joined"]


async def test_a_one_to_one_is_paused_only_when_it_is_named_and_the_peer_is_told(place: Place) -> None:
    moderator, person, peer = await place.person("moderator"), await place.person(), await place.person()
    chat = await place.one_to_one(person, peer)
    mute = await moderation.act(place.store, place.keys, moderator, mute_of(person, chat))
    assert [await may_speak(place, chat, one) for one in (person, peer)] == [False, True]
    told = [(one.kind, one.author, one.ref, one.code) for one in (await place.read(chat))[1:]]
    assert told == [("notice", 0, mute, "paused")]
    await moderation.undo(place.store, place.keys, moderator, Undo(act=mute))
    assert (await place.read(chat))[-1].code == "resumed"
    assert await may_speak(place, chat, person)


async def test_unmuting_twice_is_told_once(place: Place) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    room = await place.room(person)
    mute = await moderation.act(place.store, place.keys, moderator, mute_of(person))
    for _ in range(2):
        await moderation.undo(place.store, place.keys, moderator, Undo(act=mute, reason=words()))
    assert await may_speak(place, room, person)
    assert [one.kind for one in await place.inbox(person)] == ["muted", "undone"]
    assert [one.act for one in await place.rows(audit, audit.c.subject == person)] == ["muted", "undone"]
    with pytest.raises(NotAMember):
        await moderation.undo(place.store, place.keys, moderator, Undo(act=12345))


async def test_a_mute_ends_by_the_databases_clock(place: Place) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    room = await place.room(person)
    mute = await moderation.act(place.store, place.keys, moderator, mute_of(person))
    async with place.store.transaction() as tx:
        for table in (mutes, acts):
            await tx.execute(sa.update(table).values(until=await tx.now()))
    assert await may_speak(place, room, person)
    await moderation.undo(place.store, place.keys, moderator, Undo(act=mute))
    assert [one.kind for one in await place.inbox(person)] == ["muted"]


@pytest.mark.parametrize("role", ["moderator", "supervisor", "organiser"])
async def test_nobody_mutes_themself_or_staff_but_an_organiser_may(place: Place, role: str) -> None:
    moderator, target, member = await place.person("moderator"), await place.person(role), await place.person("peer")
    organiser = await place.person("organiser")
    for by, whom in ((moderator, target), (member, target), (PersonId(12345), member)):
        with pytest.raises(NotAllowed):
            await moderation.act(place.store, place.keys, by, mute_of(whom))
    for by in (moderator, organiser):
        with pytest.raises(NotAMember):
            await moderation.act(place.store, place.keys, by, mute_of(by))
    mute = await moderation.act(place.store, place.keys, organiser, mute_of(target))
    for by, refusal in ((target, NotAMember), (moderator, NotAllowed)):
        with pytest.raises(refusal):
            await moderation.undo(place.store, place.keys, by, Undo(act=mute))
    await moderation.undo(place.store, place.keys, organiser, Undo(act=mute))


async def test_a_mute_of_nobody_or_in_a_room_that_is_not_theirs_is_refused_alike(place: Place) -> None:
    moderator, person, other = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(other)
    async with place.store.reading() as tx:
        inbox = (await people.find(tx, person)).inbox
    for bad in (mute_of(PersonId(12345)), mute_of(person, room), mute_of(person, inbox), mute_of(person, RoomId(7)),
                mute_of(person, case=12345)):  # fmt: skip
        with pytest.raises(NotAMember):
            await moderation.act(place.store, place.keys, moderator, bad)
    with pytest.raises(NotAllowed):
        await moderation.act(place.store, place.keys, other, mute_of(person, case=12345))
    assert await place.rows(mutes) == []


async def test_a_banned_moderator_mutes_lifts_and_removes_nothing_any_more(place: Place) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    organiser = await place.person("organiser")
    room = await place.room(person)
    said = await place.say(room, person, words())
    mute = await moderation.act(place.store, place.keys, moderator, mute_of(person))
    await place.ban(moderator, organiser)
    with pytest.raises(NotAllowed):
        await moderation.act(place.store, place.keys, moderator, mute_of(person))
    with pytest.raises(NotAllowed):
        await moderation.undo(place.store, place.keys, moderator, Undo(act=mute))
    with pytest.raises(NotAllowed):
        remove = Remove(room=room, seq=said, rule="kindness", reason="")
        await moderation.act(place.store, place.keys, moderator, remove)
    assert not await may_speak(place, room, person)


async def test_a_mute_waits_for_who_speaks_and_holds_for_who_speaks_next(place: Place) -> None:
    """The gate: a transaction that has asked for voice is held open while the mute begins."""
    moderator, person = await place.person("moderator"), await place.person()
    room = await place.room(person)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        async with place.store.transaction() as tx:
            await access.require_voice(tx, room, person)
            muting = tasks.create_task(moderation.act(place.store, place.keys, moderator, mute_of(person)))
            done, _ = await asyncio.wait({muting}, timeout=1)
            assert not done, "the mute was acknowledged while an accepted say was not committed yet"
        await muting
    assert not await may_speak(place, room, person)


async def test_removing_hides_an_entry_and_its_edits_and_tells_the_author_once(place: Place) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    room = await place.room(person)
    said = await place.say(room, person, words())
    edit = await place.say(room, person, words(), edits=said)
    made = [
        await moderation.act(
            place.store, place.keys, moderator, Remove(room=room, seq=seq, rule="kindness", reason=words())
        )
        for seq in (edit, said)
    ]
    assert made[0] == made[1], "the same act"
    shown = await place.read(room)
    assert [(one.kind, one.text, one.hidden) for one in shown[1:]] == [
        ("said", "", "removed"), ("edited", "", "removed"), ("removed", "", ""),
    ]  # fmt: skip
    assert (shown[-1].target, shown[-1].author, shown[-1].ref) == (said, 0, made[0])
    assert [(one.kind, one.ref, one.code) for one in await place.inbox(person)] == [("removed", made[0], "kindness")]
    assert len(await place.rows(audit, audit.c.act == "removed")) == 1
    assert len(await place.rows(hidden, hidden.c.room == room)) == 2
    bodies = [one.body for one in await place.rows(entries, entries.c.room == room, entries.c.kind == "said")]
    assert None not in bodies, "kept for 72 h, so that a report still finds it"


async def test_only_staff_remove_and_only_what_has_words(place: Place) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    room = await place.room(person)
    said = await place.say(room, person, words())

    def remove(by: PersonId, seq: int, where: int = room) -> Callable[[], Awaitable[Seq]]:
        command = Remove(room=where, seq=seq, rule="kindness", reason="")
        return lambda: moderation.act(place.store, place.keys, by, command)

    with pytest.raises(NotAllowed):
        await remove(person, said)()
    for bad in (remove(moderator, 1), remove(moderator, 99), remove(moderator, 1, 1), remove(moderator, 1, 12345)):
        with pytest.raises(NotAMember):
            await bad()


async def test_an_act_on_a_case_has_its_reason_under_the_cases_key(place: Place) -> None:
    moderator, person, reporter = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(person, reporter)
    said = await place.say(room, person, words())
    case = await cases.report(place.store, place.keys, reporter, Report(room=room, seq=said))
    command = mute_of(person, case=case)
    await moderation.act(place.store, place.keys, moderator, command)
    [row] = await place.rows(audit, audit.c.act == "muted")
    key = await place.keys.get(CaseId(case), "case")
    assert key.open(row.body, f"audit\0{moderator}".encode()) == command.reason


@pytest.mark.parametrize("state", ["closed", "never"])
async def test_an_act_without_a_reason_asks_for_its_case_too(place: Place, state: str) -> None:
    supervisor, person, reporter = await place.person("supervisor"), await place.person(), await place.person()
    room = await place.room(person, reporter)
    said = await place.say(room, person, words())
    case = CaseId(12345)
    if state == "closed":
        case = await cases.report(place.store, place.keys, reporter, Report(room=room, seq=said))
        journal = Journal(place.folder / "erasures.journal")
        await cases.close(place.store, place.keys, journal, supervisor, Close(case=case, outcome="nothing"))
    refusal = Gone if state == "closed" else NotAMember
    with pytest.raises(refusal):
        mute = Mute(person=person, minutes=5, rule="kindness", reason="", case=case)
        await moderation.act(place.store, place.keys, supervisor, mute)
    with pytest.raises(refusal):
        remove = Remove(room=room, seq=said, rule="kindness", reason="", case=case)
        await moderation.act(place.store, place.keys, supervisor, remove)
    assert await place.rows(mutes) == [] and await place.rows(hidden) == []
