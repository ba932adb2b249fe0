"""History: what was said in a room, a page at a time, as one person may see it.

Every page is cut by the person's memberships, each a range of seqs: the same cut the socket makes, so no path shows
more than another. Who has left reads what was said until then, and nothing after it.
"""

import msgspec
import sqlalchemy as sa

from chat import access, timeline
from chat.ids import PersonId, RoomId
from chat.keys import Keys
from chat.protocol import PAGE_ENTRIES, Entry, Quiet
from chat.refusals import NotAMember
from chat.store import Store
from chat.tables import rooms


class History(Quiet, frozen=True):
    """A page of a room. `first` … `last`: the oldest seq kept and the newest that the person may see at all."""

    first: int
    last: int
    entries: tuple[Entry, ...]


async def page(
    store: Store,
    keys: Keys,
    room: RoomId,
    person: PersonId,
    *,
    after: int | None = None,
    before: int | None = None,
    limit: int = PAGE_ENTRIES,
) -> History:
    """Return entries with after < seq < before, ascending, edits and removals folded in, with their marks.

    With `after` the oldest `limit` of them, without it the newest.

    Raises:
        NotAMember: never was in it, or no such room.
    """
    async with store.reading() as tx:
        wanted = sa.select(rooms.c.first_seq, rooms.c.last_seq).where(rooms.c.id == room)
        kept = (await tx.execute(wanted)).first()  # before the ranges: a leaving they do not know lies beyond this end
        ranges = await access.memberships_of(tx, room, person)
    if not ranges or kept is None:
        raise NotAMember
    spans = [
        (max(one.from_seq, kept.first_seq), kept.last_seq if one.to_seq is None else one.to_seq, one.to_seq)
        for one in ranges
    ]
    found: list[Entry] = []
    for first, last, to_seq in spans if after is not None else reversed(spans):
        low = max(first - 1, after or 0)
        high = last + 1 if before is None else min(last + 1, before)
        if low + 1 >= high or len(found) >= limit:
            continue
        part = await timeline.read(
            store, keys, room, after=low, before=high, limit=limit - len(found), newest=after is None
        )
        part = await timeline.with_marks(store, room, part, until=to_seq)
        part = [timeline.within(entry, first, to_seq) for entry in part]
        found = found + part if after is not None else part + found
    return History(spans[0][0], spans[-1][1], tuple(found))


encode = msgspec.json.Encoder().encode
"""A page as the bytes a client gets: {"first", "last", "entries"}."""
