"""The audit as it is read: found by what, whom and when; withheld from who is recused; exported by two."""

import csv
import io
from pathlib import Path

import pytest

from chat import audit_log, cases, erasure, exports, moderation
from chat.audit_log import Line, Wanted
from chat.ids import Millis, PersonId
from chat.journal import Journal
from chat.protocol import Report
from chat.refusals import Gone, NotAllowed, NotAMember
from chat.staff_commands import Claim, Close, Mute, Warn
from chat.tables import audit
from tests.pages import site
from tests.place import Place
from tests.words import words

DAY_MS = 86_400_000


async def warn(place: Place, moderator: PersonId, person: PersonId, reason: str, case: int | None = None) -> int:
    command = Warn(person=person, rule="kindness", reason=reason, case=case)
    act = await moderation.act(place.store, place.keys, moderator, command)
    [row] = await place.rows(audit, audit.c.ref == act)
    return int(row.n)


async def found(place: Place, reader: PersonId, **wanted: object) -> list[Line]:
    return await audit_log.search(place.store, place.keys, reader, Wanted(**wanted))  # type: ignore[arg-type]


async def nickname_of(place: Place, person: PersonId) -> str:
    [row] = await place.rows(audit_log.people, audit_log.people.c.id == person)
    return str(row.nickname)


async def test_rows_are_found_by_act_person_and_time(place: Place) -> None:
    reader, moderator = await place.person("supervisor"), await place.person("moderator")
    one, two = await place.person(), await place.person()
    first, second = await warn(place, moderator, one, words()), await warn(place, moderator, two, words())
    assert [line.n for line in await found(place, reader, act="warned")] == [second, first]
    [line] = await found(place, reader, person=await nickname_of(place, one))
    assert (line.n, line.act, line.actor, line.subject, line.has_reason) == (first, "warned", moderator, one, True)
    by = await found(place, reader, person=await nickname_of(place, moderator), act="warned")
    assert [line.n for line in by] == [second, first]
    assert [line.n for line in await found(place, reader, before=second, act="warned")] == [first]
    assert await found(place, reader, act="warned", since=Millis(line.at + DAY_MS)) == []
    assert await found(place, reader, act="warned", until=Millis(line.at - DAY_MS)) == []
    assert len(await found(place, reader, act="audit_searched")) == 7, "every search is a row"
    with pytest.raises(NotAllowed):
        await found(place, moderator)


async def test_who_is_recused_finds_nothing_of_it(place: Place) -> None:
    reader = await place.person("supervisor", "organiser")
    moderator, person, boss = await place.person("moderator"), await place.person(), await place.person("organiser")
    room = await place.room(person, reader)
    seq = await place.say(room, person, words())
    case = await cases.report(place.store, place.keys, reader, Report(room=room, seq=seq))
    await cases.claim(place.store, place.keys, moderator, Claim(case=case))
    n = await warn(place, moderator, person, words(), case)
    about_me = await warn(place, boss, reader, words())
    everything = {line.n for line in await found(place, boss)}
    seen = {line.n for line in await found(place, reader)}
    hidden = {row.n for row in await place.rows(audit, audit.c.ref == case)} | {n, about_me}
    assert len(hidden) == 4 and hidden <= everything and not hidden & seen
    for one in hidden:
        with pytest.raises(NotAMember):
            await audit_log.why(place.store, place.keys, reader, one)


async def test_a_reason_is_opened_while_it_can_be_and_that_is_a_row(place: Place) -> None:
    reader, moderator = await place.person("organiser"), await place.person("moderator")
    person, reporter, text, other = await place.person(), await place.person(), words(), words()
    room = await place.room(person, reporter)
    seq = await place.say(room, person, words())
    case = await cases.report(place.store, place.keys, reporter, Report(room=room, seq=seq))
    await cases.claim(place.store, place.keys, moderator, Claim(case=case))
    with_case, alone = await warn(place, moderator, person, text, case), await warn(place, moderator, person, other)
    assert await audit_log.why(place.store, place.keys, reader, with_case) == text
    assert await audit_log.why(place.store, place.keys, reader, alone) == other
    rows = await place.rows(audit, audit.c.act == "reason_read")
    assert [(row.actor, row.subject, row.ref) for row in rows] == [(reader, None, with_case), (reader, None, alone)]
    for n in (1, 10**6):
        with pytest.raises(NotAMember):
            await audit_log.why(place.store, place.keys, reader, n)
    journal = Journal(place.folder / "erasures.journal")
    await cases.close(place.store, place.keys, journal, moderator, Close(case=case, outcome="talked"))
    await erasure.erase(place.store, place.keys, journal, moderator)
    for n in (with_case, alone):
        with pytest.raises(Gone):
            await audit_log.why(place.store, place.keys, reader, n)
    assert len(await place.rows(audit, audit.c.act == "reason_read")) == 2


