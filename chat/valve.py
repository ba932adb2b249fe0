"""The valve: what comes by itself while nobody on duty looks at the queue, until somebody has looked.

The one idea: it does what a moderator takes back in a second, and nothing else. A message that HIDE_FLAGS people
report is hidden; who is reported by PAUSE_FLAGS people may not write in group rooms for PAUSE_MS; a room that many come
into at once is slow for SLOW_MS. These are acts as moderators make them, made by nobody: told, appealed and undone as
those are, and the case waits as before. What somebody has judged, the valve does not do again.

So that reports are no weapon, those alone count that come from members of some standing who were there, and whose
reports have lately not mostly come to nothing. Who comes to the desk is spared: whoever would have to look must be able
to speak, and taking that from them needs an organiser. In a one-to-one it does nothing; a pause reaches neither one nor
the way to one (see `access.decided`). Nobody is told that theirs was the report that did it, nor that theirs does not
count.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chat import access, acts, door, quieting, roster, timeline
from chat.acts import Act, Nobody
from chat.door import MINUTE_MS, PROBATION_MS
from chat.ids import ActId, CaseId, Millis, PersonId, RoomId, Seq, new_id
from chat.store import Transaction
from chat.tables import acts as acts_table
from chat.tables import alias, cases, entries, hidden, memberships, mutes, people, roles, rooms

HIDE_FLAGS = 3
PAUSE_FLAGS = 5
DAY_MS = 86_400_000
FLAGGED_MS = DAY_MS
"""Reports older than this count no more, nor do those of words older than this: a pause is over by then, and no second
one is for the same words."""
PAUSE_MS = DAY_MS
ERRED_MS = 90 * DAY_MS
"""Reports older than this are held against nobody: they tell little of tonight."""
ERRED_MOST = 100
"""So many judged reports of one person are weighed, the newest: a report waits for it, with the desk locked."""
NIGHT_MS = DAY_MS // 2
"""Reports that lie so far apart are of two nights."""
SLOW_S = 10
"""Long enough for those who were there to be read between those who came, and short enough to talk."""
SLOW_MS = 30 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Done:
    """What the valve has done and what stands, about a case. `until`: None, it has no end."""

    act: ActId
    kind: str
    until: Millis | None


async def heed(tx: Transaction, by: Nobody, case: CaseId) -> None:
    """Heed a report that has just become a case: hide, pause, both or mostly nothing. The caller has locked the desk,
    the author, their inbox and the room."""
    spared = sa.exists().where(roles.c.person == cases.c.subject, roles.c.role.in_(access.DESK))
    wanted = sa.select(cases.c.room, cases.c.subject, _said(entries).label("seq"), people.c.inbox, people.c.state)
    wanted = wanted.select_from(_flagged.join(people, people.c.id == cases.c.subject))
    row = (await tx.execute(wanted.where(cases.c.id == case, sa.not_(spared)))).first()
    if row is None or await roster.is_watched(tx):
        return
    this = sa.and_(cases.c.room == row.room, _said(entries) == row.seq)
    if await _is_flagged(tx, HIDE_FLAGS, row.subject, this) and not await _is_hidden(tx, row.room, row.seq):
        await _hide(tx, by, row, case)
    active = row.state == "active"
    if active and await _is_flagged(tx, PAUSE_FLAGS, row.subject) and not await _is_paused(tx, row.subject):
        await _pause(tx, by, row, case)


async def slow(tx: Transaction, by: Nobody, room: RoomId, seq: Seq, case: CaseId) -> None:
    """Make a group room slow into which many came at once, up to this entry, unless it is or was slow lately. The
    caller has locked the desk and the room."""
    now = await tx.now()
    lately = sa.exists().where(
        acts_table.c.room == rooms.c.id, acts_table.c.kind == "slowed", acts_table.c.made_at > now - SLOW_MS
    )
    came = sa.select(rooms.c.id).join(entries, entries.c.room == rooms.c.id).where(
        rooms.c.id == room, rooms.c.kind == "group", rooms.c.state != "closed", rooms.c.slow_s == 0,
        entries.c.seq == seq, entries.c.at > now - SLOW_MS, sa.not_(lately),
    )  # fmt: skip
    if (await tx.execute(came)).first() is None or await roster.is_watched(tx):
        return
    act = Act(ActId(new_id()), "slowed", None, room=room, amount=SLOW_S, until=now + SLOW_MS, case=case)
    await acts.record(tx, by, act, told=room)
    await quieting.settle(tx, room)


async def done(tx: Transaction, case: CaseId) -> tuple[Done, ...]:
    """Return what the valve has done about a case and what still stands, the oldest first."""
    wanted = sa.select(acts_table).join(cases, has_acted(await tx.now())).where(cases.c.id == case)
    found = await tx.execute(wanted.order_by(acts_table.c.made_at, acts_table.c.id))
    return tuple(Done(row.id, row.kind, row.until) for row in found)


def has_acted(now: Millis) -> "sa.ColumnElement[bool]":
    """Whether an act (a row) is the valve's, stands, and is about what a case (a row) is about."""
    about = sa.or_(
        acts_table.c.case == cases.c.id,
        sa.and_(acts_table.c.kind == "removed", acts_table.c.room == cases.c.room, acts_table.c.seq == cases.c.seq),
        sa.and_(acts_table.c.kind == "muted", acts_table.c.person == cases.c.subject),
    )
    return sa.and_(acts_table.c.made_by.is_(None), door.still_stands(now), cases.c.kind != "appeal", about)


