"""Held: what members have said in a room that holds waits until a moderator has looked at it.

The one idea: what waits is no entry of the room, so nobody but its author and who judges it learns that it is there; it
takes no number. Let through, it becomes an entry with the same say_id, under the seal it already had.

What nobody has looked at within WAITS_MS waits no longer, and its author is told: it does not turn up by itself in a
talk that has moved on, and nobody waits for ever. Nobody has declined it and nothing counts against anybody; the author
reads it as long as declined words are kept, and may say it again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chat import access, acts, evidence, recusal, timeline
from chat.acts import Act, Actor
from chat.ids import ActId, Millis, PersonId, RoomId, new_id
from chat.keys import Keys
from chat.protocol import TakeBack
from chat.refusals import Gone, NotAMember, SignedOut, TooFast
from chat.staff_commands import Decline, LetThrough
from chat.store import Store, Transaction, clock
from chat.tables import cases, entries, held, people, rooms
from chat.tables import evidence as evidence_table
from chat.timeline import Sealed

CODE = recusal.HELD
WAITS_MS = 24 * 3_600_000
EACH = 20
"""So many of one author may wait in one room: as many as anybody looks through, and nobody has it for themselves."""
AGAIN_S = 60.0
"""After so long it is worth while to ask whether any of them was decided."""
MOST = 100
"""So many are shown at once to who judges them: of each author the oldest, before the next of any."""
BATCH = 500


@dataclass(frozen=True, slots=True, repr=False)
class HeldSay:
    """A say that waits. `name`: its author's; `waits`: False when nobody came to look at it."""

    id: int
    say_id: str
    name: str
    at: Millis
    text: str
    waits: bool


@dataclass(frozen=True, slots=True, repr=False)
class Unheard:
    """What no detector has read so far, as it was said. `text` is empty where the words are destroyed."""

    id: int
    room: RoomId
    author: PersonId
    at: Millis
    text: str


async def let_through(store: Store, keys: Keys, moderator: PersonId, command: LetThrough) -> None:
    """Make an entry of what waits, as of now. One that its author has said meanwhile, because the room held no more, is
    left as it is.

    Raises:
        NotAllowed: no role for it. NotAMember: nothing waits under this id, one is recused from its author, or the
            author has left the room. Gone: it waits no more, or the author's account is closed. Muted: they are.
            RoomLocked, RoomClosed.
    """
    by = Actor(moderator, keys.derive("audit"), None)
    async with store.transaction() as tx:
        row = await _lock_for(tx, by, command.held)
        ends = sa.delete(held).where(held.c.id == row.id, held.c.ended_at.is_(None))
        if (await tx.execute(ends)).rowcount == 0:
            raise Gone
        await _say(tx, row)
        await acts.tell_staff(tx, by, "let_through", ActId(row.id), row.author, row.room, CODE)


async def decline(tx: Transaction, by: Actor, command: Decline) -> ActId:
    """Decline what waits, and tell its author why; what is declined already stays so.

    Raises:
        Gone: its author took it back, or nobody came; and what `moderation.act` raises.
    """
    row = await _lock_for(tx, by, command.held)
    await acts.require_case(tx, by.person, command.case)
    if row.act is not None:
        return ActId(row.act)
    made = ActId(new_id())
    ends = sa.update(held).where(held.c.id == row.id, held.c.ended_at.is_(None))
    if (await tx.execute(ends.values(ended_at=await tx.now(), act=made))).rowcount == 0:
        raise Gone
    act = Act(made, "declined", command.rule, row.author, row.room, case=command.case)
    await acts.record(tx, by, act, told=RoomId(row.inbox))
    return made


async def restore(tx: Transaction, act: ActId) -> None:
    """Let through what an act declined, now that it is undone. The caller has locked the author and the room.

    Raises:
        Gone: the words are destroyed; and what `let_through` raises of the author and the room.
    """
    row = (await tx.execute(sa.select(held).where(held.c.act == act))).first()
    if row is None or row.body is None:
        raise Gone
    await tx.execute(sa.delete(held).where(held.c.id == row.id))
    await _say(tx, row)


async def take_back(tx: Transaction, person: PersonId, command: TakeBack) -> None:
    """Destroy what of one's own waits, or waited in vain; repeating is harmless. Its say_id stays used.

    Raises:
        Gone: it was let through or declined, or there is none.
    """
    mine = sa.and_(held.c.author == person, held.c.room == command.room, held.c.say_id == command.say_id)
    ends = sa.update(held).where(mine, held.c.act.is_(None))
    if (await tx.execute(ends.values(body=None, ended_at=await tx.now()))).rowcount == 0:
        raise Gone


