"""The hub: what is said reaches everyone once and in order, over real sockets."""

import asyncio

from chat import rooms, sessions
from chat.protocol import Done, Edit, Entry, Expired, Join, Joined, React, Refused, Retract, Say
from chat.staff_commands import Mute
from tests.live import NEVER_S, live
from tests.place import Place
from tests.words import words


async def test_two_people_in_a_room_see_what_both_say_once_and_in_order(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    async with live(place) as here, here.client(a) as one, here.client(b) as two:
        await one.join(room)
        await two.join(room)
        said = [words(str(n)) for n in range(6)]
        for n, text in enumerate(said):
            await (one if n % 2 else two).say(room, text)
        await one.until(lambda: one.texts(room) == said)
        await two.until(lambda: two.texts(room) == said)


async def test_who_comes_back_gets_what_was_missed_and_goes_on_live(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    said = [words(str(n)) for n in range(8)]
    async with live(place) as here, here.client(a) as one:
        await one.join(room)
        for text in said[:4]:
            await one.say(room, text)
        async with here.client(b) as two:
            answer = await two.join(room, after=3, epoch=two.welcome.epoch)
            assert isinstance(answer, Joined) and answer.last == 6
            for text in said[4:]:
                await one.say(room, text)
            await two.until(lambda: two.texts(room) == said[1:])


async def test_another_epoch_or_a_seq_beyond_the_end_is_told_to_start_afresh(place: Place) -> None:
    a = await place.person()
    room = await place.room(a)
    async with live(place) as here, here.client(a) as one:
        assert isinstance(await one.join(room, after=1, epoch="another"), Expired)
        assert isinstance(await one.join(room, after=99, epoch=one.welcome.epoch), Expired)
        assert isinstance(await one.join(room, after=1, epoch=one.welcome.epoch), Joined)


async def test_a_long_absence_is_told_as_a_gap_and_never_capped_in_silence(place: Place) -> None:
    a = await place.person()
    room = await place.room(a)
    async with live(place, says="100000") as here, here.client(a) as one:
        await one.join(room)
        await asyncio.gather(*(one.send(Say(room=room, say_id=f"say-{n:05}", text=words())) for n in range(700)))
        await one.until(lambda: len(one.texts(room)) == 700)
        async with here.client(a) as back:
            await back.join(room, after=1, epoch=back.welcome.epoch)
            await back.until(lambda: bool(back.entries[room]) and back.entries[room][-1].seq == 701)
            assert [(gap.after, gap.before) for gap in back.gaps] == [(1, 502)]
            assert [entry.seq for entry in back.entries[room]] == list(range(502, 702))


async def test_edits_retractions_and_reactions_arrive_and_are_folded_into_what_is_read_later(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    first, second = words("first"), words("second")
    async with live(place) as here, here.client(a) as one, here.client(b) as two:
        await one.join(room)
        await two.join(room)
        said = await one.say(room, first)
        assert not isinstance(said, Refused | Done)
        done = await one.ask(Edit(room=room, seq=said.seq, say_id="edit-0001", text=second))
        again = await one.ask(Edit(room=room, seq=said.seq, say_id="edit-0001", text=second))
        assert isinstance(done, Done) and isinstance(again, Done) and done.seq == again.seq == said.seq + 1
        assert isinstance(await two.ask(React(room=room, seq=said.seq, mark="hug")), Done)
        foreign = await two.ask(Retract(room=room, seq=said.seq))
        assert isinstance(foreign, Refused) and foreign.code == "not_a_member"
        await two.until(lambda: [e.kind for e in two.entries[room]] == ["said", "edited", "reacted"])
        assert [entry.text for entry in two.entries[room]] == [first, second, ""]
        async with here.client(b) as late:
            await late.join(room, after=said.seq - 1, epoch=late.welcome.epoch)
            await late.until(lambda: len(late.entries[room]) == 3)
            assert late.entries[room][0].text == second
        assert isinstance(await one.ask(Retract(room=room, seq=said.seq)), Done)
        async with here.client(b) as late:
            await late.join(room, after=said.seq - 1, epoch=late.welcome.epoch)
            await late.until(lambda: len(late.entries[room]) == 4)
            assert [entry.text for entry in late.entries[room]] == ["", "", "", ""]


async def test_before_joining_nothing_is_said_and_a_stranger_learns_nothing(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a)
    async with live(place) as here, here.client(a) as one, here.client(b) as two:
        refused = await one.say(room, words())
        assert isinstance(refused, Refused) and refused.code == "not_joined"
        answers = [await two.ask(command) for command in (_join(room), _join(room + 1))]
        assert [answer.code for answer in answers if isinstance(answer, Refused)] == ["not_a_member"] * 2


async def test_who_leaves_hears_nothing_more_on_any_connection(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    async with live(place) as here, here.client(a) as one, here.client(b) as two, here.client(b) as other:
        for client in (one, two, other):
            await client.join(room)
        async with place.store.transaction() as tx:
            await rooms.leave(tx, room, b)
        here.store.announce({room: (await place.read(room))[-1].seq})  # type: ignore[dict-item]
        await other.until(lambda: [entry.kind for entry in other.entries[room]] == ["left"])
        await one.say(room, words())
        await one.until(lambda: len(one.texts(room)) == 1)
        await asyncio.sleep(0.05)
        assert two.texts(room) == other.texts(room) == []


async def test_a_commit_elsewhere_is_found_by_the_beat_alone(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    said = [words(str(n)) for n in range(5)]
    async with (
        live(place, beat_s=0.2) as here,
        live(place, beat_s=0.2) as there,
        here.client(a) as one,
        there.client(b) as two,
    ):
        await one.join(room)
        await two.join(room)
        for text in said:
            await one.say(room, text)
        await two.until(lambda: two.texts(room) == said)


async def test_signing_out_closes_the_connections_of_that_session_for_good(place: Place) -> None:
    a = await place.person()
    async with live(place, beat_s=0.2) as here, here.client(a) as one, here.client(a) as two:
        await one.join(one.welcome.you.inbox)
        async with place.store.transaction() as tx:
            await sessions.end_all(tx, a)
        assert (await one.closed(), await two.closed()) == (1008, 1008)


async def test_a_connection_too_many_ends_the_one_unheard_longest(place: Place) -> None:
    a = await place.person()
    async with (
        live(place, sockets="2", beat_s=NEVER_S) as here,
        here.client(a) as first,
        here.client(a) as second,
        here.client(a) as third,
    ):
        assert await first.closed() == 1013
        assert (second.close_code, third.close_code) == (None, None)


def _join(room: int) -> Join:
    return Join(room=room)


async def test_a_program_talks_like_anybody_and_never_moderates(place: Place) -> None:
    a, moderator = await place.person(), await place.person("moderator")
    room = await place.room(a, moderator)
    command = Mute(person=a, minutes=5, rule="kindness", reason=words())
    async with live(place) as here, here.client(moderator, kind="bearer") as program:
        await program.join(room)
        assert isinstance(await program.say(room, words()), Entry)
        refused = await program.ask(command)
        assert isinstance(refused, Refused) and refused.code == "not_allowed"
        async with here.client(moderator) as browser:
            assert isinstance(await browser.ask(command), Done)
