"""Talk: what members do with what was said: edit, retract, react. One transaction each.

(Saying itself is `group`: it is the one path that must be fast.)
"""

from datetime import tzinfo

import sqlalchemy as sa

from chat.access import is_held, require_member, require_voice
from chat.ids import PersonId, RoomId, Seq
from chat.limits import count_say
from chat.protocol import Edit, React, Retract
from chat.refusals import Gone, LookedAtFirst, NotAMember, SayIdConflict
from chat.store import Transaction
from chat.tables import alias, entries, held, hidden, people, rooms
from chat.timeline import Sealed, append


async def edit(
    tx: Transaction, person: PersonId, command: Edit, sealed: Sealed, says: int, says_s: int, zone: tzinfo
) -> Seq:
    """Append the new words of one's own entry; the same say_id with the same text returns the same seq again.

    Raises:
        NotAMember: no such entry of one's own. Gone: it was retracted or removed. LookedAtFirst: words
        wait for a moderator here now, and these are not kept. SayIdConflict, TooFast, and what `require_voice` raises.
    """
    room = RoomId(command.room)
    membership = await require_voice(tx, room, person)
    kept = sa.select(entries).where(entries.c.author == person, entries.c.say_id == command.say_id)
    found = (await tx.execute(kept)).first()
    if found is not None:
        same = (found.room, found.kind, found.target, found.mac) == (room, "edited", command.seq, sealed.mac)
        if not same:
            raise SayIdConflict
        return Seq(found.seq)
    waits = sa.select(held.c.id).where(held.c.author == person, held.c.say_id == command.say_id)
    if (await tx.execute(waits)).first() is not None:
        raise SayIdConflict
    if await _own(tx, room, person, command.seq) in ("retracted", "removed"):
        raise Gone
    if await is_held(tx, person, membership, zone):
        raise LookedAtFirst
    await count_say(tx, person, says, says_s)
    return await append(tx, room, "edited", person, target=Seq(command.seq), sealed=sealed)


async def retract(tx: Transaction, person: PersonId, command: Retract) -> None:
    """Take one's own entry back; repeating is harmless. A muted person may, and so may one whose room is closed.

    Raises:
        NotAMember: no such entry of one's own.
    """
    room = RoomId(command.room)
    await tx.lock(people, [person])
    await tx.lock(rooms, [room])
    await require_member(tx, room, person)
    if await _own(tx, room, person, command.seq) == "retracted":
        return  # what is removed is taken back all the same: a removal may be undone
    await append(tx, room, "retracted", person, target=Seq(command.seq))


async def react(tx: Transaction, person: PersonId, command: React, says: int, says_s: int) -> None:
    """Put a mark on an entry of the room, or take it off; repeating changes nothing.

    Raises:
        NotAMember: no such entry for this person. TooFast, and what `require_voice` raises.
    """
    room = RoomId(command.room)
    membership = await require_voice(tx, room, person)
    target = sa.select(entries.c.kind).where(entries.c.room == room, entries.c.seq == command.seq)
    if command.seq < membership.from_seq or (await tx.execute(target)).scalar() != "said":
        raise NotAMember
    standing = sa.select(entries.c.ref).where(
        entries.c.room == room, entries.c.target == command.seq, entries.c.target.is_not(None),
        entries.c.kind == "reacted", entries.c.author == person, entries.c.code == command.mark,
    ).order_by(entries.c.seq.desc()).limit(1)  # fmt: skip
    if bool((await tx.execute(standing)).scalar()) == command.on:
        return
    await count_say(tx, person, says, says_s)
    await append(tx, room, "reacted", person, target=Seq(command.seq), code=command.mark, ref=int(command.on))


async def _own(tx: Transaction, room: RoomId, person: PersonId, seq: int) -> str | None:
    """Return the kind of the entry that hides one's own entry, if any does."""
    found = sa.select(entries.c.author, entries.c.kind).where(entries.c.room == room, entries.c.seq == seq)
    row = (await tx.execute(found)).first()
    if row is None or row.author != person or row.kind != "said":
        raise NotAMember
    by = alias(entries, "by_entry")
    said_so = sa.and_(by.c.room == hidden.c.room, by.c.seq == hidden.c.by_seq)
    covers = sa.select(by.c.kind).join_from(hidden, by, said_so)
    return (await tx.execute(covers.where(hidden.c.room == room, hidden.c.seq == seq))).scalar()