_flagged = cases.join(entries, sa.and_(entries.c.room == cases.c.room, entries.c.seq == cases.c.seq)).join(
    rooms, sa.and_(rooms.c.id == cases.c.room, rooms.c.kind == "group")
)


def _said(of: "sa.FromClause") -> "sa.ColumnElement[int]":
    """The message that an entry (a row) is, or is an edit of."""
    return sa.case((of.c.kind == "edited", of.c.target), else_=of.c.seq)


async def _is_flagged(tx: Transaction, enough: int, author: PersonId, *where: "sa.ColumnElement[bool]") -> bool:
    """Whether so many people have reported what somebody said in group rooms whose reports count."""
    now = await tx.now()
    there, mute = alias(memberships, "there"), alias(mutes, "mute")
    was_there = sa.exists().where(
        there.c.room == cases.c.room, there.c.person == cases.c.reporter, there.c.since_at <= entries.c.at,
        there.c.from_seq <= cases.c.seq, sa.or_(there.c.to_seq.is_(None), there.c.to_seq >= cases.c.seq),
    )  # fmt: skip
    muted = sa.exists().where(mute.c.person == cases.c.reporter, mute.c.lifted_at.is_(None), mute.c.until > now)
    guards = sa.select(acts_table).where(acts_table.c.kind == "guarded", door.still_stands(now))
    new = [sa.and_(cases.c.room == one.room, door.is_new(one)) for one in await tx.execute(guards)]
    counted = sa.select(cases.c.reporter).distinct().select_from(_flagged.join(people, people.c.id == cases.c.reporter))
    counted = counted.where(
        cases.c.kind == "report", cases.c.state != "closed", cases.c.subject == author,
        cases.c.created_at > now - FLAGGED_MS, people.c.state == "active",
        people.c.created_at < cases.c.created_at - PROBATION_MS, was_there, sa.not_(muted),
        sa.or_(entries.c.at > now - FLAGGED_MS, _edited(_edit.c.at > now - FLAGGED_MS)), sa.not_(_is_judged()),
        sa.not_(sa.or_(sa.false(), *new)), *where,
    )  # fmt: skip
    each = counted.subquery("each_once")
    many = sa.select(sa.func.count()).select_from(each)
    if (await tx.execute(many)).scalar_one() < enough:  # mostly; and the desk waits for the longer question
        return False
    return bool((await tx.execute(many.where(sa.not_(_errs(each, now))))).scalar_one() >= enough)


def _errs(who: sa.Subquery, now: Millis) -> "sa.ColumnElement[bool]":
    """Whether the reports of somebody (a row with a `reporter`) of what was said in group rooms came to nothing lately:
    those of two nights, and more of them than to something. What nobody has judged yet, or is kept no longer, is
    neither.

    One night is one mistake, however many messages it was about, and anybody makes it: they are heard as before. Who
    looks after a room reports much and is wrong at times: they are heard unless they mostly are. Whoever is left out
    loses this count and nothing else; what they report is a case as ever. Discourse weighs those who flag in a like
    way: by the share that its moderators agreed with, and not before there are a few (its `ReviewableScore`).
    """
    past, place = alias(cases, "past"), alias(rooms, "place")
    erred = sa.case((sa.or_(past.c.outcome != "nothing", _came_of(past, now)), 0), else_=1)
    judged = sa.select(past.c.reporter, past.c.created_at, erred.label("erred")).join(place, place.c.id == past.c.room)
    judged = judged.where(
        past.c.reporter == who.c.reporter, past.c.kind == "report", past.c.created_at > now - ERRED_MS,
        past.c.seq.is_not(None), place.c.kind == "group", sa.or_(past.c.outcome.is_not(None), _is_taken_back(past)),
    )  # fmt: skip
    known = judged.order_by(past.c.created_at.desc()).limit(ERRED_MOST).correlate(who).subquery("known")
    at = sa.case((known.c.erred == 1, known.c.created_at))
    nights = sa.func.max(at) - sa.func.min(at) >= NIGHT_MS
    often = sa.select(known.c.reporter).group_by(known.c.reporter)
    return often.having(sa.and_(nights, sa.func.avg(known.c.erred) > 0.5)).exists()


def _is_taken_back(past: "sa.FromClause") -> "sa.ColumnElement[bool]":
    """Whether a report (a row) was among those for which the valve did what somebody has taken back."""
    act, of = alias(acts_table, "taken_back"), alias(entries, "past_entry")
    said = sa.select(_said(of)).where(of.c.room == past.c.room, of.c.seq == past.c.seq).correlate(past)
    same = sa.and_(act.c.room == past.c.room, act.c.seq == sa.func.coalesce(said.scalar_subquery(), past.c.seq))
    return sa.exists().where(
        act.c.person == past.c.subject, act.c.made_by.is_(None), sa.or_(act.c.kind == "muted", same),
        act.c.made_at.between(past.c.created_at, past.c.created_at + FLAGGED_MS), _is_withdrawn(act),
    ).correlate_except(act)  # fmt: skip


