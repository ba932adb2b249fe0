"""The account: what a person may see and set of their own, beside their sessions and their name."""

from dataclasses import dataclass
from typing import get_args

import sqlalchemy as sa

from chat import recovery
from chat.acts import still_stands
from chat.house_rules import HouseRule, rule_of
from chat.ids import ActId, CaseId, Millis, PersonId, RoomId
from chat.protocol import Outcome
from chat.refusals import SignedOut
from chat.store import Transaction
from chat.tables import acts, entries, house_rules, people, rooms

TOLD_MS = 30 * 86_400_000
"""So long a person is told of what has no end: a warning, a message that was hidden."""

CASE_NOTICES = ("asked", "acknowledged", *get_args(Outcome))
NOTICES = 5
"""So many are shown: the newest matter, and an account page is no archive."""


@dataclass(frozen=True, slots=True)
class ToldAct:
    """An act about a person, as they are told of it: the rule in the version it was made under, until when (None: it
    has no end), and the number by which they appeal. Nobody is muted without knowing.

    `room` is None where it holds everywhere (a mute: but in one-to-ones); `room_name` is empty for a one-to-one.
    """

    id: ActId
    kind: str
    room: RoomId | None
    room_name: str
    made_at: Millis
    until: Millis | None
    rule: HouseRule


async def acts_of(tx: Transaction, person: PersonId) -> list[ToldAct]:
    """Return the acts about a person that stand, the newest first; what has no end, for TOLD_MS."""
    now = await tx.now()
    lasting = acts.c.kind.in_(["muted", "expelled", "banned"])
    named = sa.and_(house_rules.c.code == acts.c.rule, house_rules.c.version == acts.c.rule_version)
    wanted = sa.select(
        acts.c.id.label("act"), acts.c.kind, acts.c.room, acts.c.made_at.label("since"), acts.c.until, rooms.c.name,
        house_rules,
    ).join(house_rules, named).outerjoin(rooms, rooms.c.id == acts.c.room).where(
        acts.c.person == person, still_stands(now), sa.or_(lasting, acts.c.made_at > now - TOLD_MS)
    ).order_by(acts.c.made_at.desc(), acts.c.id)  # fmt: skip
    return [
        ToldAct(row.act, row.kind, row.room, row.name or "", row.since, row.until, rule_of(row))
        for row in await tx.execute(wanted)
    ]


@dataclass(frozen=True, slots=True)
class CaseNotice:
    """What somebody is told of a case that concerns them: how it stands, and since when."""

    number: CaseId
    code: str
    at: Millis


async def case_notices(tx: Transaction, person: PersonId) -> list[CaseNotice]:
    """Return how the cases stand that somebody reported, or that concern them, by the newest notice of each; newest
    first, at most NOTICES."""
    told = sa.select(entries.c.ref, entries.c.code, entries.c.at).join(people, people.c.inbox == entries.c.room).join(
        rooms, rooms.c.id == entries.c.room
    ).where(
        people.c.id == person, entries.c.kind == "notice", entries.c.seq >= rooms.c.first_seq,
        entries.c.code.in_(CASE_NOTICES),
    ).order_by(entries.c.seq.desc()).limit(10 * NOTICES)  # fmt: skip
    found: dict[int, CaseNotice] = {}
    for row in await tx.execute(told):
        found.setdefault(row.ref, CaseNotice(row.ref, row.code, row.at))
    return list(found.values())[:NOTICES]


async def has_way_back(tx: Transaction, person: PersonId) -> bool:
    """Whether they could sign in again: by a recovery code they said they have, or, as staff, by a passphrase."""
    way = sa.or_(recovery.is_confirmed(), people.c.passphrase.is_not(None))
    return (await tx.execute(sa.select(people.c.id).where(people.c.id == person, way))).first() is not None


async def recovered_at(tx: Transaction, person: PersonId, since: Millis) -> Millis | None:
    """Return when the person's recovery code was used last, if after a time: who was signed in by then is told."""
    told = sa.select(sa.func.max(entries.c.at)).join(people, people.c.inbox == entries.c.room).where(
        people.c.id == person, entries.c.kind == "notice", entries.c.code == "recovered", entries.c.at > since
    )  # fmt: skip
    return (await tx.execute(told)).scalar()


async def set_language(tx: Transaction, person: PersonId, language: str) -> None:
    """Keep the language a person reads the pages in.

    Raises:
        SignedOut: no such person, or erased or banned meanwhile.
    """
    chosen = sa.update(people).where(people.c.id == person, people.c.state == "active").values(language=language)
    if (await tx.execute(chosen)).rowcount == 0:
        raise SignedOut
