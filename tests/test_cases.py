"""Cases: what a report freezes and for whom, one winner of a claim, and what is left when a case closes."""

import asyncio

import pytest
import sqlalchemy as sa

from chat import cases, erasure, moderation, queue, rooms, timeline
from chat.ids import CaseId, PersonId, RoomId, Seq
from chat.journal import Journal
from chat.keys import KeyDestroyed
from chat.protocol import LEVELS, Report
from chat.refusals import Gone, Malformed, NotAllowed, NotAMember, TooFast
from chat.staff_commands import Claim, Close, Mute, Remove
from chat.tables import audit, evidence, hidden
from chat.tables import cases as cases_table
from chat.tables import rooms as rooms_table
from tests.place import Place
from tests.words import words


async def report(place: Place, reporter: PersonId, room: RoomId, seq: int | None = None, **more: object) -> CaseId:
    command = Report(room=room, seq=seq, reason=words(), **more)  # type: ignore[arg-type]
    return await cases.report(place.store, place.keys, reporter, command)


async def retract(place: Place, room: RoomId, person: PersonId, seq: Seq) -> None:
    async with place.store.transaction() as tx:
        await tx.lock(rooms_table, [room])
        await timeline.append(tx, room, "retracted", person, target=seq)


async def open_case(place: Place, moderator: PersonId, case: CaseId) -> cases.OpenedCase:
    return await cases.open_case(place.store, place.keys, moderator, case)


async def test_a_report_reaches_the_desk_without_the_reporter_and_without_words(place: Place) -> None:
    moderator, person, reporter = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(person, reporter)
    said = await place.say(room, person, words())
    case = await report(place, reporter, room, said, level="hate")
    told = (await place.desk())[-1]
    assert (told.kind, told.ref, told.code, told.author, told.text) == ("reported", case, "hate", 0, "")
    async with place.store.reading() as tx:
        [card] = await queue.queue(tx, moderator)
        for other in (person, reporter):
            with pytest.raises(NotAllowed):
                await queue.queue(tx, other)
    assert (card.id, card.state, card.level, card.place) == (case, "open", "hate", "group")
    assert (card.room, card.room_name, card.subject, card.claimed_by) == (room, "Room", person, None)
    [row] = await place.rows(audit, audit.c.act == "reported")
    assert row.actor is None
    assert [one.kind for one in await place.inbox(person)] == []
    assert (await open_case(place, moderator, case)).subject == person


async def test_evidence_holds_the_words_as_they_were_also_those_that_were_hidden(place: Place) -> None:
    moderator, person, reporter = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(person, reporter)
    before, original, edited, after = words(), words(), words(), words()
    await place.say(room, reporter, before)
    said = await place.say(room, person, original)
    await place.say(room, person, edited, edits=said)
    await place.say(room, person, after)
    await retract(place, room, person, said)
    command = Report(room=room, seq=said, reason=words(), window=1)
    case = await cases.report(place.store, place.keys, reporter, command)
    opened = await open_case(place, moderator, case)
    assert [(one.kind, one.text) for one in opened.evidence] == [
        ("said", before), ("said", original), ("edited", edited), ("said", after),
    ]  # fmt: skip
    assert (opened.reason, opened.seq, opened.names[person] != "") == (command.reason, said, True)


async def test_retract_and_erase_and_then_report_and_the_evidence_stands(place: Place) -> None:
    moderator, person, reporter = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(person, reporter)
    text = words()
    said = await place.say(room, person, text)
    await retract(place, room, person, said)
    journal = Journal(place.folder / "erasures.journal")
    await erasure.erase(place.store, place.keys, journal, person)
    case = await report(place, reporter, room, said, window=0)
    await erasure.finish_due(place.store, place.keys, hidden_hours=0)
    [one] = (await open_case(place, moderator, case)).evidence
    assert one.text == text


