"""A walk: a small circle in which anybody does anything at any time, and what must hold after every step.

People ask, widen, withdraw, accept, decline, block and go away; three matchers work, die at any line and come back;
time runs out. One to three of these happen at once. What is promised is asked of the database alone.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from chat import rooms as chat_rooms
from chat.ids import PersonId, RoomId
from chat.refusals import Refusal, Unavailable
from chat.store import Transaction
from chat.tables import blocks as blocks_table
from chat.tables import entries, memberships, people, rooms
from matcher import blocks, eligibility, offers, peers, requests, tables, waiting
from matcher.facets import Name
from matcher.requests import OfferId
from tests.circle import Circle
from tests.words import words

MATCHERS, LEASE_S = 3, 15
SEEKERS, PEERS, BOTH = 4, 4, 1
TOPICS = ("addiction", "gambling")
Doing = Callable[[Transaction], Awaitable[object]]


@dataclass
class Held:
    """What one peer had before them at the last look: offers and chats, and how many they may have."""

    count: int = 0
    capacity: int = 0
    state: str = ""


@dataclass
class Walk:
    """Where a walk is. `did`: the last things done, for who has to find out how it came to this."""

    circle: Circle
    chosen: random.Random
    seekers: list[PersonId] = field(default_factory=list)
    peers: list[PersonId] = field(default_factory=list)
    did: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    held: dict[int, Held] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)

    async def begin(self) -> None:
        """Let the people come."""
        for n in range(PEERS + BOTH):
            topic: tuple[Name, str] = ("topic", TOPICS[n % 2])
            self.peers.append(await self.circle.peer("", topic, capacity=1 + n % 2))
        self.seekers = [*self.peers[:BOTH], *[await self.circle.seeker() for _ in range(SEEKERS)]]
        self.matchings = [self.circle.matching(lease_s=LEASE_S) for _ in range(MATCHERS)]
        await self.check()

    async def step(self) -> None:
        """Let one to three things happen at once, and look."""
        acts = self.chosen.choices(list(ACTS), list(ACTS.values()), k=self.chosen.choice((1, 1, 2, 3)))
        self.did = [*self.did[-20:], "+".join(act.__name__ for act in acts)]
        await asyncio.gather(*(act(self) for act in acts))
        await self.check()

    async def settle(self) -> None:
        """Let all time run out, and the matchers do what is due: nobody waits whom somebody could take."""
        for _ in range(PEERS + BOTH + 2):
            await let_time_pass(self)
            for matching in self.matchings:
                await matching.beat()
        await self.check()
        await self.look_back()
        async with self.circle.place.store.reading() as tx:
            left = list(
                await tx.execute(sa.select(tables.requests).where(tables.requests.c.state.in_(("waiting", "leased"))))
            )
            for row in left:
                able = await eligibility.eligible(tx, row.id, self.peers)
                assert all(able.values()), f"somebody could be asked and is not, after {self.did}"

    async def tried(self, doing: Doing) -> bool:
        """Do it in a transaction of its own; a refusal is an answer, a database that cannot is not."""
        try:
            async with self.circle.place.store.transaction() as tx:
                await doing(tx)
        except Unavailable as refusal:
            raise AssertionError(f"two waited for each other, or too long: {self.did}") from refusal
        except Refusal:
            return False
        return True

    async def check(self) -> None:
        """Look at what stands now."""
        async with self.circle.place.store.reading() as tx:
            await _at_one_moment(tx)
            standing = list(await tx.execute(sa.select(tables.offers).where(tables.offers.c.ended_at.is_(None))))
            opened = sa.select(tables.requests).where(tables.requests.c.state.in_(tables.OPEN))
            waits = list(await tx.execute(opened))
            chats = list(await tx.execute(_open_chats()))
            barred = {(row.person, row.blocked) for row in await tx.execute(sa.select(blocks_table))}
            able = {row.person: row for row in await tx.execute(sa.select(tables.peers))}
        after = f"after {self.did}"
        people_waiting = Counter(row.person for row in waits)
        assert max(people_waiting.values(), default=0) <= 1, f"two open requests {after}"
        offered = {row.id: row.person for row in waits if row.state == "offered"}
        assert offered == {row.request: row.seeker for row in standing}, f"an offer without its request {after}"
        assert len({row.request for row in standing}) == len(standing), f"offered twice {after}"
        for one, other in [(row.seeker, row.peer) for row in standing] + [(row.seeker, row.peer) for row in chats]:
            assert (one, other) not in barred and (other, one) not in barred, f"a blocked pair {after}"
        for peer, row in able.items():
            before = self.held.get(peer, Held())
            count = sum(one.peer == peer for one in (*standing, *chats))
            most = max(before.capacity, row.capacity)
            assert count <= max(most, before.count), f"{count} of {most} {after}"
            fresh = [one for one in standing if one.peer == peer and one.id not in self.seen]
            assert not fresh or "open" in (before.state, row.state), f"asked though they take nobody {after}"
            self.held[peer] = Held(count, row.capacity, row.state)
        self.seen |= {row.id for row in standing}

    async def look_back(self) -> None:
        """Look at all that was: both were told or neither, and nobody was asked twice in a round."""
        async with self.circle.place.store.reading() as tx:
            await _at_one_moment(tx)
            made = list(await tx.execute(sa.select(tables.offers)))
            asked = list(await tx.execute(sa.select(tables.requests)))
            inbox = {row.id: row.inbox for row in await tx.execute(sa.select(people.c.id, people.c.inbox))}
            wanted = sa.select(entries.c.room, entries.c.kind, entries.c.ref).where(entries.c.room.in_(inbox.values()))
            told = Counter((row.room, row.kind, row.ref) for row in await tx.execute(wanted))
            talks = sa.select(memberships.c.room, memberships.c.person).join(rooms, rooms.c.id == memberships.c.room)
            inside = Counter((r.room, r.person) for r in await tx.execute(talks.where(rooms.c.kind == "one_to_one")))
        asked_once = Counter((row.request, row.round, row.peer) for row in made)
        assert max(asked_once.values(), default=0) <= 1, "asked twice in a round"
        seeker_of = {row.request: row.seeker for row in made}
        for row in made:
            assert told.pop((inbox[row.peer], "offered", row.id), 0) == 1, "told of an offer: once"
            assert told.pop((inbox[row.peer], "closed", row.id), 0) == (row.ended_at is not None), "told of its end"
        accepted = {row.request: row.peer for row in made if row.state == "accepted"}
        assert accepted.keys() == {row.id for row in asked if row.state == "accepted"}, "a yes, and a request it took"
        for row in asked:
            for person in (seeker_of[row.id], accepted[row.id]) if row.state == "accepted" else ():
                assert told.pop((inbox[person], "opened", row.room), 0) == 1, "told of the chat: both"
                assert inside.pop((row.room, person), 0) == 1, "in the chat: both"
        assert not inside, "a chat nobody was told of"
        assert not [one for one in told if one[1] in ("offered", "closed", "opened")], "told of what is not"


async def _at_one_moment(tx: Transaction) -> None:
    """Let every statement see the same, whoever writes meanwhile; SQLite does so anyway."""
    if tx.is_postgresql:
        await tx.execute(sa.text("set transaction isolation level repeatable read"))


def _open_chats() -> "sa.Select[tuple[int, int, int]]":
    seeker, peer = memberships.alias(), memberships.alias()
    both = rooms.join(seeker, seeker.c.room == rooms.c.id).join(peer, peer.c.room == rooms.c.id)
    return sa.select(rooms.c.id, seeker.c.person.label("seeker"), peer.c.person.label("peer")).select_from(both).where(
        rooms.c.kind == "one_to_one", rooms.c.state == "open", seeker.c.part == "seeker", peer.c.part == "peer"
    )  # fmt: skip


async def ask(walk: Walk) -> None:
    """Somebody asks; who waits already stays where they are, or asks anew."""
    person, topic = walk.chosen.choice(walk.seekers), walk.chosen.choice(TOPICS)
    with contextlib.suppress(Refusal):
        await walk.circle.ask(person, "", ("topic", topic), per_hour=10**6, anew=walk.chosen.random() < 0.3)
        walk.done["asked"] += 1


async def withdraw(walk: Walk) -> None:
    person = walk.chosen.choice(walk.seekers)
    await walk.tried(lambda tx: requests.withdraw(tx, person))


async def widen(walk: Walk) -> None:
    person, breadth = walk.chosen.choice(walk.seekers), walk.chosen.choice((0, 1, 2))
    await walk.tried(lambda tx: waiting.widen(tx, person, breadth))


async def write_a_letter(walk: Walk) -> None:
    person = walk.chosen.choice(walk.seekers)
    letter = waiting.seal_letter(await walk.circle.place.keys.get(person, "said"), person, words())
    await walk.tried(lambda tx: waiting.keep_letter(tx, person, letter))


async def accept(walk: Walk) -> None:
    if (found := await _some_offer(walk)) is not None:
        peer, offer = found
        walk.done["accepted"] += await walk.tried(lambda tx: offers.accept(tx, peer, offer))


async def decline(walk: Walk) -> None:
    if (found := await _some_offer(walk)) is not None:
        peer, offer = found
        walk.done["declined"] += await walk.tried(lambda tx: offers.decline(tx, peer, offer))


async def leave(walk: Walk) -> None:
    rows = await walk.circle.place.rows(rooms, rooms.c.kind == "one_to_one", rooms.c.state == "open")
    if rows:
        room = RoomId(walk.chosen.choice(rows).id)
        async with walk.circle.place.store.reading() as tx:
            inside = [one.person for one in await chat_rooms.members(tx, room)]
        person = walk.chosen.choice(inside)
        walk.done["left"] += await walk.tried(lambda tx: chat_rooms.leave(tx, room, person))


async def block(walk: Walk) -> None:
    one, other = walk.chosen.choice(walk.seekers), walk.chosen.choice(walk.peers)
    if walk.chosen.random() < 0.5:
        one, other = other, one
    walk.done["blocked"] += await walk.tried(lambda tx: blocks.block(tx, one, other))


async def unblock(walk: Walk) -> None:
    if rows := await walk.circle.place.rows(blocks_table):
        row = walk.chosen.choice(rows)
        await walk.tried(lambda tx: blocks.unblock(tx, row.person, row.blocked))


async def go(walk: Walk) -> None:
    """A peer sets whether they take anybody, and how many."""
    peer, capacity = walk.chosen.choice(walk.peers), walk.chosen.choice((1, 2, 3))
    state: peers.State = walk.chosen.choice(("open", "open", "finishing", "away"))
    await walk.tried(lambda tx: peers.set_availability(tx, peer, state, capacity))


async def match(walk: Walk) -> None:
    """A matcher does what is due."""
    matching = walk.matchings.pop(0)
    await matching.beat()
    walk.matchings.append(matching)
    walk.done["matched"] += 1


async def die_while_matching(walk: Walk) -> None:
    """A matcher dies at any line, and another comes."""
    dying = asyncio.ensure_future(walk.matchings.pop(0).beat())
    for _ in range(walk.chosen.randrange(200)):
        await asyncio.sleep(0)
    dying.cancel()
    await asyncio.wait([dying])
    walk.done["died"] += dying.cancelled()
    assert dying.cancelled() or dying.exception() is None
    walk.matchings.append(walk.circle.matching(lease_s=LEASE_S))


async def die_with_a_lease(walk: Walk) -> None:
    walk.done["died"] += await walk.circle.lease() is not None


async def let_time_pass(walk: Walk) -> None:
    """What has a time to run out has run out: offers, leases, pauses, rests."""
    for table, which, column in (
        (tables.offers, tables.offers.c.ended_at.is_(None), "expires_at"),
        (tables.offers, tables.offers.c.ended_at.is_not(None), "ended_at"),
        (tables.requests, tables.requests.c.state == "leased", "lease_until"),
        (tables.requests, tables.requests.c.state == "waiting", "next_at"),
        (rooms, sa.and_(rooms.c.kind == "one_to_one", rooms.c.state == "closed"), "closed_at"),
    ):
        async with walk.circle.place.store.transaction() as tx:  # ascending, as everybody locks: no circle through here
            await tx.execute(sa.select(table.c.id).where(which).order_by(table.c.id).with_for_update())
            await tx.execute(sa.update(table).where(which).values({column: 1}))


async def _some_offer(walk: Walk) -> tuple[PersonId, OfferId] | None:
    if not (rows := await walk.circle.place.rows(tables.offers, tables.offers.c.ended_at.is_(None))):
        return None
    row = walk.chosen.choice(rows)
    return PersonId(row.peer), OfferId(row.id)


ACTS: dict[Callable[[Walk], Awaitable[None]], int] = {
    ask: 8, withdraw: 1, widen: 1, write_a_letter: 1, accept: 4, decline: 2, leave: 3, block: 1, unblock: 2, go: 2,
    match: 8, die_while_matching: 3, die_with_a_lease: 1, let_time_pass: 3,
}  # fmt: skip
"""What may happen, and how often."""

DONE = ("asked", "accepted", "declined", "left", "blocked", "matched", "died")
"""What a walk has to have seen: who meets whom hangs on the machine, and chance alone leaves one of them out."""


async def walked(circle: Circle, steps: int, seed: int) -> Counter[str]:
    """Walk at least so many steps, on until all of `DONE` was done three times, and settle; return what was done."""
    walk = Walk(circle, random.Random(seed))
    await walk.begin()
    for n in range(10 * steps):
        if n >= steps and min(walk.done[one] for one in DONE) >= 3:
            break
        await walk.step()
        if n % 100 == 99:
            await walk.look_back()
    await walk.settle()
    return walk.done
