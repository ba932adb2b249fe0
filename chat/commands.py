"""Commands: what each one does, one function each, one transaction each.

`say` is answered by the group commit and never waits here; every other command runs to its end before the next one of
the same connection begins, so what a person does happens in the order in which they did it.
"""

import asyncio
import logging
import time
from functools import partial
from typing import assert_never

import sqlalchemy as sa

from chat import (
    appeals,
    calls,
    cases,
    claims,
    escalations,
    moderation,
    protocol,
    raids,
    reviews,
    rooms,
    sessions,
    talk,
    thirds,
)
from chat import staff_commands as staff
from chat.access import is_held, is_muted, place_of, require_member
from chat.codec import AnyCommand
from chat.group import GroupCommit, Said, Saying
from chat.held import let_through, take_back
from chat.hub import Hub
from chat.ids import PersonId, RoomId, Seq
from chat.journal import Journal
from chat.keys import KeyDestroyed, Keys
from chat.outbox import Follower, Outbox
from chat.protocol import Done, Expired, Joined, Member, Refused
from chat.refusals import Muted, NotAllowed, NotJoined, Refusal, SignedOut, TooFast, without_words
from chat.seal import DataKey
from chat.settings import Settings
from chat.store import Store, Transaction
from chat.tables import memberships, people
from chat.tables import rooms as rooms_table
from chat.timeline import seal
from chat.words import check

logger = logging.getLogger(__name__)

TYPING_S = 3.0
PEOPLE_TOLD = 50
"""At most so many members are named in `joined`; every entry carries its author's name anyway."""
READ_S = 5.0
"""Read marks are written together, once in this time; they may be lost."""


