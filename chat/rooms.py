"""Rooms: how one is made, who comes in, who leaves, and when it closes.

A membership is a range of seqs, from_seq … to_seq, written together with the `joined` or `left` entry that begins or
ends it, under the room's lock. So what a person may see is settled by numbers, not by what a page happens to ask for.
"""

import secrets
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from chat import access, door, timeline
from chat.access import Membership
from chat.ids import PersonId, RoomId, Seq, new_id
from chat.protocol import Member
from chat.refusals import NotAllowed, NotAMember, RoomClosed, RoomLocked, SignedOut
from chat.store import Transaction
from chat.tables import alias, audit_head, entries, lobby, memberships, meta, people, rooms

Kind = Literal["group", "one_to_one", "inbox", "desk", "log"]

DESK = RoomId(1)
"""The one desk has a known id, so two processes that seed at once make one."""


@dataclass(frozen=True, slots=True)
class RoomCard:
    """A room in a person's list. `last_seq` and `read_seq` are 0 for who is not in it: when it is active is private.

    `name` of a one-to-one is the other's nickname, empty once erased; to a third it is those of the two. `people`: how
    many are in it now. `part`: as what one is or was in it, empty for who never was.
    """

    id: RoomId
    kind: Kind
    name: str
    about: str
    last_seq: Seq
    read_seq: Seq
    member: bool
    people: int
    capacity: int
    state: str
    language: str
    part: str


async def seed(tx: Transaction) -> None:
    """Write the rows every database has: its epoch, the audit's head, the desk. Repeating changes nothing."""
    insert = postgresql.insert if tx.is_postgresql else sqlite.insert
    now = await tx.now()
    for table, row in (
        (meta, {"name": "epoch", "value": secrets.token_urlsafe(12)}),
        (audit_head, {"id": 1, "n": 0, "mac": bytes(32)}),
        (rooms, {"id": DESK, "kind": "desk", "state": "open", "created_at": now, "shown": 0, "capacity": 10_000}),
    ):
        await tx.execute(insert(table).values(row).on_conflict_do_nothing())


async def desk(tx: Transaction) -> RoomId:
    """Return the moderators' desk."""
    return RoomId((await tx.execute(sa.select(rooms.c.id).where(rooms.c.kind == "desk"))).scalar_one())


async def make(
    tx: Transaction,
    kind: Kind,
    *,
    name: str | None = None,
    about: str | None = None,
    language: str | None = None,
    capacity: int = 15,
    shown: int = 30,
    id: RoomId | None = None,
) -> RoomId:
    """Make an empty room. `shown`: how many earlier entries a newcomer may see. `id`: one from `new_id`."""
    room = RoomId(new_id()) if id is None else id
    row = {
        "id": room, "kind": kind, "state": "open", "name": name, "about": about, "language": language,
        "capacity": capacity, "shown": shown, "created_at": await tx.now(),
    }  # fmt: skip
    await tx.execute(rooms.insert().values(row))
    return room


async def join(tx: Transaction, room: RoomId, person: PersonId, part: str = "member") -> Membership | None:
    """Bring a person into a group room, or into its lobby (None) where it is guarded; who is in stays as they are.

    Raises:
        NotAMember: no such group room. RoomClosed, RoomLocked. SignedOut: banned or erased. What `door.knock` raises.
    """
    who = (await tx.lock(people, [person])).get(person)
    where = (await tx.lock(rooms, [room])).get(room)
    if who is None or who.state != "active":
        raise SignedOut
    if where is None or where.kind != "group":
        raise NotAMember
    ranges = await access.memberships_of(tx, room, person)
    if ranges and ranges[-1].to_seq is None:
        return ranges[-1]
    if where.state != "open":
        raise RoomLocked if where.state == "locked" else RoomClosed
    if not await door.knock(tx, where, person):
        return None
    from_seq = max(where.first_seq, where.last_seq + 1 - where.shown)
    seq = await timeline.append(tx, room, "joined", person)
    return await enter(tx, room, person, part, from_seq, read_seq=seq)


async def enter(
    tx: Transaction, room: RoomId, person: PersonId, part: str, from_seq: int, *, read_seq: int = 0
) -> Membership:
    """Begin a membership at `from_seq`, but never before the end of an earlier one. Writes no entry."""
    ranges = await access.memberships_of(tx, room, person)
    begin = Seq(max(from_seq, *(one.to_seq + 1 for one in ranges if one.to_seq is not None), 1))
    row = {"room": room, "person": person, "from_seq": begin, "part": part, "read_seq": read_seq}
    await tx.execute(memberships.insert().values(row | {"since_at": await tx.now()}))
    return Membership(room, begin, None, part, Seq(read_seq))


