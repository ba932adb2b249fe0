"""The acts of moderators beside muting and removing: what each does, that it holds, is told, and can be undone."""

import asyncio
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from chat import access, house_rules, moderation, raids, rooms
from chat.ids import ActId, PersonId, RoomId
from chat.protocol import Retract
from chat.refusals import (
    Expelled,
    Gone,
    Malformed,
    NotAMember,
    Refusal,
    RoomLocked,
    SignedOut,
)
from chat.staff_commands import Ban, Clear, Expel, Guard, Hold, Lock, Mute, Remove, Slow, Undo, Warn
from chat.tables import acts, audit, entries, hidden
from chat.talk import retract
from tests.place import WHY, Place
from tests.test_group import code, speaking
from tests.words import words


async def act(place: Place, by: PersonId, command: moderation.OnPerson | moderation.OnRoom | Guard) -> ActId:
    if isinstance(command, Guard):
        return await raids.guard(place.store, place.keys, by, command)
    return await moderation.act(place.store, place.keys, by, command)


async def undo(place: Place, by: PersonId, one: ActId) -> None:
    await moderation.undo(place.store, place.keys, by, Undo(act=one))


async def refusal_of(place: Place, room: RoomId, person: PersonId, *, joins: bool = False) -> str:
    try:
        async with place.store.transaction() as tx:
            if joins:
                await rooms.join(tx, room, person)
            else:
                await access.require_voice(tx, room, person)
    except Refusal as refusal:
        return refusal.code
    return ""


async def texts(place: Place, room: RoomId) -> list[str]:
    return [one.text for one in await place.read(room) if one.kind == "said" and not one.hidden]


COMMANDS: dict[str, Callable[[PersonId, RoomId, int], moderation.OnPerson | moderation.OnRoom | Guard]] = {
    "warned": lambda person, room, seq: Warn(person=person, **WHY),
    "muted": lambda person, room, seq: Mute(person=person, minutes=5, **WHY),
    "removed": lambda person, room, seq: Remove(room=room, seq=seq, **WHY),
    "cleared": lambda person, room, seq: Clear(person=person, room=room, minutes=5, **WHY),
    "expelled": lambda person, room, seq: Expel(person=person, room=room, minutes=5, **WHY),
    "banned": lambda person, room, seq: Ban(person=person, days=14, **WHY),
    "locked": lambda person, room, seq: Lock(room=room, **WHY),
    "slowed": lambda person, room, seq: Slow(room=room, seconds=30, **WHY),
    "guarded": lambda person, room, seq: Guard(room=room, **WHY),
    "holding": lambda person, room, seq: Hold(room=room, hours="22:00-07:00", **WHY),
}


@pytest.mark.parametrize("kind", COMMANDS)
async def test_each_act_is_one_row_that_the_notice_the_desk_the_audit_and_its_undoing_name(
    place: Place, kind: str
) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    room = await place.room(person)
    said = await place.say(room, person, words())
    command = COMMANDS[kind](person, room, said)
    bad = type(command)(**{name: getattr(command, name) for name in command.__struct_fields__} | {"rule": "no_such"})
    with pytest.raises(Malformed):
        await act(place, moderator, bad)
    assert await place.rows(acts) == [] and await texts(place, room) != []
    made = await act(place, moderator, command)
    is_room = kind in ("locked", "slowed", "guarded", "holding")
    [row] = await place.rows(acts)
    assert (row.id, row.kind, row.rule, row.rule_version, row.made_by) == (made, kind, "kindness", 0, moderator)
    assert (row.person, row.undone_at) == (None if is_room else person, None)
    told = await place.read(room) if is_room else await place.inbox(person)
    notice = ("notice", made, kind) if is_room else (kind, made, "kindness")
    assert notice in [(one.kind, one.ref, one.code) for one in told]
    assert [(one.kind, one.ref, one.author) for one in (await place.desk())[1:]] == [(kind, made, moderator)]
    [kept] = await place.rows(audit, audit.c.ref == made)
    assert (kept.act, kept.actor, kept.subject, kept.code) == (kind, moderator, row.person, "kindness")
    for _ in range(2):
        await undo(place, moderator, made)
    [row] = await place.rows(acts)
    assert row.undone_by == moderator and row.undone_at is not None
    told = await place.read(room) if is_room else await place.inbox(person)
    notice = ("notice", made, f"un{kind}") if is_room else ("undone", made, kind)
    assert [(one.kind, one.ref, one.code) for one in told].count(notice) == 1, "undoing twice is told once"
    assert [one.act for one in await place.rows(audit, audit.c.ref == made)] == [kind, "undone"]
    assert await texts(place, room) != [], "its words are shown again"


async def test_a_rule_that_is_retired_judges_nobody_and_an_act_keeps_the_words_of_its_day(place: Place) -> None:
    organiser, person = await place.person("organiser"), await place.person()
    async with place.store.transaction() as tx:
        await house_rules.change(tx, place.keys, organiser, "kindness", {"en": "Be good."}, retired=False)
    await act(place, organiser, Warn(person=person, **WHY))
    async with place.store.transaction() as tx:
        version = await house_rules.in_force(tx, "kindness")
        await house_rules.change(tx, place.keys, organiser, "kindness", {"en": "Be better."}, retired=True)
    with pytest.raises(Malformed):
        await act(place, organiser, Warn(person=person, **WHY))
    [row] = await place.rows(acts)
    assert row.rule_version == version > 0


