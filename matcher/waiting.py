"""Waiting: what a person is told of their request while they wait, and what they may do about it.

Widening the circle is always their own act.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from chat import timeline, words
from chat.access import is_muted
from chat.ids import Millis, PersonId, RoomId, new_id
from chat.keys import Keys
from chat.protocol import TEXT_CHARACTERS
from chat.refusals import Gone, Malformed, Muted, TooLong
from chat.rooms import Letter
from chat.seal import DataKey, SealBroken, about
from chat.store import Store, Transaction
from chat.tables import people, rooms
from matcher import changes
from matcher.eligibility import may_accept
from matcher.facets import Facet, Name, Visibility, checked
from matcher.offers import end_standing
from matcher.profiles import Profile, Sealed, Words, unseal
from matcher.requests import HOUR_MS, KEPT_H, KEPT_LONG_H, RequestId, declare
from matcher.tables import OPEN, letters, offers, request_languages, requests

LATE_S = 20
"""A request that is due and that no matcher has looked at for so long is late: the page says so."""
SAME, NEAR, ANYBODY = 0, 1, 2
"""How wide the circle is: somebody with the same experience, or near it, or anybody the other rules allow."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person's newest request stands, for the waiting page.

    Nothing here depends on a single other person: who is busy, who has blocked, who is from a place to avoid and who is
    not there look alike (see `matching`). So an offer that stands is told as waiting, like everything before a yes.

    Attributes:
        state: waiting, accepted, withdrawn or expired.
        breadth: SAME, NEAR or ANYBODY.
        scarce: whether few or none here share the experience, told coarsely; None: not looked yet.
        question: the facet the person is asked about now, or "".
        letter: the room that a letter waits for, which is not there yet; None: there is no letter.
        kept_until: when the request ends by itself.
        late: no matcher has come to it for LATE_S, because none runs or all have too much to do.
    """

    request: RequestId
    state: str
    made_at: Millis
    waited_s: float
    breadth: int
    scarce: bool | None
    question: str
    letter: RoomId | None
    kept_until: Millis
    room: RoomId | None
    late: bool = False

    @property
    def has_letter(self) -> bool:
        """Whether a letter waits for whoever says yes."""
        return self.letter is not None

    @property
    def is_kept_long(self) -> bool:
        """Whether the person has asked to keep their place longer."""
        return self.kept_until - self.made_at > KEPT_H * HOUR_MS


async def standing(tx: Transaction, person: PersonId) -> Standing | None:
    """Return how the person's newest request stands; None: they never asked. The database does the same work whether an
    offer stands or not, so nobody can tell by the time it takes."""
    letter = sa.select(letters.c.room).where(letters.c.request == requests.c.id).scalar_subquery().label("letter")
    ends = sa.select(offers.c.expires_at).where(offers.c.request == requests.c.id, offers.c.ended_at.is_(None))
    newest = sa.select(requests, letter, ends.scalar_subquery().label("ends")).where(requests.c.person == person)
    row = (await tx.execute(newest.order_by(requests.c.made_at.desc(), requests.c.id).limit(1))).first()
    if row is None:
        return None
    now = await tx.now()
    due = {"waiting": max(row.next_at, row.made_at), "leased": row.lease_until}.get(row.state, row.ends or now)
    state, waited_s = "waiting" if row.state in OPEN else row.state, ((row.ended_at or now) - row.made_at) / 1000
    return Standing(
        row.id, state, row.made_at, waited_s, row.breadth, row.scarce, row.question or "", row.letter,
        row.kept_until, row.room, late=now - due > LATE_S * 1000,
    )  # fmt: skip


async def widen(tx: Transaction, person: PersonId, breadth: int) -> None:
    """Draw the circle of the person's open request wider, or closer again. Without one nothing happens.

    Raises:
        Malformed: neither SAME nor NEAR nor ANYBODY.
    """
    if breadth not in (SAME, NEAR, ANYBODY):
        raise Malformed
    await _change(tx, person, breadth=breadth)


async def keep_longer(tx: Transaction, person: PersonId) -> None:
    """Keep the place of the person's open request for KEPT_LONG_H from when it was made."""
    await _change(tx, person, kept_until=requests.c.made_at + KEPT_LONG_H * HOUR_MS)


def answered(said: Words, name: Name, value: str) -> Words:
    """Return what somebody said with their answer in it, in place of what they had declared of this name before.

    Raises:
        Malformed: not in the closed lists.
    """
    seen: Visibility = next((one.visibility for one in said.facets if one.name == name), "matching")
    others = [one for one in said.facets if one.name != name]
    return msgspec.structs.replace(said, facets=(*others, *checked([Facet(name, value, seen)])))


