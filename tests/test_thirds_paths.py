"""What a member's answer opens of a one-to-one, and that no path opens an entry more."""

import pytest
import sqlalchemy as sa

from chat import evidence, history, thirds
from chat.protocol import Choice, Done, Entry, Expired, Joined, LetGo, React, Refused, Report, Say
from chat.refusals import NotAMember, TooFast
from chat.tables import memberships
from chat.tables import rooms as rooms_table
from tests.client import Client
from tests.live import live
from tests.place import Place
from tests.three import Chat, chat
from tests.words import words

YES: tuple[Choice, ...] = ("from_here", "last", "all")


def begins(here: Chat, choice: Choice, joined: int) -> int:
    """From which seq a third may read."""
    return {"from_here": joined, "last": here.said[-thirds.LAST], "all": 1}[choice]


@pytest.mark.parametrize("choice", YES)
async def test_no_path_gives_an_entry_before_the_one_the_member_chose(place: Place, choice: Choice) -> None:
    """Each choice by each path: pages of history however they are asked for, what is caught up over the socket, gaps,
    answers, marks, edits of what lies before, and what a report takes along."""
    here = await chat(place)
    store, keys = place.store, place.keys
    await here.let_in(choice)
    joined = next(one.seq for one in await place.read(here.room) if one.kind == "joined")
    begin = begins(here, choice, joined)
    assert await here.range_of_third() == (begin, None)
    first = await place.say(here.room, here.peer, words("after"))
    before = here.said[0]
    edited = await place.say(here.room, here.seeker, words("edited"), edits=before)
    everything = await place.read(here.room)
    visible = [one.seq for one in everything if one.seq >= begin]
    assert visible[0] == begin and (choice == "all") == (begin == 1)

    for asked in ({}, {"after": 0}, {"after": 0, "limit": 1}, {"before": begin + 1}, {"after": begin - 2, "limit": 2}):
        page = await history.page(store, keys, here.room, here.third, **asked)
        assert page.first == begin and all(one.seq >= begin for one in page.entries), asked
    page = await history.page(store, keys, here.room, here.third, after=0)
    assert [one.seq for one in page.entries] == visible
    assert [one.seq for one in (await history.page(store, keys, here.room, here.third)).entries] == visible
    [change] = [one for one in page.entries if one.seq == edited]
    assert bool(change.text) == (before >= begin), "an edit of what lies before shows no words"

    async with live(place) as one, one.client(here.third) as client:
        for after in range(begin + 1):
            client.entries.clear()
            answer = await client.join(here.room, after=after)
            assert answer.first == begin
            assert isinstance(answer, Joined if after >= begin - 1 else Expired), after
            if isinstance(answer, Joined):
                await client.until(lambda: client.entries[here.room][-1:] != [] and seqs(client, here)[-1] == edited)
                assert seqs(client, here) == [seq for seq in visible if seq > after]
        await client.join(here.room)
        seen = here.said[-1] if here.said[-1] >= begin else first
        assert isinstance(await client.ask(React(room=here.room, seq=seen, mark="hug")), Done)
        earlier = [seq for seq in here.said if seq < begin]
        for target in earlier:
            refused = await client.ask(React(room=here.room, seq=target, mark="hug"))
            assert isinstance(refused, Refused) and refused.code == "not_a_member"
            reported = await client.ask(Report(room=here.room, seq=target, reason=words()))
            assert isinstance(reported, Refused) and reported.code == "not_a_member"
            answer = Say(room=here.room, say_id=f"answer-{target:04}", text=words(), reply_to=target)
            answered = await client.ask(answer)
            assert isinstance(answered, Refused) and answered.code == "not_a_member"

    async with store.reading() as tx:
        author, pieces = await evidence.gather(tx, here.third, here.room, first, 20)
        assert author == here.peer and all(one.seq >= begin for one in pieces)
        assert {one.seq for one in pieces if one.kind == "said"} == {seq for seq in (*here.said, first) if seq >= begin}
        _, pieces = await evidence.gather(tx, here.third, here.room, None, 20)
        assert all(one.seq >= begin and (one.target or begin) >= begin for one in pieces)
        if before < begin:
            with pytest.raises(NotAMember):
                await evidence.gather(tx, here.third, here.room, edited, 20)


def seqs(client: Client, here: Chat) -> list[int]:
    return [one.seq for one in client.entries[here.room]]


async def test_the_last_ten_are_messages_and_fewer_are_all_of_them(place: Place) -> None:
    for said in (0, 3, thirds.LAST, thirds.LAST + 1):
        here = await chat(place, said=said)
        if said:
            await place.say(here.room, here.seeker, words("edited"), edits=here.said[-1])
        await here.let_in("last")
        joined = next(one.seq for one in await place.read(here.room) if one.kind == "joined")
        found = await here.range_of_third()
        assert found == (here.said[-thirds.LAST :][0] if said else joined, None), said


async def test_never_before_what_the_member_may_see_or_what_is_kept(place: Place) -> None:
    here = await chat(place)
    async with place.store.transaction() as tx:
        own = sa.and_(memberships.c.room == here.room, memberships.c.person == here.seeker)
        await tx.execute(sa.update(memberships).where(own).values(from_seq=here.said[-2]))
    asked = await here.ask()
    async with place.store.transaction() as tx:
        begins_at = sa.update(rooms_table).where(rooms_table.c.id == here.room)
        await tx.execute(begins_at.values(first_seq=here.said[-3]))
    await here.answer(asked, "last")
    assert await here.range_of_third() == (here.said[-2], None)
    other = await chat(place)
    async with place.store.transaction() as tx:
        kept = sa.update(rooms_table).where(rooms_table.c.id == other.room).values(first_seq=other.said[-1])
        await tx.execute(kept)
    await other.let_in("all")
    assert await other.range_of_third() == (other.said[-1], None)


async def test_who_was_let_go_is_sent_nothing_more_and_may_say_nothing(place: Place) -> None:
    here = await chat(place)
    await here.let_in("from_here")
    async with live(place) as one, one.client(here.third) as third, one.client(here.seeker) as seeker:
        for client in (third, seeker):
            await client.join(here.room)
        heard = await seeker.say(here.room, words("while they are there"))
        assert isinstance(heard, Entry)
        await third.until(lambda: heard.text in third.texts(here.room))
        assert isinstance(await seeker.ask(LetGo(room=here.room)), Done)
        later = await seeker.say(here.room, words("after they have gone"))
        assert isinstance(later, Entry)
        await third.until(lambda: third.entries[here.room][-1].kind == "left")
        assert isinstance(await third.try_to_join(here.room, after=0), Refused)
        refused = await third.say(here.room, words())
        assert isinstance(refused, Refused) and refused.code in ("not_joined", "not_a_member")
        assert later.text not in third.texts(here.room)
    page = await history.page(place.store, place.keys, here.room, here.third)
    assert page.entries[-1].kind == "left" and page.last < later.seq
    with pytest.raises(TooFast):
        await here.ask()
