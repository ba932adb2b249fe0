"""Appeals: whom an act is about asks for another look, once, and somebody else decides.

An appeal is a case about that person, in the same queue; whoever made the act, or said yes to it, learns nothing of it
(see `recusal`). What the act cites is sealed again under the appeal's own key, so it is there until it is decided:
the person's own words and the reason of who acted, and of nobody else anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chat import access, acts, audit, concerned, door, evidence, moderation, rooms, timeline
from chat.acts import Actor
from chat.cases import require_handler
from chat.evidence import Piece
from chat.house_rules import HouseRule, rule_of
from chat.ids import ActId, CaseId, Millis, PersonId, RoomId, Seq, new_id
from chat.journal import Journal
from chat.keys import KeyDestroyed, Keys
from chat.refusals import Gone, Malformed, NotAMember, Refusal, Unavailable
from chat.seal import DataKey, SealBroken
from chat.staff_commands import Decide
from chat.store import Store, Transaction
from chat.tables import acts as acts_table
from chat.tables import audit as audit_table
from chat.tables import cases, entries, held, house_rules, people
from chat.tables import evidence as evidence_table
from chat.tables import rooms as rooms_table
from chat.words import check

WORDS_MOST = 1000
"""Characters of one's own beside an appeal: as many as beside a report."""
EXCERPT_MOST = 20
"""So many messages are cited, the newest: a clearing may have hidden hundreds."""


@dataclass(frozen=True, slots=True)
class AppealedAct:
    """The act an appeal is about, as whoever decides reads it.

    `rule`: None, it came by itself. `stands`: neither undone nor over by now.
    """

    kind: str
    rule: HouseRule | None
    amount: int | None
    made_at: Millis
    made_name: str
    until: Millis | None
    stands: bool


async def appeal(store: Store, keys: Keys, person: PersonId, act: ActId, text: str) -> CaseId:
    """Ask for another look at an act about oneself that stands; the same again is the same case. Who is muted, sent out
    or banned may.

    Args:
        text: in one's own words; may be empty.

    Raises:
        NotAMember: no such act about them, or it stands no more. Malformed: over WORDS_MOST. NotWords: see `words`.
    """
    words = check(text) if text else ""
    if len(words) > WORDS_MOST:
        raise Malformed
    async with store.reading() as tx:  # whoever is refused here has cost no key
        row, before = await _asked(tx, person, act)
        if before is not None:
            return before
        pieces = await _cited(tx, row)
        kept = await _reason(tx, row)
    case = CaseId(new_id())
    await keys.make(case, "case")
    try:
        rows = await _sealed(store, keys, case, row, words, pieces, kept)
        async with store.transaction() as tx:
            made = await _appeal(tx, keys, case, person, act, rows)
    except Refusal as refusal:
        if not isinstance(refusal, Unavailable):  # then the commit may have happened; a sweep finds what is nobody's
            await keys.destroy(case, "case")
        raise
    if made != case:
        await keys.destroy(case, "case")
    return made


async def decide(store: Store, keys: Keys, journal: Journal, moderator: PersonId, command: Decide) -> None:
    """Decide an appeal one holds (a supervisor: any). What is overturned is undone in the same transaction, if it still
    stands; the person is told, and the appeal's evidence and key are destroyed.

    Raises:
        NotAllowed: no role for it, or not claimed by them. NotAMember: no such appeal, or one is recused, above all
            from one's own act. Gone: it is decided.
    """
    case = CaseId(command.case)
    reason = await acts.seal_reason(store, keys, moderator, None, command.reason)  # the case's own key dies here
    by = Actor(moderator, keys.derive("audit"), reason)
    async with store.transaction() as tx:
        at = await _decide(tx, by, case, command.outcome)
    await journal.append("closed", case, at)
    await keys.destroy(case, "case")


async def appealed(tx: Transaction, act: ActId) -> AppealedAct:
    """Return the act an appeal is about."""
    named = sa.and_(house_rules.c.code == acts_table.c.rule, house_rules.c.version == acts_table.c.rule_version)
    stands = door.still_stands(await tx.now()).label("stands")
    columns = (acts_table.c.kind, acts_table.c.amount, acts_table.c.made_at.label("since"), acts_table.c.until, stands)
    wanted = sa.select(*columns, people.c.nickname, house_rules).select_from(acts_table).outerjoin(house_rules, named)
    wanted = wanted.outerjoin(people, people.c.id == acts_table.c.made_by).where(acts_table.c.id == act)
    row = (await tx.execute(wanted)).one()
    rule = rule_of(row) if row.code else None
    return AppealedAct(row.kind, rule, row.amount, row.since, row.nickname or "", row.until, bool(row.stands))


