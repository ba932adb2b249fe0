"""Excerpts: what of their own words a person is shown beside an act, and what whoever decides their appeal reads."""

import pytest
import sqlalchemy as sa

from chat import appeals, cases
from chat.ids import CaseId, PersonId, RoomId, Seq
from chat.protocol import Report
from chat.staff_commands import Clear, Mute, Remove, Warn
from chat.tables import audit as audit_table
from chat.tables import entries
from tests.place import WHY, Place
from tests.test_appeals import appeal, seen
from tests.test_moderation_acts import act
from tests.words import words


async def one_to_one(place: Place, *, shown: bool) -> tuple[PersonId, PersonId, RoomId, Seq, CaseId, str]:
    """Return a moderator, who said something, where, its seq, the case it was reported in, and the words."""
    moderator, person, peer = await place.person("moderator"), await place.person(), await place.person()
    room = await place.one_to_one(person, peer)
    seq = await place.say(room, person, text := words())
    report = Report(room=room, seq=seq, shown=shown)
    return moderator, person, room, seq, await cases.report(place.store, place.keys, peer, report), text


async def test_whoever_decides_reads_the_words_the_reason_and_what_it_is_about(place: Place) -> None:
    maker, second, person, member = [await place.person(one) for one in ("moderator", "moderator", "peer", "peer")]
    room = await place.room(person, member)
    await place.say(room, member, others := words())
    seq = await place.say(room, person, said := words())
    case = await cases.report(place.store, place.keys, member, Report(room=room, seq=seq))
    why = {"rule": "kindness", "reason": words()}
    made = [
        await act(place, maker, Mute(person=person, minutes=5, case=case, **why)),  # type: ignore[arg-type]
        await act(place, maker, Remove(room=room, seq=seq, **why)),
    ]
    async with place.store.transaction() as tx:  # the timeline has lost it; the case has it
        await tx.execute(sa.update(entries).where(entries.c.room == room).values(body=None))
    assert await appeals.excerpts(place.store, place.keys, person, made) == {one: [] for one in made}
    number = await appeal(place, person, made[0], mine := words())
    opened = await cases.open_case(place.store, place.keys, second, number)
    assert (opened.kind, opened.act, opened.reason) == ("appeal", made[0], mine)
    assert [(one.kind, one.author, one.text) for one in opened.evidence] == [
        ("said", person, said), ("act", maker, why["reason"]),
    ]  # fmt: skip
    assert others not in [one.text for one in opened.evidence]
    assert [row.actor for row in await place.rows(audit_table, audit_table.c.act == "opened")] == [second]


async def test_a_person_is_shown_their_own_words_alone(place: Place) -> None:
    maker, person, member = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(person, member)
    seq = await place.say(room, person, words())
    await place.say(room, person, newest := words(), edits=seq)
    await place.say(room, person, last := words())
    removed = await act(place, maker, Remove(room=room, seq=seq, **WHY))
    cleared = await act(place, maker, Clear(person=person, room=room, minutes=5, **WHY))
    warned = await act(place, maker, Warn(person=person, **WHY))
    shown = await appeals.excerpts(place.store, place.keys, person, [removed, cleared, warned])
    assert shown == {removed: [newest], cleared: [last]}
    assert await appeals.excerpts(place.store, place.keys, member, [removed, cleared]) == {}


@pytest.mark.parametrize("shown", [False, True])
async def test_of_a_one_to_one_the_author_is_shown_what_was_reported_only_if_that_is_allowed(
    place: Place, shown: bool
) -> None:
    moderator, person, room, seq, case, text = await one_to_one(place, shown=shown)
    made = [
        await act(place, moderator, Warn(person=person, case=case, **WHY)),  # type: ignore[arg-type]
        await act(place, moderator, Remove(room=room, seq=seq, case=case, **WHY)),  # type: ignore[arg-type]
    ]
    found = await appeals.excerpts(place.store, place.keys, person, made)
    assert found == ({one: [text] for one in made} if shown else {})
    second = await place.person("moderator")
    opened = await cases.open_case(place.store, place.keys, second, await appeal(place, person, made[0]))
    assert text in [one.text for one in opened.evidence], "whoever decides sees it"


async def test_who_may_not_judge_the_reporter_may_not_judge_the_appeal(place: Place) -> None:
    maker, second, person, member = [await place.person(one) for one in ("moderator", "moderator", "peer", "peer")]
    room = await place.room(person, member)
    seq = await place.say(room, person, words())
    case = await cases.report(place.store, place.keys, member, Report(room=room, seq=seq))
    made = await act(place, maker, Warn(person=person, case=case, **WHY))  # type: ignore[arg-type]
    number = await appeal(place, person, made)
    assert await seen(place, second) == [number, case]
    await place.one_to_one(member, second)
    assert await seen(place, second) == []
