"""Three in a one-to-one: what ends when who leaves, and what stays as it is between two."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from chat import access, cases, claims, erasure, people, raising, rooms, thirds
from chat.ids import PersonId
from chat.journal import Journal
from chat.refusals import NotAMember, Refusal, TooFast
from chat.staff_commands import Grade, HandOver, Release
from chat.tables import rooms as rooms_table
from chat.tables import thirds as asks
from matcher import blocks as blocking
from matcher import newcomers
from matcher.eligibility import free
from tests.place import Place
from tests.three import Chat, chat
from tests.words import words


async def test_the_case_stays_in_the_hands_of_who_came_in(place: Place) -> None:
    here = await chat(place)
    await here.let_in("last")
    assert (await cases.open_case(place.store, place.keys, here.third, here.case)).id == here.case
    await claims.release(place.store, place.keys, here.third, Release(case=here.case))
    supervisor = await place.person("supervisor")
    await claims.grade(place.store, place.keys, supervisor, Grade(case=here.case, level="hate"))
    async with place.store.reading() as tx:
        [own] = [one for one in await rooms.listing(tx, here.third) if one.id == here.room]
        [theirs] = [one for one in await rooms.listing(tx, here.seeker) if one.id == here.room]
        nickname = {one.person: one.nickname for one in await rooms.members(tx, here.room)}
    assert own.name == " · ".join(sorted((nickname[here.seeker], nickname[here.peer]))) and own.part == "professional"
    assert theirs.name == nickname[here.peer], "the other is the one they were matched with"


async def test_who_leaves_ends_the_chat_unless_it_is_the_third(place: Place) -> None:
    async def state(here: Chat) -> str:
        [row] = await place.rows(rooms_table, rooms_table.c.id == here.room)
        return str(row.state)

    async def leave(here: Chat, who: PersonId) -> None:
        async with place.store.transaction() as tx:
            await rooms.leave(tx, here.room, who)

    for how in ("leaves", "is let go", "is erased", "is banned", "is blocked", "blocks", "was let go and is blocked"):
        here = await chat(place)
        await here.let_in("all")
        match how:
            case "leaves":
                await leave(here, here.third)
            case "is let go":
                await here.let_go()
                await here.let_go()
            case "is erased":
                await erasure.erase(place.store, place.keys, Journal(place.folder / "journal"), here.third)
                assert await place.rows(asks, asks.c.person == here.third) == []
            case "is banned":
                await place.ban(here.third)
            case _:
                if how.startswith("was"):
                    await here.let_go()
                one, other = (here.third, here.seeker) if how == "blocks" else (here.seeker, here.third)
                async with place.store.transaction() as tx:
                    await blocking.block(tx, one, other)
        found = await here.range_of_third()
        assert found is not None and found[1] is not None, how
        assert await state(here) == "open", how
        assert (await here.codes())[-1].startswith("left"), how
        await leave(here, here.peer)
        assert await state(here) == "closed"
    for who in ("seeker", "peer"):
        here = await chat(place)
        await here.let_in("all")
        await leave(here, getattr(here, who))
        assert await state(here) == "closed"


@pytest.mark.parametrize("how", ["is let go", "is blocked", "leaves"])
async def test_after_a_stay_nobody_asks_at_once_however_it_ended(place: Place, how: str) -> None:
    here, colleague = await chat(place, "professional", "supervisor"), await place.person("supervisor")
    await here.let_in("from_here")
    await here.let_time_pass()
    if how == "is let go":
        await here.let_go()
    async with place.store.transaction() as tx:
        if how == "is blocked":
            await blocking.block(tx, here.seeker, here.third)
        elif how == "leaves":
            await rooms.leave(tx, here.room, here.third)
    await claims.hand_over(place.store, place.keys, here.third, HandOver(to=colleague))
    with pytest.raises(TooFast):
        await here.ask(colleague)
    await here.let_time_pass()
    await here.ask(colleague)


async def test_whose_role_is_taken_away_is_a_third_no_more(place: Place) -> None:
    organiser = await place.person("organiser")
    for held in (("professional",), ("professional", "supervisor")):
        here, other = await chat(place, *held), await chat(place, *held)
        await here.let_in("all")
        await other.ask()
        for role in held:
            found = await here.range_of_third()
            assert found is not None and found[1] is None, "with one of the two roles they may still be there"
            for third in (here.third, other.third):
                async with place.store.transaction() as tx:
                    await people.revoke(tx, place.keys, third, role, organiser)
        found = await here.range_of_third()
        assert found is not None and found[1] is not None
        async with place.store.transaction() as tx:
            with pytest.raises(NotAMember):
                await access.require_voice(tx, here.room, here.third)
        [row] = await place.rows(rooms_table, rooms_table.c.id == here.room)
        assert row.state == "open" and (await here.codes())[-1] == "left"
        async with place.store.reading() as tx:
            assert await thirds.standing(tx, other.room) is None, "nor is anybody asked for them"


async def test_one_more_in_the_chat_takes_no_place_of_a_peer_and_is_no_newcomers_friend(place: Place) -> None:
    here = await chat(place)
    async with place.store.reading() as tx:
        before = await free(tx)
    for _ in range(newcomers.MANY):
        newer = await chat(place, said=1)
        async with place.store.transaction() as tx:
            await rooms.enter(tx, newer.room, here.third, "professional", 1)
            await rooms.leave(tx, newer.room, newer.seeker)
    await here.let_in("last")
    async with place.store.reading() as tx:
        assert await free(tx) == before
        assert await newcomers.many_short(tx, newer.room, await tx.now()) == []


async def told(attempt: Callable[[], Awaitable[object]]) -> str:
    try:
        await attempt()
    except Refusal as refusal:
        return refusal.code
    return "done"


@pytest.mark.parametrize(
    "what", ["the peer leaves", "the member leaves", "the third is erased", "the member is erased"]
)
async def test_a_yes_that_races_is_before_it_or_after_it_and_never_between(place: Place, what: str) -> None:
    """The gate: the room is held until both wait, in either order."""
    for first in ("it", "yes"):
        here = await chat(place)
        asked = await here.ask()
        gone = {"the peer leaves": here.peer, "the member leaves": here.seeker, "the third is erased": here.third}
        who = gone.get(what, here.seeker)

        async def happen(who: PersonId = who, here: Chat = here) -> str:
            if what.endswith("erased"):
                await erasure.erase(place.store, place.keys, Journal(place.folder / "journal"), who)
            else:
                async with place.store.transaction() as tx:
                    await rooms.leave(tx, here.room, who)
            return "happened"

        async def yes(here: Chat = here, asked: int = asked) -> str:
            return await told(lambda: here.answer(asked, "all"))

        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks, place.store.transaction() as tx:
            await tx.lock(rooms_table, [here.room])
            begun = []
            for each in (happen, yes) if first == "it" else (yes, happen):
                begun.append(tasks.create_task(each()))
                if place.store.is_postgresql and (each is yes or who != here.third):  # a third is in no room yet
                    await place.until_one_waits()
        [answer] = [one.result() for one in begun if one.result() != "happened"]
        if what.endswith("leaves"):
            assert (answer == "done") == (first == "yes"), "in the order in which they came"
        found = await here.range_of_third()
        [row] = await place.rows(rooms_table, rooms_table.c.id == here.room)
        if what != "the third is erased":
            assert row.state == "closed"
            told_so = [one.kind for one in await place.read(here.room)]
            assert "joined" not in told_so[told_so.index("closed") :], "nobody comes into what is over"
        elif found is not None:
            assert found[1] is not None, "who is erased is in no room"
        assert (answer == "done") == (found is not None)


async def test_an_alarm_in_a_chat_of_three_opens_a_case_as_in_one_of_two(place: Place) -> None:
    here = await chat(place)
    await here.let_in("from_here")
    seq = await place.say(here.room, here.seeker, words())

    async def nothing_else(tx: object) -> None:
        pass

    found = [raising.Found(here.room, seq, here.seeker, "crisis_now", "imminent")]
    assert await raising.raise_cases(place.store, place.keys, found, nothing_else) == 1