async def excerpts(store: Store, keys: Keys, person: PersonId, which: Sequence[ActId]) -> dict[ActId, list[str]]:
    """Return, for acts about a person, the words of their own that each is about, for themselves alone: while the
    timeline has them, and from a one-to-one only where whoever reported allowed it."""
    found: dict[ActId, tuple[RoomId, list[Piece]]] = {}
    async with store.reading() as tx:
        wanted = sa.select(acts_table).where(acts_table.c.id.in_(which), acts_table.c.person == person)
        for row in await tx.execute(wanted):
            room, pieces = await _cited(tx, row)
            if pieces and await _may_be_shown(tx, row, room):
                found[ActId(row.id)] = room, pieces
    key = (await keys.many([person], "said")).get(person) if found else None
    told = {}
    for act, (room, pieces) in found.items():
        newest: dict[Seq | None, str] = {}
        for one in pieces:
            text = evidence.as_said(key, room, one)
            if text is not None:
                newest[one.seq if one.kind == "said" else one.target] = text
        told[act] = list(newest.values())
    return told


async def _asked(tx: Transaction, person: PersonId, act: ActId) -> "tuple[sa.Row[Any], CaseId | None]":
    """Return an act about a person that stands, and the appeal against it that there is."""
    state = (await tx.execute(sa.select(people.c.state).where(people.c.id == person))).scalar()
    theirs = sa.select(acts_table).where(acts_table.c.id == act, acts_table.c.person == person)
    row = (await tx.execute(theirs)).first()
    if row is None or state not in ("active", "banned"):
        raise NotAMember
    before = (await tx.execute(sa.select(cases.c.id).where(cases.c.act == act))).scalar()
    stands = theirs.where(door.still_stands(await tx.now()))
    if before is None and (await tx.execute(stands)).first() is None:
        raise NotAMember
    return row, None if before is None else CaseId(before)


async def _appeal(
    tx: Transaction, keys: Keys, case: CaseId, person: PersonId, act: ActId, rows: list[dict[str, object]]
) -> CaseId:
    await tx.lock(people, [person])
    about, before = await _asked(tx, person, act)
    if before is not None:
        return before
    now = await tx.now()
    row = {"id": case, "state": "open", "kind": "appeal", "level": "appeal", "room": about.room, "act": act}
    await tx.execute(cases.insert().values(row | {"subject": person, "created_at": now}))
    await tx.execute(evidence_table.insert(), [one | {"at": one["at"] or now} for one in rows])
    told = await concerned.staff(tx, case)
    await tx.lock(rooms_table, told)
    for inbox in told:
        await timeline.append(tx, inbox, "appealed", ref=case, code=about.kind)
    key = keys.derive("audit")
    await audit.append(tx, key, "appealed", None, subject=person, room=about.room, ref=case, code=about.kind)
    return case


async def _decide(tx: Transaction, by: Actor, case: CaseId, outcome: str) -> Millis:
    found = (await tx.execute(sa.select(cases).where(cases.c.id == case, cases.c.kind == "appeal"))).first()
    locked = await tx.lock(people, [by.person] if found is None else [by.person, found.subject])
    await require_handler(tx, by.person, case)
    await acts.require_judge(tx, by.person, found)
    assert found is not None
    act = (await tx.execute(sa.select(acts_table).where(acts_table.c.id == found.act))).one()
    desk, inbox, told = await rooms.desk(tx), RoomId(locked[found.subject].inbox), await concerned.staff(tx, case)
    places = await tx.lock(rooms_table, {desk, inbox, *told} | ({act.room} - {None}))
    row = (await tx.lock(cases, [case]))[case]
    if row.state == "closed":
        raise Gone
    if row.claimed_by != by.person:
        await access.require_role(tx, by.person, "supervisor")
    now = await tx.now()
    closed = sa.update(cases).where(cases.c.id == case)
    await tx.execute(closed.values(state="closed", outcome=outcome, closed_at=now))
    await tx.execute(sa.delete(evidence_table).where(evidence_table.c.case == case))
    if outcome == "overturned":
        silent = Actor(by.person, by.key, None)  # why, stands in the appeal's row: whoever acted may read this one
        await moderation.take_back(tx, silent, act, inbox, places, without_words=True)
    for room in told:
        await timeline.append(tx, room, "decided", by.person, ref=case, code=outcome)
    await timeline.append(tx, inbox, "notice", ref=act.id, code=outcome)
    await audit.append(
        tx, by.key, "decided", by.person, subject=row.subject, room=row.room, ref=case, code=outcome, reason=by.reason
    )
    return now


