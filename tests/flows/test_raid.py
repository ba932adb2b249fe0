"""A raid on two `web` processes: a few people, more raiders than they are, and a moderator who closes the doors."""

import asyncio
from contextlib import AsyncExitStack

import pytest
import sqlalchemy as sa

from chat import rooms
from chat.door import PROBATION_MS
from chat.protocol import Done, Entry, Refused
from chat.staff_commands import Guard, LetIn, Undo
from chat.tables import memberships
from chat.tables import people as people_table
from tests.client import Client, answer_code
from tests.town import TOLD_S, Town
from tests.words import words

pytestmark = pytest.mark.timeout(180)
RAIDERS = 8
SHUT = {"not_a_member", "not_joined"}


async def test_who_talks_sees_nothing_more_of_a_raid_once_the_doors_are_closed(town: Town) -> None:
    async with town.place() as place, AsyncExitStack() as stack:
        old, new = [await place.person() for _ in range(2)], [await place.person() for _ in range(RAIDERS)]
        room = await place.room(*old, capacity=50)
        async with place.store.transaction() as tx:
            await tx.execute(sa.update(people_table).values(created_at=people_table.c.created_at - 2 * PROBATION_MS))
            await tx.execute(sa.update(memberships).values(since_at=memberships.c.since_at - 2 * PROBATION_MS))
        for one in new:
            async with place.store.transaction() as tx:
                await rooms.join(tx, room, one)
        boss = await stack.enter_async_context(town.client(place, await place.person("moderator"), 0))
        talkers = [await stack.enter_async_context(town.client(place, one, n)) for n, one in enumerate(old)]
        raiders = [await stack.enter_async_context(town.client(place, one, n % 2)) for n, one in enumerate(new)]
        for client in (*talkers, *raiders):
            await client.join(room)
        first = [await one.say(room, words()) for one in raiders]
        assert all(isinstance(one, Entry) for one in first)

        async def raids(one: Client) -> None:
            while not isinstance(answer := await one.say(room, words()), Refused):
                pass
            assert answer.code in SHUT

        async with asyncio.TaskGroup() as tasks:
            for one in raiders:
                tasks.create_task(raids(one))
            answer = await boss.ask(Guard(room=room, rule="flooding", reason="."))
        assert isinstance(answer, Done), answer_code(answer)
        assert {answer_code(await one.say(room, words())) for one in raiders} <= SHUT  # type: ignore[arg-type]
        for one in raiders:  # each of their pages knows it soon
            await one.until(lambda one=one: is_out(one, room), TOLD_S)
        assert {answer_code(await one.try_to_join(room)) for one in raiders} == {"not_a_member"}
        told = [await one.say(room, words()) for one in talkers]
        assert all(isinstance(one, Entry) for one in told)
        kept = [one for one in await place.read(room) if one.kind == "said"]
        assert {one.author for one in kept if not one.hidden} == set(old)
        swept = {one.seq for one in kept if one.hidden}
        for one in talkers:  # and each of their pages has hidden all of it
            await one.until(lambda one=one: swept == removed(one, room), TOLD_S)
        assert isinstance(await boss.ask(LetIn(room=room, person=new[0])), Done)
        await raiders[0].join(room)
        assert isinstance(await raiders[0].say(room, words()), Entry)
        assert isinstance(await boss.ask(Undo(act=answer.act)), Done)
        for one in raiders[1:]:
            await one.join(room)
            assert isinstance(await one.say(room, words()), Entry)
        assert all(not one.hidden for one in await place.read(room) if one.kind == "said")


def is_out(client: Client, room: int) -> bool:
    """Whether a client has been told that it waits in the lobby."""
    return any((one.kind, one.code, one.author) == ("left", "lobby", client.me) for one in client.entries[room])


def removed(client: Client, room: int) -> set[int]:
    """Return what a client has been told to hide."""
    return {one.target for one in client.entries[room] if one.kind == "removed"}