async def test_the_window_is_cut_to_what_the_reporter_may_see(place: Place) -> None:
    moderator, person, reporter = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(person, shown=0)
    early = await place.say(room, person, words())
    async with place.store.transaction() as tx:
        await rooms.join(tx, room, reporter)
    seen = [await place.say(room, person, words()) for _ in range(3)]
    async with place.store.transaction() as tx:
        await rooms.leave(tx, room, reporter)
    late = await place.say(room, person, words())
    await place.say(room, person, words(), edits=seen[1])
    for unseen in (early, late, late + 1, 999):
        with pytest.raises(NotAMember):
            await report(place, reporter, room, unseen)
    case = await report(place, reporter, room, seen[1], window=20)
    assert [one.seq for one in (await open_case(place, moderator, case)).evidence] == seen
    assert await place.keys.owners("case") == {case}, "a refused report leaves no key"


async def test_the_window_is_no_wider_than_the_reporter_allows(place: Place) -> None:
    moderator, person, reporter = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(person, reporter)
    said = [await place.say(room, person, words()) for _ in range(9)]
    for window, expected in ((0, said[4:5]), (2, said[2:7])):
        other = await place.person()
        async with place.store.transaction() as tx:
            await rooms.join(tx, room, other)
        case = await report(place, other, room, said[4], window=window)
        assert [one.seq for one in (await open_case(place, moderator, case)).evidence] == expected


async def test_a_person_is_reported_by_who_was_there_with_them(place: Place) -> None:
    moderator, person, reporter = await place.person("moderator"), await place.person(), await place.person()
    stranger = await place.person()
    room = await place.room(person, reporter)
    said = await place.say(room, person, words())
    case = await report(place, reporter, room, person=person)
    opened = await open_case(place, moderator, case)
    assert (opened.subject, opened.seq, [one.seq for one in opened.evidence]) == (person, None, [said])
    for by, whom in ((reporter, stranger), (stranger, person), (reporter, PersonId(12345))):
        with pytest.raises(NotAMember):
            await report(place, by, room, person=whom)
    with pytest.raises(Malformed):
        await report(place, reporter, room)
    with pytest.raises(NotAllowed):
        await report(place, person, room, said)


async def test_the_same_report_again_is_the_same_case(place: Place) -> None:
    person, reporter = await place.person(), await place.person()
    room = await place.room(person, reporter)
    said = await place.say(room, person, words())
    tried = await asyncio.gather(*(report(place, reporter, room, said) for _ in range(4)))
    assert len(set(tried)) == 1
    assert len(await place.rows(cases_table)) == 1
    assert await place.keys.owners("case") == set(tried)


async def test_reports_are_counted_exactly(place: Place) -> None:
    person, reporter = await place.person(), await place.person()
    room = await place.room(person, reporter)
    said = [await place.say(room, person, words()) for _ in range(cases.REPORTS_PER_HOUR + 1)]
    for seq in said[:-1]:
        await report(place, reporter, room, seq)
    with pytest.raises(TooFast) as refused:
        await report(place, reporter, room, said[-1])
    assert 0 < (refused.value.retry_after or 0) <= 3600


async def test_a_muted_person_may_report(place: Place) -> None:
    moderator, person, reporter = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(person, reporter)
    said = await place.say(room, person, words())
    command = Mute(person=reporter, minutes=5, rule="kindness", reason="")
    await moderation.act(place.store, place.keys, moderator, command)
    assert await report(place, reporter, room, said)


async def test_of_two_claims_at_once_one_wins(place: Place) -> None:
    first, second = await place.person("moderator"), await place.person("moderator")
    person, reporter = await place.person(), await place.person()
    room = await place.room(person, reporter)
    case = await report(place, reporter, room, await place.say(room, person, words()))
    tried = await asyncio.gather(
        *(cases.claim(place.store, place.keys, one, Claim(case=case)) for one in (first, second) * 3),
        return_exceptions=True,
    )
    assert sum(one is None for one in tried) == 3, "who won may say so again; the other is refused each time"
    assert sum(isinstance(one, Gone) for one in tried) == 3
    assert [one.kind for one in await place.desk()].count("claimed") == 1
    assert len(await place.rows(audit, audit.c.act == "claimed")) == 1