async def _cited(tx: Transaction, act: "sa.Row[Any]") -> tuple[RoomId, list[Piece]]:
    """Return what the person said that an act about them is about, and where: what it removed, or what was reported."""
    room, seqs = act.room, [act.seq]
    if act.kind == "declined":  # it is no entry of the room
        rows = await tx.execute(sa.select(held).where(held.c.act == act.id))
        return RoomId(room), [evidence.piece_of_held(row) for row in rows]
    if act.kind == "cleared":
        removed = sa.select(entries.c.target).where(
            entries.c.room == room, entries.c.target.is_not(None), entries.c.kind == "removed", entries.c.ref == act.id
        )
        newest = removed.order_by(entries.c.target.desc()).limit(EXCERPT_MOST)
        seqs = list((await tx.execute(newest)).scalars())
    elif act.kind != "removed":
        said = sa.case((entries.c.kind == "edited", entries.c.target), else_=entries.c.seq).label("core")
        here = sa.and_(entries.c.room == cases.c.room, entries.c.seq == cases.c.seq)
        reported = sa.select(cases.c.room, said).join(entries, here).where(cases.c.id == act.case)
        found = (await tx.execute(reported)).first()
        if found is None:
            return RoomId(room or 0), []
        room, seqs = found.room, [found.core]
    return RoomId(room), await evidence.own(tx, RoomId(room), seqs, PersonId(act.person))


async def _may_be_shown(tx: Transaction, act: "sa.Row[Any]", room: RoomId) -> bool:
    """Whether the author may learn which entry an act is about: of two people, the other one has reported it."""
    kind = (await tx.execute(sa.select(rooms_table.c.kind).where(rooms_table.c.id == room))).scalar()
    allowed = sa.select(cases.c.id).where(cases.c.id == act.case, cases.c.shown)
    return kind == "group" or (await tx.execute(allowed)).first() is not None


async def _reason(tx: Transaction, act: "sa.Row[Any]") -> bytes | None:
    """Return the sealed reason of whoever made an act."""
    wanted = sa.select(audit_table.c.body).where(audit_table.c.ref == act.id, audit_table.c.act == act.kind)
    return (await tx.execute(wanted.limit(1))).scalar()


async def _sealed(
    store: Store, keys: Keys, case: CaseId, act: "sa.Row[Any]", words: str, cited: tuple[RoomId, list[Piece]],
    reason: bytes | None,
) -> list[dict[str, object]]:  # fmt: skip
    """Return the rows of an appeal's evidence: the person's words, what is cited, and last, if somebody acted, their
    reason.

    What the timeline has lost is taken from the case the act was about, while that is open.
    """
    key = await keys.get(case, "case")
    rows = await evidence.reseal(keys, case, cited[0], words, cited[1])
    before = (await keys.many([act.case], "case")).get(act.case) if act.case is not None else None
    if before is not None:
        async with store.reading() as tx:
            _, frozen = await evidence.opened(tx, before, CaseId(act.case))
        kept = {one.seq: one.text for one in frozen if one.author == act.person}
        for row in rows:
            text = kept.get(row["seq"])  # type: ignore[call-overload]
            if row["body"] is None and text is not None:
                row["body"] = key.seal(text, evidence.bound(case, int(str(row["n"]))))
    if act.made_by is None:
        return rows
    text = await _opened_reason(keys, act, before, reason)
    body = None if text is None else key.seal(text, evidence.bound(case, len(rows)))
    made = {"case": case, "n": len(rows), "seq": None, "kind": "act", "author": act.made_by, "at": act.made_at}
    return [*rows, made | {"body": body}]


async def _opened_reason(keys: Keys, act: "sa.Row[Any]", case: DataKey | None, sealed: bytes | None) -> str | None:
    """Return the reason of whoever made an act; None where it died with its case, or with who gave it."""
    try:
        key = await keys.get(act.made_by, "own") if act.case is None else case
        return None if key is None or sealed is None else key.open(sealed, audit.bound(PersonId(act.made_by)))
    except (KeyDestroyed, SealBroken):
        return None
