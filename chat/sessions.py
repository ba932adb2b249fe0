"""Sessions: who a cookie or a bearer token stands for, until it ends.

A token has 192 random bits and is not kept, only its hash. Ending a session writes `signed_out` into the person's
inbox: every process that holds a socket of theirs learns it the way it learns everything, and closes the socket.
"""

import secrets
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa

from chat import timeline
from chat.ids import Millis, PersonId, RoomId, Seq, new_id
from chat.people import Person, of_row, roles_held
from chat.refusals import NotAMember, SignedOut
from chat.seal import token_hash
from chat.store import Transaction, clock, incarnation
from chat.tables import people, rooms, sessions

Kind = Literal["cookie", "bearer"]

TOKEN_BYTES = 24
DAY_MS = 86_400_000
LIVES_MS: dict[str, int] = {"cookie": 60 * DAY_MS, "bearer": 90 * DAY_MS}
"""How long a session lives unused; `touch` begins the time afresh."""
TOUCH_MS = DAY_MS
"""`seen_at` is kept no finer than this: when a person was here is theirs."""
TOKEN_MOST = 200


@dataclass(frozen=True, slots=True)
class Session:
    """A session that stands. `id` is what the list of sessions names; it opens nothing."""

    id: int
    person: PersonId
    kind: Kind
    created_at: Millis
    seen_at: Millis


@dataclass(frozen=True, slots=True)
class Found:
    """A session that stands, and its person. `is_stale`: `touch` is due, once a day, so no request becomes a write."""

    session: Session
    person: Person
    is_stale: bool


async def open(tx: Transaction, person: PersonId, kind: Kind = "cookie") -> str:
    """Open a session and return its token.

    Raises:
        SignedOut: banned, erased, or no such person.
    """
    who = (await tx.lock(people, [person])).get(person)
    if who is None or who.state != "active":
        raise SignedOut
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = await tx.now()
    row = {"hash": token_hash(token), "id": new_id(), "person": person, "kind": kind}
    row |= {"created_at": now, "seen_at": now, "expires_at": now + LIVES_MS[kind]}
    await tx.execute(sessions.insert().values(row))
    return token


async def find(tx: Transaction, token: str, kind: Kind = "cookie") -> Found:
    """Return the session a token stands for, and whose it is; a reading is enough.

    Raises:
        SignedOut: ended, expired, of the other kind, never made, or its person is banned or erased.
    """
    row = await standing(tx, token, kind)
    session = Session(row.id, row.person, row.kind, row.created_at, row.seen_at)
    return Found(session, of_row(row, row.person), row.now - row.seen_at >= TOUCH_MS)


async def standing(tx: Transaction, token: str, kind: Kind, *, epoch: bool = False) -> "sa.Row[Any]":
    """Return the session a token stands for, with its person (`people.of_row`), `now`, and the `epoch` if asked for it.

    Raises:
        SignedOut: ended, expired, of the other kind, never made, or its person is banned or erased.
    """
    if not token or len(token) > TOKEN_MOST or not token.isascii():
        raise SignedOut
    wanted = _standing(tx.is_postgresql, epoch)
    row = (await tx.execute(wanted, {"token_hash": token_hash(token), "of_kind": kind})).first()
    if row is None:
        raise SignedOut
    return row


@cache
def _standing(is_postgresql: bool, epoch: bool) -> "sa.Select[Any]":
    now = clock(is_postgresql)
    about = [people.c.nickname, people.c.inbox, people.c.language, people.c.state, roles_held(), now.label("now")]
    about += [incarnation(is_postgresql).label("epoch")] if epoch else []
    return sa.select(sessions, *about).join(people, people.c.id == sessions.c.person).where(
        sessions.c.hash == sa.bindparam("token_hash"), sessions.c.kind == sa.bindparam("of_kind"),
        people.c.state == "active", sessions.c.expires_at > now,
    )  # fmt: skip


async def inbox_end(tx: Transaction, session: int) -> Seq:
    """Return the last seq in the inbox of the person whose session this is, if, as of the same moment, it stands.

    Raises:
        SignedOut: it does not.
    """
    last = (await tx.execute(_inbox_end(tx.is_postgresql), {"session": session})).scalar()
    if last is None:
        raise SignedOut
    return Seq(last)


@cache
def _inbox_end(is_postgresql: bool) -> "sa.Select[tuple[int]]":
    wanted = sa.select(rooms.c.last_seq).join(people, people.c.inbox == rooms.c.id)
    return wanted.join(sessions, sessions.c.person == people.c.id).where(
        sessions.c.id == sa.bindparam("session"), sessions.c.expires_at > clock(is_postgresql)
    )


async def touch(tx: Transaction, session: Session) -> None:
    """Note that a session is in use, and begin its time afresh."""
    now = await tx.now()
    renewed = sa.update(sessions).where(sessions.c.id == session.id)
    await tx.execute(renewed.values(seen_at=now, expires_at=now + LIVES_MS[session.kind]))


async def listing(tx: Transaction, person: PersonId) -> list[Session]:
    """Return the person's sessions, newest first."""
    wanted = sa.select(sessions).where(
        sessions.c.person == person, sessions.c.expires_at > clock(tx.is_postgresql)
    ).order_by(sessions.c.created_at.desc(), sessions.c.id)  # fmt: skip
    return [Session(row.id, row.person, row.kind, row.created_at, row.seen_at) for row in await tx.execute(wanted)]


async def end(tx: Transaction, person: PersonId, session: int) -> None:
    """End one session of this person, on every process.

    Raises:
        NotAMember: no such session of theirs.
    """
    await tx.lock(people, [person])
    gone = sa.delete(sessions).where(sessions.c.person == person, sessions.c.id == session).returning(sessions.c.id)
    if (await tx.execute(gone)).first() is None:
        raise NotAMember
    await _tell(tx, person, [session])


async def end_all(tx: Transaction, person: PersonId, *, but: int | None = None) -> None:
    """End every session of this person, on every process; `but` one, where that is named."""
    await tx.lock(people, [person])
    gone = sa.delete(sessions).where(sessions.c.person == person, sessions.c.id != (but or 0)).returning(sessions.c.id)
    ended = [one.id for one in await tx.execute(gone)]
    await _tell(tx, person, [0] if but is None else ended)


async def expired(tx: Transaction, before: Millis) -> list[PersonId]:
    """Return whose sessions expired before a time, each once."""
    wanted = sa.select(sessions.c.person).where(sessions.c.expires_at < before).distinct().order_by(sessions.c.person)
    return [PersonId(one) for one in (await tx.execute(wanted)).scalars()]


async def end_expired(tx: Transaction, person: PersonId, before: Millis) -> None:
    """End this person's sessions that expired before a time: sockets that were opened under them close, too."""
    await tx.lock(people, [person])
    gone = sa.delete(sessions).where(sessions.c.person == person, sessions.c.expires_at < before)
    await _tell(tx, person, [one.id for one in await tx.execute(gone.returning(sessions.c.id))])


async def _tell(tx: Transaction, person: PersonId, refs: list[int]) -> None:
    if not refs:
        return
    inbox = RoomId((await tx.execute(sa.select(people.c.inbox).where(people.c.id == person))).scalar_one())
    await tx.lock(rooms, [inbox])
    for ref in refs:
        await timeline.append(tx, inbox, "signed_out", ref=ref)
