"""A bustle: what people and staff do in rooms and around requests, offers and cases, all at once, in one of several
processes. Nothing they do may fail but by a refusal."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import sqlalchemy as sa

from chat import appeals, calls, erasure, held, moderation, retention, rooms, thirds
from chat import cases as cases_of
from chat.clock import Clock
from chat.group import GroupCommit
from chat.holding import AGAIN_S
from chat.ids import ActId, CaseId, PersonId, Seq
from chat.keys import KeyDestroyed
from chat.protocol import Call, Consent, Report, TakeBack
from chat.refusals import NotAMember, Refusal, Unavailable
from chat.settings import Settings
from chat.staff_commands import AskIn, Claim, Decide, Decline, Hold, LetThrough, Undo
from chat.tables import acts, cases, memberships
from chat.tables import held as held_table
from chat.tables import thirds as thirds_table
from matcher import blocks, ended, offers, peers, profiles, requests
from matcher.requests import OfferId
from matcher.tables import OPEN
from matcher.tables import offers as offers_table
from matcher.tables import requests as requests_table
from tests.circle import Circle
from tests.test_acts import Crowd
from tests.test_group import Speakers
from tests.watch import CRY, watching_in
from tests.words import words


class Bustle(Crowd):
    """A crowd that also asks for one another, accepts, withdraws and blocks, in one of several processes."""

    def __init__(self, circle: Circle, group: GroupCommit, seed: int) -> None:
        super().__init__(circle.place, seed)
        self.circle = circle
        self.speakers = Speakers(circle.place, group)
        self.acts: list[Callable[[], Awaitable[object]]] = [
            self.ask, self.ask, self.match, self.match, self.match, self.accept, self.accept, self.decline,
            self.withdraw, self.expire, self.grow_old, self.block, self.block, self.unblock, self.set_availability,
            self.mark, self.speak, self.speak, self.speak, self.mute, self.unmute, self.report, self.claim, self.close,
            self.hand_on, self.escalate, self.escalate, self.acknowledge, self.look_after,
            self.appeal, self.appeal, self.decide, self.decide, self.hold, self.hold, self.undo, self.let_through,
            self.let_through, self.decline_held, self.take_back, self.watch, self.watch, self.ask_in, self.consent,
            self.ban, self.erase, self.report, self.leave, self.join, self.rename, self.grant, self.sweep, self.pair,
        ]  # fmt: skip

    async def act(self) -> None:
        try:
            await self.dice.choice(self.acts)()
            self.done += 1
        except Refusal as refusal:
            self.refused[refusal.code] = self.refused.get(refusal.code, 0) + 1
        except KeyDestroyed:
            self.refused["erased"] = self.refused.get("erased", 0) + 1

    def anybody(self) -> PersonId:
        return self.dice.choice(self.members)

    async def offer(self) -> tuple[PersonId, OfferId]:
        found = await self.place.rows(
            offers_table, offers_table.c.state == "offered", offers_table.c.expires_at > offers_table.c.made_at
        )
        if not found:
            return PersonId(12345), OfferId(12345)
        row = self.dice.choice(found)
        return PersonId(row.peer), OfferId(row.id)

    async def ask(self) -> None:
        await self.circle.ask(self.anybody(), per_hour=1000)

    async def match(self) -> None:
        held = await self.circle.lease()
        if held is not None:
            for peer in self.dice.sample(self.members, 3):
                if await self.circle.make(held, peer, self.dice.choice([0, 90])) == "offered":
                    return
            async with self.place.store.transaction() as tx:
                await requests.put_back(tx, held, again_s=0, scarce=False)

    async def accept(self) -> None:
        peer, offer = await self.offer()
        async with self.place.store.transaction() as tx:
            await offers.accept(tx, peer, offer)

    async def decline(self) -> None:
        peer, offer = await self.offer()
        async with self.place.store.transaction() as tx:
            await offers.decline(tx, peer, offer)

    async def withdraw(self) -> None:
        async with self.place.store.transaction() as tx:
            await requests.withdraw(tx, self.anybody())

    async def expire(self) -> None:
        async with self.place.store.reading() as tx:
            over = await offers.expired(tx)
        for one in over:
            async with self.place.store.transaction() as tx:
                await offers.expire(tx, one)

    async def grow_old(self) -> None:
        found = await self.place.rows(requests_table, requests_table.c.state.in_(OPEN))
        async with self.place.store.transaction() as tx:
            for row in found[:2]:
                await tx.execute(sa.update(requests_table).where(requests_table.c.id == row.id).values(made_at=1))
        async with self.place.store.transaction() as tx:
            await requests.expire_old(tx)

    async def block(self) -> None:
        async with self.place.store.transaction() as tx:
            await blocks.block(tx, *self.dice.sample(self.members, 2))

    async def unblock(self) -> None:
        async with self.place.store.transaction() as tx:
            await blocks.unblock(tx, *self.dice.sample(self.members, 2))

    async def set_availability(self) -> None:
        state = self.dice.choice(["open", "open", "finishing", "away"])
        async with self.place.store.transaction() as tx:
            await peers.set_availability(tx, self.anybody(), state, 2)  # type: ignore[arg-type]

    async def mark(self) -> None:
        marks = sorted(itertools.product(self.rooms + self.chats, self.dice.sample(self.members, 4)))
        async with self.place.store.transaction() as tx:  # as `commands` does
            for room, person in marks:
                await rooms.mark_read(tx, room, person, Seq(self.dice.randrange(60)))

    async def speak(self) -> None:
        person = self.anybody()
        if person in await self.place.keys.owners("said", [person]):
            text = words(self.dice.choice(["", CRY]))
            said = [self.speakers.say(room, person, text) for room in self.dice.sample(self.rooms, 2)]
            for outcome in await asyncio.gather(*said):
                if isinstance(outcome, Unavailable) and outcome.retry_after == AGAIN_S:
                    continue  # its room's case was closed in this very moment: a page says it again
                if isinstance(outcome, Refusal):
                    raise outcome

    async def hold(self) -> None:
        command = Hold(room=self.dice.choice(self.rooms), rule="kindness", reason=words())
        await moderation.act(self.place.store, self.place.keys, self.dice.choice(self.staff), command)

    async def undo(self) -> None:
        found = await self.place.rows(acts, acts.c.kind.in_(["holding", "declined"]), acts.c.undone_at.is_(None))
        if found:
            command = Undo(act=self.dice.choice(found).id, reason=words())
            await moderation.undo(self.place.store, self.place.keys, self.dice.choice(self.staff), command)

    async def one_held(self) -> "sa.Row[Any]":
        """Return what waits, or else the command about it is refused."""
        found = await self.place.rows(held_table, held_table.c.ended_at.is_(None))
        if not found:
            raise NotAMember
        return self.dice.choice(found)

    async def let_through(self) -> None:
        command = LetThrough(held=(await self.one_held()).id)
        await held.let_through(self.place.store, self.place.keys, self.dice.choice(self.staff), command)

    async def decline_held(self) -> None:
        command = Decline(held=(await self.one_held()).id, rule="kindness", reason=words())
        await moderation.act(self.place.store, self.place.keys, self.dice.choice(self.staff), command)

    async def take_back(self) -> None:
        row = await self.one_held()
        async with self.place.store.transaction() as tx:
            await held.take_back(tx, PersonId(row.author), TakeBack(room=row.room, say_id=row.say_id))

    async def watch(self) -> None:
        await watching_in(self.circle).beat()

    async def ask_in(self) -> None:
        """A peer calls, and a supervisor who takes the call asks to come in."""
        chat, by = self.dice.choice(self.chats), self.staff[1]
        open_one = sa.and_(memberships.c.room == chat, memberships.c.to_seq.is_(None), memberships.c.part == "peer")
        for row in await self.place.rows(memberships, open_one):
            case = await calls.call(self.place.store, self.place.keys, PersonId(row.person), Call(room=chat))
            await cases_of.claim(self.place.store, self.place.keys, by, Claim(case=case))
            await thirds.ask(self.place.store, self.place.keys, by, AskIn(case=case, reason=words()))

    async def consent(self) -> None:
        for row in await self.place.rows(thirds_table, thirds_table.c.ended_at.is_(None)):
            theirs = sa.and_(memberships.c.room == row.room, memberships.c.part == "seeker")
            command = Consent(ask=row.id, choice=self.dice.choice(["not_now", "all"]))
            for member in await self.place.rows(memberships, theirs):
                await thirds.consent(self.place.store, self.place.keys, PersonId(member.person), command)

    async def erase(self) -> None:
        """Somebody goes, and a new peer comes in, with a profile and open."""
        also, person = (profiles.forget, requests.forget, ended.forget), self.anybody()
        await erasure.erase(self.place.store, self.place.keys, self.journal, person, also)
        await self.replace(person)

    async def ban(self) -> None:
        """The same at once in both processes, perhaps."""
        person, by = self.anybody(), self.dice.choice(self.staff)
        await self.place.ban(person, by)
        await self.replace(person)

    async def replace(self, person: PersonId) -> None:
        if person in self.members:
            self.members.remove(person)
            await self.newcomer()

    async def newcomer(self) -> None:
        person = await self.circle.peer(capacity=2)
        self.members.append(person)
        for room in self.rooms:
            async with self.place.store.transaction() as tx:
                await rooms.join(tx, room, person)

    async def appeal(self) -> None:
        found = await self.place.rows(acts, acts.c.person.is_not(None), acts.c.undone_at.is_(None))
        if found:
            row = self.dice.choice(found)
            await appeals.appeal(self.place.store, self.place.keys, PersonId(row.person), ActId(row.id), words())

    async def decide(self) -> None:
        found = await self.place.rows(cases, cases.c.kind == "appeal", cases.c.state != "closed")
        if found:
            case, by = CaseId(self.dice.choice(found).id), self.dice.choice(self.staff)
            await cases_of.claim(self.place.store, self.place.keys, by, Claim(case=case))
            command = Decide(case=case, outcome=self.dice.choice(["upheld", "overturned"]), reason=words())
            await appeals.decide(self.place.store, self.place.keys, self.journal, by, command)

    async def report(self) -> None:
        by, about = self.dice.sample(self.members, 2)
        command = Report(room=self.dice.choice(self.rooms), person=about, reason=words())
        await cases_of.report(self.place.store, self.place.keys, by, command)

    async def sweep(self) -> None:
        settings, also = Settings(hidden_hours=1), [ended.expire]
        await retention.Retention(self.place.store, self.place.keys, settings, Clock(), also).sweep()