async def fetched(place: Place, person: PersonId, export: int) -> list[dict[str, object]]:
    pages = await exports.fetch(place.store, place.keys, person, export)
    return [row async for page in pages for row in page]


async def test_an_export_takes_two_and_nobody_else_fetches_it(place: Place) -> None:
    one, two, third = (
        await place.person("organiser"),
        await place.person("supervisor"),
        await place.person("organiser"),
    )
    async with place.store.transaction() as tx:
        export = await exports.ask(tx, place.keys, one)
    for refused, by in ((NotAllowed, one), (NotAllowed, await place.person("moderator"))):
        with pytest.raises(refused):
            async with place.store.transaction() as tx:
                await exports.agree(tx, place.keys, by, export)
    with pytest.raises(Gone):
        await fetched(place, one, export)
    for _ in range(2):
        async with place.store.transaction() as tx:
            await exports.agree(tx, place.keys, two, export)
    with pytest.raises(Gone):
        async with place.store.transaction() as tx:
            await exports.agree(tx, place.keys, third, export)
    with pytest.raises(NotAMember):
        await fetched(place, third, export)
    n = await warn(place, third, one, words())
    rows = await fetched(place, one, export)
    assert [row["n"] for row in rows] == list(range(1, len(rows) + 1)), "no row is missing"
    told = {row["act"] for row in rows}
    assert {"export_asked", "export_agreed", "exported"} <= told
    withheld = rows[n - 1]
    assert {name for name, value in withheld.items() if value is not None} == {"n", "mac"}, "it is about one of the two"
    async with place.store.transaction() as tx:
        await tx.execute(exports.exports.update().values(asked_at=1, seconded_at=1))
    with pytest.raises(Gone):
        await fetched(place, one, export)


async def test_the_page_searches_opens_a_reason_and_exports(sqlite_url: str, tmp_path: Path) -> None:
    async with site(tmp_path, sqlite_url) as pages:
        place, reason = pages.place, words()
        moderator, person = await place.person("moderator"), await place.person()
        n, name = await warn(place, moderator, person, reason), await nickname_of(place, person)
        mute = Mute(person=person, minutes=5, rule="kindness", reason=words())
        await moderation.act(place.store, place.keys, moderator, mute)
        one, two = await place.person("organiser"), await place.person("supervisor")
        async with await pages.browser_of(one) as asking, await pages.browser_of(two) as agreeing:
            page = (await asking.get("/audit")).text
            assert "Warned" in page and "Muted" in page and name in page and reason not in page
            assert "Be kind: nobody is put down here." in page and "kindness" not in page
            page = (await asking.post("/audit", {"act": "warned", "person": name})).text
            assert page.count("<tbody><tr>") == 1 and page.count("Warned") == 2 and "Muted</td>" not in page
            for wrong in (
                {"before": "x"},
                {"act": "=1+1"},
                {"person": "a\0b"},
                {"since": "yesterday"},
                {"until": "2026-02-30"},
            ):
                assert (await asking.post("/audit", wrong)).status_code == 409
            assert reason in (await asking.post(f"/audit/rows/{n}")).text
            assert (await asking.post("/audit/exports")).status_code == 303
            [export] = [row.id for row in await place.rows(exports.exports)]
            await asking.get("/audit")
            assert (await asking.post(f"/audit/exports/{export}")).status_code == 409
            await agreeing.get("/audit")
            assert (await agreeing.post(f"/audit/exports/{export}")).status_code == 303
            file = await asking.get(f"/audit/exports/{export}")
            rows = list(csv.DictReader(io.StringIO(file.text)))
            assert file.headers["content-type"].startswith("text/csv") and rows[n - 1]["act"] == "warned"
            assert name not in file.text and reason not in file.text
