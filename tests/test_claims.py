"""Claims: graded, handed back and on, and back in the queue when a console or a process is gone."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from chat import cases, claims, erasure, queue
from chat.ids import CaseId, PersonId
from chat.journal import Journal
from chat.protocol import Done, Report
from chat.refusals import Gone, NotAllowed, NotAMember
from chat.rooms import DESK
from chat.staff_commands import Claim, Close, Grade, HandOver, Release
from chat.tables import audit
from chat.tables import cases as cases_table
from tests.place import Place
from tests.town import TOLD_S, Town, open_town
from tests.words import words


async def filed(place: Place, subject: PersonId | None = None, reporter: PersonId | None = None) -> CaseId:
    """Return a case that somebody reported."""
    subject, reporter = subject or await place.person(), reporter or await place.person()
    room = await place.room(subject, reporter)
    seq = await place.say(room, subject, words())
    return await cases.report(place.store, place.keys, reporter, Report(room=room, seq=seq))


async def claim(place: Place, moderator: PersonId, case: CaseId) -> None:
    await cases.claim(place.store, place.keys, moderator, Claim(case=case))


async def grow_old(place: Place, by_ms: int) -> None:
    """Let the claimers' consoles have been seen last so long ago."""
    async with place.store.transaction() as tx:
        await tx.execute(sa.update(cases_table).values(seen_at=cases_table.c.seen_at - by_ms))


async def holder(place: Place, case: CaseId) -> object:
    [row] = await place.rows(cases_table, cases_table.c.id == case)
    assert (row.state == "claimed") == (row.claimed_by is not None) == (row.seen_at is not None)
    return row.claimed_by


async def test_a_moderator_says_what_a_case_is_about(place: Place) -> None:
    moderator, other = await place.person("moderator"), await place.person()
    case = await filed(place)
    for _ in range(2):
        await claims.grade(place.store, place.keys, moderator, Grade(case=case, level="imminent"))
    async with place.store.reading() as tx:
        assert [one.level for one in await queue.queue(tx, moderator)] == ["imminent"]
    told = [(one.kind, one.author, one.ref, one.code) for one in await place.desk() if one.kind == "graded"]
    assert told == [("graded", moderator, case, "imminent")]
    [row] = await place.rows(audit, audit.c.act == "graded")
    assert (row.actor, row.ref, row.code) == (moderator, case, "imminent")
    with pytest.raises(NotAllowed):
        await claims.grade(place.store, place.keys, other, Grade(case=case, level="spam"))


async def test_nobody_grades_or_takes_on_a_case_about_or_by_themselves(place: Place) -> None:
    subject, reporter = await place.person("moderator"), await place.person("moderator")
    first = await filed(place, subject, reporter)
    for by in (subject, reporter):
        for refused in (Grade(case=first, level="spam"), Release(case=first)):
            with pytest.raises(NotAMember):
                await (claims.grade if isinstance(refused, Grade) else claims.release)(
                    place.store, place.keys, by, refused  # type: ignore[arg-type]
                )  # fmt: skip
    moderator = await place.person("moderator")
    second = await filed(place)
    for case in (first, second):
        await claim(place, moderator, case)
    await claims.hand_over(place.store, place.keys, moderator, HandOver(to=subject))
    assert [await holder(place, one) for one in (first, second)] == [None, subject]


async def test_a_case_handed_back_is_anybodys_again(place: Place) -> None:
    moderator, other = await place.person("moderator"), await place.person("moderator")
    case = await filed(place)
    await claim(place, moderator, case)
    with pytest.raises(NotAllowed):
        await claims.release(place.store, place.keys, other, Release(case=case))
    await claims.release(place.store, place.keys, moderator, Release(case=case))
    with pytest.raises(NotAllowed):
        await claims.release(place.store, place.keys, moderator, Release(case=case))
    await claim(place, other, case)
    assert await holder(place, case) == other
    assert [one.kind for one in (await place.desk())[-3:]] == ["claimed", "released", "claimed"]
    assert len(await place.rows(audit, audit.c.act == "released")) == 1


