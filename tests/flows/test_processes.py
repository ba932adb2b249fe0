"""Two `web` processes, on SQLite and on PostgreSQL with Redis well, frozen and killed: talk, kill, drain, mute, report.

Without Redis nothing changes but this: what another process has committed is seen at the next beat, and who is on
another process is not shown as here.
"""

import asyncio
import secrets
import signal
import time
from contextlib import AsyncExitStack

import pytest
from websockets.exceptions import ConnectionClosed

from chat.bus import HINT_TIMEOUT_S
from chat.ids import PersonId, RoomId
from chat.presence import PRESENCE_S
from chat.protocol import AnyFrame, Done, Entry, Refused, Report, Retract, Say
from chat.reader import BEAT_S
from chat.rooms import DESK
from chat.staff_commands import Ban, Expel, Mute
from chat.tables import acts, entries
from chat.tables import rooms as rooms_table
from tests.client import Client, answer_code
from tests.place import Place
from tests.town import ENDS_S, TOLD_S, Town
from tests.words import words

pytestmark = pytest.mark.timeout(180)

GONE_S = PRESENCE_S + 4.0
"""A process that died takes its people with it after PRESENCE_S and a tick, later where the machine is busy."""
RACES = 40
MANY = 80


async def test_what_is_said_on_one_process_is_seen_on_the_other(town: Town) -> None:
    """At once by hints; at the next beat without them."""
    async with town.place() as place, AsyncExitStack() as stack:
        a, b = await place.person(), await place.person()
        room = await place.room(a, b)
        one = await stack.enter_async_context(town.client(place, a, 0))
        two = await stack.enter_async_context(town.client(place, b, 1))
        await one.join(room)
        await two.join(room)
        said, began = [], 0.0
        for n in range(12 if town.is_hinted else 3):
            if n == 2:
                began = time.monotonic()  # by now hints flow, if they do
            speaker, hearer = (two, one) if n % 2 else (one, two)
            said.append(await passed_on(speaker, hearer, room))
        assert not town.is_hinted or time.monotonic() - began < 2.5 * BEAT_S, "the beat alone takes 5 BEAT_S"
        assert one.texts(room) == two.texts(room) == said


async def passed_on(speaker: Client, hearer: Client, room: RoomId) -> str:
    """Say something and wait until the other sees it; return it."""
    text = words()
    await speaker.say(room, text)
    await hearer.until(lambda: text in hearer.texts(room), TOLD_S)
    return text


async def test_whoever_was_on_a_killed_process_comes_back_on_the_other_and_has_lost_nothing(town: Town) -> None:
    async with town.place() as place, AsyncExitStack() as stack:
        await stack.enter_async_context(town.losing(1))
        a, b = await place.person(), await place.person()
        room = await place.room(a, b)
        one = await stack.enter_async_context(town.client(place, a, 0))
        two = await stack.enter_async_context(town.client(place, b, 1))
        await one.join(room)
        await two.join(room)
        await until_present(one, room, {a, b} if town.is_hinted else {a})
        acked: list[str] = []
        killed = asyncio.ensure_future(asyncio.to_thread(kill_after, town, 1, lambda: len(acked) >= 40))
        try:
            while True:
                text = words(str(len(acked)))
                answer = await two.say(room, text)
                assert isinstance(answer, Entry), answer_code(answer)
                acked.append(text)
        except (AssertionError, ConnectionClosed):
            assert await two.closed() == 1006, "it talks until the process is gone"
        await killed
        assert len(acked) >= 40
        back = await stack.enter_async_context(town.client(place, b, 0))
        held = two.entries[room]
        await back.join(room, after=held[-1].seq, epoch=two.welcome.epoch)
        await back.say(room, words("back"))
        kept = [entry for entry in await place.read(room) if entry.kind == "said"]
        await one.until(lambda: one.entries[room][-1].seq == kept[-1].seq)
        assert [entry.seq for entry in held + back.entries[room]] == [entry.seq for entry in kept]
        assert [text for text in acked if text not in one.texts(room)] == []
        assert len(set(one.texts(room))) == len(one.texts(room))
        await back.connection.close()
        await until_present(one, room, {a}, GONE_S)
        await town.start_again(1)
        again = await stack.enter_async_context(town.client(place, b, 1))
        await again.join(room)
        for speaker, hearer in ((again, one), (one, again)):
            await passed_on(speaker, hearer, room)


