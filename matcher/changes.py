"""Changes: whose profile has changed, as a timeline that every matcher process follows.

It is a room nobody is in. So what a process has not heard of (a hint may be lost) it reads from where it stands, in the
order in which it was committed, and all of them come to the same.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from chat import timeline
from chat.ids import PersonId, RoomId, Seq
from chat.store import Transaction
from chat.tables import entries, rooms

CHANGES = RoomId(2)
"""It has a known id, so two processes that seed at once make one."""


async def seed(tx: Transaction) -> None:
    """Make the room. Repeating changes nothing."""
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    row = {"id": CHANGES, "kind": "log", "state": "open", "shown": 0, "capacity": 0, "created_at": await tx.now()}
    await tx.execute(insert(rooms).values(row).on_conflict_do_nothing())


async def note(tx: Transaction, person: PersonId) -> None:
    """Tell every matcher, once this is committed, to look at this person's profile.

    Locks the room: of rooms, nothing with a lower id may be locked after it.
    """
    await tx.lock(rooms, [CHANGES])
    await timeline.append(tx, CHANGES, "profile", ref=person)


def wake(tx: Transaction) -> None:
    """Tell every matcher, once this is committed, that there may be work: a hint alone, which keeps nobody waiting."""
    tx.touched.setdefault(CHANGES, Seq(0))


async def last(tx: Transaction) -> Seq:
    """Return where the timeline stands; 0: nothing has changed yet."""
    return Seq((await tx.execute(sa.select(rooms.c.last_seq).where(rooms.c.id == CHANGES))).scalar() or 0)


async def since(tx: Transaction, after: Seq) -> tuple[Seq, frozenset[PersonId]] | None:
    """Return where the timeline stands and whose profiles have changed after `after`; None: that is not kept any more,
    everything is to be read afresh."""
    room = (await tx.execute(sa.select(rooms.c.first_seq, rooms.c.last_seq).where(rooms.c.id == CHANGES))).one()
    if after < room.first_seq - 1 or after > room.last_seq:
        return None
    changed = sa.select(entries.c.ref).where(
        entries.c.room == CHANGES, entries.c.seq > after, entries.c.seq <= room.last_seq, entries.c.ref.is_not(None)
    )
    return Seq(room.last_seq), frozenset(PersonId(one) for one in (await tx.execute(changed)).scalars())
