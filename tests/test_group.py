"""Group commit: every rule of speaking holds inside the commit, on both databases."""

import asyncio
import itertools
import secrets
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC
from pathlib import Path

import pytest
import sqlalchemy as sa

from chat import rooms
from chat.group import Away, Driver, GroupCommit, Said, Saying
from chat.group_postgres import PostgresDriver
from chat.group_sqlite import FACTS, SqliteDriver
from chat.ids import PersonId, RoomId, Seq, new_id
from chat.migrate import migrate
from chat.refusals import (
    Muted,
    NotAMember,
    Refusal,
    RoomClosed,
    SayIdConflict,
    SignedOut,
    TooFast,
    Unavailable,
)
from chat.tables import entries, mutes
from chat.tables import people as people_table
from chat.tables import rooms as rooms_table
from chat.timeline import seal
from tests.place import Place
from tests.words import words

SAYS = 20
ONE, TWO, THREE = words("one"), words("two"), words("three")
PATIENCE_S = 10


def driver_of(place: Place, says: int = SAYS) -> Driver:
    if place.store.gate is None:
        return PostgresDriver(place.store.url, says, 10, UTC)
    return SqliteDriver(Path(place.store.url.removeprefix("sqlite:///")), place.store.gate, says, 10, UTC)


def none_holds(saying: Saying) -> None:
    """Where no room holds."""
    raise AssertionError


class Speakers:
    """Says on their way to one group commit, and their outcomes."""

    def __init__(self, place: Place, group: GroupCommit) -> None:
        self.place = place
        self.group = group

    async def say(
        self, room: RoomId, person: PersonId, text: str = "", say_id: str = "", reply_to: int | None = None
    ) -> Said | Refusal:
        answer: asyncio.Future[Said | Refusal] = asyncio.get_running_loop().create_future()
        key = await self.place.keys.get(person, "said")
        text = text or words()
        sealed = seal(key, room, person, say_id or secrets.token_urlsafe(9), text)
        reply = Seq(reply_to) if reply_to else None
        self.group.submit(Saying(room, person, sealed, text, reply, answer.set_result))
        async with asyncio.timeout(PATIENCE_S):
            return await answer


@asynccontextmanager
async def speaking(place: Place, says: int = SAYS, driver: Driver | None = None) -> AsyncIterator[Speakers]:
    driver = driver or driver_of(place, says)
    group = GroupCommit(driver, lambda _: None, lambda _: None, none_holds)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(group.run())
        yield Speakers(place, group)
        group.end()
    await driver.close()


def code(outcome: Said | Refusal) -> str:
    return "said" if isinstance(outcome, Said) else outcome.code


