"""The moderators' console: the queue as it stands, and one case with its words, which is written to the audit."""

import msgspec
from starlette.responses import Response

from chat import appeals, bans, cases, door, dose, held, house_rules, queue, reviews, rooms, roster, staffing, thirds
from chat.cases import OpenedCase
from chat.held import HeldSay
from chat.ids import CaseId, RoomId
from chat.protocol import LEVELS, Quiet
from chat.refusals import NotAllowed, NotAMember
from matcher import own_signals
from web import case_words, flow_cards, sayings
from web.site import Visit


class Subject(Quiet, frozen=True):
    """Whom a case is about; no name once erased."""

    person: int
    nickname: str


class CaseTold(Quiet, frozen=True):
    """A case in the queue: no words. `room_name` is ours for a one-to-one, which has none. `asked`: who is asked to
    acknowledge it, once it was escalated. `code`: see CaseCard; `found`: the name of the
    organisation's own signal, where that is what it is; `done`: the valve has done something that stands. `third`: see
    `thirds.by_case`."""

    case: int
    level: str
    state: str
    room: int
    room_name: str
    at: int
    subject: Subject
    claimed_by: int
    claimed_name: str
    kind: str = "report"
    caller_name: str = ""
    asked: int = 0
    asked_name: str = ""
    acknowledged: bool = False
    code: str = ""
    times: int = 1
    found: str = ""
    done: bool = False
    third: str = ""


class WaitingTold(Quiet, frozen=True):
    """A ban for good that waits for a second. `mine`: one has asked for it oneself, so it waits for somebody else."""

    act: int
    subject: Subject
    rule: str
    made_name: str
    until: int
    mine: bool


class LobbyTold(Quiet, frozen=True):
    """A room that is guarded, and who waits in its lobby, longest first."""

    room: int
    name: str
    people: list[Subject]


class Around(Quiet, frozen=True):
    """One entry of a case's evidence. `text` is empty where the words had been destroyed before the report."""

    seq: int
    kind: str
    name: str
    at: int
    text: str
    reported: bool


class HeldTold(Quiet, frozen=True):
    """What somebody said in a room that holds, and what waits."""

    id: int
    name: str
    at: int
    text: str


class ByValve(Quiet, frozen=True):
    """What the valve has done about a case and what stands. `until`: 0, it has no end."""

    act: int
    kind: str
    until: int


class Against(Quiet, frozen=True):
    """The act an appeal is against; `reason`: of whoever made it. `until`: 0, it has no end."""

    kind: str
    rule: str
    made_name: str
    at: int
    until: int
    stands: bool
    reason: str


class OpenedTold(CaseTold, frozen=True, kw_only=True):
    """A case with what its report froze; reading it is in the audit. `shown`: see `protocol.Report`."""

    reason: str
    seq: int
    mutes: int
    earlier: int
    place: str
    locked: bool
    holds: bool
    held: list[HeldTold]
    entries: list[Around]
    shown: bool
    appeal: Against | None
    by_valve: list[ByValve]


class ReviewTold(Quiet, frozen=True):
    """A case that is to be looked at once more, and until when."""

    case: int
    level: str
    due: int


class StaffingTold(Quiet, frozen=True):
    """How the place stands. `until`: how long one is on duty oneself, 0 when not; `colleagues`: who may take over;
    `heavy`: how long one was with heavy cases, in words, empty where one was not."""

    rooms: int
    people: int
    moderators: int
    supervisors: int
    professionals: int
    waiting: int
    until: int
    colleagues: list[Subject]
    reviews: list[ReviewTold]
    heavy: str


async def console(visit: Visit) -> Response:
    """Show the console; the cases come by script, because they come live."""
    async with visit.site.store.reading() as tx:
        desk = await rooms.desk(tx)
        until = await roster.until(tx, visit.member.person)
        resting = await roster.resting(tx, visit.member.person)
        in_force = [one for one in await house_rules.load(tx) if not one.retired]
    rules = {one.code: sayings.of_rule(visit.language, one) for one in in_force}
    words = {f"level_{code}": visit.language(told) for code, told in case_words.LEVELS.items()}
    words |= {f"found_{code}": visit.language(told) for code, told in case_words.FOUND.items()}
    return visit.page(
        "console.html", page="console", case_words=words, desk=desk, me=visit.member.person, rules=rules, levels=LEVELS,
        filters=list(queue.RANKS),
        cards=flow_cards.told(visit.language), until=visit.language.moment(until) if until else "",
        resting=visit.language.moment(resting) if resting else "", severe=dose.SEVERE,
    )  # fmt: skip


async def cases_now(visit: Visit) -> Response:
    """Give the queue as JSON, the most harmful first."""
    async with visit.site.store.reading() as tx:
        waiting = await queue.queue(tx, visit.member.person)
        standing = await thirds.by_case(tx, visit.member.person)
        own = await own_signals.named(tx)
    return visit.json(
        msgspec.json.encode(
            [
                CaseTold(
                    one.id, one.level, one.state, one.room or 0, _place(visit, one.place, one.room_name),
                    one.created_at, Subject(one.subject or 0, one.subject_name), one.claimed_by or 0, one.claimed_name,
                    one.kind, one.caller_name, one.asked or 0, one.asked_name, one.acknowledged, one.code, one.times,
                    own.get(one.code, ""), one.done, standing.get(one.id, ""),
                )
                for one in waiting
            ]
        )
    )  # fmt: skip


