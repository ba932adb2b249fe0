"""One case with its words, as the console shows it; that it was opened is written to the audit."""

import msgspec
from starlette.responses import Response

from chat import appeals, cases, held, standing
from chat.cases import OpenedCase
from chat.held import HeldSay
from chat.ids import CaseId, RoomId
from chat.protocol import Quiet
from chat.refusals import NotAllowed, NotAMember
from chat.standing import Standing
from matcher import own_signals
from web import sayings
from web.console import CaseTold, Subject, place_of
from web.site import Visit


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


class ByUs(ByValve, frozen=True):
    """What one of the staff has done in a case and what stands. `name`: whom it is about, empty for a room."""

    name: str
    made_name: str
    at: int


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
    holds: str
    held: list[HeldTold]
    entries: list[Around]
    shown: bool
    appeal: Against | None
    by_valve: list[ByValve]
    by_us: list[ByUs]


async def case(visit: Visit) -> Response:
    """Give one case with its words as JSON."""
    number = CaseId(visit.id("case"))
    try:
        found = await cases.open_case(visit.site.store, visit.site.keys, visit.member.person, number)
    except NotAllowed:  # asked about another case, but not about this one: it looks like none
        raise NotAMember from None
    async with visit.site.store.reading() as tx:
        own = await own_signals.named(tx)
        done = await standing.in_case(tx, number, visit.member.person)
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
    return visit.json(msgspec.json.encode(_opened(visit, found, against, own.get(found.code, ""), waiting, done)))


def _opened(
    visit: Visit, found: OpenedCase, against: Against | None, own: str, waiting: list[HeldSay], done: list[Standing]
) -> OpenedTold:  # fmt: skip
    names = found.names
    return OpenedTold(
        found.id, found.level, found.state, found.room or 0, place_of(visit, found.place, found.room_name),
        _since(found, waiting), Subject(found.subject or 0, names.get(found.subject or 0, "")), found.claimed_by or 0,
        names.get(found.claimed_by or 0, ""), kind=found.kind, code=found.code,
        times=len(waiting) if found.code == held.CODE else found.times, found=own,
        done=bool(found.done), reason=found.reason, seq=found.seq or 0, mutes=found.mutes, earlier=found.earlier,
        place=found.place, locked=found.locked, holds=found.holds, shown=found.shown, appeal=against,
        by_valve=[ByValve(one.act, one.kind, one.until or 0) for one in found.done],
        by_us=[ByUs(one.act, one.kind, one.until or 0, one.name, one.made_name, one.made_at) for one in done],
        held=[HeldTold(one.id, one.name, one.at, one.text) for one in waiting], entries=[
            Around(one.seq, one.kind, names.get(one.author, ""), one.at, one.text or "", one.seq == (found.seq or 0))
            for one in found.evidence if one.kind != "act"
        ],
    )  # fmt: skip


def _since(found: OpenedCase, waiting: list[HeldSay]) -> int:
    """As in the queue; 0 where nothing waits."""
    return found.created_at if found.code != held.CODE else min((one.at for one in waiting), default=0)
