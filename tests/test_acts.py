"""Everything that people and moderators do, all at once: each is done or refused, and none waits for ever."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from chat import (
    audit,
    cases,
    claims,
    erasure,
    escalations,
    evidence,
    links,
    moderation,
    people,
    recovery,
    rooms,
    sessions,
)
from chat.ids import CaseId, PersonId, RoomId, new_id
from chat.journal import Journal
from chat.protocol import Report
from chat.refusals import Refusal
from chat.staff_commands import Acknowledge, Claim, Close, Escalate, HandOver, Mute, Remove, Undo
from chat.tables import cases as cases_table
from chat.tables import memberships, mutes
from chat.tables import people as people_table
from chat.tables import rooms as rooms_table
from tests.place import Place, nickname
from tests.words import words

ACTS = 240
AT_ONCE = 12
PATIENCE_S = 90
"""A lock that is waited for in a circle costs PostgreSQL a second each to find, and then raises."""

Act = Callable[[], Awaitable[object]]


class Crowd:
    """People who do anything they can think of. Nothing they do may fail but by a refusal."""

    def __init__(self, place: Place, seed: int) -> None:
        self.place = place
        self.dice = random.Random(seed)
        self.journal = Journal(place.folder / "erasures.journal")
        self.staff: list[PersonId] = []
        self.members: list[PersonId] = []
        self.rooms: list[RoomId] = []
        self.chats: list[RoomId] = []
        self.refused: dict[str, int] = {}
        self.done = 0

    async def come(self) -> None:
        self.staff = [await self.place.person(role) for role in ("moderator", "supervisor", "organiser", "moderator")]
        self.members = [await self.place.person() for _ in range(8)]
        self.rooms = [await self.place.room(*self.members) for _ in range(3)]
        self.chats = [await self.place.one_to_one(self.members[n], self.members[n + 1]) for n in range(0, 6, 2)]

    async def act(self) -> None:
        one = self.dice.choice([
            self.say, self.say, self.join, self.leave, self.report, self.mute, self.unmute, self.remove, self.claim,
            self.close, self.open_case, self.sign_in, self.sign_out, self.rename, self.recover, self.ban, self.grant,
            self.link, self.erase, self.pair, self.hand_on, self.escalate, self.acknowledge, self.look_after,
        ])  # fmt: skip
        try:
            await one()
            self.done += 1
        except Refusal as refusal:
            self.refused[refusal.code] = self.refused.get(refusal.code, 0) + 1

    async def say(self) -> None:
        if self.dice.random() < 0.4:
            await self.newcomer()
        room, person = self.dice.choice(self.rooms), self.dice.choice(self.members)
        async with self.place.store.reading() as tx:
            await evidence.ranges(tx, person, room)
        if person in await self.place.keys.owners("said", [person]):
            await self.place.say(room, person, words())

    async def newcomer(self) -> None:
        """Somebody new, in every room: some of the others will have been erased."""
        person = await self.place.person()
        self.members.append(person)
        for room in self.rooms:
            async with self.place.store.transaction() as tx:
                await rooms.join(tx, room, person)

    async def join(self) -> None:
        room, person = self.dice.choice(self.rooms), self.dice.choice(self.members)
        async with self.place.store.transaction() as tx:
            await rooms.join(tx, room, person)

    async def leave(self) -> None:
        room, person = self.dice.choice([*self.rooms, *self.chats]), self.dice.choice(self.members)
        async with self.place.store.transaction() as tx:
            await rooms.leave(tx, room, person)

    async def pair(self) -> None:
        seeker, peer = self.dice.sample(self.members, 2)
        async with self.place.store.transaction() as tx:
            await tx.lock(people_table, [seeker, peer])
            await people.find(tx, seeker)
            await people.find(tx, peer)
            self.chats.append(await rooms.open_one_to_one(tx, seeker, peer, new_id()))

    async def report(self) -> None:
        room, by, about = self.dice.choice([*self.rooms, *self.chats]), *self.dice.sample(self.members, 2)
        command = Report(room=room, person=about, reason=words())
        await cases.report(self.place.store, self.place.keys, by, command)

    async def mute(self) -> None:
        room = self.dice.choice([None, *self.rooms, *self.chats])
        command = Mute(person=self.dice.choice(self.members), room=room, minutes=5, rule="kindness", reason=words())
        await moderation.act(self.place.store, self.place.keys, self.dice.choice(self.staff), command)

    async def unmute(self) -> None:
        for row in (await self.place.rows(mutes))[:1]:
            command = Undo(act=row.id, reason=words())
            await moderation.undo(self.place.store, self.place.keys, self.dice.choice(self.staff), command)

    async def remove(self) -> None:
        command = Remove(room=self.dice.choice(self.rooms), seq=self.dice.randrange(1, 40), rule="kindness", reason="")
        await moderation.act(self.place.store, self.place.keys, self.dice.choice(self.staff), command)

    async def case(self) -> int:
        found = [row.id for row in await self.place.rows(cases_table, cases_table.c.state != "closed")]
        return self.dice.choice(found) if found else 12345

    async def claim(self) -> None:
        command = Claim(case=await self.case())
        await cases.claim(self.place.store, self.place.keys, self.dice.choice(self.staff), command)

    async def close(self) -> None:
        command = Close(case=await self.case(), outcome="talked", reason=words())
        await cases.close(self.place.store, self.place.keys, self.journal, self.dice.choice(self.staff), command)

    async def hand_on(self) -> None:
        by, to = self.dice.choice(self.staff), self.dice.choice([None, *self.staff])
        await claims.hand_over(self.place.store, self.place.keys, by, HandOver(to=to))

    async def escalate(self) -> None:
        command = Escalate(case=await self.case(), level="imminent", reason=words())
        await escalations.escalate(self.place.store, self.place.keys, self.dice.choice(self.staff), command, 0)

    async def acknowledge(self) -> None:
        command = Acknowledge(case=await self.case())
        await escalations.acknowledge(self.place.store, self.place.keys, self.dice.choice(self.staff), command)

    async def look_after(self) -> None:
        await claims.keep(self.place.store, self.staff)
        await escalations.begin_unwatched(self.place.store, self.place.keys, 0)
        await escalations.go_on(self.place.store, self.place.keys, 0)

    async def open_case(self) -> None:
        case = CaseId(await self.case())
        await cases.open_case(self.place.store, self.place.keys, self.dice.choice(self.staff), case)

    async def sign_in(self) -> None:
        async with self.place.store.transaction() as tx:
            await sessions.open(tx, self.dice.choice(self.members))

    async def sign_out(self) -> None:
        person = self.dice.choice(self.members)
        async with self.place.store.transaction() as tx:
            await sessions.end_all(tx, person, but=self.dice.choice([None, 5]))

    async def rename(self) -> None:
        async with self.place.store.transaction() as tx:
            await people.rename(tx, self.dice.choice(self.members), nickname())

    async def recover(self) -> None:
        async with self.place.store.transaction() as tx:
            code = await recovery.new_recovery(tx, self.dice.choice(self.members))
        await recovery.recover(self.place.store, self.place.keys, code, f"192.0.2.{self.dice.randrange(256)}")

    async def ban(self) -> None:
        if self.dice.random() < 0.3:
            await self.place.ban(self.dice.choice(self.members), self.dice.choice(self.staff))

    async def grant(self) -> None:
        person, by = self.dice.choice(self.members), self.dice.choice(self.staff)
        change = self.dice.choice([people.grant, people.revoke])
        async with self.place.store.transaction() as tx:
            await change(tx, self.place.keys, person, self.dice.choice(["peer", "moderator"]), by)

    async def link(self) -> None:
        person = self.dice.choice([None, *self.members])
        async with self.place.store.transaction() as tx:
            token = await links.make_link(tx, person=person)
        async with self.place.store.transaction() as tx:
            used = await links.use_link(tx, token)
            if used.person is not None:
                await sessions.open(tx, used.person)

    async def erase(self) -> None:
        await erasure.erase(self.place.store, self.place.keys, self.journal, self.dice.choice(self.members))


async def test_everything_at_once_is_done_or_refused_and_leaves_no_hole(place: Place) -> None:
    crowd = Crowd(place, seed=20)
    await crowd.come()
    waiting = iter(range(ACTS))

    async def one_after_another() -> None:
        for _ in waiting:
            await crowd.act()

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(one_after_another())
    assert crowd.done > ACTS / 4
    assert "unavailable" not in crowd.refused, "a lock was waited for too long"
    for row in await place.rows(rooms_table):
        seqs = [entry.seq for entry in await place.read(row.id)]
        assert seqs == list(range(1, row.last_seq + 1))
    for held in await place.rows(memberships):
        assert held.to_seq is None or held.to_seq >= held.from_seq
    assert (await audit.verify(place.store, place.keys.derive("audit"))).broken is None
