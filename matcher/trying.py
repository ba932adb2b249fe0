"""Trying: what a signal of the organisation's own would have raised in the last week, before it is switched on.

The one idea: it opens what people said, so it is in the audit before it begins, and it answers in counts alone, told as
a report's are (see `noise`). Where few people would be raised, nothing further is told: a signal made to ask about one
person gets no answer.

It is read in pages, newest first, and matched in a thread: the loop of the process goes on.
"""

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chat import audit, evidence
from chat.access import require_role
from chat.ids import Millis, PersonId
from chat.keys import Keys
from chat.refusals import NotAMember, TooFast
from chat.seal import DataKey
from chat.store import Store, Transaction
from chat.tables import audit as audit_table
from chat.tables import audit_head, entries, rooms
from matcher import noise, own_signals
from matcher.own_signals import OwnSignal
from matcher.watched import KINDS

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
TRIALS_MOST = 10
"""So many a day: two patterns that differ by one message are told apart by their noise, so nobody may ask for ever."""
PAGE = 100
ENTRIES_MOST = 20_000
WITHIN_S = 10.0
"""Somebody waits for the page; what is not read by then is not read."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it, in counts that are moved a little.

    Attributes:
        entries: how many were looked at; `whole`: and whether that was the whole week.
        times, rooms, people: how often it was found, in how many rooms, by how many people; all 0 where they are few.
    """

    entries: int
    whole: bool
    times: int = 0
    rooms: int = 0
    people: int = 0


async def try_out(
    store: Store, keys: Keys, organiser: PersonId, code: str, *, within_s: float = WITHIN_S, most: int = ENTRIES_MOST
) -> Tried:
    """Match a signal against what was said in the last week in rooms and one-to-ones.

    Raises:
        NotAMember: no such signal. NotAllowed: not an organiser. TooFast: TRIALS_MOST in a day, by all organisers.
    """
    async with store.transaction() as tx:
        signal = next((one for one in await own_signals.load(tx) if one.code == code), None)
        if signal is None:
            raise NotAMember
        await require_role(tx, organiser, "organiser")
        await _require_few(tx)
        await audit.append(tx, keys.derive("audit"), "own_signal_tried", organiser, code=code)
        since = Millis(await tx.now() - WEEK_MS)
    ends, looked, before = time.monotonic() + within_s, 0, None
    found: list[sa.Row[Any]] = []
    while looked < most and time.monotonic() < ends:
        page = await _page(store, since, before)
        said = await keys.many({row.author for row in page}, "said")
        opened, matched = await asyncio.to_thread(_matched, signal, page, said)
        looked, found = looked + opened, found + matched
        if len(page) < PAGE:
            return _told(keys.derive("noise"), looked, True, found)
        before = page[-1]
    return _told(keys.derive("noise"), looked, False, found)


async def _require_few(tx: Transaction) -> None:
    await tx.lock(audit_head, [1])
    day = sa.and_(audit_table.c.act == "own_signal_tried", audit_table.c.at > await tx.now() - DAY_MS)
    tried = list((await tx.execute(sa.select(audit_table.c.at).where(day))).scalars())
    if len(tried) >= TRIALS_MOST:
        raise TooFast((min(tried) + DAY_MS - await tx.now()) / 1000)


async def _page(store: Store, since: Millis, before: "sa.Row[Any] | None") -> "Sequence[sa.Row[Any]]":
    where = sa.and_(
        entries.c.at >= since, entries.c.kind.in_(evidence.WORDS), entries.c.body.is_not(None), rooms.c.kind.in_(KINDS)
    )
    if before is not None:
        last = sa.tuple_(*(sa.literal(value, sa.BigInteger) for value in (before.at, before.room, before.seq)))
        where = sa.and_(where, sa.tuple_(entries.c.at, entries.c.room, entries.c.seq) < last)
    newest = sa.select(entries).join(rooms, rooms.c.id == entries.c.room).where(where)
    newest = newest.order_by(entries.c.at.desc(), entries.c.room.desc(), entries.c.seq.desc()).limit(PAGE)
    async with store.reading() as tx:
        return (await tx.execute(newest)).all()


def _matched(
    signal: OwnSignal, page: "Sequence[sa.Row[Any]]", said: dict[int, DataKey]
) -> "tuple[int, list[sa.Row[Any]]]":
    """Return how many entries could be opened, and which of them have what is looked for."""
    opened = [(row, evidence.as_said(said.get(row.author), row.room, evidence.piece(row))) for row in page]
    return sum(text is not None for _, text in opened), [row for row, text in opened if text and signal.is_in(text)]


def _told(key: bytes, looked: int, whole: bool, found: "Sequence[sa.Row[Any]]") -> Tried:
    people = _counted(key, "people", {row.author for row in found})
    about = noise.told(key, f"own signals\0{looked}".encode(), looked)
    if people == 0:
        return Tried(about, whole)
    times = _counted(key, "times", {(row.room, row.seq) for row in found})
    return Tried(about, whole, max(times, people), _counted(key, "rooms", {row.room for row in found}), people)


def _counted(key: bytes, what: str, of: Collection[object]) -> int:
    """Return a count as it is told, 0 where it is few: whoever asks again and again must not find out by one more. Its
    noise hangs on what is in it, so another wording that finds the same tells no more."""
    if noise.is_few(key, len(of)):
        return 0
    return noise.told(key, f"own signals\0{what}\0{sorted(of, key=repr)}".encode(), len(of))
