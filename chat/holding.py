"""Holding: what members say in a room that holds is kept to wait (see `held`), and is said by who is not held.

The group answers such a say `Held` and writes nothing. Here each is kept in a transaction of its own, under the locks
that a group takes, with every rule of speaking asked again.
"""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from chat import access, audit, timeline
from chat.access import Membership
from chat.group import RETRY_AFTER_S, WAITING_SAYS, Said, Saying
from chat.held import CODE, require_few, without_case
from chat.hours import ALWAYS, Hours
from chat.ids import CaseId, PersonId, RoomId, Seq, new_id
from chat.keys import Keys
from chat.limits import count_say
from chat.refusals import (
    Gone,
    Held,
    NotAMember,
    Refusal,
    SayIdConflict,
    SignedOut,
    Slow,
    TooFast,
    Unavailable,
    without_words,
)
from chat.rooms import desk as find_desk
from chat.settings import Settings
from chat.store import Store, Transaction
from chat.tables import cases, entries, held, people, rooms, slow_says

logger = logging.getLogger(__name__)

LEVEL = "other"
"""Nobody has found it harmful: it waits for all that harms people."""
AGAIN_S = 0.5
"""When the case was closed in this very moment: the next try opens another."""


@dataclass(frozen=True, slots=True)
class Holds:
    """Whether what somebody says waits now, and after how many seconds that changes by the clock; 0: it does not."""

    now: bool
    turns_s: int