async def test_an_undone_removal_shows_the_newest_words_and_nothing_its_author_took_back(place: Place) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    room = await place.room(person)
    said, taken = await place.say(room, person, words()), await place.say(room, person, words())
    for text in ("second", newest := words()):
        await place.say(room, person, text, edits=said)
    made = [await act(place, moderator, Remove(room=room, seq=one, **WHY)) for one in (said, taken)]
    async with place.store.transaction() as tx:
        await retract(tx, person, Retract(room=room, seq=taken))
    for one in made:
        await undo(place, moderator, one)
    shown = {one.seq: one for one in await place.read(room) if one.kind in ("said", "edited", "restored")}
    assert shown[said].text == newest and shown[taken].hidden == "retracted"
    assert [one.text for one in shown.values() if one.kind == "edited"] == ["", newest]
    assert [one.target for one in shown.values() if one.kind == "restored"] == [said]
    again = await act(place, moderator, Remove(room=room, seq=said, **WHY))
    assert again != made[0] and await texts(place, room) == []


async def test_words_that_were_destroyed_are_not_shown_again(place: Place) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    room = await place.room(person)
    made = await act(place, moderator, Remove(room=room, seq=await place.say(room, person, words()), **WHY))
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(hidden).values(destroyed=True))
    with pytest.raises(Gone):
        await undo(place, moderator, made)
    assert (await place.rows(acts))[0].undone_at is None and await texts(place, room) == []


async def test_clearing_removes_what_one_person_said_lately_and_nothing_else(place: Place) -> None:
    moderator, person, other = await place.person("moderator"), await place.person(), await place.person()
    room, elsewhere = await place.room(person, other), await place.room(person)
    old, *_ = [await place.say(room, person, words()) for _ in range(4)]
    kept = [words(), words()]
    await place.say(room, other, kept[0])
    await place.say(elsewhere, person, kept[1])
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(entries).where(entries.c.room == room, entries.c.seq == old).values(at=1))
    before = await texts(place, room)
    made = await act(place, moderator, Clear(person=person, room=room, minutes=5, **WHY))
    assert await texts(place, room) == [before[0], kept[0]] and await texts(place, elsewhere) == [kept[1]]
    seqs = [one.seq for one in await place.read(room)]
    assert seqs == list(range(1, len(seqs) + 1))
    with pytest.raises(Gone):
        await act(place, moderator, Clear(person=person, room=room, minutes=5, **WHY))
    await undo(place, moderator, made)
    assert await texts(place, room) == before


async def test_who_is_sent_out_comes_back_when_it_is_over_or_undone_and_not_before(place: Place) -> None:
    moderator, person = await place.person("moderator"), await place.person()
    room, other = await place.room(person), await place.room(person)
    made = await act(place, moderator, Expel(person=person, room=room, minutes=5, **WHY))
    assert [await refusal_of(place, one, person) for one in (room, other)] == [NotAMember.code, ""]
    assert (await place.read(room))[-1].code == "expelled"
    assert await refusal_of(place, room, person, joins=True) == Expelled.code
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(acts).where(acts.c.id == made).values(until=1))
    assert await refusal_of(place, room, person, joins=True) == ""
    made = await act(place, moderator, Expel(person=person, room=room, **WHY))
    assert await refusal_of(place, room, person, joins=True) == Expelled.code
    await undo(place, moderator, made)
    assert await refusal_of(place, room, person, joins=True) == ""
    with pytest.raises(NotAMember):
        await act(place, moderator, Expel(person=person, room=await place.one_to_one(person, moderator), **WHY))


async def test_what_an_act_ended_ends_before_it_is_told(place: Place) -> None:
    """Says race a ban, an expulsion and a lock from two processes; the order of commits decides."""
    moderator = await place.person("moderator")
    for command, refused in ((Ban, SignedOut), (Expel, NotAMember), (Lock, RoomLocked)):
        a = await place.person()
        room = await place.room(a)
        await place.keys.get(a, "said")
        about = {"room": room} if command is Lock else {"person": a}
        about |= {"room": room} if command is Expel else {}
        async with speaking(place, 1000) as here, speaking(place, 1000) as there, asyncio.TaskGroup() as tasks:
            says = [tasks.create_task(one.say(room, a)) for one in [here, there] * 100]
            await says[0]
            await act(place, moderator, command(**about, **WHY))
            async with place.store.reading() as tx:
                newest = sa.select(sa.func.max(entries.c.seq)).where(entries.c.room == room)
                last = (await tx.execute(newest)).scalar_one()
            later = [tasks.create_task(one.say(room, a)) for one in [here, there] * 20]
        assert {code(one.result()) for one in later} == {refused.code}
        kept = await place.read(room)
        assert [one.seq for one in kept] == list(range(1, last + 1)) and kept[-1].kind in ("left", "notice")
