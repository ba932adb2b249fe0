"""Nothing that staff do or read goes unrecorded: every command and every route of theirs is tried, and the audit read.

The rows are made from the tables of commands and of routes: a new one fails here until it is tried. What a page shows
without an audit row is watched too: no key is asked for, so no seal is opened.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from chat import debriefs, exports, tables
from chat.protocol import Done
from chat.staff_commands import STAFF as COMMANDS
from chat.staff_commands import Mute
from chat.tables import audit
from matcher import own_signals
from tests.counting import CountingKeys
from tests.hostile import open_server, scene
from tests.pages import site
from tests.place import WHY, Place
from tests.stage import TRIED, stage
from tests.town import Town
from tests.words import words
from web import audit_pages, audit_words, language
from web.routes import ROUTES, Row


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_server(tmp_path_factory.mktemp("audited")) as one:
        yield one


def test_every_command_of_staff_is_tried() -> None:
    assert set(TRIED) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.__name__.lower())
async def test_every_command_of_staff_leaves_a_row(town: Town, command: type) -> None:
    async with scene(town) as it:
        asked = await TRIED[command](on := await stage(it.place))
        async with town.client(it.place, on.me, 0) as client:
            before = await last(it.place)
            assert isinstance(await client.ask(asked), Done)
            rows = await it.place.rows(audit, audit.c.n > before)
            assert [row.actor for row in rows if row.actor is not None] == [on.me], "one row, and whose it is"
            assert await without_words(it.place, rows) == set()


SIGNAL: dict[str, str | list[str]] = {"name": "Pills", "kind": "words", "text": "pills", "level": "other"}
FIELDS: dict[str, dict[str, str | list[str]]] = {
    "POST /duty/shift": {"hours": "2"},
    "POST /duty/break": {},
    "POST /duty/channels": {"channels": "mailto://user:secret@example.org"},
    "POST /supervisor/pairs": {"name": "role", "pair": []},
    "POST /supervisor/debriefs/{note}": {},
    "POST /organiser/peers/{person}/approve": {},
    "POST /supervisor/peers/{person}/vet": {},
    "POST /supervisor/peers/{person}/unvet": {},
    "POST /organiser/peers/{person}/suspend": {},
    "POST /organiser/duty": {"told": "Somebody comes soon.", "alerted": "organiser"},
    "POST /organiser/rooms": {"name": "A room"},
    "POST /organiser/rooms/{room}/close": {},
    "POST /organiser/invite": {"role": "moderator"},
    "POST /audit": {"act": "muted"},
    "POST /audit/rows/{n}": {},
    "POST /audit/exports": {},
    "POST /audit/exports/{export}": {},
    "POST /organiser/rules": {"text-en": "Be kind.", "text-fi": "Ole kiltti."},
    "POST /organiser/rules/{code}": {"text-en": "Be kind.", "text-fi": "Ole kiltti."},
    "POST /organiser/signals": SIGNAL,
    "POST /organiser/signals/{code}": SIGNAL | {"state": "on"},
    "POST /organiser/signals/{code}/try": {},
    "POST /organiser/topics": {"family": "life", "label-en": "Sea", "label-fi": "Meri"},
    "POST /organiser/topics/{code}": {"family": "life", "label-en": "Sea", "label-fi": "Meri", "place": "1"},
}
"""What a form of staff says when it changes something; they are sent in this order."""
OWN = {"POST /duty/debrief"}
"""What only keeps one's own words about oneself is in no audit; who reads them is."""
OPENS = {"GET /console/cases/{case}"}
"""The pages on which staff read what people wrote."""
RECORDED = {*OPENS, "GET /audit/exports/{export}"}
STAFF_ROUTES = tuple(row for row in ROUTES if row.allowed in ("desk", "supervisor", "overseer", "organiser"))


def called(row: Row) -> str:
    return f"{row.method} {row.path}"


def test_every_form_of_staff_is_tried() -> None:
    assert set(FIELDS) == {called(row) for row in STAFF_ROUTES if row.method == "POST"} - OWN


async def test_every_form_of_staff_and_every_page_with_words_leaves_a_row(sqlite_url: str, tmp_path: Path) -> None:
    wrong = []
    async with site(tmp_path, sqlite_url, CountingKeys) as pages:
        keys = pages.place.keys
        assert isinstance(keys, CountingKeys)
        on = await stage(pages.place)
        me = await pages.place.person("moderator", "supervisor", "organiser")
        muted = await on.act(Mute(person=on.person, minutes=1, **WHY))
        [why] = await pages.place.rows(audit, audit.c.ref == muted)
        boss = await pages.place.person("organiser")
        async with pages.place.store.transaction() as tx:
            export = await exports.ask(tx, pages.place.keys, boss)
            signal = await own_signals.add(tx, pages.place.keys, boss, "Pills", "words", "pills", "other")
        codes = {"rules": "kindness", "topics": "work", "signals": signal}
        await debriefs.write(pages.place.store, pages.place.keys, on.colleague, words())
        [note] = await pages.place.rows(tables.debriefs)
        at = {"person": on.person, "room": on.room, "case": on.case, "n": why.n, "export": export, "note": note.id}
        async with await pages.browser_of(me) as browser:
            forms = [(one, row) for one in FIELDS for row in STAFF_ROUTES if called(row) == one]
            reads = [(called(row), row) for row in STAFF_ROUTES if row.method == "GET"]
            for one, row in [*forms, *reads]:
                path = row.path.format(**at, code=next((codes[one] for one in codes if one in row.path), ""))
                await browser.get("/me")
                before = await last(pages.place)
                keys.given = 0
                if row.method == "POST":
                    answer = await browser.post(path, FIELDS[one])
                    done = answer.status_code in (200, 303) and await last(pages.place) == before + 1
                else:
                    answer = await browser.get(path)
                    done = answer.status_code == 200 and await last(pages.place) == before + (one in RECORDED)
                    done = done and bool(keys.given) == (one in OPENS)
                if not done:
                    wrong.append((one, answer.status_code, keys.given))
        assert await without_words(pages.place, await pages.place.rows(audit)) == set()
    assert wrong == []


async def without_words(place: Place, rows: "Sequence[sa.Row[Any]]") -> set[str]:
    """Return every act, and every code, that the audit's page would show as it stands in the database."""
    english = language.load()["en"]
    async with place.store.reading() as tx:
        own = await audit_pages.own_words(tx, english)
    codes = {row.code for row in rows if row.code and audit_words.more(english, row.act, row.code, own) == row.code}
    return codes | {row.act for row in rows} - set(audit_words.ACTS)


async def last(place: Place) -> int:
    """Return the number of the audit's last row."""
    async with place.store.reading() as tx:
        return int((await tx.execute(sa.select(sa.func.max(audit.c.n)))).scalar() or 0)