class Commands:
    """Carries out commands; one for the process."""

    def __init__(
        self, store: Store, keys: Keys, journal: Journal, hub: Hub, group: GroupCommit, settings: Settings
    ) -> None:
        self._store = store
        self._keys = keys
        self._journal = journal
        self._hub = hub
        self._group = group
        self._limit = (settings.says, settings.says_s)
        self._zone = settings.zone
        self._acknowledge_s = settings.acknowledge_s
        self._read: dict[tuple[RoomId, PersonId], int] = {}

    def say_now(self, outbox: Outbox, command: protocol.Say) -> bool:
        """Say without waiting, if the author's key is at hand; return whether it was."""
        key = self._keys.at_hand(outbox.person, "said")
        if key is None:
            return False
        try:
            self._say(outbox, command, key)
        except Refusal as refusal:
            refuse(outbox, command.ref, refusal)
        return True

    async def obey(self, outbox: Outbox, command: AnyCommand) -> None:
        """Carry a command out and answer it."""
        try:
            answer = await self._obey(outbox, command)
        except Refusal as refusal:
            logger.info("refused %s: %s", type(command).__name__, refusal.code)
            refuse(outbox, command.ref, refusal)
        except KeyDestroyed:
            refuse(outbox, command.ref, SignedOut())
        else:
            if answer is not None:
                outbox.send(answer)

    def watch(self, outbox: Outbox, inbox: RoomId) -> None:
        """Follow the person's inbox on the hub's own behalf: that is how a sign-out or a ban elsewhere is learned."""
        if self._hub.tasks is not None:
            self._hub.tasks.create_task(self._watch(outbox, inbox))

    async def _watch(self, outbox: Outbox, inbox: RoomId) -> None:
        with self._hub.expecting(inbox):
            try:
                async with self._store.reading() as tx:
                    last = await sessions.inbox_end(tx, outbox.session)
            except SignedOut:
                outbox.wire.close(1008, "signed out")
            except Refusal:
                outbox.wire.close(1013, "try again")
            except Exception as error:  # a bug ends this connection, and no other
                logger.error("watching for person %d failed", outbox.person, exc_info=without_words(error))
                outbox.wire.close(1013, "failed")
            else:
                if inbox not in outbox.follows:
                    self._hub.follow(outbox, inbox, Follower(last, 1, silent=True), last=last, shown=False)

    async def _obey(self, outbox: Outbox, command: AnyCommand) -> Done | None:
        person, done = outbox.person, Done(ref=command.ref)
        if outbox.is_program and isinstance(command, staff.STAFF):
            raise NotAllowed
        match command:
            case protocol.Say():
                self._say(outbox, command, await self._keys.get(person, "said"))
                return None
            case protocol.Join():
                await self._join(outbox, command)
                return None
            case protocol.Leave():
                async with self._store.transaction() as tx:
                    await rooms.leave(tx, RoomId(command.room), person)
                self._hub.unfollow(outbox, RoomId(command.room))
            case protocol.Edit():
                return await self._edit(outbox, command)
            case protocol.TakeBack():
                async with self._store.transaction() as tx:
                    await take_back(tx, person, command)
            case protocol.Retract():
                async with self._store.transaction() as tx:
                    await talk.retract(tx, person, command)
            case protocol.React():
                async with self._store.transaction() as tx:
                    await talk.react(tx, person, command, *self._limit)
            case protocol.Typing():
                await self._typing(outbox, command)
                return None
            case protocol.Read():
                if RoomId(command.room) not in outbox.follows:
                    raise NotJoined
                at = (RoomId(command.room), person)
                self._read[at] = max(self._read.get(at, 0), command.seq)
            case protocol.Report():
                return Done(ref=command.ref, case=await cases.report(self._store, self._keys, person, command))
            case protocol.Call():
                return Done(ref=command.ref, case=await calls.call(self._store, self._keys, person, command))
            case (staff.Warn() | staff.Mute() | staff.Remove() | staff.Clear() | staff.Expel() | staff.Ban()
                  | staff.Lock() | staff.Slow() | staff.Hold() | staff.Decline()):  # fmt: skip
                return Done(ref=command.ref, act=await moderation.act(self._store, self._keys, person, command))
            case staff.LetThrough():
                await let_through(self._store, self._keys, person, command)
            case staff.Guard():
                return Done(ref=command.ref, act=await raids.guard(self._store, self._keys, person, command))
            case staff.LetIn():
                return Done(ref=command.ref, left=await raids.let_in(self._store, self._keys, person, command))
            case staff.Confirm():
                await moderation.confirm(self._store, self._keys, person, command)
            case staff.Unlock() | staff.Unhold():
                await moderation.unlock(self._store, self._keys, person, command)
            case staff.Undo():
                await moderation.undo(self._store, self._keys, person, command)
            case staff.Claim():
                await cases.claim(self._store, self._keys, person, command)
            case staff.Close():
                await cases.close(self._store, self._keys, self._journal, person, command)
            case staff.Decide():
                await appeals.decide(self._store, self._keys, self._journal, person, command)
            case staff.Grade():
                await claims.grade(self._store, self._keys, person, command)
            case staff.Release():
                await claims.release(self._store, self._keys, person, command)
            case staff.HandOver():
                await claims.hand_over(self._store, self._keys, person, command)
            case staff.Escalate():
                await escalations.escalate(self._store, self._keys, person, command, self._acknowledge_s)
            case staff.Acknowledge():
                await escalations.acknowledge(self._store, self._keys, person, command)
            case staff.AskIn():
                await thirds.ask(self._store, self._keys, person, command)
            case protocol.Consent():
                await thirds.consent(self._store, self._keys, person, command)
            case protocol.LetGo():
                await thirds.let_go(self._store, self._keys, person, command)
            case staff.Review():
                await reviews.review(self._store, self._keys, person, command)
            case protocol.Ping():
                pass
            case _:
                assert_never(command)
        return done

    def _say(self, outbox: Outbox, command: protocol.Say, key: DataKey) -> None:
        room, text = RoomId(command.room), check(command.text)
        if room not in outbox.follows or outbox.follows[room].silent:
            raise NotJoined
        sealed = seal(key, room, outbox.person, command.say_id, text)
        reply_to = Seq(command.reply_to) if command.reply_to else None
        self._group.submit(Saying(room, outbox.person, sealed, text, reply_to, partial(_answer, outbox, command.ref)))

    async def _edit(self, outbox: Outbox, command: protocol.Edit) -> Done:
        text = check(command.text)
        key = await self._keys.get(outbox.person, "said")
        sealed = seal(key, RoomId(command.room), outbox.person, command.say_id, text)
        async with self._store.transaction() as tx:
            seq = await talk.edit(tx, outbox.person, command, sealed, *self._limit, self._zone)
        return Done(ref=command.ref, seq=seq)

    async def _typing(self, outbox: Outbox, command: protocol.Typing) -> None:
        room = RoomId(command.room)
        if room not in outbox.follows or outbox.follows[room].silent:
            raise NotJoined
        if time.monotonic() - outbox.typed_at < TYPING_S:
            raise TooFast(TYPING_S)
        outbox.typed_at = time.monotonic()
        async with self._store.reading() as tx:
            membership = await require_member(tx, room, outbox.person)
            kind = (await tx.execute(sa.select(rooms_table.c.kind).where(rooms_table.c.id == room))).scalar_one()
            if await is_muted(tx, outbox.person, room, kind):
                raise Muted
            if await is_held(tx, outbox.person, membership, self._zone):
                return  # the others would wait for words that they may never see
        self._hub.typing(outbox, room)

    async def _join(self, outbox: Outbox, command: protocol.Join) -> None:
        with self._hub.expecting(RoomId(command.room)):
            await self._follow(outbox, command)

    async def _follow(self, outbox: Outbox, command: protocol.Join) -> None:
        room = RoomId(command.room)
        async with self._store.reading() as tx:
            where = await place_of(tx, room, outbox.person)
            members = await _members(tx, room, where.kind)
        now_epoch = where.epoch
        first, last = max(where.first_seq, where.from_seq), max(where.last_seq, where.from_seq - 1)
        after = last if command.after is None else command.after
        here = self._hub.people_here(room) | {outbox.person}
        told = tuple(Member(row.person, row.nickname or "", row.part, row.person in here) for row in members)
        lost = (command.epoch or now_epoch) != now_epoch or after > last or after < first - 1
        if lost:
            after = last
            outbox.send(Expired(ref=command.ref, room=room, first=first, last=last, epoch=now_epoch, people=told))
        else:
            read = where.read_seq
            outbox.send(Joined(ref=command.ref, room=room, first=first, last=last, read=read, people=told))
        follower = Follower(after, where.from_seq, silent=False)
        self._hub.follow(outbox, room, follower, last=last, shown=where.kind in ("group", "one_to_one"))

    async def run(self) -> None:
        """Write the read marks that have gathered, every READ_S, until cancelled."""
        while True:
            await asyncio.sleep(READ_S)
            try:
                await self._keep_read_marks()
            except Refusal:
                continue  # the database is away; a read mark may be lost
            except Exception as error:  # a bug must not end the process
                logger.error("read marks were not kept", exc_info=without_words(error))

    async def _keep_read_marks(self) -> None:
        marks, self._read = self._read, {}
        if not marks:
            return
        async with self._store.transaction() as tx:
            for (room, person), seq in sorted(marks.items()):
                await rooms.mark_read(tx, room, person, Seq(seq))


async def _members(tx: Transaction, room: RoomId, kind: str) -> "list[sa.Row[tuple[int, str, str]]]":
    if kind not in ("group", "one_to_one"):
        return []
    return list(await tx.execute(_MEMBERS, {"in_room": room}))


_MEMBERS = sa.select(memberships.c.person, people.c.nickname, memberships.c.part).join_from(
    memberships, people, people.c.id == memberships.c.person
).where(memberships.c.room == sa.bindparam("in_room"), memberships.c.to_seq.is_(None)).limit(PEOPLE_TOLD)  # fmt: skip


def _answer(outbox: Outbox, ref: int, outcome: Said | Refusal) -> None:
    if isinstance(outcome, Refusal):
        refuse(outbox, ref, outcome)
    elif not outcome.fresh:  # said before: its own entry may be long past this connection's cursor
        outbox.send(Done(ref=ref, seq=outcome.seq))


def refuse(outbox: Outbox, ref: int, refusal: Refusal) -> None:
    """Tell the client that its command was turned down."""
    outbox.send(Refused(ref=ref, code=refusal.code, retry_after=refusal.retry_after))