async def leave(tx: Transaction, room: RoomId, person: PersonId, *, code: str | None = None) -> None:
    """End a membership, or the waiting in a lobby; nothing said later is shown. A one-to-one closes with it, unless it
    was a third who left (see `thirds`). Repeating is harmless.

    Raises:
        NotAMember: never was in it, or no such room. NotAllowed: an inbox or the desk.
    """
    where = (await tx.lock(rooms, [room])).get(room)
    ranges = await access.memberships_of(tx, room, person)
    waited = sa.delete(lobby).where(lobby.c.room == room, lobby.c.person == person)
    if where is None or not ((await tx.execute(waited)).rowcount or ranges):
        raise NotAMember
    if where.kind not in ("group", "one_to_one"):
        raise NotAllowed
    if ranges and ranges[-1].to_seq is None:
        await _end(tx, room, person, code)
        if where.kind == "one_to_one" and ranges[-1].part != "professional":
            await close(tx, room, "left")


async def leave_desk(tx: Transaction, person: PersonId) -> None:
    """End a membership of the desk, if there is one."""
    room = await desk(tx)
    await tx.lock(rooms, [room])
    if any(one.to_seq is None for one in await access.memberships_of(tx, room, person)):
        await _end(tx, room, person, None)


async def leave_all(tx: Transaction, person: PersonId, code: str) -> None:
    """End every membership but that of the inbox, which is locked too, and all waiting; `code` says why.

    The caller has locked the person, so none begins meanwhile, and no room yet, or all of `inside`.
    """
    assert tx.holds(people, person), "without the person's lock a membership could begin meanwhile"
    found = await inside(tx, person)
    locked = await tx.lock(rooms, found)
    for room in sorted(found):
        kind, ranges = locked[room].kind, await access.memberships_of(tx, room, person)
        if kind == "inbox" or not ranges or ranges[-1].to_seq is not None:
            continue
        await _end(tx, room, person, code)
        if kind == "one_to_one" and ranges[-1].part != "professional":
            await close(tx, room, "left")
    await tx.execute(sa.delete(lobby).where(lobby.c.person == person))


async def inside(tx: Transaction, person: PersonId) -> list[RoomId]:
    """Return every room the person is in, their inbox among them."""
    open_ones = sa.select(memberships.c.room).where(memberships.c.person == person, memberships.c.to_seq.is_(None))
    return [RoomId(one) for one in (await tx.execute(open_ones)).scalars()]


async def close(tx: Transaction, room: RoomId, code: str) -> None:
    """Close a room for good: it can be read, and nothing more is said in it. Repeating changes nothing."""
    where = (await tx.lock(rooms, [room])).get(room)
    if where is None:
        raise NotAMember
    if where.state != "closed":
        await timeline.append(tx, room, "closed", code=code)
        await tx.execute(sa.update(rooms).where(rooms.c.id == room).values(state="closed", closed_at=await tx.now()))


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """What the seeker wrote before anybody was found, sealed for the room that it opens."""

    room: RoomId
    sealed: timeline.Sealed


async def open_one_to_one(
    tx: Transaction, seeker: PersonId, peer: PersonId, ref: int, letter: Letter | None = None
) -> RoomId:
    """Open a one-to-one chat and tell both, in this transaction: both are told or neither.

    The caller has locked both people and no room yet. `ref`: what led to it; it stands in the room's first entry. A
    letter is the first that is said in it.
    """
    assert tx.holds(people, seeker) and tx.holds(people, peer), "both people are locked before their chat opens"
    inbox = sa.select(people.c.inbox).where(people.c.id.in_([seeker, peer]))
    inboxes = [RoomId(one) for one in (await tx.execute(inbox)).scalars()]
    room = await make(tx, "one_to_one", capacity=2, shown=0, id=letter.room if letter else None)
    await tx.lock(rooms, [room, *inboxes])
    await timeline.append(tx, room, "opened", ref=ref)
    await enter(tx, room, seeker, "seeker", 1)
    await enter(tx, room, peer, "peer", 1)
    if letter is not None:
        await timeline.append(tx, room, "said", seeker, sealed=letter.sealed)
    for each in inboxes:
        await timeline.append(tx, each, "opened", ref=room)
    return room


async def members(tx: Transaction, room: RoomId) -> list[Member]:
    """Return who is in a room now, longest first."""
    wanted = sa.select(memberships.c.person, people.c.nickname, memberships.c.part).join(
        people, people.c.id == memberships.c.person
    ).where(memberships.c.room == room, memberships.c.to_seq.is_(None)).order_by(
        memberships.c.since_at, memberships.c.person
    )  # fmt: skip
    return [Member(row.person, row.nickname or "", row.part) for row in await tx.execute(wanted)]