async def test_a_stopped_process_tells_its_people_to_come_back_and_ends(town: Town) -> None:
    async with town.place() as place, AsyncExitStack() as stack:
        await stack.enter_async_context(town.losing(1))
        a, b = await place.person(), await place.person()
        room = await place.room(a, b)
        one = await stack.enter_async_context(town.client(place, a, 0))
        two = await stack.enter_async_context(town.client(place, b, 1))
        for client in (one, two):
            await client.join(room)
        await until_present(one, room, {a, b} if town.is_hinted else {a})
        sending = [
            await two.send(Say(room=room, say_id=f"drained-{n:04}-{room}"[:36], text=words())) for n in range(50)
        ]
        before = time.monotonic()
        town.webs[1].process.send_signal(signal.SIGTERM)
        assert await two.closed() == 1012
        assert await asyncio.to_thread(town.webs[1].process.wait, 10) == 0
        assert time.monotonic() - before < ENDS_S
        await one.until(lambda: set(two.texts(room)) <= set(one.texts(room)), TOLD_S)  # what was acknowledged
        await until_present(one, room, {a}, 3)
        assert len(sending) == 50


async def test_a_mute_holds_on_the_other_process_before_the_moderator_is_told(town: Town) -> None:
    """500 says race the mute on both processes; the order of commits decides, not what was sent when."""
    async with town.place() as place, AsyncExitStack() as stack:
        loud, other, moderator = await place.person(), await place.person(), await place.person("moderator")
        room = await place.room(loud, other)
        clients = [await stack.enter_async_context(town.client(place, loud, number)) for number in (0, 1)]
        boss = await stack.enter_async_context(town.client(place, moderator, 0))
        for client in clients:
            await client.join(room)
        await clients[1].join(clients[1].welcome.you.inbox)
        done = asyncio.Event()
        racing = [asyncio.ensure_future(shout(client, room, done, 250)) for client in clients]
        await clients[0].until(lambda: len(clients[0].texts(room)) >= 40)
        answer = await boss.ask(Mute(person=loud, minutes=5, rule="kindness", reason=words()))
        assert isinstance(answer, Done), answer_code(answer)
        done.set()
        last = await last_seq(place, room)
        (mute,) = await place.rows(acts, acts.c.id == answer.act)
        outcomes = [one for both in await asyncio.gather(*racing) for one in both]
        kept = await place.rows(entries, entries.c.room == room, entries.c.author == loud, entries.c.kind == "said")
        assert len(outcomes) == 500
        assert [row.seq for row in kept if row.at > mute.made_at] == [], "committed after the mute"
        assert [row.seq for row in kept if row.seq > last] == [], "committed after the moderator was told"
        assert {code for _, code in outcomes} == {"", "muted"}
        assert {code for late, code in outcomes if late} == {"muted"}, "said after the moderator was told"
        assert sorted(row.say_id for row in kept if row.say_id) == sorted(say_id for say_id in said_ids(clients, room))
        inbox = clients[1].welcome.you.inbox
        await clients[1].until(lambda: [one.kind for one in clients[1].entries[inbox]] == ["muted"], TOLD_S)
        retracted = await clients[1].ask(Retract(room=room, seq=kept[0].seq))
        assert isinstance(retracted, Done), "taking back stays possible"


@pytest.mark.parametrize("ending", [Ban, Expel])
async def test_who_is_banned_or_sent_out_says_nothing_more_on_either_process(town: Town, ending: type) -> None:
    """500 says race the act on both processes; the room's numbers are the order of commits."""
    async with town.place() as place, AsyncExitStack() as stack:
        loud, other, moderator = await place.person(), await place.person(), await place.person("moderator")
        room = await place.room(loud, other)
        clients = [await stack.enter_async_context(town.client(place, loud, number)) for number in (0, 1)]
        boss = await stack.enter_async_context(town.client(place, moderator, 0))
        for client in clients:
            await client.join(room)
        done, about = asyncio.Event(), {} if ending is Ban else {"room": room}
        racing = [asyncio.ensure_future(shout(client, room, done, 250)) for client in clients]
        await clients[0].until(lambda: len(clients[0].texts(room)) >= 40)
        answer = await boss.ask(ending(person=loud, rule="kindness", reason=words(), **about))
        assert isinstance(answer, Done), answer_code(answer)
        done.set()
        last = await last_seq(place, room)
        if ending is Ban:
            assert [await client.closed(TOLD_S) for client in clients] == [1008, 1008]
        outcomes = [one for both in await asyncio.gather(*racing) for one in both]
        kept = await place.read(room)
        assert len(outcomes) == 500 and [one.seq for one in kept] == list(range(1, last + 1))
        assert [(one.kind, one.author) for one in kept[-1:]] == [("left", loud)], "it is the last of them"
        assert all(code in ("closed", "signed_out", "not_a_member", "not_joined") for late, code in outcomes if late)


async def shout(client: Client, room: RoomId, done: asyncio.Event, count: int) -> list[tuple[bool, str]]:
    """Say many things, some at a time; return for each whether it was said after `done`, and the refusal's code."""
    found: list[tuple[bool, str]] = []

    async def one() -> None:
        late = done.is_set()
        try:
            answer = await client.say(room, words())
        except (AssertionError, ConnectionClosed):
            found.append((late, "closed"))
        else:
            found.append((late, answer.code if isinstance(answer, Refused) else ""))

    for start in range(0, count, 10):
        if start == count - 50:
            await done.wait()
        await asyncio.gather(*(one() for _ in range(min(10, count - start))))
    return found


