"""The account: what a person may see and set of their own, beside their sessions and their name."""

from dataclasses import dataclass
from typing import get_args

import sqlalchemy as sa

from chat import recovery
from chat.door import still_stands
from chat.house_rules import HouseRule, rule_of
from chat.ids import ActId, CaseId, Millis, PersonId, RoomId
from chat.refusals import SignedOut
from chat.staff_commands import Outcome
from chat.store import Transaction
from chat.tables import acts, cases, entries, house_rules, people, rooms

TOLD_MS = 30 * 86_400_000
"""So long a person is told of what has no end: a warning, a message that was hidden."""

CASE_NOTICES = ("asked", "acknowledged", *get_args(Outcome))
NOTICES = 5
"""So many are shown: the newest matter, and an account page is no archive."""


@dataclass(frozen=True, slots=True)
class ToldAct:
    """An act about a person, as they are told of it: the rule in the version it was made under (None: it came by
    itself), until when (None: it has no end), and whether they appealed and what came of it. Nobody is muted without
    knowing.

    `room` is None where it holds everywhere (a mute: but in one-to-ones); `room_name` is empty for a one-to-one.
    `stands`: neither undone nor over. `verdict`: empty as long as `appealed_at` has no answer.
    """

    id: ActId
    kind: str
    room: RoomId | None
    room_name: str
    made_at: Millis
    until: Millis | None
    rule: HouseRule | None
    stands: bool
    appealed_at: Millis | None
    decided_at: Millis | None
    verdict: str


async def acts_of(tx: Transaction, person: PersonId) -> list[ToldAct]:
    """Return the acts about a person that stand, the newest first; what has no end, for TOLD_MS. Also those whose
    appeal waits, or was decided within TOLD_MS."""
    now = await tx.now()
    stands, lately = still_stands(now), now - TOLD_MS
    lasting = acts.c.kind.in_(["muted", "expelled", "banned"])
    named = sa.and_(house_rules.c.code == acts.c.rule, house_rules.c.version == acts.c.rule_version)
    wanted = sa.select(
        acts.c.id.label("act"), acts.c.kind, acts.c.room, acts.c.made_at.label("since"), acts.c.until, rooms.c.name,
        stands.label("stands"), cases.c.created_at, cases.c.closed_at, cases.c.outcome, house_rules,
    ).outerjoin(house_rules, named).outerjoin(rooms, rooms.c.id == acts.c.room).outerjoin(
        cases, cases.c.act == acts.c.id
    ).where(
        acts.c.person == person,
        sa.or_(
            sa.and_(stands, sa.or_(lasting, acts.c.made_at > lately)),
            sa.and_(cases.c.id.is_not(None), sa.or_(cases.c.state != "closed", cases.c.closed_at > lately)),
        ),
    ).order_by(acts.c.made_at.desc(), acts.c.id)  # fmt: skip
    return [
        ToldAct(row.act, row.kind, row.room, row.name or "", row.since, row.until,
                rule_of(row) if row.code else None, bool(row.stands), row.created_at, row.closed_at, row.outcome or "")
        for row in await tx.execute(wanted)
    ]  # fmt: skip


async def longest_mute(tx: Transaction, person: PersonId, room: RoomId, kind: str) -> ToldAct | None:
    """Return the mute that holds longest in a room of this kind (see `access.is_muted`); None: there is none."""
    reach = (room,) if kind == "one_to_one" else (room, None)
    mutes = [one for one in await acts_of(tx, person) if one.kind == "muted" and one.stands and one.room in reach]
    return max(mutes, key=lambda one: one.until or 0, default=None)


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