async def other_of(tx: Transaction, room: RoomId, person: PersonId) -> PersonId | None:
    """Return the other of a one-to-one, who may have left; None for who is or was no one of the two."""
    mine, theirs = alias(memberships, "mine"), alias(memberships, "theirs")
    pair = ["seeker", "peer"]
    wanted = sa.select(theirs.c.person).join(mine, mine.c.room == theirs.c.room).where(
        mine.c.room == room, mine.c.person == person, mine.c.part.in_(pair), theirs.c.person != person,
        theirs.c.part.in_(pair),
    )  # fmt: skip
    return (await tx.execute(wanted)).scalar()


async def met(tx: Transaction, room: RoomId, person: PersonId) -> list[PersonId]:
    """Return whom the person has been in a room with: those whose entries they may have seen, who left included."""
    mine, theirs = alias(memberships, "mine"), alias(memberships, "theirs")
    wanted = sa.select(theirs.c.person).distinct().select_from(mine.join(theirs, theirs.c.room == mine.c.room)).where(
        mine.c.room == room, mine.c.person == person, theirs.c.person != person,
        sa.or_(mine.c.to_seq.is_(None), theirs.c.from_seq <= mine.c.to_seq),
        sa.or_(theirs.c.to_seq.is_(None), theirs.c.to_seq >= mine.c.from_seq),
    ).order_by(theirs.c.person)  # fmt: skip
    return [PersonId(one) for one in (await tx.execute(wanted)).scalars()]


async def listing(tx: Transaction, person: PersonId) -> list[RoomCard]:
    """Return the open group rooms, those this person is or was in, and their one-to-ones; theirs first, by name."""
    mine, theirs = alias(memberships, "mine"), alias(memberships, "theirs")
    newest = sa.select(sa.func.max(theirs.c.from_seq)).where(theirs.c.person == person, theirs.c.room == rooms.c.id)
    inside = sa.select(sa.func.count()).where(memberships.c.room == rooms.c.id, memberships.c.to_seq.is_(None))
    one, other = sa.func.min(people.c.nickname), sa.func.max(people.c.nickname)
    names = sa.select(sa.case((one == other, other), else_=one + " · " + other)).join(
        memberships, memberships.c.person == people.c.id
    ).where(memberships.c.room == rooms.c.id, people.c.id != person, memberships.c.part != "professional")  # fmt: skip
    wanted = sa.select(
        rooms, mine.c.from_seq, mine.c.to_seq, mine.c.read_seq, mine.c.part,
        inside.scalar_subquery().label("inside"),
        sa.case((rooms.c.kind == "one_to_one", names.scalar_subquery())).label("names"),
    ).select_from(rooms.outerjoin(
        mine, sa.and_(mine.c.room == rooms.c.id, mine.c.person == person, mine.c.from_seq == newest.scalar_subquery())
    )).where(
        sa.or_(
            sa.and_(rooms.c.kind == "group", sa.or_(rooms.c.state != "closed", mine.c.to_seq.is_not(None),
                                                    mine.c.from_seq.is_not(None))),
            sa.and_(rooms.c.kind == "one_to_one", mine.c.from_seq.is_not(None), rooms.c.first_seq <= rooms.c.last_seq),
        )
    )  # fmt: skip
    cards = []
    for row in await tx.execute(wanted):
        last = Seq(0 if row.from_seq is None else row.last_seq if row.to_seq is None else row.to_seq)
        name = (row.names if row.kind == "one_to_one" else row.name) or ""
        cards.append(
            RoomCard(row.id, row.kind, name, row.about or "", last, Seq(row.read_seq or 0),
                     row.from_seq is not None and row.to_seq is None, row.inside, row.capacity, row.state,
                     row.language or "", row.part or "")
        )  # fmt: skip
    return sorted(cards, key=lambda card: (not card.member, card.kind != "one_to_one", card.name.casefold(), card.id))


async def mark_read(tx: Transaction, room: RoomId, person: PersonId, seq: Seq) -> None:
    """Move the read mark forward to `seq`, at most to the room's end; never back. A stranger's changes nothing."""
    end = sa.select(sa.func.max(entries.c.seq)).where(entries.c.room == room, entries.c.seq <= seq).scalar_subquery()
    await tx.execute(
        sa.update(memberships)
        .where(memberships.c.room == room, memberships.c.person == person, memberships.c.to_seq.is_(None),
               memberships.c.read_seq < end)
        .values(read_seq=end)
    )  # fmt: skip


async def _end(tx: Transaction, room: RoomId, person: PersonId, code: str | None) -> None:
    seq = await timeline.append(tx, room, "left", person, code=code)
    await tx.execute(
        sa.update(memberships)
        .where(memberships.c.room == room, memberships.c.person == person, memberships.c.to_seq.is_(None))
        .values(to_seq=seq)
    )