async def test_at_the_end_of_a_shift_all_cases_go_to_a_colleague_or_to_the_queue(place: Place) -> None:
    first, second, member = await place.person("moderator"), await place.person("supervisor"), await place.person()
    held = [await filed(place) for _ in range(3)]
    for case in held:
        await claim(place, first, case)
    for to in (member, PersonId(12345)):
        with pytest.raises(NotAMember):
            await claims.hand_over(place.store, place.keys, first, HandOver(to=to))
    with pytest.raises(NotAllowed):
        await claims.hand_over(place.store, place.keys, first, HandOver(to=first))
    await claims.hand_over(place.store, place.keys, first, HandOver(to=second))
    assert [await holder(place, one) for one in held] == [second] * 3
    await claims.hand_over(place.store, place.keys, first, HandOver())  # holds none by now
    assert [await holder(place, one) for one in held] == [second] * 3
    await claims.hand_over(place.store, place.keys, second, HandOver())
    assert [await holder(place, one) for one in held] == [None] * 3
    assert [one.kind for one in (await place.desk())[-6:]] == ["handed_over"] * 3 + ["released"] * 3
    rows = await place.rows(audit, audit.c.act == "handed_over")
    assert {(row.actor, row.subject, row.ref) for row in rows} == {(first, second, one) for one in held}


async def test_a_case_goes_back_when_no_console_of_its_claimer_is_there(place: Place) -> None:
    moderator, other = await place.person("moderator"), await place.person("moderator")
    case = await filed(place)
    await claim(place, moderator, case)
    await grow_old(place, claims.LEASE_MS - 30_000)
    assert await claims.expire(place.store, place.keys) == 0
    await claims.keep(place.store, {moderator})
    await grow_old(place, claims.LEASE_MS - 30_000)
    await claims.keep(place.store, {other})
    assert await claims.expire(place.store, place.keys) == 0
    await grow_old(place, 31_000)
    ended = await asyncio.gather(*(claims.expire(place.store, place.keys) for _ in range(4)))
    assert sum(ended) == 1, "of processes that look at once, one does it"
    assert await holder(place, case) is None
    told = (await place.desk())[-1]
    assert (told.kind, told.ref, told.code, told.author) == ("released", case, "away", 0)
    [row] = await place.rows(audit, audit.c.act == "released")
    assert (row.actor, row.code) == (None, "away")
    await claim(place, other, case)


async def test_a_closed_case_is_neither_graded_nor_handed_on(place: Place) -> None:
    moderator = await place.person("moderator")
    case = await filed(place)
    await claim(place, moderator, case)
    closing = Close(case=case, outcome="nothing")
    await cases.close(place.store, place.keys, Journal(place.folder / "erasures.journal"), moderator, closing)
    for refused in (
        claims.grade(place.store, place.keys, moderator, Grade(case=case, level="spam")),
        claims.release(place.store, place.keys, moderator, Release(case=case)),
    ):
        with pytest.raises(Gone):
            await refused
    await claims.hand_over(place.store, place.keys, moderator, HandOver())
    await grow_old(place, 10 * claims.LEASE_MS)
    assert await claims.expire(place.store, place.keys) == 0


async def test_what_an_erased_moderator_held_goes_back_to_the_queue(place: Place) -> None:
    moderator = await place.person("moderator")
    case = await filed(place)
    await claim(place, moderator, case)
    await erasure.erase(place.store, place.keys, Journal(place.folder / "erasures.journal"), moderator)
    await grow_old(place, claims.LEASE_MS + 1)
    assert await claims.expire(place.store, place.keys) == 1


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Two processes on one database."""
    folder: Path = tmp_path_factory.mktemp("claims")
    with open_town(f"sqlite:///{folder / 'hearthside.db'}", folder, None) as one:
        yield one


async def test_a_console_keeps_a_claim_and_a_killed_process_gives_it_back(town: Town) -> None:
    async with town.place() as place:
        moderator, other = await place.person("moderator"), await place.person("moderator")
        case = await filed(place)
        async with town.client(place, other, 1) as watching, town.losing(0):
            await watching.join(DESK)
            async with town.client(place, moderator, 0) as console:
                await console.join(DESK)
                assert isinstance(await console.ask(Claim(case=case)), Done)
                await grow_old(place, claims.LEASE_MS - 60_000)
                async with asyncio.timeout(claims.BEAT_S + TOLD_S):
                    kept = cases_table.c.seen_at > cases_table.c.created_at
                    while not await place.rows(cases_table, kept):  # noqa: ASYNC110  another process writes it
                        await asyncio.sleep(0.1)
                town.webs[0].kill()
            assert await holder(place, case) == moderator
            await grow_old(place, claims.LEASE_MS)
            released = [("released", case, "away")]
            await watching.until(
                lambda: [(one.kind, one.ref, one.code) for one in watching.entries[DESK]][-1:] == released,
                claims.BEAT_S + TOLD_S,
            )
            assert isinstance(await watching.ask(Claim(case=case)), Done)
