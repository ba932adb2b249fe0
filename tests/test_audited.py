"""Nothing that staff do or read goes unrecorded: every command and every route of theirs is tried, and the audit read.

The rows are made from the tables of commands and of routes: a new one fails here until it is tried. What a page shows
without an audit row is watched too: no seal is opened for it.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from chat import appeals, cases, debriefs, escalations, exports, moderation, protocol, raids, roster, tables
from chat.commands import STAFF as COMMANDS
from chat.ids import ActId, CaseId, PersonId, RoomId, Seq
from chat.journal import Journal
from chat.protocol import Ban, Claim, Close, Done, Escalate, Lock, Mute, Report
from chat.seal import DataKey
from chat.tables import audit
from matcher import own_signals
from tests.hostile import open_server, scene
from tests.pages import site
from tests.place import Place
from tests.town import Town
from tests.words import words
from web import audit_words
from web.routes import ROUTES, Row

WHY = {"rule": "kindness", "reason": "A reason."}
WITHIN_S = 180


@dataclass
class Stage:
    """Whom staff act on: somebody who said something in a room, and somebody who reported it. `me`: who acts."""

    place: Place
    me: PersonId
    colleague: PersonId
    person: PersonId
    room: RoomId
    seq: Seq
    case: CaseId

    async def mine(self) -> CaseId:
        """Return the case, claimed by who acts."""
        await cases.claim(self.place.store, self.place.keys, self.me, Claim(case=self.case))
        return self.case

    async def escalated(self) -> CaseId:
        """Return the case, claimed and escalated by a colleague while who acts is on duty."""
        async with self.place.store.transaction() as tx:
            await roster.begin(tx, self.place.keys, self.me, 4)
        await cases.claim(self.place.store, self.place.keys, self.colleague, Claim(case=self.case))
        asked = Escalate(case=self.case, level="imminent", reason="A reason.")
        await escalations.escalate(self.place.store, self.place.keys, self.colleague, asked, WITHIN_S)
        return self.case

    async def closed(self) -> CaseId:
        """Return the case, escalated and closed by a colleague: it is to be reviewed."""
        case, journal = await self.escalated(), Journal(self.place.folder / "erasures.journal")
        command = Close(case=case, outcome="talked", reason="A reason.")
        await cases.close(self.place.store, self.place.keys, journal, self.colleague, command)
        return case

    async def act(self, command: Mute | Lock | Ban) -> int:
        """Let a colleague act."""
        return await moderation.act(self.place.store, self.place.keys, self.colleague, command)


async def stage(place: Place) -> Stage:
    me, colleague = await place.person("moderator", "supervisor"), await place.person("moderator")
    person, reporter = await place.person(), await place.person()
    room = await place.room(person, reporter)
    seq = await place.say(room, person, words())
    case = await cases.report(place.store, place.keys, reporter, Report(room=room, seq=seq, reason=words()))
    return Stage(place, me, colleague, person, room, seq, case)


async def warn(on: Stage) -> protocol.Warn:
    return protocol.Warn(person=on.person, **WHY)


async def mute(on: Stage) -> Mute:
    return Mute(person=on.person, minutes=1, **WHY)


async def remove(on: Stage) -> protocol.Remove:
    return protocol.Remove(room=on.room, seq=on.seq, **WHY)


async def clear(on: Stage) -> protocol.Clear:
    return protocol.Clear(person=on.person, room=on.room, minutes=5, **WHY)


async def expel(on: Stage) -> protocol.Expel:
    return protocol.Expel(person=on.person, room=on.room, **WHY)


async def ban(on: Stage) -> Ban:
    return Ban(person=on.person, days=14, **WHY)


async def confirm(on: Stage) -> protocol.Confirm:
    return protocol.Confirm(act=await on.act(Ban(person=on.person, **WHY)), reason="A reason.")


async def lock(on: Stage) -> Lock:
    return Lock(room=on.room, **WHY)


async def unlock(on: Stage) -> protocol.Unlock:
    await on.act(Lock(room=on.room, **WHY))
    return protocol.Unlock(room=on.room)


async def slow(on: Stage) -> protocol.Slow:
    return protocol.Slow(room=on.room, seconds=30, **WHY)


async def guard(on: Stage) -> protocol.Guard:
    return protocol.Guard(room=on.room, **WHY)


async def let_in(on: Stage) -> protocol.LetIn:
    command = protocol.Guard(room=on.room, **WHY)
    await raids.guard(on.place.store, on.place.keys, on.colleague, command)
    return protocol.LetIn(room=on.room, person=on.person)


async def undo(on: Stage) -> protocol.Undo:
    return protocol.Undo(act=await on.act(Mute(person=on.person, minutes=1, **WHY)), reason="A reason.")


async def claim(on: Stage) -> Claim:
    return Claim(case=on.case)


async def close(on: Stage) -> Close:
    return Close(case=await on.mine(), outcome="nothing")


async def decide(on: Stage) -> protocol.Decide:
    act = ActId(await on.act(Mute(person=on.person, minutes=1, **WHY)))
    appeal = await appeals.appeal(on.place.store, on.place.keys, on.person, act, words())
    await cases.claim(on.place.store, on.place.keys, on.me, Claim(case=appeal))
    return protocol.Decide(case=appeal, outcome="upheld", reason="A reason.")


async def grade(on: Stage) -> protocol.Grade:
    return protocol.Grade(case=on.case, level="imminent")


async def release(on: Stage) -> protocol.Release:
    return protocol.Release(case=await on.mine())


async def hand_over(on: Stage) -> protocol.HandOver:
    await on.mine()
    return protocol.HandOver(to=on.colleague)


async def escalate(on: Stage) -> Escalate:
    return Escalate(case=await on.mine(), level="imminent", reason="A reason.")


async def acknowledge(on: Stage) -> protocol.Acknowledge:
    return protocol.Acknowledge(case=await on.escalated())


async def review(on: Stage) -> protocol.Review:
    return protocol.Review(case=await on.closed(), reason="A note.")


TRIED: dict[type, Callable[[Stage], Awaitable[protocol.AnyCommand]]] = {
    protocol.Warn: warn, protocol.Mute: mute, protocol.Remove: remove, protocol.Clear: clear, protocol.Expel: expel,
    protocol.Ban: ban, protocol.Confirm: confirm, protocol.Lock: lock, protocol.Unlock: unlock, protocol.Slow: slow,
    protocol.Guard: guard, protocol.LetIn: let_in, protocol.Undo: undo,
    protocol.Claim: claim, protocol.Close: close, protocol.Grade: grade, protocol.Decide: decide,
    protocol.Release: release, protocol.HandOver: hand_over, protocol.Escalate: escalate,
    protocol.Acknowledge: acknowledge, protocol.Review: review,
}  # fmt: skip


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_server(tmp_path_factory.mktemp("audited")) as one:
        yield one


def test_every_command_of_staff_is_tried() -> None:
    assert set(TRIED) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.__name__.lower())
async def test_every_command_of_staff_leaves_a_row(town: Town, command: type) -> None:
    async with scene(town) as it:
        asked = await TRIED[command](on := await stage(it.place))
        async with town.client(it.place, on.me, 0) as client:
            before = await last(it.place)
            assert isinstance(await client.ask(asked), Done)
            rows = await it.place.rows(audit, audit.c.n > before)
            assert [row.actor for row in rows if row.actor is not None] == [on.me], "one row, and whose it is"
            assert {row.act for row in rows} <= set(audit_words.ACTS)


SIGNAL: dict[str, str | list[str]] = {"name": "Pills", "kind": "words", "text": "pills", "level": "other"}
FIELDS: dict[str, dict[str, str | list[str]]] = {
    "POST /duty/shift": {"hours": "2"},
    "POST /duty/break": {},
    "POST /duty/channels": {"channels": "mailto://user:secret@example.org"},
    "POST /supervisor/pairs": {"name": "role", "pair": []},
    "POST /supervisor/debriefs/{note}": {},
    "POST /organiser/peers/{person}/approve": {},
    "POST /supervisor/peers/{person}/vet": {},
    "POST /supervisor/peers/{person}/unvet": {},
    "POST /organiser/peers/{person}/suspend": {},
    "POST /organiser/duty": {"told": "Somebody comes soon.", "alerted": "organiser"},
    "POST /organiser/rooms": {"name": "A room"},
    "POST /organiser/rooms/{room}/close": {},
    "POST /organiser/invite": {"role": "moderator"},
    "POST /audit": {"act": "muted"},
    "POST /audit/rows/{n}": {},
    "POST /audit/exports": {},
    "POST /audit/exports/{export}": {},
    "POST /organiser/rules": {"text-en": "Be kind.", "text-fi": "Ole kiltti."},
    "POST /organiser/rules/{code}": {"text-en": "Be kind.", "text-fi": "Ole kiltti."},
    "POST /organiser/signals": SIGNAL,
    "POST /organiser/signals/{code}": SIGNAL | {"state": "on"},
    "POST /organiser/signals/{code}/try": {},
    "POST /organiser/topics": {"family": "life", "label-en": "Sea", "label-fi": "Meri"},
    "POST /organiser/topics/{code}": {"family": "life", "label-en": "Sea", "label-fi": "Meri", "place": "1"},
}
"""What a form of staff says when it changes something; they are sent in this order."""
OWN = {"POST /duty/debrief"}
"""What only keeps one's own words about oneself is in no audit; who reads them is."""
OPENS = {"GET /console/cases/{case}"}
"""The pages on which staff read what people wrote."""
RECORDED = {*OPENS, "GET /audit/exports/{export}"}
STAFF_ROUTES = tuple(row for row in ROUTES if row.allowed in ("desk", "supervisor", "overseer", "organiser"))


