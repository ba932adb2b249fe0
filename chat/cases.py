"""Cases: a report becomes one, a moderator claims it, opens it and closes it.

A case's row holds no words; its evidence is sealed under a key of its own, made before the transaction that needs it
and destroyed when the case closes. Whom a case is about, who reported it, and who is recused from either of them (see
`recusal`) learns nothing of it. Who is no moderator works on those cases alone for which they were asked (see
escalations); organisers on appeals too.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from chat import access, acts, audit, concerned, evidence, held, recusal, rooms, timeline, valve
from chat.evidence import Frozen
from chat.ids import ActId, CaseId, Millis, PersonId, RoomId, Seq, new_id
from chat.journal import Journal
from chat.keys import KeyDestroyed, Keys
from chat.protocol import Report
from chat.refusals import (
    Gone,
    Malformed,
    NotAllowed,
    NotAMember,
    Refusal,
    SignedOut,
    StillWaits,
    TooFast,
    Unavailable,
)
from chat.staff_commands import Claim, Close
from chat.store import Store, Transaction
from chat.tables import cases, escalations, memberships, mutes, people
from chat.tables import evidence as evidence_table
from chat.tables import rooms as rooms_table

HANDLERS = ("moderator", "supervisor")
"""Who may work on a case: an organiser, as such, may not."""
REPORTS_PER_HOUR = 20
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, repr=False)
class OpenedCase:
    """A case as a moderator reads it.

    `evidence` is in order, and `seq` the reported entry's (None: a person was reported). `names`: nicknames by person,
    as they are now; who is erased has none. `mutes`, `earlier`: how often the subject was muted, and reported before.
    `code`: what a detector found, `times` within an hour; empty: it was reported. `act`: what is appealed. `shown`: the
    author may learn which entry it is. `holds`: when its room does. `done`: by the valve.
    """

    id: CaseId
    kind: str
    state: str
    level: str
    room: RoomId | None
    room_name: str
    place: str
    locked: bool
    holds: str
    seq: Seq | None
    subject: PersonId | None
    claimed_by: PersonId | None
    outcome: str
    created_at: Millis
    reason: str
    evidence: tuple[Frozen, ...]
    names: dict[int, str]
    mutes: int
    earlier: int
    code: str
    times: int
    act: ActId | None
    shown: bool
    done: tuple[valve.Done, ...]


async def report(store: Store, keys: Keys, reporter: PersonId, command: Report) -> CaseId:
    """Report an entry, or a person one shares a room with; the same report again is the same case.

    Raises:
        NotAMember: no such entry or person for the reporter. Malformed: neither is named. NotAllowed: oneself.
        TooFast: REPORTS_PER_HOUR.
    """
    room, seq = RoomId(command.room), None if command.seq is None else Seq(command.seq)
    async with store.reading() as tx:  # whoever is refused here has cost no key
        author, pieces = await evidence.gather(tx, reporter, room, seq, command.window)
        _, before = await _asked(tx, reporter, command, author)
    if before is not None:
        return before
    case = CaseId(new_id())
    await keys.make(case, "case")
    try:
        rows = await evidence.reseal(keys, case, room, command.reason, pieces)
        async with store.transaction() as tx:
            kept = await _report(tx, keys, case, reporter, command, author, rows)
    except Refusal as refusal:
        if not isinstance(refusal, Unavailable):  # then the commit may have happened; a sweep finds what is nobody's
            await keys.destroy(case, "case")
        raise
    if kept != case:
        await keys.destroy(case, "case")
    return kept


async def claim(store: Store, keys: Keys, moderator: PersonId, command: Claim) -> None:
    """Take a case. Of several at once, one wins; claiming one's own again changes nothing.

    Raises:
        NotAllowed: no role for it. NotAMember: no such case, or one is recused. Gone: another has it.
    """
    async with store.transaction() as tx:
        case = CaseId(command.case)
        await require_handler(tx, moderator, case, asked=False)
        told = await concerned.staff(tx, case)
        await tx.lock(rooms_table, told)
        row = (await tx.lock(cases, [case])).get(case)
        await acts.require_judge(tx, moderator, row)
        assert row is not None
        if row.state == "claimed" and row.claimed_by == moderator:
            return
        taken = sa.update(cases).where(cases.c.id == case, cases.c.state == "open").returning(cases.c.id)
        mine = taken.values(state="claimed", claimed_by=moderator, seen_at=await tx.now())
        if (await tx.execute(mine)).first() is None:
            raise Gone
        for room in told:
            await timeline.append(tx, room, "claimed", moderator, ref=case)
        await audit.append(tx, keys.derive("audit"), "claimed", moderator, subject=row.subject, room=row.room, ref=case)


async def close(store: Store, keys: Keys, journal: Journal, moderator: PersonId, command: Close) -> None:
    """Close a case one holds (a supervisor: any): the reporter is told, and its evidence and key are destroyed.

    Raises:
        NotAllowed: not claimed by them, or an appeal. NotAMember: no such case, or one is recused. Gone: it is closed.
        StillWaits: says wait in it that they may judge.
    """
    case = CaseId(command.case)
    reason = await acts.seal_reason(store, keys, moderator, None, command.reason)  # the case's own key dies here
    async with store.transaction() as tx:
        at = await _close(tx, keys, moderator, case, command.outcome, reason)
    await journal.append("closed", case, at)
    await keys.destroy(case, "case")


async def open_case(store: Store, keys: Keys, moderator: PersonId, case: CaseId) -> OpenedCase:
    """Open a case: its evidence is read once and the audit gets one row.

    Raises:
        NotAllowed: no role for it. NotAMember: no such case, or one is recused.
    """
    try:
        key = await keys.get(case, "case")
    except KeyDestroyed:
        key = None
    async with store.transaction() as tx:
        await require_handler(tx, moderator, case)
        row = (await tx.lock(cases, [case])).get(case)
        await acts.require_judge(tx, moderator, row)
        assert row is not None
        reason, frozen = ("", []) if key is None or row.state == "closed" else await evidence.opened(tx, key, case)
        await audit.append(tx, keys.derive("audit"), "opened", moderator, subject=row.subject, room=row.room, ref=case)
        asked = {row.subject, row.claimed_by, *(one.author for one in frozen)} - {None}
        found = await tx.execute(sa.select(people.c.id, people.c.nickname).where(people.c.id.in_(asked)))
        names = {one.id: one.nickname or "" for one in found}
        place = (await tx.execute(sa.select(rooms_table).where(rooms_table.c.id == row.room))).first()
        muted = sa.select(sa.func.count()).where(mutes.c.person == row.subject)
        earlier = sa.select(sa.func.count()).where(
            cases.c.subject == row.subject, cases.c.id != case, cases.c.created_at <= row.created_at,
            cases.c.kind != "appeal",
        )  # fmt: skip
        return OpenedCase(
            case, row.kind, row.state, row.level, row.room, place.name or "" if place else "",
            place.kind if place else "", place is not None and place.state == "locked",
            place.holds or "" if place else "", row.seq, row.subject,
            row.claimed_by, row.outcome or "", row.created_at, reason, tuple(frozen), names,
            (await tx.execute(muted)).scalar_one(), (await tx.execute(earlier)).scalar_one(), row.code or "", row.times,
            row.act, row.shown, await valve.done(tx, case),
        )  # fmt: skip


async def _asked(
    tx: Transaction, reporter: PersonId, command: Report, author: PersonId | None
) -> tuple[PersonId, CaseId | None]:
    """Apply the rules of reporting, as far as is known now: under the reporter's lock that is exact. Returns whom it is
    about, and the case it has become before."""
    state = (await tx.execute(sa.select(people.c.state).where(people.c.id == reporter))).scalar()
    if state != "active":
        raise SignedOut
    kind = (await tx.execute(sa.select(rooms_table.c.kind).where(rooms_table.c.id == command.room))).scalar()
    if kind not in ("group", "one_to_one"):
        raise NotAMember
    room = RoomId(command.room)
    seen = await evidence.ranges(tx, reporter, room)
    if command.seq is not None and not any(low <= command.seq <= high for low, high in seen):
        raise NotAMember
    subject = author if author is not None else await _require_shared(tx, room, command.person, seen)
    if subject == reporter:
        raise NotAllowed
    now = await tx.now()
    theirs = sa.select(cases).where(cases.c.reporter == reporter, cases.c.created_at > now - HOUR_MS)
    recent = list(await tx.execute(theirs))
    for one in recent:
        if one.state != "closed" and (one.room, one.seq, one.subject) == (room, command.seq, subject):
            return subject, CaseId(one.id)
    if len(recent) >= REPORTS_PER_HOUR:
        raise TooFast((min(one.created_at for one in recent) + HOUR_MS - now) / 1000)
    return subject, None


async def _report(
    tx: Transaction, keys: Keys, case: CaseId, reporter: PersonId, command: Report, author: PersonId | None,
    rows: list[dict[str, object]],
) -> CaseId:  # fmt: skip
    desk, room = await rooms.desk(tx), RoomId(command.room)
    locked = await tx.lock(people, [reporter] if author is None else [reporter, author])
    await tx.lock(rooms_table, [desk] if author is None else [desk, room, locked[author].inbox])
    subject, before = await _asked(tx, reporter, command, author)
    if before is not None:
        return before
    now = await tx.now()
    row = {"id": case, "state": "open", "kind": "report", "level": command.level, "room": room, "seq": command.seq}
    row |= {"shown": command.shown}
    await tx.execute(cases.insert().values(row | {"subject": subject, "reporter": reporter, "created_at": now}))
    await tx.execute(evidence_table.insert(), [one | {"at": one["at"] or now} for one in rows])
    await timeline.append(tx, desk, "reported", ref=case, code=command.level)
    key = keys.derive("audit")
    await audit.append(tx, key, "reported", None, subject=subject, room=room, ref=case, code=command.level)
    await valve.heed(tx, acts.Nobody(key), case)
    return case


async def _close(
    tx: Transaction, keys: Keys, moderator: PersonId, case: CaseId, outcome: str, reason: audit.Reason | None
) -> Millis:
    await require_handler(tx, moderator, case)
    found = (await tx.execute(sa.select(cases).where(cases.c.id == case))).first()
    await acts.require_judge(tx, moderator, found)
    assert found is not None
    if found.kind == "appeal":
        raise NotAllowed  # it is decided, see `appeals`
    staff, told = await concerned.staff(tx, case), await concerned.inboxes(tx, found)
    await tx.lock(rooms_table, [await rooms.desk(tx), *staff, *told])  # the desk: no say comes to wait in it meanwhile
    row = (await tx.lock(cases, [case]))[case]
    if row.state == "closed":
        raise Gone
    if row.claimed_by != moderator:
        await access.require_role(tx, moderator, "supervisor")
    if row.code == held.CODE and await held.waits(tx, RoomId(row.room), moderator):
        raise StillWaits
    now = await tx.now()
    closed = sa.update(cases).where(cases.c.id == case)
    await tx.execute(closed.values(state="closed", outcome=outcome, closed_at=now))
    await tx.execute(sa.delete(evidence_table).where(evidence_table.c.case == case))
    for room in staff:
        await timeline.append(tx, room, "closed", moderator, ref=case, code=outcome)
    for inbox in told:
        await timeline.append(tx, inbox, "notice", ref=case, code=outcome)
    await audit.append(
        tx, keys.derive("audit"), "closed", moderator, subject=row.subject, room=row.room, ref=case, code=outcome,
        reason=reason,
    )  # fmt: skip
    return now


async def require_handler(tx: Transaction, person: PersonId, case: CaseId | None = None, *, asked: bool = True) -> None:
    """Lock who works on cases, and ask whether they may: on all of them, or on this one, for which they were asked
    (where that counts), or which is an appeal.

    Raises:
        NotAllowed: no role for it, or not asked.
    """
    found = (await tx.lock(people, [person])).get(person)
    if found is None or found.state != "active":
        raise NotAllowed
    step = sa.select(escalations.c.case).where(escalations.c.case == case, escalations.c.whom == person)
    appeal = sa.select(cases.c.id).where(
        cases.c.id == case, cases.c.kind == "appeal", sa.not_(recusal.is_recused_from(person, tx.is_postgresql))
    )  # fmt: skip
    if case is not None and asked and (await tx.execute(step)).first() is not None:
        await access.require_role(tx, person, *access.DESK)
    elif case is not None and (await tx.execute(appeal)).first() is not None:
        await access.require_role(tx, person, *concerned.DECIDERS)
    else:
        await access.require_role(tx, person, *HANDLERS)


async def _require_shared(tx: Transaction, room: RoomId, person: int | None, seen: list[tuple[int, int]]) -> PersonId:
    """Whether a person was in the room while the reporter was there to see; returns who."""
    if person is None:
        raise Malformed
    theirs = await tx.execute(
        sa.select(memberships.c.from_seq, memberships.c.to_seq).where(
            memberships.c.room == room, memberships.c.person == person
        )
    )
    for row in theirs:
        if any(row.from_seq <= high and (row.to_seq is None or row.to_seq >= low) for low, high in seen):
            return PersonId(person)
    raise NotAMember
