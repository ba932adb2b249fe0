"""Changes: every process hears of every profile that has changed, in one order, or that it has to read all afresh."""

import asyncio

import sqlalchemy as sa

from chat.tables import people, rooms
from matcher import changes, profiles
from matcher.changes import CHANGES
from matcher.tables import profiles as profiles_table
from tests.circle import Circle


async def test_what_has_changed_since_is_told_once_each_and_nothing_before_it(circle: Circle) -> None:
    one, other = await circle.seeker(), await circle.seeker()
    await circle.save(one, "first")
    async with circle.place.store.reading() as tx:
        stands = await changes.last(tx)
    await circle.save(other, "second")
    await circle.save(other, "third")
    await circle.ask(one)  # work for somebody, and nothing that has changed
    async with circle.place.store.reading() as tx:
        assert await changes.since(tx, stands) == (stands + 2, frozenset({other}))
        assert await changes.since(tx, await changes.last(tx)) == (stands + 2, frozenset())


async def test_who_asks_for_what_is_not_kept_or_never_was_reads_all_afresh(circle: Circle) -> None:
    for _ in range(3):
        await circle.save(await circle.seeker(), "words")
    async with circle.place.store.transaction() as tx:
        stands = await changes.last(tx)
        await tx.execute(sa.update(rooms).where(rooms.c.id == CHANGES).values(first_seq=3))
        assert await changes.since(tx, stands) is not None
        assert await changes.since(tx, 1) is None  # type: ignore[arg-type]
        assert await changes.since(tx, stands + 1) is None, "of a database that was restored"  # type: ignore[arg-type]


async def test_saving_and_encoding_the_same_profiles_never_wait_for_each_other(circle: Circle) -> None:
    first, second = sorted([await circle.peer("one"), await circle.peer("two")])
    async with circle.place.store.transaction() as tx:
        await tx.lock(people, [second])
        mine = sa.update(profiles_table).where(profiles_table.c.person == second)
        await tx.execute(mine.values(version=profiles_table.c.version + 1))  # as one who is saving, half done
        keeping = asyncio.ensure_future(keep(circle, {(first, 1): b"x", (second, 1): b"y"}))
        if tx.is_postgresql:
            await circle.place.until_one_waits()
        await changes.note(tx, second)
    await keeping
    kept = {row.person: row.vector for row in await circle.place.rows(profiles_table)}
    assert kept == {first: b"x", second: None}


async def keep(circle: Circle, made: dict[tuple[int, int], bytes]) -> None:
    async with circle.place.store.transaction() as tx:
        await profiles.keep_vectors(tx, "m", made)  # type: ignore[arg-type]