async def test_what_is_said_is_numbered_without_a_hole_and_can_be_read(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room, texts = await place.room(a, b), [words(str(n)) for n in range(10)]
    async with speaking(place) as speakers:
        says = [speakers.say(room, person, text) for person, text in zip([a, b] * 5, texts, strict=True)]
        outcomes = await asyncio.gather(*says)
    seqs = [outcome.seq for outcome in outcomes if isinstance(outcome, Said)]
    assert sorted(seqs) == list(range(3, 13))
    read = [(entry.seq, entry.text) for entry in await place.read(room) if entry.kind == "said"]
    assert read == sorted(zip(seqs, texts, strict=True))


async def test_the_same_say_id_gives_the_same_entry_and_another_text_is_refused(place: Place) -> None:
    a = await place.person()
    room, other = await place.room(a), await place.room(a)
    async with speaking(place) as speakers:
        first = await speakers.say(room, a, ONE, "same-say-id")
        again = await speakers.say(room, a, ONE, "same-say-id")
        changed = await speakers.say(room, a, TWO, "same-say-id")
        elsewhere = await speakers.say(other, a, ONE, "same-say-id")
        fresh = await speakers.say(room, a, THREE, "another-say-id")
    assert isinstance(first, Said) and isinstance(again, Said) and isinstance(fresh, Said)
    assert (first.fresh, again.fresh, again.seq) == (True, False, first.seq)
    assert isinstance(changed, SayIdConflict) and isinstance(elsewhere, SayIdConflict)
    assert fresh.seq == first.seq + 1


async def test_the_same_say_id_twice_in_one_group_is_one_entry(place: Place) -> None:
    a = await place.person()
    room = await place.room(a)
    await place.keys.get(a, "said")  # at hand from now on: all three are submitted in one turn, in this order
    async with speaking(place) as speakers:
        both = await asyncio.gather(*(speakers.say(room, a, ONE, "same-say-id") for _ in range(3)))
    assert [(code(one), one.seq if isinstance(one, Said) else 0) for one in both] == [("said", 2)] * 3
    assert [one.fresh for one in both if isinstance(one, Said)] == [True, False, False]


async def test_the_same_say_id_racing_into_two_rooms_in_two_processes_leaves_no_hole(place: Place) -> None:
    a = await place.person()
    left, right = await place.room(a), await place.room(a)
    async with speaking(place, 1000) as here, speaking(place, 1000) as there:
        races = []
        for n in range(40):
            say_id = f"race-{n:04}"
            races += [here.say(left, a, ONE, say_id), there.say(right, a, ONE, say_id)]
        outcomes = await asyncio.gather(*races)
    assert sorted(code(one) for one in outcomes) == ["said"] * 40 + ["say_id_conflict"] * 40
    for room in (left, right):
        seqs = [entry.seq for entry in await place.read(room)]
        assert seqs == list(range(1, len(seqs) + 1))


async def test_who_is_not_a_member_and_a_room_that_is_not_there_look_the_same(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a)
    async with speaking(place) as speakers:
        assert code(await speakers.say(room, b)) == code(await speakers.say(RoomId(new_id()), b)) == NotAMember.code


async def test_the_muted_the_banned_and_a_closed_room_are_refused_and_their_neighbours_are_not(place: Place) -> None:
    a, b, c = [await place.person() for _ in range(3)]
    room, closed, private = await place.room(a, b, c), await place.room(a), await place.one_to_one(a, b)
    async with place.store.transaction() as tx:
        until = await tx.now() + 60_000
        await tx.execute(mutes.insert().values(id=new_id(), until=until, person=b, room=None))
        await tx.execute(sa.update(people_table).where(people_table.c.id == c).values(state="banned"))
        await tx.lock(rooms_table, [closed])
        await rooms.close(tx, closed, "closed")
    async with speaking(place) as speakers:
        outcomes = await asyncio.gather(
            speakers.say(room, a), speakers.say(room, b), speakers.say(room, c), speakers.say(closed, a),
            speakers.say(private, b), speakers.say(room, a),
        )  # fmt: skip
    assert [code(one) for one in outcomes] == ["said", Muted.code, SignedOut.code, RoomClosed.code, "said", "said"]


async def test_the_limit_of_says_is_exact_over_several_processes(place: Place) -> None:
    a = await place.person()
    room = await place.room(a)
    async with speaking(place) as one, speaking(place) as two, speaking(place) as three:
        turns = itertools.cycle([one, two, three])
        outcomes = await asyncio.gather(*(next(turns).say(room, a) for _ in range(SAYS + 7)))
    assert sorted(code(outcome) for outcome in outcomes) == ["said"] * SAYS + [TooFast.code] * 7
    waits = [outcome.retry_after for outcome in outcomes if isinstance(outcome, TooFast)]
    assert all(wait is not None and 0 < wait <= 10 for wait in waits)


async def test_a_reply_reaches_no_entry_the_speaker_may_not_see(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, shown=0)
    async with speaking(place) as speakers:
        assert code(await speakers.say(room, a)) == "said"
        async with place.store.transaction() as tx:
            await rooms.join(tx, room, b)
        assert code(await speakers.say(room, b, reply_to=2)) == NotAMember.code
        assert code(await speakers.say(room, b, reply_to=3)) == "said"
        assert code(await speakers.say(room, b, reply_to=99)) == NotAMember.code


async def test_one_say_that_cannot_be_kept_takes_no_other_down(place: Place) -> None:
    a = await place.person()
    room = await place.room(a)
    real = driver_of(place)

    class Choking:
        """A driver that fails as a whole when one say in the group is bad, as a database does."""

        async def commit(self, sayings: "list[Saying]") -> list[Said | Refusal]:
            if any(saying.sealed.say_id == "poison-say" for saying in sayings):
                raise ValueError
            return await real.commit(sayings)

        async def close(self) -> None:
            await real.close()

    async with speaking(place, driver=Choking()) as speakers:  # type: ignore[arg-type]
        outcomes = await asyncio.gather(
            *(speakers.say(room, a, say_id=f"good-say-{n}" if n != 5 else "poison-say") for n in range(12))
        )
    assert [code(one) for one in outcomes] == ["said"] * 5 + [Unavailable.code] + ["said"] * 6
    assert [entry.seq for entry in await place.read(room)] == list(range(1, 13))


async def test_while_the_database_is_away_says_are_refused_and_not_lost_in_silence(place: Place) -> None:
    a = await place.person()
    room = await place.room(a)

    class Gone:
        async def commit(self, sayings: object) -> list[Said | Refusal]:
            raise Away

        async def close(self) -> None: ...

    async with speaking(place, driver=Gone()) as speakers:
        assert code(await speakers.say(room, a)) == Unavailable.code


async def test_what_a_commit_has_kept_whose_end_was_not_heard_is_told_to_the_room(place: Place) -> None:
    person = await place.person()
    room = await place.room(person)
    announced: list[dict[RoomId, Seq]] = []

    class Deaf:
        """Keeps the first group, and does not hear of it."""

        def __init__(self) -> None:
            self.driver = driver_of(place)
            self.deaf = True

        async def commit(self, sayings: Sequence[Saying]) -> list[Said | Refusal]:
            kept = await self.driver.commit(sayings)
            if self.deaf:
                self.deaf = False
                raise Away
            return kept

        async def close(self) -> None:
            await self.driver.close()

    driver = Deaf()
    group = GroupCommit(driver, lambda _: None, announced.append, none_holds)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(group.run())
        said = await Speakers(place, group).say(room, person)
        group.end()
    await driver.close()
    assert isinstance(said, Said) and not said.fresh
    assert announced == [{room: said.seq}]


async def test_a_mute_that_is_acknowledged_is_before_every_later_say_in_commit_order(place: Place) -> None:
    a = await place.person()
    room = await place.room(a)
    async with speaking(place, 1000) as here, speaking(place, 1000) as there, asyncio.TaskGroup() as tasks:
        says = [tasks.create_task(one.say(room, a)) for one in [here, there] * 100]
        await asyncio.sleep(0.01)
        async with place.store.transaction() as tx:
            await tx.lock(people_table, [a])
            now = await tx.now()
            await tx.execute(mutes.insert().values(id=new_id(), person=a, until=now + 60_000))
            last = sa.select(sa.func.max(entries.c.seq)).where(entries.c.room == room)
            before = (await tx.execute(last)).scalar_one()
        later = [tasks.create_task(one.say(room, a)) for one in [here, there] * 20]
    assert all(code(one.result()) == Muted.code for one in later)
    kept = [entry.seq for entry in await place.read(room)]
    assert kept == list(range(1, len(kept) + 1)) and kept[-1] == before
    assert sum(code(one.result()) == "said" for one in says) == before - 1


@pytest.mark.parametrize(
    "index", ["ux_memberships_open", "ix_mutes_person", "ux_entries_say_id", "sqlite_autoindex_held"]
)
async def test_the_question_asked_for_every_say_goes_through_its_indexes(sqlite_url: str, index: str) -> None:
    await migrate(sqlite_url, "chat")
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        plan = connection.execute(f"explain query plan {FACTS}", ('[[1, 2, "say-id-x"]]',)).fetchall()
    assert index in str(plan)
