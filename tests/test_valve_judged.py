"""What somebody has judged, the valve does not do again; words that came after are words that nobody has judged."""

import pytest
import sqlalchemy as sa

from chat import cases
from chat.ids import CaseId, PersonId
from chat.journal import Journal
from chat.staff_commands import Claim, Close, Outcome
from chat.tables import acts, entries, memberships, mutes
from chat.tables import cases as cases_table
from chat.valve import FLAGGED_MS, HIDE_FLAGS, PAUSE_FLAGS
from tests.place import Place
from tests.test_moderation_acts import texts, undo
from tests.test_valve import aged, flag, made
from tests.words import words

AGAIN_MS = 3_600_000
"""An hour later a report is another report."""


async def close(place: Place, moderator: PersonId, *found: CaseId, outcome: Outcome = "nothing") -> None:
    for case in found:
        await cases.claim(place.store, place.keys, moderator, Claim(case=case))
        journal = Journal(place.folder / "erasures.journal")
        await cases.close(place.store, place.keys, journal, moderator, Close(case=case, outcome=outcome))


async def take_back(place: Place, moderator: PersonId) -> None:
    for row in await place.rows(acts, acts.c.undone_at.is_(None)):
        await undo(place, moderator, row.id)


async def let_pass(place: Place, ms: int) -> None:
    """Let everything have been so long ago."""
    times = (acts.c.made_at, acts.c.until, mutes.c.until, cases_table.c.created_at, cases_table.c.closed_at)
    async with place.store.transaction() as tx:
        for column in (*times, entries.c.at, memberships.c.since_at):
            await tx.execute(sa.update(column.table).values({column: column - ms}))


@pytest.mark.parametrize("judged", [True, False])
async def test_no_second_night_begins_with_the_words_of_the_first(place: Place, judged: bool) -> None:
    moderator = await place.person("moderator")
    [author, *reporters] = await aged(place, 1 + PAUSE_FLAGS)
    room = await place.room(author, *reporters)
    said = [await place.say(room, author, words()) for _ in range(2)]
    for _ in range(2):
        found = [case for seq in said for case in await flag(place, room, seq, *reporters)]
        assert sorted(await made(place)) == ["muted", "removed", "removed"]
        if judged:
            await take_back(place, moderator)
            await close(place, moderator, *found)
        await let_pass(place, FLAGGED_MS)


async def test_what_one_report_was_closed_about_is_hidden_by_no_more_of_them_until_it_is_edited(place: Place) -> None:
    moderator = await place.person("moderator")
    [author, *reporters] = await aged(place, 1 + HIDE_FLAGS)
    room = await place.room(author, *reporters)
    said = await place.say(room, author, text := words())
    [early, case] = await flag(place, room, said, *reporters[:2])
    await close(place, moderator, case)
    await flag(place, room, said, *reporters)
    assert await made(place) == [] and await texts(place, room) == [text]
    await let_pass(place, AGAIN_MS)
    edited = await place.say(room, author, words(), edits=said)
    for reporter, seq in zip(reporters, (said, edited, said), strict=True):
        assert await made(place) == []
        await flag(place, room, seq, reporter)
    assert await made(place) == ["removed"], "of the message or of its edit, these are reports of the new words"
    [row] = await place.rows(cases_table, cases_table.c.id == early)
    assert row.state == "open"


async def test_whom_a_moderator_believed_may_be_reported_again_for_what_they_made_of_it(place: Place) -> None:
    moderator = await place.person("moderator")
    [author, *reporters] = await aged(place, 1 + HIDE_FLAGS)
    room = await place.room(author, *reporters)
    said = await place.say(room, author, words())
    await flag(place, room, said, *reporters)
    await take_back(place, moderator)
    await let_pass(place, AGAIN_MS)
    await flag(place, room, said, *reporters)
    assert await made(place) == ["removed"], "shown again, it stays"
    await let_pass(place, AGAIN_MS)
    edited = await place.say(room, author, words(), edits=said)
    await flag(place, room, edited, reporters[0])
    assert await made(place) == ["removed"], "one report of the new words, whatever was said of the old"
    await flag(place, room, edited, *reporters[1:])
    assert await made(place) == ["removed", "removed"] and await texts(place, room) == []
