"""Lock order: what is done at once with people, rooms, requests, offers and cases never waits in a circle.

`Transaction.lock` asserts its order; what locks rows by writing them is found by PostgreSQL, which counts its circles.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import sqlalchemy as sa

from chat import appeals, erasure, retention, rooms
from chat import cases as cases_of
from chat.clock import Clock
from chat.group import GroupCommit
from chat.ids import ActId, CaseId, PersonId, Seq
from chat.keys import KeyDestroyed, Keys
from chat.protocol import Claim, Decide, Report
from chat.refusals import Refusal
from chat.seal import Keyring
from chat.settings import Settings
from chat.store import LOCK_ORDER, Store
from chat.tables import acts, audit_head, cases, exports
from chat.tables import people as people_table
from chat.tables import rooms as rooms_table
from matcher import blocks, ended, offers, peers, profiles, requests
from matcher.requests import OfferId
from matcher.tables import OPEN
from matcher.tables import offers as offers_table
from matcher.tables import requests as requests_table
from tests.circle import Circle
from tests.place import Place
from tests.test_acts import Crowd
from tests.test_group import Speakers, driver_of
from tests.words import words

ACTS = 240
AT_ONCE = 6
"""Acts at once in each process."""
PATIENCE_S = 90
TABLES = {
    one.name: one for one in (people_table, rooms_table, requests_table, offers_table, cases, exports, audit_head)
}


class Town(Crowd):
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
            self.appeal, self.appeal, self.decide, self.decide,
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
            said = [self.speakers.say(room, person) for room in self.dice.sample(self.rooms, 2)]
            for outcome in await asyncio.gather(*said):
                if isinstance(outcome, Refusal):
                    raise outcome

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


async def test_nobody_waits_in_a_circle_whatever_is_done_at_once_in_two_processes(circle: Circle) -> None:
    place, url = circle.place, circle.place.store.url
    keyring = Keyring.load(place.folder / "master.keys")
    async with AsyncExitStack() as stack:
        keys = await Keys.open(f"sqlite:///{place.folder / 'keys.db'}", keyring)
        stack.push_async_callback(keys.close)
        other = Store.open(url)
        stack.push_async_callback(other.close)
        circles = [circle, Circle(Place(other, keys, place.folder), circle.encoder)]
        drivers = [driver_of(one.place, 1000) for one in circles]
        for driver in drivers:
            stack.push_async_callback(driver.close)
        groups = [GroupCommit(driver, lambda _: None, lambda _: None) for driver in drivers]
        here, there = (Town(one, group, seed) for one, group, seed in zip(circles, groups, (7, 8), strict=True))
        await here.come()
        for _ in range(6):
            await here.newcomer()
        there.staff, there.members, there.rooms, there.chats = here.staff, here.members, here.rooms, here.chats
        waiting = iter(range(ACTS))

        async def one_after_another(town: Town) -> None:
            for _ in waiting:
                await town.act()

        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
            for group in groups:
                tasks.create_task(group.run())
            async with asyncio.TaskGroup() as acting:
                for town in [here, there] * AT_ONCE:
                    acting.create_task(one_after_another(town))
            for group in groups:
                group.end()
        refused = here.refused.keys() | there.refused.keys()
        assert here.done + there.done > ACTS / 4
        assert "unavailable" not in refused, "a lock was waited for too long"
        await until_nothing_is_torn(place)


async def until_nothing_is_torn(place: Place) -> None:
    """No circle was found, no number is missing, and no request or offer is half done."""
    async with place.store.reading() as tx:
        if tx.is_postgresql:
            found = sa.text("select deadlocks from pg_stat_database where datname = current_database()")
            assert (await tx.execute(found)).scalar_one() == 0
    for row in await place.rows(rooms_table):
        seqs = [entry.seq for entry in await place.read(row.id)]
        assert seqs == list(range(row.last_seq - len(seqs) + 1, row.last_seq + 1))
    asked = {row.id: row for row in await place.rows(requests_table)}
    still = [row.person for row in asked.values() if row.state in OPEN]
    assert len(still) == len(set(still)), "one open request a person"
    standing = [row.request for row in await place.rows(offers_table, offers_table.c.ended_at.is_(None))]
    assert sorted(standing) == sorted(row.id for row in asked.values() if row.state == "offered")
    taken = [row.request for row in await place.rows(offers_table, offers_table.c.state == "accepted")]
    assert len(taken) == len(set(taken)), "whoever is erased takes their offers along"
    assert set(taken) <= {row.id for row in asked.values() if row.state == "accepted"}


async def test_what_is_locked_out_of_order_is_a_bug_that_shows_at_once(circle: Circle) -> None:
    for first, second in itertools.combinations(LOCK_ORDER, 2):
        async with circle.place.store.transaction() as tx:
            await tx.lock(TABLES[first], [3, 1])
            await tx.lock(TABLES[second], [1])
            await tx.lock(TABLES[first], [1])  # held already
            with pytest.raises(AssertionError):
                await tx.lock(TABLES[first], [4])
    async with circle.place.store.transaction() as tx:
        await tx.lock(TABLES["rooms"], [2, 5])
        with pytest.raises(AssertionError):
            await tx.lock(TABLES["rooms"], [3])