async def answer(tx: Transaction, person: PersonId, name: str, sealed: Sealed | None) -> None:
    """Take the answer to what the person is asked about; None: they leave it open. What is not asked changes nothing.

    Args:
        sealed: the request's words with what they declare now.
    """
    standing = await _offered(tx, person)
    await tx.lock(people, [person, *(one.peer for one in standing)])
    await tx.lock(rooms, [one.inbox for one in standing])
    row = await _locked(tx, person)
    if row is None or row.question != name:
        return
    if sealed is not None:
        await declare(tx, row.id, sealed)
        await tx.execute(sa.update(requests).where(requests.c.id == row.id).values(body=sealed.body))
    over: dict[str, object] = {"question": None, "next_at": await tx.now()}
    await tx.execute(sa.update(requests).where(requests.c.id == row.id).values(over))
    for one in standing:  # who may not meet them any more is not kept before them
        if not await may_accept(tx, row.id, one.peer):
            await end_standing(tx, [one.id])


def seal_letter(key: DataKey, person: PersonId, text: str) -> Letter:
    """Seal a letter, under the person's `said` key, for the room it will open.

    Raises:
        NotWords: see `words.check`. TooLong: it is longer than a message may be.
    """
    if len(text) > TEXT_CHARACTERS:
        raise TooLong
    room = RoomId(new_id())
    return Letter(room, timeline.seal(key, room, person, secrets.token_urlsafe(16), words.check(text)))


async def keep_letter(tx: Transaction, person: PersonId, letter: Letter | None) -> None:
    """Keep a letter for whoever takes the person's open request, in place of the one before; None: none.

    Raises:
        Muted. Gone: there is no open request.
    """
    await tx.lock(people, [person])
    if letter is not None and await is_muted(tx, person):
        raise Muted
    row = await _locked(tx, person)
    if row is None:
        raise Gone
    await tx.execute(letters.delete().where(letters.c.request == row.id))
    if letter is not None:
        sealed = letter.sealed
        kept = {"say_id": sealed.say_id, "body": sealed.body, "key_version": sealed.key_version, "mac": sealed.mac}
        await tx.execute(letters.insert().values(request=row.id, room=letter.room, **kept))


async def load_letter(store: Store, keys: Keys, person: PersonId) -> str:
    """Return the person's letter that waits, or ""."""
    async with store.reading() as tx:
        wanted = sa.select(letters).join(requests, requests.c.id == letters.c.request)
        row = (await tx.execute(wanted.where(requests.c.person == person, requests.c.state.in_(OPEN)))).first()
    key = (await keys.many([person], "said")).get(person)
    if row is None or key is None:
        return ""
    try:
        return key.open(row.body, about("entries", row.room, person, row.say_id, row.key_version))
    except SealBroken:
        return ""


async def load(store: Store, keys: Keys, person: PersonId) -> Profile | None:
    """Return what a person's open request says, for its form; None: there is none, or it can no longer be opened."""
    async with store.reading() as tx:
        wanted = sa.select(requests).where(requests.c.person == person, requests.c.state.in_(OPEN))
        row = (await tx.execute(wanted)).first()
        spoken = sa.select(request_languages.c.language).where(request_languages.c.request == (row.id if row else 0))
        languages = tuple((await tx.execute(spoken.order_by(request_languages.c.language))).scalars())
    key = (await keys.many([person], "own")).get(person)
    if row is None or key is None:
        return None
    try:
        return Profile(unseal(key, person, row.body, "requests"), row.language, languages)
    except SealBroken:
        return None


async def _offered(tx: Transaction, person: PersonId) -> "Sequence[sa.Row[Any]]":
    """The offer that stands for the person's request, with its peer and their inbox, if there is one."""
    wanted = sa.select(offers.c.id, offers.c.peer, people.c.inbox).join(people, people.c.id == offers.c.peer)
    return (await tx.execute(wanted.where(offers.c.seeker == person, offers.c.ended_at.is_(None)))).all()


async def _locked(tx: Transaction, person: PersonId) -> "sa.Row[Any] | None":
    """Lock the person's open request and return it as it is."""
    open_one = sa.select(requests.c.id).where(requests.c.person == person, requests.c.state.in_(OPEN))
    found = (await tx.execute(open_one)).scalar()
    row = (await tx.lock(requests, [found])).get(found) if found is not None else None
    return row if row is not None and row.state in OPEN else None


async def _change(tx: Transaction, person: PersonId, **values: object) -> None:
    """Change the person's open request, and let it be looked at at once."""
    changes.wake(tx)
    row = await _locked(tx, person)
    if row is not None:
        await tx.execute(sa.update(requests).where(requests.c.id == row.id).values(next_at=await tx.now(), **values))
