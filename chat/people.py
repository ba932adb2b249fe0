"""People: how somebody comes to be, what they are called, and which roles they hold.

A person's two data keys are made before the row, and the row with its inbox in one transaction, so no word of theirs
ever waits for a key. Every change of a role is in the audit.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from chat import access, audit, links, rooms, timeline, words
from chat.ids import PersonId, RoomId, new_id
from chat.keys import Keys
from chat.refusals import Gone, Muted, NicknameTaken, NotAllowed, NotAMember, Refusal, Unavailable
from chat.store import Store, Transaction, clock
from chat.tables import memberships, mutes, people, roles
from chat.tables import rooms as rooms_table

ROLES = ("peer", "moderator", "supervisor", "professional", "organiser")
SUGGESTED = 10
"""Made-up names that are tried at once; there are some hundreds in a language."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody. `inbox`: their own room. `state`: active or banned (an erased person is not found)."""

    person: PersonId
    nickname: str
    inbox: RoomId
    roles: tuple[str, ...]
    language: str
    state: str

    @property
    def is_staff(self) -> bool:
        """Whether they answer for the rooms: moderator, supervisor, professional or organiser."""
        return any(role in access.DESK for role in self.roles)


async def make(
    store: Store,
    keys: Keys,
    nickname: str,
    language: str,
    *,
    roles: Iterable[str] = (),
    link: str | None = None,
    browser: str = "",
    by: PersonId | None = None,
    recovery: bytes | None = None,
) -> PersonId:
    """Make a person, with keys, inbox and roles. `link` is used up in the same transaction and adds its role; `browser`
    may use it again (see `links`). `recovery`: what is kept of their recovery code.

    Only staff may bear a word of office in their name.

    Raises:
        NotWords, NicknameTaken: the nickname. Gone: the link was used, has expired, or is for somebody else.
    """
    name = words.check_nickname(nickname, office=True)
    person = PersonId(new_id())
    await keys.make(person, "said", "own")
    try:
        async with store.transaction() as tx:
            await _insert(tx, keys, person, name, language, tuple(roles), by, link, browser, recovery)
    except (Refusal, IntegrityError) as error:
        if isinstance(error, Unavailable):
            raise  # the commit may have happened: a sweep destroys keys that belong to nobody
        await keys.destroy(person, "said", "own")
        if isinstance(error, IntegrityError):
            raise NicknameTaken from None
        raise
    return person


async def find(tx: Transaction, person: PersonId) -> Person:
    """Return a person, active or banned.

    Raises:
        NotAMember: no such person, or erased.
    """
    wanted = sa.select(people, roles_held()).where(people.c.id == person, people.c.state != "erased")
    row = (await tx.execute(wanted)).first()
    if row is None:
        raise NotAMember
    return of_row(row, person)


async def name_of(tx: Transaction, person: PersonId) -> str:
    """Return what a person is called now; empty once they are erased."""
    return (await tx.execute(sa.select(people.c.nickname).where(people.c.id == person))).scalar() or ""


def roles_held() -> "sa.Label[str | None]":
    """The roles of the statement's person as a column `roles`; see `of_row`."""
    held = sa.select(sa.func.aggregate_strings(roles.c.role, ",")).where(roles.c.person == people.c.id)
    return held.correlate(people).scalar_subquery().label("roles")


def of_row(row: "sa.Row[Any]", person: PersonId) -> Person:
    """Return the person of a row that has their columns, and those of `roles_held`."""
    held = tuple(role for role in ROLES if role in (row.roles or "").split(","))
    return Person(person, row.nickname, row.inbox, held, row.language, row.state)


async def rename(tx: Transaction, person: PersonId, nickname: str) -> str:
    """Give a person another nickname and return it as it is shown.

    Raises:
        Muted: while any mute stands that somebody decided on, also one for a single room: the name is read there too.
        NotWords, NicknameTaken, NotAMember.
    """
    held = await _roles(tx, person)
    name = words.check_nickname(nickname, office=any(role in access.DESK for role in held))
    who = (await tx.lock(people, [person])).get(person)
    if who is None or who.state != "active":
        raise NotAMember
    muted = sa.select(mutes.c.id).where(
        mutes.c.person == person, mutes.c.lifted_at.is_(None), mutes.c.until > clock(tx.is_postgresql),
        access.decided(),
    )  # fmt: skip
    if (await tx.execute(muted.limit(1))).first() is not None:
        raise Muted
    await _require_free(tx, name, person)
    renamed = sa.update(people).where(people.c.id == person).values(nickname=name, skeleton=words.skeleton(name))
    try:
        await tx.execute(renamed)
    except IntegrityError:  # another took it between the look and the write
        raise NicknameTaken from None
    return name


async def grant(tx: Transaction, keys: Keys, person: PersonId, role: str, by: PersonId) -> None:
    """Give a role. Repeating changes nothing.

    Raises:
        NotAllowed: `by` is no organiser. NotAMember: no such person.
    """
    await _require_organiser(tx, person, by)
    if role in await _roles(tx, person):
        return
    await _give(tx, keys, person, role, by)