def _came_of(past: "sa.FromClause", now: Millis) -> "sa.ColumnElement[bool]":
    """Whether something came of what a report (a row) was about. Of several about one person, moderators act on one,
    and close the others as nothing to do; what the valve did and they left as it is was right, too."""
    also, act, until = alias(cases, "also"), alias(acts_table, "came"), sa.func.coalesce(past.c.closed_at, now)
    another = sa.exists().where(
        also.c.subject == past.c.subject, also.c.kind == "report", also.c.outcome != "nothing",
        also.c.created_at.between(past.c.created_at - FLAGGED_MS, past.c.created_at + FLAGGED_MS),
    )  # fmt: skip
    stood = sa.or_(act.c.made_by.is_not(None), act.c.until.is_(None), act.c.until > until)
    done = sa.exists().where(
        act.c.person == past.c.subject, act.c.made_at.between(past.c.created_at - FLAGGED_MS, until), stood,
        sa.not_(_is_withdrawn(act)),
    ).correlate_except(act)  # fmt: skip
    return sa.or_(another, done)


def _is_withdrawn(act: "sa.FromClause") -> "sa.ColumnElement[bool]":
    """Whether an act (a row) was undone, or overturned on appeal, also when it was over by then."""
    appeal = alias(cases, "appeal")
    overturned = sa.exists().where(appeal.c.act == act.c.id, appeal.c.outcome == "overturned")
    return sa.or_(act.c.undone_at.is_not(None), overturned.correlate_except(appeal))


_edit = entries.alias("edit")


def _edited(*when: "sa.ColumnElement[bool]") -> "sa.ColumnElement[bool]":
    """Whether the message that was reported (a row of `_flagged`) was edited then."""
    return sa.exists().where(
        _edit.c.room == cases.c.room, _edit.c.target == _said(entries), _edit.c.target.is_not(None),
        _edit.c.kind == "edited", *when,
    ).correlate_except(_edit)  # fmt: skip


def _is_judged() -> "sa.ColumnElement[bool]":
    """Whether somebody has judged the words that were reported (a row of `_flagged`): has closed a report of them, or
    has shown them again. An edit before the report has made them others."""
    looked, of, again = alias(cases, "looked"), alias(entries, "looked_at"), alias(entries, "again")
    since = _edit.c.at <= cases.c.created_at
    closed = sa.exists().where(
        looked.c.subject == cases.c.subject, looked.c.room == cases.c.room, looked.c.kind == "report",
        looked.c.state == "closed", of.c.room == looked.c.room, of.c.seq == looked.c.seq, _said(of) == _said(entries),
        sa.not_(_edited(since, _edit.c.at > looked.c.created_at)),
    )  # fmt: skip
    restored = sa.exists().where(
        again.c.room == cases.c.room, again.c.target == _said(entries), again.c.target.is_not(None),
        again.c.kind == "restored", sa.not_(_edited(since, _edit.c.seq > again.c.seq)),
    )  # fmt: skip
    return sa.or_(closed, restored)


async def _is_hidden(tx: Transaction, room: RoomId, seq: Seq) -> bool:
    """Whether a message is hidden, by whomever, or taken back by its author."""
    wanted = sa.select(hidden.c.seq).join(
        entries, sa.and_(entries.c.room == hidden.c.room, entries.c.seq == hidden.c.by_seq)
    ).where(hidden.c.room == room, hidden.c.seq == seq, entries.c.kind != "edited")  # fmt: skip
    return (await tx.execute(wanted)).first() is not None


async def _is_paused(tx: Transaction, person: PersonId) -> bool:
    """Whether somebody is muted everywhere, or was by the valve within the time whose reports count."""
    lately = sa.select(acts_table.c.id).where(
        acts_table.c.person == person, acts_table.c.kind == "muted", acts_table.c.made_by.is_(None),
        acts_table.c.made_at > await tx.now() - FLAGGED_MS,
    )  # fmt: skip
    return await access.is_muted(tx, person) or (await tx.execute(lately.limit(1))).first() is not None


async def _hide(tx: Transaction, by: Nobody, flagged: "sa.Row[Any]", case: CaseId) -> None:
    act = Act(ActId(new_id()), "removed", None, flagged.subject, flagged.room, flagged.seq, case=case)
    await timeline.append(tx, flagged.room, "removed", target=flagged.seq, ref=act.id, code=acts.BY_ITSELF)
    await acts.record(tx, by, act, told=flagged.inbox)


async def _pause(tx: Transaction, by: Nobody, flagged: "sa.Row[Any]", case: CaseId) -> None:
    made, until = ActId(new_id()), await tx.now() + PAUSE_MS
    await tx.execute(mutes.insert().values(id=made, person=flagged.subject, room=None, until=until))
    await acts.record(tx, by, Act(made, "muted", None, flagged.subject, until=until, case=case), told=flagged.inbox)
