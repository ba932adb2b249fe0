"""The moderators' console: the queue as it stands, and what stands beside it."""

import msgspec
from starlette.responses import Response

from chat import (
    access,
    bans,
    cases,
    concerned,
    door,
    dose,
    house_rules,
    line,
    queue,
    reviews,
    rooms,
    roster,
    staffing,
    thirds,
)
from chat.protocol import LEVELS, Quiet
from matcher import own_signals
from web import case_words, flow_cards, sayings
from web.site import Visit

DUTIES = {
    "handle": cases.HANDLERS, "act": access.STAFF, "decide": concerned.DECIDERS, "answer": line.ASKED,
}  # fmt: skip
"""What roles are for on the console; it offers nothing else (see js/offered.js)."""


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
        filters=list(queue.RANKS), zone=str(visit.site.settings.zone),
        may=[duty for duty, roles in DUTIES.items() if set(roles) & set(visit.member.roles)],
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
                    one.id, one.level, one.state, one.room or 0, place_of(visit, one.place, one.room_name),
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
    """Give the rooms that are guarded now, and who waits in their lobbies, as JSON: none to who may let nobody in."""
    if not set(visit.member.roles) & set(access.STAFF):
        return visit.json(msgspec.json.encode([]))
    async with visit.site.store.reading() as tx:
        found = [(room, await door.waiting(tx, room.id)) for room in await door.guarded(tx)]
    told = [
        LobbyTold(room.id, room.name, [Subject(one.person, one.nickname) for one in waiting]) for room, waiting in found
    ]
    return visit.json(msgspec.json.encode(told))


def _heavy(visit: Visit, found: dose.Dose) -> str:
    if not found.week_ms:
        return ""
    day, week = [visit.language.since(one / 1000) for one in (found.day_ms, found.week_ms)]
    return visit.language(
        "You were with heavy cases for %(day)s in the last day, %(week)s in the last week. Only you see this.",
        day=day, week=week,
    )  # fmt: skip


def place_of(visit: Visit, kind: str, name: str) -> str:
    return name or (visit.language("One-to-one") if kind == "one_to_one" else "")
