"""The moderators' console: the queue as it stands, and one case with its words, which is written to the audit."""

import msgspec
from starlette.responses import Response

from chat import cases, queue, rooms
from chat.cases import OpenedCase
from chat.ids import CaseId
from chat.protocol import LEVELS, Quiet
from web import sayings
from web.site import Visit


class Subject(Quiet, frozen=True):
    """Whom a case is about; no name once erased."""

    person: int
    nickname: str


class CaseTold(Quiet, frozen=True):
    """A case in the queue: no words. `room_name` is ours for a one-to-one, which has none."""

    case: int
    level: str
    state: str
    room: int
    room_name: str
    at: int
    subject: Subject
    claimed_by: int
    claimed_name: str


class Around(Quiet, frozen=True):
    """One entry of a case's evidence. `text` is empty where the words had been destroyed before the report."""

    seq: int
    kind: str
    name: str
    at: int
    text: str
    reported: bool


class OpenedTold(CaseTold, frozen=True):
    """A case with what its report froze; reading it is in the audit."""

    reason: str
    seq: int
    mutes: int
    earlier: int
    entries: list[Around]


async def console(visit: Visit) -> Response:
    """Show the console; the cases come by script, because they come live."""
    async with visit.site.store.reading() as tx:
        desk = await rooms.desk(tx)
    rules = {code: sayings.of_rule(visit.language, code) for code in sayings.RULES}
    return visit.page("console.html", page="console", desk=desk, me=visit.member.person, rules=rules, levels=LEVELS)


async def cases_now(visit: Visit) -> Response:
    """Give the queue as JSON, the most harmful first."""
    async with visit.site.store.reading() as tx:
        waiting = await queue.queue(tx, visit.member.person)
    return visit.json(
        msgspec.json.encode(
            [
                CaseTold(
                    one.id, one.level, one.state, one.room, _place(visit, one.place, one.room_name), one.created_at,
                    Subject(one.subject or 0, one.subject_name), one.claimed_by or 0, one.claimed_name,
                )
                for one in waiting
            ]
        )
    )  # fmt: skip


async def case(visit: Visit) -> Response:
    """Give one case with its words as JSON."""
    found = await cases.open_case(
        visit.site.store, visit.site.keys, visit.member.person, CaseId(visit.id("case"))
    )  # fmt: skip
    return visit.json(msgspec.json.encode(_opened(visit, found)))


def _opened(visit: Visit, found: OpenedCase) -> OpenedTold:
    names = found.names
    return OpenedTold(
        found.id, found.level, found.state, found.room, _place(visit, found.place, found.room_name), found.created_at,
        Subject(found.subject or 0, names.get(found.subject or 0, "")), found.claimed_by or 0,
        names.get(found.claimed_by or 0, ""), found.reason, found.seq or 0, found.mutes, found.earlier,
        [
            Around(one.seq, one.kind, names.get(one.author, ""), one.at, one.text or "", one.seq == found.seq)
            for one in found.evidence
        ],
    )  # fmt: skip


def _place(visit: Visit, kind: str, name: str) -> str:
    return name or (visit.language("One-to-one") if kind == "one_to_one" else "")