async def staffing_now(visit: Visit) -> Response:
    """Give how the place stands as JSON."""
    async with visit.site.store.reading() as tx:
        stands = await staffing.staffing(tx, visit.member.person)
        due = await reviews.waiting(tx, visit.member.person)
        heavy = await dose.dose(tx, visit.member.person)
    on = [one.role for one in stands.on_duty]
    told = StaffingTold(
        stands.rooms, visit.everybody_here(), on.count("moderator"), on.count("supervisor"), on.count("professional"),
        stands.waiting, stands.until or 0, [Subject(one.person, one.nickname) for one in stands.colleagues],
        [ReviewTold(one.case, one.level, one.due_at) for one in due], _heavy(visit, heavy),
    )  # fmt: skip
    return visit.json(msgspec.json.encode(told))


async def waiting_now(visit: Visit) -> Response:
    """Give the bans for good that wait for a second, as JSON."""
    async with visit.site.store.reading() as tx:
        found = await bans.waiting(tx, visit.member.person)
        rules = {one.code: one for one in await house_rules.load(tx)}
    told = [
        WaitingTold(
            one.act, Subject(one.person, one.nickname), sayings.of_rule(visit.language, rules[one.rule]),
            one.made_name, one.until, one.made_by == visit.member.person,
        )
        for one in found
    ]  # fmt: skip
    return visit.json(msgspec.json.encode(told))


async def lobbies_now(visit: Visit) -> Response:
    """Give the rooms that are guarded now, and who waits in their lobbies, as JSON."""
    async with visit.site.store.reading() as tx:
        found = [(room, await door.waiting(tx, room.id)) for room in await door.guarded(tx)]
    told = [
        LobbyTold(room.id, room.name, [Subject(one.person, one.nickname) for one in waiting]) for room, waiting in found
    ]
    return visit.json(msgspec.json.encode(told))


async def case(visit: Visit) -> Response:
    """Give one case with its words as JSON."""
    number = CaseId(visit.id("case"))
    try:
        found = await cases.open_case(visit.site.store, visit.site.keys, visit.member.person, number)
    except NotAllowed:  # asked about another case, but not about this one: it looks like none
        raise NotAMember from None
    async with visit.site.store.reading() as tx:
        own = await own_signals.named(tx)
    waiting = []
    if found.code == held.CODE and found.room is not None and found.state != "closed":
        waiting = await held.to_judge(visit.site.store, visit.site.keys, visit.member.person, RoomId(found.room))
    against = None
    if found.act is not None:
        async with visit.site.store.reading() as tx:
            act = await appeals.appealed(tx, found.act)
        reason = next((one.text for one in found.evidence if one.kind == "act"), None)
        by, why = act.made_name, reason or ""
        if act.rule is None:
            by = visit.language("the rule while nobody was on duty")
            why = visit.language("None: nobody has judged it so far.")
        against = Against(
            act.kind, sayings.of_rule(visit.language, act.rule), by, act.made_at, act.until or 0, act.stands, why,
        )  # fmt: skip
    return visit.json(msgspec.json.encode(_opened(visit, found, against, own.get(found.code, ""), waiting)))


def _opened(visit: Visit, found: OpenedCase, against: Against | None, own: str, waiting: list[HeldSay]) -> OpenedTold:
    names = found.names
    return OpenedTold(
        found.id, found.level, found.state, found.room or 0, _place(visit, found.place, found.room_name),
        _since(found, waiting), Subject(found.subject or 0, names.get(found.subject or 0, "")), found.claimed_by or 0,
        names.get(found.claimed_by or 0, ""), kind=found.kind, code=found.code,
        times=len(waiting) if found.code == held.CODE else found.times, found=own,
        done=bool(found.done), reason=found.reason, seq=found.seq or 0, mutes=found.mutes, earlier=found.earlier,
        place=found.place, locked=found.locked, holds=found.holds, shown=found.shown, appeal=against,
        by_valve=[ByValve(one.act, one.kind, one.until or 0) for one in found.done],
        held=[HeldTold(one.id, one.name, one.at, one.text) for one in waiting], entries=[
            Around(one.seq, one.kind, names.get(one.author, ""), one.at, one.text or "", one.seq == (found.seq or 0))
            for one in found.evidence if one.kind != "act"
        ],
    )  # fmt: skip


def _since(found: OpenedCase, waiting: list[HeldSay]) -> int:
    """As in the queue; 0 where nothing waits."""
    return found.created_at if found.code != held.CODE else min((one.at for one in waiting), default=0)


def _heavy(visit: Visit, found: dose.Dose) -> str:
    if not found.week_ms:
        return ""
    day, week = [visit.language.since(one / 1000) for one in (found.day_ms, found.week_ms)]
    return visit.language(
        "You were with heavy cases for %(day)s in the last day, %(week)s in the last week. Only you see this.",
        day=day, week=week,
    )  # fmt: skip


def _place(visit: Visit, kind: str, name: str) -> str:
    return name or (visit.language("One-to-one") if kind == "one_to_one" else "")
