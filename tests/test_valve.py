"""The valve: what comes by itself while nobody is on duty, from whose reports, and that somebody can take it back."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import sqlalchemy as sa

from chat import account, appeals, cases, raids, rooms, roster
from chat.door import PROBATION_MS
from chat.ids import ActId, CaseId, PersonId, RoomId, Seq
from chat.journal import Journal
from chat.protocol import Report
from chat.queue import queue
from chat.refusals import Muted
from chat.staff_commands import Claim, Close, Decide, Guard, Mute
from chat.store import Store
from chat.tables import acts, audit, memberships, mutes, people, roles
from chat.tables import cases as cases_table
from chat.valve import FLAGGED_MS, HIDE_FLAGS, PAUSE_FLAGS, PAUSE_MS
from tests.place import WHY, Place
from tests.test_moderation_acts import act, refusal_of, texts, undo
from tests.words import words


async def aged(place: Place, count: int) -> list[PersonId]:
    """Make members who have been here for longer than their probation."""
    found = [await place.person() for _ in range(count)]
    async with place.store.transaction() as tx:
        known = sa.update(people).where(people.c.id.in_(found))
        await tx.execute(known.values(created_at=people.c.created_at - 2 * PROBATION_MS))
    return found


async def flag(place: Place, room: RoomId, seq: Seq, *reporters: PersonId) -> list[CaseId]:
    """Let people report one message."""
    return [
        await cases.report(place.store, place.keys, one, Report(room=room, seq=seq, reason=words()))
        for one in reporters
    ]


async def on_duty(place: Place, *roles: str) -> PersonId:
    person = await place.person(*roles)
    async with place.store.transaction() as tx:
        await roster.begin(tx, place.keys, person, 4)
    return person


async def made(place: Place) -> list[str]:
    """The kinds of the acts that came by themselves, in order."""
    rows = await place.rows(acts, acts.c.made_by.is_(None))
    return [row.kind for row in sorted(rows, key=lambda row: (row.made_at, row.id))]


async def test_a_message_that_three_report_is_hidden_and_its_author_is_told_why_and_how_to_appeal(place: Place) -> None:
    [author, *reporters] = await aged(place, 1 + HIDE_FLAGS)
    room = await place.room(author, *reporters)
    said = await place.say(room, author, text := words())
    await flag(place, room, said, *reporters[:-1])
    assert await made(place) == [] and await texts(place, room) == [text]
    [case] = await flag(place, room, said, reporters[-1])
    assert await texts(place, room) == []
    [row] = await place.rows(acts)
    assert (row.kind, row.person, row.room, row.seq, row.case) == ("removed", author, room, said, case)
    assert (row.made_by, row.rule, row.rule_version, row.until) == (None, None, None, None)
    [notice] = await place.inbox(author)
    assert (notice.kind, notice.ref, notice.code) == ("removed", row.id, "valve")
    assert [await place.inbox(one) for one in reporters] == [[]] * HIDE_FLAGS, "nobody learns that theirs was the one"
    [kept] = await place.rows(audit, audit.c.ref == row.id)
    assert (kept.act, kept.actor, kept.subject, kept.code, kept.body) == ("removed", None, author, "valve", None)
    async with place.store.reading() as tx:
        [told] = await account.acts_of(tx, author)
    assert (told.id, told.rule, told.stands) == (row.id, None, True)
    assert await refusal_of(place, room, author) == "", "they can still write"
    assert {one.state for one in await place.rows(cases_table)} == {"open"}


async def test_whom_five_report_is_paused_in_group_rooms_for_a_day_and_goes_on_in_a_one_to_one(place: Place) -> None:
    [author, seeker, *reporters] = await aged(place, 4 + PAUSE_FLAGS)
    here, there = [await place.room(author, *reporters) for _ in range(2)]
    said = [(room, await place.say(room, author, words())) for room in (here, here, there, there)]
    live = await place.one_to_one(seeker, author)
    for reporter, (room, seq) in zip(reporters, [*said, said[0]], strict=False):
        assert await made(place) == [] and await refusal_of(place, here, author) == ""
        await flag(place, room, seq, reporter)
    assert await made(place) == ["muted"], "of no message there were three reports"
    assert [await refusal_of(place, room, author) for room in (here, there, live)] == [Muted.code, Muted.code, ""]
    [row], [mute] = await place.rows(acts), await place.rows(mutes)
    assert (row.person, row.room, row.rule) == (author, None, None) and mute.id == row.id
    assert row.until == mute.until <= row.made_at + PAUSE_MS
    told = (await place.inbox(author))[-1]
    assert (told.kind, told.ref, told.code) == ("muted", row.id, "valve")
    await flag(place, *said[2], *reporters[-1:])
    assert await made(place) == ["muted"], "once"


Change = Callable[[Place, RoomId, list[PersonId]], Awaitable[None]]


async def nothing(place: Place, room: RoomId, reporters: list[PersonId]) -> None:
    """As it is."""


async def new_here(place: Place, room: RoomId, reporters: list[PersonId]) -> None:
    """Accounts of no age."""
    async with place.store.transaction() as tx:
        new = sa.update(people).where(people.c.id.in_(reporters))
        await tx.execute(new.values(created_at=people.c.created_at + PROBATION_MS + 3_600_000))


async def muted(place: Place, room: RoomId, reporters: list[PersonId]) -> None:
    await act(place, await place.person("moderator"), Mute(person=reporters[0], minutes=5, **WHY))


async def banned(place: Place, room: RoomId, reporters: list[PersonId]) -> None:
    """After they have reported."""
    await place.ban(reporters[0])


async def came_later(place: Place, room: RoomId, reporters: list[PersonId]) -> None:
    """They see what was said before they came, and were not there."""
    async with place.store.transaction() as tx:
        late = sa.update(memberships).where(memberships.c.room == room, memberships.c.person == reporters[0])
        await tx.execute(late.values(since_at=memberships.c.since_at + 60_000))


async def raiding(place: Place, room: RoomId, reporters: list[PersonId]) -> None:
    """A moderator has just closed the doors to those two, who came in lately."""
    async with place.store.transaction() as tx:
        known = sa.update(memberships).where(memberships.c.room == room, memberships.c.person.not_in(reporters))
        await tx.execute(known.values(since_at=memberships.c.since_at - PROBATION_MS))
    await raids.guard(place.store, place.keys, await place.person("moderator"), Guard(room=room, **WHY))


async def watched(place: Place, room: RoomId, reporters: list[PersonId]) -> None:
    await on_duty(place, "moderator")


async def unwatched(place: Place, room: RoomId, reporters: list[PersonId]) -> None:
    """Who is on duty does not look at the queue."""
    await on_duty(place, "professional", "organiser")


async def reviewed(place: Place, room: RoomId, reporters: list[PersonId]) -> None:
    """A moderator has closed the first case."""
    moderator, case = await place.person("moderator"), (await place.rows(cases_table))[0].id
    await cases.claim(place.store, place.keys, moderator, Claim(case=case))
    journal = Journal(place.folder / "erasures.journal")
    await cases.close(place.store, place.keys, journal, moderator, Close(case=case, outcome="nothing"))


async def long_ago(place: Place, room: RoomId, reporters: list[PersonId]) -> None:
    async with place.store.transaction() as tx:
        old = sa.update(cases_table).where(cases_table.c.reporter == reporters[0])
        await tx.execute(old.values(created_at=cases_table.c.created_at - FLAGGED_MS))


@pytest.mark.parametrize(
    ("change", "counts"),
    [(nothing, True), (unwatched, True), (new_here, False), (muted, False), (banned, False), (came_later, False),
     (raiding, False), (watched, False), (reviewed, False), (long_ago, False)],
    ids=lambda one: getattr(one, "__name__", None),
)  # fmt: skip
async def test_whose_reports_count_and_when(place: Place, change: Change, counts: bool) -> None:
    """Two have reported when something happens; then the third does."""
    [author, *reporters] = await aged(place, 1 + HIDE_FLAGS)
    room = await place.room(author, *reporters)
    said = await place.say(room, author, words())
    await flag(place, room, said, *reporters[:-1])
    await change(place, room, reporters[:-1])
    await flag(place, room, said, reporters[-1])
    assert await made(place) == (["removed"] if counts else [])


async def test_five_new_accounts_that_report_a_trained_peer_pause_and_hide_nothing(place: Place) -> None:
    [peer], seeker = await aged(place, 1), await place.person()
    async with place.store.transaction() as tx:
        await tx.execute(roles.insert().values(person=peer, role="peer", granted_at=await tx.now()))
    room, live = await place.room(peer), await place.one_to_one(seeker, peer)
    raiders = [await place.person() for _ in range(5)]
    for one in raiders:
        async with place.store.transaction() as tx:
            await rooms.join(tx, room, one)
    for text in ("one", "two"):
        await flag(place, room, await place.say(room, peer, words(text)), *raiders)
    assert await made(place) == [] and len(await texts(place, room)) == 2
    assert [await refusal_of(place, one, peer) for one in (room, live)] == ["", ""]


async def test_one_person_is_one_report_however_often_they_report(place: Place) -> None:
    [author, reporter, other] = await aged(place, 3)
    room = await place.room(author, reporter, other)
    said = [await place.say(room, author, words()) for _ in range(PAUSE_FLAGS)]
    for seq in said:
        await flag(place, room, seq, reporter, reporter, other)
    edited = [await place.say(room, author, words(), edits=said[0]) for _ in range(HIDE_FLAGS)]
    for seq in edited:
        await flag(place, room, seq, reporter)
    assert await made(place) == []


async def test_reports_of_a_message_and_of_its_edits_are_about_one_message(place: Place) -> None:
    [author, *reporters] = await aged(place, 1 + HIDE_FLAGS)
    room = await place.room(author, *reporters)
    said = await place.say(room, author, words())
    edited = await place.say(room, author, words(), edits=said)
    for seq, reporter in zip((said, edited, edited), reporters, strict=True):
        await flag(place, room, seq, reporter)
    [row] = await place.rows(acts)
    assert row.seq == said and await texts(place, room) == []


async def test_in_a_one_to_one_nothing_comes_by_itself_and_its_reports_do_not_count(place: Place) -> None:
    [author, *others] = await aged(place, PAUSE_FLAGS + 1)
    for one in others[:-1]:
        live = await place.one_to_one(one, author)
        await flag(place, live, await place.say(live, author, words()), one)
    room = await place.room(author, others[-1])
    await flag(place, room, await place.say(room, author, words()), others[-1])
    assert await made(place) == []


@pytest.mark.parametrize("role", ["moderator", "professional"])
async def test_who_comes_to_the_desk_is_spared(place: Place, role: str) -> None:
    author, reporters = await place.person(role), await aged(place, PAUSE_FLAGS)
    room = await place.room(author, *reporters)
    await flag(place, room, await place.say(room, author, words()), *reporters)
    assert await made(place) == []


async def test_reports_at_once_from_two_processes_are_one_act(place: Place) -> None:
    [author, *reporters] = await aged(place, 1 + 2 * PAUSE_FLAGS)
    room = await place.room(author, *reporters)
    said = await place.say(room, author, words())
    other = Store.open(place.store.url)
    try:
        command = [Report(room=room, seq=said, reason=words()) for _ in reporters]
        await asyncio.gather(*(
            cases.report(store, place.keys, one, asked)
            for one, asked, store in zip(reporters, command, [place.store, other] * PAUSE_FLAGS, strict=True)
        ))  # fmt: skip
    finally:
        await other.close()
    assert sorted(await made(place)) == ["muted", "removed"]
    assert [one.kind for one in await place.read(room)].count("removed") == 1
    assert sorted(one.kind for one in await place.inbox(author)) == ["muted", "removed"]


async def test_the_first_moderator_sees_on_every_case_what_was_done_and_takes_it_back_for_good(place: Place) -> None:
    moderator = await place.person("moderator")
    [author, *reporters] = await aged(place, 2 + PAUSE_FLAGS)
    room = await place.room(author, *reporters)
    said = await place.say(room, author, text := words())
    found = await flag(place, room, said, *reporters[:-1])
    for case in found:
        opened = await cases.open_case(place.store, place.keys, moderator, case)
        assert [one.kind for one in opened.done] == ["removed", "muted"]
    async with place.store.reading() as tx:
        assert {one.done for one in await queue(tx, moderator)} == {True}
    for one in opened.done:
        await undo(place, moderator, one.act)
    assert await texts(place, room) == [text] and await refusal_of(place, room, author) == ""
    assert [one.kind for one in await place.inbox(author)] == ["removed", "muted", "undone", "undone"]
    opened = await cases.open_case(place.store, place.keys, moderator, found[0])
    assert opened.done == ()
    async with place.store.reading() as tx:
        assert {one.done for one in await queue(tx, moderator)} == {False}
    await flag(place, room, said, reporters[-1])
    assert len(await made(place)) == 2 and await texts(place, room) == [text], "somebody has judged it"


async def test_any_moderator_may_decide_the_appeal_against_what_nobody_did(place: Place) -> None:
    moderator = await place.person("moderator")
    [author, *reporters] = await aged(place, 1 + HIDE_FLAGS)
    room = await place.room(author, *reporters)
    said = await place.say(room, author, text := words())
    await flag(place, room, said, *reporters)
    [row] = await place.rows(acts)
    appeal = await appeals.appeal(place.store, place.keys, author, ActId(row.id), why := words())
    async with place.store.reading() as tx:
        assert [(one.kind, one.done) for one in await queue(tx, moderator) if one.id == appeal] == [("appeal", False)]
        about = await appeals.appealed(tx, ActId(row.id))
    assert (about.kind, about.rule, about.made_name, about.stands) == ("removed", None, "", True)
    await cases.claim(place.store, place.keys, moderator, Claim(case=appeal))
    opened = await cases.open_case(place.store, place.keys, moderator, appeal)
    assert (opened.reason, [one.text for one in opened.evidence], opened.done) == (why, [text], ())
    command = Decide(case=appeal, outcome="overturned", reason=words())
    await appeals.decide(place.store, place.keys, Journal(place.folder / "erasures.journal"), moderator, command)
    assert await texts(place, room) == [text]
    async with place.store.reading() as tx:
        [told] = await account.acts_of(tx, author)
    assert (told.rule, told.stands, told.verdict) == (None, False, "overturned")