async def test_the_queue_has_the_most_harmful_first_and_then_the_oldest(place: Place) -> None:
    moderator, person, reporter = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(person, reporter)
    made = {
        level: await report(place, reporter, room, await place.say(room, person, words()), level=level)
        for level in reversed(LEVELS)
    }
    early = await report(place, reporter, room, await place.say(room, person, words()), level="hate")
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(cases_table).where(cases_table.c.id == early).values(created_at=5))
    wanted = [made[level] for level in LEVELS]
    async with place.store.reading() as tx:
        assert [one.id for one in await queue.queue(tx, moderator)] == [*wanted[:3], early, *wanted[3:]]


async def test_only_who_works_on_cases_opens_them_and_each_opening_is_in_the_audit(place: Place) -> None:
    moderator, organiser = await place.person("moderator"), await place.person("organiser")
    person, reporter, subject = await place.person(), await place.person(), await place.person("moderator")
    room = await place.room(person, reporter, subject)
    case = await report(place, reporter, room, await place.say(room, subject, words()))
    for by in (organiser, person, reporter):
        with pytest.raises(NotAllowed):
            await open_case(place, by, case)
        with pytest.raises(NotAllowed):
            await cases.claim(place.store, place.keys, by, Claim(case=case))
    async with place.store.reading() as tx:
        assert await queue.queue(tx, subject) == [], "nobody sees in the queue that they were reported"
    with pytest.raises(NotAMember):
        await open_case(place, subject, case)
    with pytest.raises(NotAMember):
        await cases.claim(place.store, place.keys, subject, Claim(case=case))
    with pytest.raises(NotAMember):
        await open_case(place, moderator, CaseId(12345))
    for _ in range(2):
        await open_case(place, moderator, case)
    assert [one.actor for one in await place.rows(audit, audit.c.act == "opened")] == [moderator, moderator]


async def test_a_case_is_closed_by_who_claimed_it_and_its_evidence_and_key_die(place: Place) -> None:
    moderator, other, supervisor = [await place.person(one) for one in ("moderator", "moderator", "supervisor")]
    person, reporter = await place.person(), await place.person()
    room = await place.room(person, reporter)
    said = await place.say(room, person, words())
    case = await report(place, reporter, room, said)
    journal = Journal(place.folder / "erasures.journal")
    close = Close(case=case, outcome="talked", reason=words())
    for by in (moderator, other, person):
        with pytest.raises(NotAllowed):
            await cases.close(place.store, place.keys, journal, by, close)
    await cases.claim(place.store, place.keys, moderator, Claim(case=case))
    with pytest.raises(NotAllowed):
        await cases.close(place.store, place.keys, journal, other, close)
    await cases.close(place.store, place.keys, journal, moderator, close)
    assert [(one.kind, one.ref, one.code) for one in await place.inbox(reporter)] == [("notice", case, "talked")]
    assert await place.rows(evidence) == []
    with pytest.raises(KeyDestroyed):
        await place.keys.get(case, "case")
    assert [(one.what, one.id) for one in journal.read()] == [("closed", case)]
    opened = await open_case(place, moderator, case)
    assert (opened.state, opened.outcome, opened.reason, opened.evidence) == ("closed", "talked", "", ())
    with pytest.raises(Gone):
        await cases.close(place.store, place.keys, journal, supervisor, close)
    with pytest.raises(Gone):
        await cases.claim(place.store, place.keys, other, Claim(case=case))
    remove = Remove(room=room, seq=said, rule="kindness", reason=words(), case=case)
    with pytest.raises(Gone):
        await moderation.act(place.store, place.keys, moderator, remove)
    assert await place.rows(hidden) == []


async def test_a_supervisor_closes_any_case(place: Place) -> None:
    supervisor, person, reporter = await place.person("supervisor"), await place.person(), await place.person()
    room = await place.room(person, reporter)
    case = await report(place, reporter, room, await place.say(room, person, words()))
    journal = Journal(place.folder / "erasures.journal")
    await cases.close(place.store, place.keys, journal, supervisor, Close(case=case, outcome="nothing"))
    async with place.store.reading() as tx:
        assert await queue.queue(tx, supervisor) == []