async def holds(tx: Transaction, person: PersonId, membership: Membership, zone: tzinfo) -> Holds:
    """Tell before somebody says something whether it would wait."""
    written = (await tx.execute(sa.select(rooms.c.holds).where(rooms.c.id == membership.room))).scalar()
    at, turns = await tx.now(), 0
    if written is not None and written != ALWAYS:
        hours = Hours.parse(written, zone)
        turns = min(hours.next_opening(at), hours.next_closing(at)) - at
    return Holds(await access.is_held(tx, person, membership, zone), -(-turns // 1000))


async def open_missing(store: Store, keys: Keys) -> None:
    """Open a case for what waits and is in none (see `held.without_case`)."""
    for room in await without_case(store):
        made = CaseId(new_id())
        await keys.make(made, "case")
        async with store.transaction() as tx:
            desk = await find_desk(tx)
            await tx.lock(rooms, [desk, room])
            used = await _open_case(tx, keys, room, made)
        if not used:  # what fails before leaves a key that is nobody's, for a sweep to find
            await keys.destroy(made, "case")


class Holding:
    """The one writer, in this process, of what is said in rooms that hold; in the order in which it came."""

    def __init__(self, store: Store, keys: Keys, settings: Settings) -> None:
        self._store = store
        self._keys = keys
        self._limit = (settings.says, settings.says_s)
        self._zone = settings.zone
        self._waiting: asyncio.Queue[Saying] = asyncio.Queue(WAITING_SAYS)
        self._each: Counter[PersonId] = Counter()

    def take(self, saying: Saying) -> None:
        """Queue a say that the group has answered `Held`; its `answer` is called once. Of one author no more are in the
        queue than they may say in a window, so that nobody else waits for them."""
        says, says_s = self._limit
        if self._each[saying.author] >= says:
            saying.answer(TooFast(says_s))
            return
        try:
            self._waiting.put_nowait(saying)
        except asyncio.QueueFull:
            saying.answer(Unavailable(RETRY_AFTER_S))
        else:
            self._each[saying.author] += 1

    async def run(self) -> None:
        """Keep one after another, for ever."""
        while True:
            saying = await self._waiting.get()
            await self._answer(saying)
            self._each[saying.author] -= 1
            if not self._each[saying.author]:
                del self._each[saying.author]
            del saying  # words are held no longer than they wait

    async def _answer(self, saying: Saying) -> None:
        try:
            outcome = await self.keep(saying)
        except Refusal as refusal:
            saying.answer(refusal)
        except Exception as error:  # one bad say must take no other down
            logger.error("a held say could not be kept", exc_info=without_words(error))
            saying.answer(Unavailable(RETRY_AFTER_S))
        else:
            saying.answer(outcome)

    async def keep(self, saying: Saying) -> Said | Held:
        """Keep a say: it waits then; or it is said, by who is not held, or because the room holds no more.

        Raises:
            Gone: it has waited before, and does no more. TooFast: also where enough of theirs waits. And every
                refusal of speaking.
        """
        made = None
        async with self._store.reading() as tx:  # whoever is refused here has cost no key
            membership = await access.require_member(tx, saying.room, saying.author)
            if await access.is_held(tx, saying.author, membership, self._zone) and not await _case(tx, saying.room):
                made = CaseId(new_id())
        if made is not None:
            await self._keys.make(made, "case")  # the reasons of acts on it are sealed under it
        used = False
        try:
            async with self._store.transaction() as tx:
                outcome, used = await self._keep(tx, saying, made)
        except Unavailable:
            used = True  # perhaps: a sweep finds what is nobody's
            raise
        finally:
            if made is not None and not used:
                await self._keys.destroy(made, "case")
        return outcome

    async def _keep(self, tx: Transaction, saying: Saying, made: CaseId | None) -> tuple[Said | Held, bool]:
        """Return the outcome, and whether the case that was made is in use now."""
        room, author, sealed = saying.room, saying.author, saying.sealed
        desk = await find_desk(tx)
        who = (await tx.lock(people, [author])).get(author)
        where = (await tx.lock(rooms, [desk, room])).get(room)
        if who is None or who.state != "active":
            raise SignedOut
        before = await _before(tx, saying, who)
        if before is not None:
            return before, False
        membership = await access.require_voice(tx, room, author)
        assert where is not None  # a membership's room exists: foreign key
        if saying.reply_to is not None and not membership.from_seq <= saying.reply_to <= where.last_seq:
            raise NotAMember
        await _take_turn(tx, where, author)
        await count_say(tx, author, *self._limit)
        if not await access.is_held(tx, author, membership, self._zone):
            seq = await timeline.append(tx, room, "said", author, target=saying.reply_to, sealed=sealed)
            return Said(seq, await tx.now(), who.nickname or "", True), False
        await require_few(tx, author, room)
        row = {"id": new_id(), "room": room, "author": author, "say_id": sealed.say_id, "target": saying.reply_to}
        row |= {"body": sealed.body, "key_version": sealed.key_version, "mac": sealed.mac, "at": await tx.now()}
        await tx.execute(held.insert().values(row))
        return Held(), await _open_case(tx, self._keys, room, made)


async def _before(tx: Transaction, saying: Saying, who: "sa.Row[Any]") -> Said | Held | None:
    """Return what a say was answered before; None: it is new.

    Raises:
        SayIdConflict. Gone: it waits no more, and was not said.
    """
    for table in (entries, held):
        one = sa.select(table).where(table.c.author == saying.author, table.c.say_id == saying.sealed.say_id)
        row = (await tx.execute(one)).first()
        if row is None:
            continue
        if (row.room, row.mac) != (saying.room, saying.sealed.mac):
            raise SayIdConflict
        if table is entries:
            return Said(Seq(row.seq), row.at, who.nickname or "", False)
        if row.ended_at is not None:
            raise Gone
        return Held()
    return None


async def _take_turn(tx: Transaction, where: "sa.Row[Any]", author: PersonId) -> None:
    """In a slow room, note that somebody speaks now (`group.decide` asks the same way).

    Raises:
        Slow: it is not their turn yet.
    """
    if not where.slow_s:
        return
    now, turn = await tx.now(), sa.and_(slow_says.c.room == where.id, slow_says.c.person == author)
    spoke = (await tx.execute(sa.select(slow_says.c.at).where(turn))).scalar()
    if spoke is not None and spoke <= now < spoke + where.slow_s * 1000:
        raise Slow((spoke + where.slow_s * 1000 - now) / 1000)
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    row = insert(slow_says).values(room=where.id, person=author, at=now)
    await tx.execute(row.on_conflict_do_update(index_elements=["room", "person"], set_={"at": now}))


async def _case(tx: Transaction, room: RoomId) -> int | None:
    """Return the open case of what waits in a room; under the desk's lock that is exact."""
    standing = sa.select(cases.c.id).where(cases.c.room == room, cases.c.code == CODE, cases.c.state != "closed")
    return (await tx.execute(standing)).scalar()


async def _open_case(tx: Transaction, keys: Keys, room: RoomId, made: CaseId | None) -> bool:
    """Open the case that was made, unless the room has one; return whether it was opened. How much waits is not counted
    in it, and the desk is told nothing: not everybody who is there may know of all. Consoles ask."""
    if await _case(tx, room) is not None:
        return False
    if made is None:
        raise Unavailable(AGAIN_S)
    row = {"id": made, "kind": "signal", "state": "open", "level": LEVEL, "room": room, "code": CODE}
    await tx.execute(cases.insert().values(row | {"created_at": await tx.now()}))
    await audit.append(tx, keys.derive("audit"), "raised", None, room=room, ref=made, code=CODE)
    return True