def said_ids(clients: list[Client], room: RoomId) -> set[str]:
    """The say_ids that any of the connections has seen kept."""
    return {entry.say_id for client in clients for entry in client.entries[room] if entry.kind == "said"}


async def test_who_stops_reading_slows_nobody_and_is_caught_up(town: Town) -> None:
    async with town.place() as place, AsyncExitStack() as stack:
        people = [await place.person() for _ in range(3)]
        room = await place.room(*people)
        speaker = await stack.enter_async_context(town.client(place, people[0], 0))
        other = await stack.enter_async_context(town.client(place, people[1], 1))
        slow = await stack.enter_async_context(town.client(place, people[2], 1, buffers_little=True))
        for client in (speaker, other, slow):
            await client.join(room)
        slow.reading.clear()
        for _ in range(MANY):
            await speaker.say(room, words("and so on " * 350))
        await other.until(lambda: len(other.texts(room)) == MANY, TOLD_S)
        assert len(slow.texts(room)) < MANY, "these are more than its line holds"
        slow.reading.set()
        await slow.until(lambda: slow.texts(room) == other.texts(room), TOLD_S)


async def test_one_say_id_racing_into_two_rooms_on_two_processes_is_kept_once_and_leaves_no_hole(town: Town) -> None:
    async with town.place() as place, AsyncExitStack() as stack:
        a = await place.person()
        here, there = await place.room(a), await place.room(a)
        one = await stack.enter_async_context(town.client(place, a, 0))
        two = await stack.enter_async_context(town.client(place, a, 1))
        for client in (one, two):
            await client.join(here)
            await client.join(there)
        before = time.monotonic()
        for _ in range(RACES):
            say_id, text = secrets.token_urlsafe(12), words()
            answers = await asyncio.gather(
                one.say(here, text, say_id), two.say(there, text, say_id), two.say(here, text, say_id)
            )
            kept = await place.rows(entries, entries.c.author == a, entries.c.say_id == say_id)
            assert len(kept) == 1
            refused = {answer.code for answer in answers if isinstance(answer, Refused)}
            assert refused == {"say_id_conflict"}
            seqs = {answer.seq for answer in answers if not isinstance(answer, Refused)}
            assert seqs == {kept[0].seq}
        assert time.monotonic() - before < RACES * HINT_TIMEOUT_S, "no acknowledgement waits for Redis"
        for room in (here, there):
            seqs_kept = [entry.seq for entry in await place.read(room)]
            assert seqs_kept == list(range(1, len(seqs_kept) + 1))
            assert await last_seq(place, room) == len(seqs_kept)


async def test_a_report_is_on_the_desk_of_a_moderator_on_the_other_process_at_once(town: Town) -> None:
    async with town.place() as place, AsyncExitStack() as stack:
        a, b, moderator = await place.person(), await place.person(), await place.person("moderator")
        room = await place.room(a, b)
        one = await stack.enter_async_context(town.client(place, a, 0))
        two = await stack.enter_async_context(town.client(place, b, 1))
        desk = await stack.enter_async_context(town.client(place, moderator, 0))
        await desk.join(DESK)
        for client in (one, two):
            await client.join(room)
        said = await one.say(room, words())
        assert isinstance(said, Entry)
        await two.until(lambda: len(two.texts(room)) == 1)
        answer: AnyFrame = await two.ask(Report(room=room, seq=said.seq, reason=words(), window=1))
        assert isinstance(answer, Done) and answer.case
        reported = [("reported", answer.case)]
        await desk.until(lambda: [(e.kind, e.ref) for e in desk.entries[DESK]] == reported, TOLD_S)
        assert all(not entry.text for entry in desk.entries[DESK]), "the desk holds no words"


async def last_seq(place: Place, room: RoomId) -> int:
    """The room's newest seq, by the database."""
    (row,) = await place.rows(rooms_table, rooms_table.c.id == room)
    seq: int = row.last_seq
    return seq


async def until_present(client: Client, room: RoomId, people: set[PersonId], patience_s: float = 8.0) -> None:
    """Wait until these people, and no others, are shown as here."""

    def is_so() -> bool:
        told = [set(one.people) for one in client.signals if one.kind == "presence" and one.room == room]
        return bool(told) and told[-1] == people

    await client.until(is_so, patience_s)


def kill_after(town: Town, number: int, is_so: "object") -> None:
    """kill -9 a process when a condition holds."""
    assert callable(is_so)
    end = time.monotonic() + 20
    while not is_so() and time.monotonic() < end:
        time.sleep(0.001)
    town.webs[number].kill()
