"""A room that holds, on two `web` processes: members who talk while a moderator begins to look first."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from chat.protocol import Done, Entry, Refused, TakeBack
from chat.staff_commands import Hold, LetThrough, Unhold
from chat.tables import held
from tests.client import Client, answer_code
from tests.town import TOLD_S, Town
from tests.words import words

pytestmark = pytest.mark.timeout(180)
TALKERS = 6


async def test_nothing_is_heard_of_a_member_once_the_room_holds_but_what_is_let_through(town: Town) -> None:
    async with town.place() as place, AsyncExitStack() as stack:
        people = [await place.person() for _ in range(TALKERS)]
        room = await place.room(*people, capacity=50)
        boss = await stack.enter_async_context(town.client(place, await place.person("moderator"), 0))
        clients = [await stack.enter_async_context(town.client(place, one, n % 2)) for n, one in enumerate(people)]
        for client in clients:
            await client.join(room)

        async def talks(one: Client) -> None:
            while not isinstance(answer := await one.say(room, words()), Refused):
                pass
            assert answer.code == "held"

        first = [await one.say(room, words()) for one in clients]
        assert all(isinstance(one, Entry) for one in first)
        async with asyncio.TaskGroup() as tasks:
            for one in clients:
                tasks.create_task(talks(one))
            answer = await boss.ask(Hold(room=room, rule="flooding", reason="."))
        assert isinstance(answer, Done), answer_code(answer)
        told = await clients[0].say(room, text := words(), say_id := "held-in-flow")
        assert isinstance(told, Refused) and told.code == "held"
        entries = await place.read(room)
        assert entries[-1].code == "holding", "the last thing that happened, whatever was said at once with it"
        [row] = await place.rows(held, held.c.say_id == say_id)
        assert isinstance(await boss.ask(LetThrough(held=int(row.id))), Done)
        for one in clients:
            await one.until(lambda one=one: text in one.texts(room), TOLD_S)
        waiting = await place.rows(held, held.c.room == room, held.c.ended_at.is_(None))
        assert len(waiting) == TALKERS
        mine = next(row for row in waiting if row.author == people[1])
        assert isinstance(await clients[1].ask(TakeBack(room=room, say_id=str(mine.say_id))), Done)
        gone = await boss.ask(LetThrough(held=int(mine.id)))
        assert isinstance(gone, Refused) and gone.code == "gone"
        assert isinstance(await boss.ask(Unhold(room=room)), Done)
        assert isinstance(await clients[2].say(room, words()), Entry)
