"""Debriefs: a note reaches the supervisors alone, each reading is on record, and it dies in time or with its author."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from chat import debriefs, erasure
from chat.clock import Clock
from chat.debriefs import DAY_MS, KEEP_DAYS, TEXT_MOST, DebriefCard
from chat.ids import PersonId
from chat.journal import Journal
from chat.refusals import Malformed, NotAllowed, NotAMember, NotWords
from chat.retention import Retention
from chat.settings import Settings
from chat.tables import audit
from chat.tables import debriefs as table
from tests.pages import site
from tests.place import Place
from tests.words import words


async def write(place: Place, person: PersonId, text: str) -> None:
    await debriefs.write(place.store, place.keys, person, text)


async def listing(place: Place, person: PersonId) -> list[DebriefCard]:
    async with place.store.reading() as tx:
        return await debriefs.listing(tx, person)


async def read(place: Place, person: PersonId, note: int) -> str:
    return (await debriefs.read(place.store, place.keys, person, note)).text


async def test_a_note_reaches_supervisors_alone_and_each_reading_is_in_the_audit(place: Place) -> None:
    moderator, supervisor = await place.person("moderator"), await place.person("supervisor")
    text = words("it was a lot\nand it stays")
    await write(place, moderator, text)
    [row] = await place.rows(table)
    assert text.encode() not in row.body
    [card] = await listing(place, supervisor)
    assert await read(place, supervisor, card.id) == await read(place, supervisor, card.id) == text
    noted = await place.rows(audit, audit.c.act == "debriefed")
    assert [(one.actor, one.subject, one.ref) for one in noted] == [(supervisor, moderator, card.id)] * 2
    for role in ("moderator", "professional", "organiser", "peer"):
        other = await place.person(role)
        with pytest.raises(NotAllowed):
            await listing(place, other)
        with pytest.raises(NotAllowed):
            await read(place, other, card.id)
    with pytest.raises(NotAMember):
        await read(place, supervisor, card.id + 1)
    assert len(await place.rows(audit, audit.c.act == "debriefed")) == 2


async def test_ones_own_note_is_for_the_other_supervisors(place: Place) -> None:
    supervisor, other = await place.person("supervisor"), await place.person("supervisor")
    await write(place, supervisor, words())
    assert await listing(place, supervisor) == []
    [card] = await listing(place, other)
    with pytest.raises(NotAMember):
        await read(place, supervisor, card.id)


async def test_a_note_has_words_an_end_and_an_author_on_the_desk(place: Place) -> None:
    moderator = await place.person("moderator")
    with pytest.raises(NotWords):
        await write(place, moderator, " ")
    with pytest.raises(Malformed):
        await write(place, moderator, "a" * (TEXT_MOST + 1))
    await write(place, moderator, "a\r\n" * (TEXT_MOST // 2))
    for role in ((), ("peer",)):
        with pytest.raises(NotAllowed):
            await write(place, await place.person(*role), words())
    assert len(await place.rows(table)) == 1


async def test_a_note_is_destroyed_after_its_days_and_not_before(place: Place) -> None:
    moderator = await place.person("moderator")
    retention = Retention(place.store, place.keys, Settings(), Clock())
    await write(place, moderator, words())
    for ago_ms, kept in ((KEEP_DAYS * DAY_MS - 60_000, 1), (120_000, 0)):
        async with place.store.transaction() as tx:
            await tx.execute(sa.update(table).values(at=table.c.at - ago_ms))
        assert await retention.sweep()
        assert len(await place.rows(table)) == kept


async def test_a_note_dies_with_its_authors_account(place: Place) -> None:
    moderator, supervisor = await place.person("moderator"), await place.person("supervisor")
    await write(place, moderator, words())
    [card] = await listing(place, supervisor)
    await erasure.erase(place.store, place.keys, Journal(place.folder / "erasures.journal"), moderator)
    assert await place.rows(table) == [] and await listing(place, supervisor) == []
    with pytest.raises(NotAMember):
        await read(place, supervisor, card.id)


async def test_a_note_is_left_on_the_page_of_duty_and_read_on_the_supervisors(
    sqlite_url: str, tmp_path: Path
) -> None:  # fmt: skip
    async with site(tmp_path, sqlite_url) as pages:
        moderator, supervisor = await pages.place.person("moderator"), await pages.place.person("supervisor")
        text = words("it stays with me")
        async with await pages.browser_of(moderator) as browser:
            await browser.get("/duty")
            refused = await browser.post("/duty/debrief", {"text": " "})
            assert refused.status_code == 409 and 'aria-describedby="text-hint wrong-note"' in refused.text
            answer = await browser.post("/duty/debrief", {"text": text})
            assert answer.headers["location"] == "/duty?noted=yes#note"
            page = (await browser.get("/duty?noted=yes")).text
            assert "Kept. A supervisor can read it." in page and text not in page
        async with await pages.browser_of(supervisor) as browser:
            page = (await browser.get("/supervisor")).text
            assert text not in page
            [path] = re.findall(r'action="(/supervisor/debriefs/\d+)"', page)
            assert text in (await browser.post(path)).text
            await browser.get("/supervisor")
            assert (await browser.post("/supervisor/debriefs/123456789")).status_code == 404
