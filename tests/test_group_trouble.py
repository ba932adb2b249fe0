"""Group commit in trouble: a room that is held, a circle of locks, too much that waits, an end."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import pytest
import sqlalchemy as sa

from chat.group import WAITING_SAYS, Circle, Driver, GroupCommit, Said, Saying
from chat.ids import Millis, PersonId, RoomId, Seq
from chat.refusals import Refusal, Unavailable
from chat.tables import people as people_table
from chat.tables import rooms as rooms_table
from chat.timeline import Sealed, seal
from tests.place import Place
from tests.test_group import code, driver_of, none_holds
from tests.words import words

PATIENCE_S = 30
only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""SQLite has one writer in all, who waits at the gate: there is nobody to wait for in a circle."""


@dataclass
class Watched:
    """A driver that tells how many says each group had, and how it failed."""

    driver: Driver
    groups: list[int] = field(default_factory=list)
    errors: list[type[BaseException]] = field(default_factory=list)

    async def commit(self, sayings: Sequence[Saying]) -> list[Said | Refusal]:
        self.groups.append(len(sayings))
        try:
            return await self.driver.commit(sayings)
        except Exception as error:
            self.errors.append(type(error))
            raise

    async def close(self) -> None:
        await self.driver.close()


async def saying(place: Place, room: RoomId, person: PersonId) -> tuple[Saying, "asyncio.Future[Said | Refusal]"]:
    """Return a say that is ready to be submitted, and its answer to be."""
    answer: asyncio.Future[Said | Refusal] = asyncio.get_running_loop().create_future()
    text = words()
    sealed = seal(await place.keys.get(person, "said"), room, person, secrets.token_urlsafe(9), text)
    return Saying(room, person, sealed, text, None, answer.set_result), answer


@asynccontextmanager
async def committing(driver: Driver) -> AsyncIterator[GroupCommit]:
    """Run a group commit for the time of the block, and keep what still waits at its end."""
    group = GroupCommit(driver, lambda _: None, lambda _: None, none_holds)
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(group.run())
        try:
            yield group
        finally:
            group.end()
    await driver.close()


@only_postgresql
async def test_a_room_that_is_held_too_long_takes_no_other_room_down(place: Place) -> None:
    """The group waits for the room until its lock times out; then each half goes on without the other."""
    a, b = await place.person(), await place.person()
    held, free = await place.room(a, b), await place.room(a, b)
    driver = Watched(driver_of(place))
    async with committing(driver) as group:
        (one, stuck), (two, kept) = await saying(place, held, a), await saying(place, free, b)
        async with place.store.transaction() as tx:
            await tx.execute(sa.text("set local idle_in_transaction_session_timeout = 0"))  # it is to be held for long
            await tx.lock(rooms_table, [held])
            for each in (two, one):
                group.submit(each)
            assert code(await kept) == "said"
            assert not stuck.done(), "its room is held all the time"
        assert code(await stuck) == "said"
    assert driver.groups == [2, 1, 1]
    assert driver.errors == [asyncpg.LockNotAvailableError]
    for room in (held, free):
        assert [entry.seq for entry in await place.read(room)] == [1, 2, 3]


@only_postgresql
async def test_a_group_that_is_in_a_circle_of_locks_is_tried_again_and_keeps_everything(place: Place) -> None:
    """Somebody locks in the wrong order (by hand, perhaps): PostgreSQL ends the group, and not one say is lost."""
    a, b = await place.person(), await place.person()
    left, right = await place.room(a, b), await place.room(a, b)
    driver = Watched(driver_of(place))
    async with committing(driver) as group:
        (one, first), (two, second) = await saying(place, left, a), await saying(place, right, b)
        async with place.store.transaction() as tx:
            await tx.execute(sa.text("set local deadlock_timeout = '10s'"))  # the group is who looks for circles
            await tx.lock(rooms_table, [left])
            for each in (one, two):
                group.submit(each)
            await place.until_one_waits()
            wrong_order = sa.select(people_table.c.id).where(people_table.c.id == a).with_for_update()
            await tx.execute(wrong_order)
        assert [code(await first), code(await second)] == ["said", "said"]
    assert driver.groups[:3] == [2, 1, 1], "the group, and each alone; who was too quick met the circle once more"
    assert set(driver.errors) == {Circle}


class Shut:
    """A driver whose database answers when it is let."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.busy = asyncio.Event()
        self.groups: list[int] = []

    async def commit(self, sayings: Sequence[Saying]) -> list[Said | Refusal]:
        self.groups.append(len(sayings))
        self.busy.set()
        await self.open.wait()
        return [Said(Seq(1), Millis(1), "Zilpzalp", False)] * len(sayings)

    async def close(self) -> None: ...


def answers() -> list[Said | Refusal]:
    return []


def quick(into: list[Said | Refusal]) -> Saying:
    return Saying(RoomId(1), PersonId(1), Sealed("say-id-0001", b"", 1, b""), words(), None, into.append)


async def test_a_say_too_many_is_refused_at_once_and_those_before_it_are_kept() -> None:
    driver, kept, refused = Shut(), answers(), answers()
    async with committing(driver) as group:
        group.submit(quick(kept))
        await driver.busy.wait()
        for _ in range(WAITING_SAYS):
            group.submit(quick(kept))
        assert kept == [], "as many as may wait, wait"
        group.submit(quick(refused))
        assert [(type(one), getattr(one, "retry_after", None)) for one in refused] == [(Unavailable, 2.0)]
        driver.open.set()
    assert [type(one) for one in kept] == [Said] * (WAITING_SAYS + 1)


async def test_at_the_end_what_waits_is_kept_and_nothing_more_is_taken() -> None:
    driver, kept, refused = Shut(), answers(), answers()
    async with committing(driver) as group:
        for _ in range(3):
            group.submit(quick(kept))
            await driver.busy.wait()
        group.end()
        group.submit(quick(refused))
        assert [type(one) for one in refused] == [Unavailable]
        driver.open.set()
    assert [type(one) for one in kept] == [Said] * 3
    assert driver.groups == [1, 2]


async def test_what_waits_is_kept_also_when_the_end_came_before_the_beginning() -> None:
    driver, kept = Shut(), answers()
    driver.open.set()
    group = GroupCommit(driver, lambda _: None, lambda _: None, none_holds)
    group.submit(quick(kept))
    group.end()
    async with asyncio.timeout(PATIENCE_S):
        await group.run()
    assert [type(one) for one in kept] == [Said]


class Circling(Shut):
    """A driver whose database opens a circle of locks at the first `times` groups."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.open.set()
        self.times = times

    async def commit(self, sayings: Sequence[Saying]) -> list[Said | Refusal]:
        if len(self.groups) < self.times:
            self.groups.append(len(sayings))
            raise Circle
        return await super().commit(sayings)


@pytest.mark.parametrize(("times", "answer"), [(1, Said), (2, Unavailable)])
async def test_a_say_alone_in_a_circle_of_locks_is_tried_once_more(times: int, answer: type) -> None:
    driver, kept = Circling(times), answers()
    async with committing(driver) as group:
        group.submit(quick(kept))
    assert driver.groups == [1, 1]
    assert [type(one) for one in kept] == [answer]
