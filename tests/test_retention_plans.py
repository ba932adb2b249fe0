"""How retention finds what is due: never by looking at every entry there is, for it looks each minute."""

import sqlite3
from typing import Any

import pytest
import sqlalchemy as sa

from chat.retention import DAY_MS, HOUR_MS
from chat.tables import entries, hidden
from tests.place import Place
from tests.test_retention import age, append, of
from tests.words import words


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # which has no other way than the one it tells
async def test_what_is_due_is_found_by_an_index(place: Place) -> None:
    person = await place.person()
    room = await place.room(person)
    gone = await place.say(room, person, words())
    await append(place, room, "retracted", person, gone)
    await age(place, hidden, "at", 73 * HOUR_MS)
    await age(place, entries, "at", 150 * DAY_MS)
    plans: list[str] = []
    beside = sqlite3.connect(place.store.url.removeprefix("sqlite:///"))

    def plan(connection: sa.Connection, cursor: Any, statement: str, values: Any, *_: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")) and ("entries" in statement or "hidden" in statement):
            plans.extend(row[-1] for row in beside.execute(f"explain query plan {statement}", values))

    engines = {place.store._writer.sync_engine, place.store._reader.sync_engine}
    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", plan)
    for _ in range(3):
        await of(place).sweep()
    for engine in engines:
        sa.event.remove(engine, "before_cursor_execute", plan)
    beside.close()
    assert await place.rows(entries, entries.c.room == room) == []
    assert len(plans) > 20
    assert [one for one in plans if one.startswith(("SCAN entries", "SCAN hidden"))] == []