async def of_author(store: Store, keys: Keys, person: PersonId, room: RoomId) -> list[HeldSay]:
    """Return what of somebody's own waits in a room, or waited in vain, the oldest first."""
    return await _read(store, keys, held.c.author == person, held.c.room == room, held.c.act.is_(None))


async def to_judge(store: Store, keys: Keys, moderator: PersonId, room: RoomId) -> list[HeldSay]:
    """Return what waits in a room, the oldest first, but for what is by somebody whom the moderator may not judge.
    Reading it is for the caller to write to the audit."""
    apart = sa.not_(recusal.is_recused(moderator, held.c.author, store.is_postgresql))
    return await _read(store, keys, held.c.room == room, held.c.ended_at.is_(None), apart)


async def require_few(tx: Transaction, person: PersonId, room: RoomId) -> None:
    """Ask whether one more of somebody's may wait in a room; exact under the person's lock.

    Raises:
        TooFast: EACH do; carries retry_after.
    """
    theirs = sa.and_(held.c.author == person, held.c.room == room, held.c.ended_at.is_(None), unsaid())
    if (await tx.execute(sa.select(sa.func.count(held.c.id)).where(theirs))).scalar_one() >= EACH:
        raise TooFast(AGAIN_S)


async def end(tx: Transaction, person: PersonId, room: RoomId | None = None) -> None:
    """End the waiting of all that somebody has said in a room, or anywhere: they are sent out. Nobody has judged it.
    The caller has locked the person."""
    here = held.c.room == room if room is not None else sa.true()
    theirs = sa.update(held).where(held.c.author == person, here, held.c.ended_at.is_(None))
    await tx.execute(theirs.values(ended_at=await tx.now()))


async def waits(tx: Transaction, room: RoomId, moderator: PersonId) -> bool:
    """Whether anything waits in a room that the moderator may judge; of the rest they learn nothing."""
    apart = sa.not_(recusal.is_recused(moderator, held.c.author, tx.is_postgresql))
    one = sa.select(held.c.id).where(held.c.room == room, held.c.ended_at.is_(None), unsaid(), apart).limit(1)
    return (await tx.execute(one)).first() is not None


def waiting(moderator: PersonId, is_postgresql: bool) -> "sa.ScalarSelect[int]":
    """How many says wait in the room of a case (a row of `cases`) that the moderator may judge, as an expression."""
    apart = sa.not_(recusal.is_recused(moderator, held.c.author, is_postgresql))
    wait = sa.and_(held.c.room == cases.c.room, held.c.ended_at.is_(None), unsaid(), apart)
    return sa.select(sa.func.count()).select_from(held).where(wait).correlate(cases).scalar_subquery()


def since(moderator: PersonId, is_postgresql: bool) -> "sa.ColumnElement[int]":
    """Since when a case (a row of `cases`) waits, as an expression: one of a room that holds, since the oldest that
    waits and that the moderator may judge. It may have been opened for what they know nothing of."""
    apart = sa.not_(recusal.is_recused(moderator, held.c.author, is_postgresql))
    wait = sa.and_(held.c.room == cases.c.room, held.c.ended_at.is_(None), unsaid(), apart)
    oldest = sa.select(sa.func.min(held.c.at)).where(wait).correlate(cases).scalar_subquery()
    return sa.case((cases.c.code == CODE, sa.func.coalesce(oldest, clock(is_postgresql))), else_=cases.c.created_at)


async def unheard(store: Store, keys: Keys, most: int) -> list[Unheard]:
    """Return what no detector has read so far, the oldest first; what has ended, too."""
    wanted = sa.select(held).where(held.c.heard_at.is_(None)).order_by(held.c.at).limit(most)
    async with store.reading() as tx:
        rows = list(await tx.execute(wanted))
    return [Unheard(row.id, row.room, row.author, row.at, text or "") for row, text in await _opened(keys, rows)]


async def hear(tx: Transaction, which: Collection[int]) -> int:
    """Note that detectors have read these; return for how many nobody had. Never waits for whoever writes one now."""
    mine = sa.select(held.c.id).where(held.c.id.in_(which), held.c.heard_at.is_(None))
    heard = sa.update(held).where(held.c.id.in_(mine.with_for_update(skip_locked=True)))
    return (await tx.execute(heard.values(heard_at=await tx.now()))).rowcount


async def without_case(store: Store) -> list[RoomId]:
    """Return the rooms in which something waits and no case stands: who closed it may not judge what is left."""
    stands = sa.exists().where(cases.c.room == held.c.room, cases.c.code == CODE, cases.c.state != "closed")
    async with store.reading() as tx:
        found = sa.select(held.c.room).where(held.c.ended_at.is_(None), unsaid(), sa.not_(stands)).distinct()
        return [RoomId(one) for one in (await tx.execute(found)).scalars()]


