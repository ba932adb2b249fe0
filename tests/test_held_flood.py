"""One member may not bury what others say in a room that holds, nor keep them from speaking."""

import asyncio
import secrets

import pytest
import sqlalchemy as sa

from chat import held, moderation
from chat.group import Said, Saying
from chat.holding import Holding
from chat.ids import CaseId, PersonId
from chat.refusals import Refusal
from chat.settings import Settings
from chat.staff_commands import Expel
from chat.tables import cases as cases_table
from chat.tables import held as held_table
from chat.tables import people as people_table
from chat.timeline import seal
from tests.place import Place
from tests.test_group import Speakers, code
from tests.test_held import ONE, TWO, WHY, claim, close, decline, hold, speaking, waiting


async def test_as_much_as_anybody_looks_through_waits_of_one_member(place: Place) -> None:
    moderator, flooder, other = await place.person("moderator"), await place.person(), await place.person()
    room = await place.room(flooder, other)
    await hold(place, moderator, room)
    async with speaking(place) as here:
        outcomes = [code(await here.say(room, flooder, ONE)) for _ in range(held.EACH + 2)]
        assert outcomes == ["held"] * held.EACH + ["too_fast"] * 2
        assert code(await here.say(room, other, TWO)) == "held", "it is nobody else's limit"
        await decline(place, moderator, (await waiting(place, moderator, room))[0])
        assert [code(await here.say(room, flooder, ONE)) for _ in range(2)] == ["held", "too_fast"]


async def test_however_many_wait_the_oldest_of_each_author_is_shown(place: Place) -> None:
    moderator, flooders = await place.person("moderator"), [await place.person() for _ in range(6)]
    other = await place.person()
    room = await place.room(*flooders, other)
    await hold(place, moderator, room)
    async with speaking(place) as here:
        for one in flooders:
            for _ in range(held.EACH):
                await here.say(room, one, ONE)
        await here.say(room, other, TWO)
    shown = await waiting(place, moderator, room)
    assert len(shown) == held.MOST and shown[-1].text == TWO
    assert [one.at for one in shown] == sorted(one.at for one in shown)


@pytest.mark.parametrize("what", ["banned", "expelled"])
async def test_what_waits_of_who_is_sent_out_waits_no_more_and_keeps_no_case_open(place: Place, what: str) -> None:
    moderator, a, b = await place.person("moderator"), await place.person(), await place.person()
    room, other = await place.room(a, b), await place.room(a)
    async with speaking(place) as here:
        for one in (room, other):
            await hold(place, moderator, one)
            await here.say(one, a, ONE)
        await here.say(room, b, TWO)
    if what == "banned":
        await place.ban(a)
    else:
        await moderation.act(place.store, place.keys, moderator, Expel(person=a, room=room, **WHY))
    left = await waiting(place, moderator, room)
    assert [one.text for one in left] == [TWO]
    assert len(await waiting(place, moderator, other)) == (what == "expelled")
    [case] = await place.rows(cases_table, cases_table.c.room == room)
    await claim(place, moderator, CaseId(case.id))
    await decline(place, moderator, left[0])
    await close(place, moderator, CaseId(case.id))
    ended = await place.rows(held_table, held_table.c.author == a, held_table.c.room == room)
    assert [(one.act, one.ended_at is None) for one in ended] == [(None, False)], "nobody has judged it"


async def test_who_speaks_faster_than_anybody_may_keeps_nobody_else_waiting(place: Place) -> None:
    moderator, flooder = await place.person("moderator"), await place.person()
    room = await place.room(moderator, flooder)
    await hold(place, moderator, room)
    await place.keys.get(flooder, "said")  # at hand from now on: all are submitted in one turn
    answered: list[str] = []

    async def say(here: Speakers, person: PersonId) -> None:
        answered.append(code(await here.say(room, person)))

    async with speaking(place, says=3) as here, asyncio.TaskGroup() as tasks:
        for _ in range(30):
            tasks.create_task(say(here, flooder))
        tasks.create_task(say(here, moderator))
    assert answered == ["too_fast"] * 27 + ["held"] * 3 + ["said"], "who is too fast costs no transaction"
    [row] = await place.rows(people_table, people_table.c.id == flooder)
    assert (row.says, len(await waiting(place, moderator, room))) == (3, 3), "each is counted once"


async def test_what_is_said_and_what_waits_is_one_count(place: Place) -> None:
    moderator, a = await place.person("moderator"), await place.person()
    room, other = await place.room(a), await place.room(a)
    await hold(place, moderator, room)
    await place.keys.get(a, "said")
    async with speaking(place, says=4) as here:
        outcomes = await asyncio.gather(*(here.say(one, a) for one in (room, other) * 4))
        assert [code(one) for one in outcomes] == ["held", "said"] * 2 + ["too_fast"] * 4
        assert [code(await here.say(one, a)) for one in (room, other)] == ["too_fast"] * 2


async def test_of_one_author_no_more_are_in_the_queue_than_may_be_said_at_once(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    holding = Holding(place.store, place.keys, Settings.from_environment({"HEARTHSIDE_SAYS": "3"}))
    answers: asyncio.Queue[tuple[PersonId, str]] = asyncio.Queue()

    async def take(author: PersonId) -> None:
        def answer(outcome: Said | Refusal) -> None:
            answers.put_nowait((author, code(outcome)))

        sealed = seal(await place.keys.get(author, "said"), room, author, secrets.token_urlsafe(9), ONE)
        holding.take(Saying(room, author, sealed, ONE, None, answer))

    for author in (a, a, a, a, b):
        await take(author)
    assert (answers.qsize(), answers.get_nowait()) == (1, (a, "too_fast"))
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(holding.run())
        assert [await answers.get() for _ in range(4)] == [(a, "said")] * 3 + [(b, "said")]
        async with place.store.transaction() as tx:
            await tx.execute(sa.update(people_table).values(says=0))
        await take(a)
        assert await answers.get() == (a, "said"), "who has none left in it may come again"
        keeping.cancel()