async def revoke(tx: Transaction, keys: Keys, person: PersonId, role: str, by: PersonId) -> None:
    """Take a role away, and end what one was in by it: as a peer every one-to-one; with the last of the staff's the
    desk, and with the last as which one may be a third, every stay in others' one-to-ones. Repeating changes nothing.

    Raises:
        NotAllowed: `by` is no organiser, or it is their own last hold on the place. NotAMember: no such person.
    """
    await _require_organiser(tx, person, by)
    held = await _roles(tx, person)
    if role not in held:
        return
    if role == "organiser" and person == by:
        raise NotAllowed
    await tx.execute(sa.delete(roles).where(roles.c.person == person, roles.c.role == role))
    kept = [one for one in held if one != role]
    if role == "peer":
        await _leave_as(tx, person, "peer", code="ended")
    if role in access.THIRDS and not any(one in access.THIRDS for one in kept):
        await _leave_as(tx, person, "professional")
    if not any(one in access.DESK for one in kept):
        await rooms.leave_desk(tx, person)
    await audit.append(tx, keys.derive("audit"), "revoked", by, subject=person, code=role)


async def return_to_desk(tx: Transaction, person: PersonId) -> None:
    """Let staff who may come again be at the desk again, which is locked. To others nothing happens."""
    if any(role in access.STAFF for role in await _roles(tx, person)):
        await _enter_desk(tx, person)


async def free_nickname(tx: Transaction, language: str) -> str:
    """Return a pseudonym to begin with, which nobody here bears (by the time it is asked for, somebody may)."""
    names = [words.generate_nickname(language) for _ in range(SUGGESTED)]
    names.append(f"{names[0]} {secrets.randbelow(9000) + 1000}")  # in a big place all two words may be somebody's
    by = {words.skeleton(name): name for name in names}
    taken = set((await tx.execute(sa.select(people.c.skeleton).where(people.c.skeleton.in_(by)))).scalars())
    return next((name for skeleton, name in by.items() if skeleton not in taken), names[-1])


async def _insert(
    tx: Transaction, keys: Keys, person: PersonId, name: str, language: str, given: tuple[str, ...],
    by: PersonId | None, link: str | None, browser: str, recovery: bytes | None,
) -> None:  # fmt: skip
    if link is not None:
        used = await links.use_link(tx, link, browser)
        if used.person is not None:
            raise Gone
        by = by or used.made_by
        given = (*given, *([used.role] if used.role and used.role not in given else ()))
    words.check_nickname(name, office=any(role in access.DESK for role in given))
    await _require_free(tx, name, person)
    now = await tx.now()
    await tx.execute(
        people.insert().values(id=person, state="active", nickname=name, skeleton=words.skeleton(name),
                               language=language, recovery=recovery, created_at=now)
    )  # fmt: skip
    if link is not None and browser:
        await links.remember(tx, link, browser, person)
    inbox = await rooms.make(tx, "inbox", capacity=1)
    await tx.execute(sa.update(people).where(people.c.id == person).values(inbox=inbox))
    await tx.execute(memberships.insert().values(room=inbox, person=person, from_seq=1, part="member", since_at=now))
    for role in sorted(given, key=lambda one: one not in access.DESK):  # the desk is locked before the audit's head
        await _give(tx, keys, person, role, by)


async def _give(tx: Transaction, keys: Keys, person: PersonId, role: str, by: PersonId | None) -> None:
    await tx.execute(roles.insert().values(person=person, role=role, granted_by=by, granted_at=await tx.now()))
    if role in access.DESK:
        await _enter_desk(tx, person)
    await audit.append(tx, keys.derive("audit"), "granted", by, subject=person, code=role)


async def _enter_desk(tx: Transaction, person: PersonId) -> None:
    desk = await rooms.desk(tx)
    if any(one.to_seq is None for one in await access.memberships_of(tx, desk, person)):
        return
    where = (await tx.lock(rooms_table, [desk]))[desk]
    seq = await timeline.append(tx, desk, "joined", person)
    await rooms.enter(tx, desk, person, "member", where.last_seq + 1, read_seq=seq)


async def _leave_as(tx: Transaction, person: PersonId, part: str, *, code: str | None = None) -> None:
    """Let somebody leave the one-to-ones in which they are this part. Their lock lets none begin meanwhile."""
    theirs = sa.select(memberships.c.room).join(rooms_table, rooms_table.c.id == memberships.c.room).where(
        rooms_table.c.kind == "one_to_one", rooms_table.c.state == "open", memberships.c.part == part,
        memberships.c.person == person, memberships.c.to_seq.is_(None),
    )  # fmt: skip
    found = [RoomId(room) for room in (await tx.execute(theirs)).scalars()]
    await tx.lock(rooms_table, [await rooms.desk(tx), *found])  # it is the lowest, and may be next
    for room in sorted(found):
        await rooms.leave(tx, room, person, code=code)


async def _require_organiser(tx: Transaction, person: PersonId, by: PersonId) -> None:
    found = await tx.lock(people, [person, by])
    await access.require_role(tx, by, "organiser")
    if by not in found or found[by].state != "active":
        raise NotAllowed
    if person not in found or found[person].state != "active":
        raise NotAMember


async def _require_free(tx: Transaction, name: str, person: PersonId) -> None:
    taken = sa.select(people.c.id).where(people.c.skeleton == words.skeleton(name), people.c.id != person)
    if (await tx.execute(taken)).first() is not None:
        raise NicknameTaken


async def _roles(tx: Transaction, person: PersonId) -> tuple[str, ...]:
    held = await access.roles_of(tx, person)
    return tuple(role for role in ROLES if role in held)