async def end_due(store: Store) -> None:
    """End the waiting of what nobody has looked at within WAITS_MS, and tell its author."""
    async with store.reading() as tx:
        old = sa.select(held.c.id, people.c.inbox).join(people, people.c.id == held.c.author)
        old = old.where(held.c.ended_at.is_(None), held.c.at <= await tx.now() - WAITS_MS).limit(BATCH)
        due = list(await tx.execute(old))
    for row in due:
        async with store.transaction() as tx:
            await tx.lock(rooms, [row.inbox])
            ends = sa.update(held).where(held.c.id == row.id, held.c.ended_at.is_(None))
            if (await tx.execute(ends.values(ended_at=await tx.now()))).rowcount:
                await timeline.append(tx, row.inbox, "notice", ref=row.id, code="not_looked_at")


async def forget(store: Store, words_until: int, rows_until: int) -> None:
    """Destroy the words of what ended before a time, and delete the rows of what ended before another."""
    async with store.transaction() as tx:
        over = sa.and_(held.c.ended_at <= words_until, held.c.body.is_not(None))
        await tx.execute(sa.update(held).where(over).values(body=None))
        await tx.execute(sa.delete(held).where(held.c.ended_at <= rows_until))


async def _lock_for(tx: Transaction, by: Actor, which: int) -> "sa.Row[Any]":
    """Lock who judges, the author, their inbox, the room and the desk; return the row, with the author's inbox."""
    wanted = sa.select(held, people.c.inbox).join(people, people.c.id == held.c.author).where(held.c.id == which)
    row = (await tx.execute(wanted)).first()
    if row is None:
        await acts.require_staff(tx, by.person, None)
        raise NotAMember
    await acts.require_author(tx, by.person, row.author)
    await acts.lock_rooms(tx, row.inbox, row.room)
    found = (await tx.execute(wanted)).first()
    if found is None:
        raise Gone
    return found


async def _say(tx: Transaction, row: "sa.Row[Any]") -> None:
    """Make an entry of a row, if its author may speak there now; what was found in it is about the entry then. The
    caller has locked the author and the room, and ended the row."""
    said = sa.select(entries.c.seq).where(entries.c.author == row.author, entries.c.say_id == row.say_id)
    if (await tx.execute(said)).first() is not None:
        return
    try:
        await access.require_voice(tx, row.room, row.author)
    except SignedOut:
        raise Gone from None  # it is another who is signed out
    sealed = Sealed(row.say_id, row.body, row.key_version, row.mac)
    seq = await timeline.append(tx, row.room, "said", row.author, target=row.target, sealed=sealed)
    about = sa.update(cases).where(cases.c.held == row.id).values(seq=seq).returning(cases.c.id)
    found = list((await tx.execute(about)).scalars())
    here = sa.update(evidence_table).where(evidence_table.c.case.in_(found), evidence_table.c.seq == evidence.NO_ENTRY)
    await tx.execute(here.values(seq=seq))


def unsaid() -> "sa.ColumnElement[bool]":
    """Whether a row is no entry: its author may have said it again when the room held no more. (A say_id that has
    waited bears nothing else: see `group.decide` and `talk.edit`.)"""
    return sa.not_(sa.exists().where(entries.c.author == held.c.author, entries.c.say_id == held.c.say_id))


async def _read(store: Store, keys: Keys, *where: "sa.ColumnElement[bool]") -> list[HeldSay]:
    turn = sa.func.row_number().over(partition_by=held.c.author, order_by=(held.c.at, held.c.id))
    wanted = sa.select(held, people.c.nickname).join(people, people.c.id == held.c.author)
    wanted = wanted.where(*where, held.c.body.is_not(None), unsaid()).order_by(turn, held.c.at, held.c.id).limit(MOST)
    async with store.reading() as tx:
        rows = sorted(await tx.execute(wanted), key=lambda row: (row.at, row.id))
    return [
        HeldSay(row.id, row.say_id, row.nickname or "", row.at, text, row.ended_at is None)
        for row, text in await _opened(keys, rows)
        if text is not None  # erased in this moment
    ]


async def _opened(keys: Keys, rows: "Sequence[sa.Row[Any]]") -> "list[tuple[sa.Row[Any], str | None]]":
    said = await keys.many({row.author for row in rows}, "said")
    return [(row, evidence.as_said(said.get(row.author), row.room, evidence.piece_of_held(row))) for row in rows]