def called(row: Row) -> str:
    return f"{row.method} {row.path}"


def test_every_form_of_staff_is_tried() -> None:
    assert set(FIELDS) == {called(row) for row in STAFF_ROUTES if row.method == "POST"} - OWN


async def test_every_form_of_staff_and_every_page_with_words_leaves_a_row(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, really = [], DataKey.open

    def watched(key: DataKey, sealed: bytes, bound_to: bytes) -> str:
        opened.append(bound_to)
        return really(key, sealed, bound_to)

    monkeypatch.setattr(DataKey, "open", watched)
    wrong = []
    async with site(tmp_path, sqlite_url) as pages:
        on = await stage(pages.place)
        me = await pages.place.person("moderator", "supervisor", "organiser")
        muted = await on.act(Mute(person=on.person, minutes=1, **WHY))
        [why] = await pages.place.rows(audit, audit.c.ref == muted)
        boss = await pages.place.person("organiser")
        async with pages.place.store.transaction() as tx:
            export = await exports.ask(tx, pages.place.keys, boss)
            signal = await own_signals.add(tx, pages.place.keys, boss, "Pills", "words", "pills", "other")
        codes = {"rules": "kindness", "topics": "work", "signals": signal}
        await debriefs.write(pages.place.store, pages.place.keys, on.colleague, words())
        [note] = await pages.place.rows(tables.debriefs)
        at = {"person": on.person, "room": on.room, "case": on.case, "n": why.n, "export": export, "note": note.id}
        async with await pages.browser_of(me) as browser:
            forms = [(one, row) for one in FIELDS for row in STAFF_ROUTES if called(row) == one]
            reads = [(called(row), row) for row in STAFF_ROUTES if row.method == "GET"]
            for one, row in [*forms, *reads]:
                path = row.path.format(**at, code=next((codes[one] for one in codes if one in row.path), ""))
                await browser.get("/me")
                before = await last(pages.place)
                opened.clear()
                if row.method == "POST":
                    answer = await browser.post(path, FIELDS[one])
                    done = answer.status_code in (200, 303) and await last(pages.place) == before + 1
                else:
                    answer = await browser.get(path)
                    done = answer.status_code == 200 and await last(pages.place) == before + (one in RECORDED)
                    done = done and bool(opened) == (one in OPENS)
                if not done:
                    wrong.append((one, answer.status_code, len(opened)))
        assert {row.act for row in await pages.place.rows(audit)} <= set(audit_words.ACTS), "every act has its words"
    assert wrong == []


async def last(place: Place) -> int:
    """Return the number of the audit's last row."""
    async with place.store.reading() as tx:
        return int((await tx.execute(sa.select(sa.func.max(audit.c.n)))).scalar() or 0)
