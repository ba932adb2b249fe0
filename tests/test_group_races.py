"""What ends a person's voice waits for the groups in flight, and every later group sees it, in every process."""

import asyncio

import pytest
import sqlalchemy as sa

from chat import bans, rooms
from chat.acts import Actor
from chat.ids import PersonId, RoomId
from chat.refusals import NotAMember, RoomClosed, SignedOut
from chat.staff_commands import Ban
from chat.store import Transaction
from chat.tables import entries
from chat.tables import rooms as rooms_table
from tests.place import Place
from tests.test_group import code, speaking
from tests.words import words

CODES = {"ban": SignedOut.code, "leave": NotAMember.code, "close": RoomClosed.code}


async def end(tx: Transaction, place: Place, what: str, room: RoomId, person: PersonId, by: PersonId) -> None:
    if what == "ban":
        actor = Actor(by, place.keys.derive("audit"), None)
        await bans.ban(tx, actor, Ban(person=person, days=14, rule="kindness", reason=words()))
    elif what == "leave":
        await rooms.leave(tx, room, person)
    else:
        await tx.lock(rooms_table, [room])
        await rooms.close(tx, room, "closed")


@pytest.mark.parametrize("what", CODES)
async def test_nothing_is_said_after_what_ended_it_in_commit_order(place: Place, what: str) -> None:
    a, organiser = await place.person(), await place.person("organiser")
    room = await place.room(a)
    await place.keys.get(a, "said")
    async with speaking(place, 1000) as here, speaking(place, 1000) as there, asyncio.TaskGroup() as tasks:
        says = [tasks.create_task(one.say(room, a)) for one in [here, there] * 100]
        await says[0]
        async with place.store.transaction() as tx:
            await end(tx, place, what, room, a, organiser)
            newest = sa.select(sa.func.max(entries.c.seq)).where(entries.c.room == room)
            last = (await tx.execute(newest)).scalar_one()
        later = [tasks.create_task(one.say(room, a)) for one in [here, there] * 20]
    assert {code(one.result()) for one in later} == {CODES[what]}
    assert {code(one.result()) for one in says} <= {"said", CODES[what]}
    kept = await place.read(room)
    assert [entry.seq for entry in kept] == list(range(1, last + 1)), "what ended it is the last"
    assert kept[-1].kind == ("closed" if what == "close" else "left")
