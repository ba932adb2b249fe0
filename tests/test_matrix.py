"""Who may do what: every command of the protocol by every role, and what is absent looks like what is forbidden.

The rows are made from `codec.AnyCommand`: a new command fails here until somebody has decided about each role.
"""

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import get_args

import msgspec
import pytest

from chat import appeals, people, protocol, rooms
from chat import staff_commands as staff
from chat.access import DESK
from chat.codec import AnyCommand
from chat.ids import ActId, PersonId, RoomId, new_id
from chat.protocol import Done, Entry, Expired, Joined, Refused, Report
from chat.staff_commands import STAFF as STAFF_COMMANDS
from chat.staff_commands import Mute
from chat.tables import held as held_table
from chat.timeline import seal
from tests.client import Client, answer_code
from tests.hostile import Scene, open_server, scene
from tests.raw import TEXT, frame, raw, request, upgrade
from tests.town import Town
from tests.words import words

ABSENT = 2**53 - 5
"""An id that nothing has."""
ROLES = ("member", "muted", "stranger", "elsewhere", "gone", "peer", "moderator", "professional", "organiser")
"""In the room: member, muted. Not in it: stranger, a member elsewhere, one who has left, and the staff."""


@dataclass(frozen=True)
class Targets:
    """What a command is about: things that are there, or ids that nothing has."""

    room: int
    seq: int
    own: int
    person: int
    other: int
    case: int
    act: int
    ban: int
    appeal: int
    held: int


@dataclass(frozen=True)
class Row:
    """A command, what it is aimed at, and its outcome by role; "*" is every role that is not named."""

    make: Callable[[Targets], AnyCommand]
    outcomes: dict[str, str]


INSIDE = {"member": "done", "muted": "muted", "*": "not_a_member"}
STAFF = {"moderator": "done", "organiser": "done", "*": "not_allowed"}
UNASKED = dict.fromkeys(("moderator", "professional", "organiser"), "not_a_member") | {"*": "not_allowed"}
HANDLER = {"moderator": "done", "*": "not_allowed"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One process for all of them."""
    with open_server(tmp_path_factory.mktemp("matrix")) as one:
        yield one


ROWS: dict[type, Row] = {
    protocol.Join: Row(lambda t: protocol.Join(room=t.room), INSIDE | {"member": "joined", "muted": "joined"}),
    protocol.Leave: Row(lambda t: protocol.Leave(room=t.room), INSIDE | {"muted": "done", "gone": "done"}),
    protocol.Say: Row(
        lambda t: protocol.Say(room=t.room, say_id="matrix-say", text=words()),
        INSIDE | {"member": "entry", "*": "not_joined"},
    ),
    protocol.Edit: Row(
        lambda t: protocol.Edit(room=t.room, seq=t.own, say_id="matrix-edit", text=words()), INSIDE,
    ),
    protocol.Retract: Row(lambda t: protocol.Retract(room=t.room, seq=t.own), INSIDE | {"muted": "done"}),
    protocol.React: Row(lambda t: protocol.React(room=t.room, seq=t.seq, mark="hug"), INSIDE),
    protocol.Typing: Row(
        lambda t: protocol.Typing(room=t.room), INSIDE | {"member": "nothing", "*": "not_joined"},
    ),
    protocol.Read: Row(
        lambda t: protocol.Read(room=t.room, seq=t.seq), INSIDE | {"muted": "done", "*": "not_joined"},
    ),
    protocol.Report: Row(
        lambda t: Report(room=t.room, seq=t.seq, reason=words()), INSIDE | {"muted": "done", "gone": "done"},
    ),
    protocol.Call: Row(lambda t: protocol.Call(room=t.room), {"*": "not_a_member"}),
    staff.Escalate: Row(
        lambda t: staff.Escalate(case=t.case, level="imminent", reason=words()), {"*": "not_allowed"},
    ),
    staff.Acknowledge: Row(lambda t: staff.Acknowledge(case=t.case), UNASKED),
    staff.AskIn: Row(lambda t: staff.AskIn(case=t.case, reason=words()), {"*": "not_allowed"}),
    protocol.Consent: Row(lambda t: protocol.Consent(ask=t.case, choice="all"), {"*": "not_a_member"}),
    protocol.LetGo: Row(lambda t: protocol.LetGo(room=t.room), {"*": "not_a_member"}),
    staff.Review: Row(lambda t: staff.Review(case=t.case), {"moderator": "not_a_member", "*": "not_allowed"}),
    staff.Mute: Row(lambda t: Mute(person=t.person, minutes=1, rule="kindness", reason=words()), STAFF),
    staff.Undo: Row(lambda t: staff.Undo(act=t.act, reason=words()), STAFF),
    staff.Warn: Row(lambda t: staff.Warn(person=t.person, rule="kindness", reason=words()), STAFF),
    staff.Clear: Row(
        lambda t: staff.Clear(person=t.person, room=t.other, minutes=5, rule="kindness", reason=words()), STAFF,
    ),
    staff.Expel: Row(
        lambda t: staff.Expel(person=t.person, room=t.other, rule="kindness", reason=words()), STAFF,
    ),
    staff.Ban: Row(lambda t: staff.Ban(person=t.person, days=14, rule="kindness", reason=words()), STAFF),
    staff.Confirm: Row(
        lambda t: staff.Confirm(act=t.ban, reason=words()), STAFF | {"organiser": "not_allowed"},
    ),
    staff.Lock: Row(lambda t: staff.Lock(room=t.other, rule="kindness", reason=words()), STAFF),
    staff.Unlock: Row(lambda t: staff.Unlock(room=t.other), STAFF),
    staff.Slow: Row(lambda t: staff.Slow(room=t.other, seconds=0, rule="kindness", reason=words()), STAFF),
    staff.Hold: Row(lambda t: staff.Hold(room=t.other, rule="kindness", reason=words()), STAFF),
    staff.Unhold: Row(lambda t: staff.Unhold(room=t.other), STAFF),
    staff.LetThrough: Row(lambda t: staff.LetThrough(held=t.held), STAFF),
    staff.Decline: Row(lambda t: staff.Decline(held=t.held, rule="kindness", reason=words()), STAFF),
    protocol.TakeBack: Row(lambda t: protocol.TakeBack(room=t.room, say_id="matrix-held"), {"*": "gone"}),
    staff.Guard: Row(lambda t: staff.Guard(room=t.other, rule="kindness", reason=words()), STAFF),
    staff.LetIn: Row(lambda t: staff.LetIn(room=t.other), STAFF),
    staff.Remove: Row(
        lambda t: staff.Remove(room=t.room, seq=t.seq, rule="kindness", reason=words()), STAFF,
    ),
    staff.Claim: Row(lambda t: staff.Claim(case=t.case), HANDLER),
    staff.Close: Row(
        lambda t: staff.Close(case=t.case, outcome="nothing"), {"*": "not_allowed"},
    ),
    staff.Decide: Row(
        lambda t: staff.Decide(case=t.appeal, outcome="upheld", reason=words()), {"*": "not_allowed"},
    ),
    staff.Grade: Row(lambda t: staff.Grade(case=t.case, level="hate"), HANDLER),
    staff.Release: Row(lambda t: staff.Release(case=t.case), {"*": "not_allowed"}),
    staff.HandOver: Row(lambda t: staff.HandOver(), HANDLER | {"professional": "done", "organiser": "done"}),
    protocol.Ping: Row(lambda t: protocol.Ping(), {"*": "done"}),
}  # fmt: skip


DONE = ("done", "joined", "entry", "nothing")
SHUT = ("not_a_member", "not_allowed", "not_joined")


async def make_targets(it: Scene, boss: Client) -> Targets:
    """Let a bystander say something, be reported and muted."""
    one, two = it.bystanders
    said = await one.say(it.room, words())
    assert isinstance(said, Entry)
    await two.until(lambda: said.text in two.texts(it.room))
    reported = await two.ask(Report(room=it.room, seq=said.seq, reason=words()))
    elsewhere = await it.place.room(PersonId(one.me))
    muted = await boss.ask(Mute(person=one.me, room=elsewhere, minutes=1, rule="kindness", reason="."))
    assert isinstance(reported, Done) and isinstance(muted, Done)
    person = await it.place.person()
    other = await it.place.room(person)
    await it.place.say(other, person, words())
    banned = await boss.ask(staff.Ban(person=await it.place.person(), rule="kindness", reason="."))
    assert isinstance(banned, Done)
    held = await keep_waiting(it, other, person)
    appeal = await appeals.appeal(it.place.store, it.place.keys, PersonId(one.me), ActId(muted.act), words())
    return Targets(it.room, said.seq, said.seq, person, other, reported.case, muted.act, banned.act, appeal, held)


async def keep_waiting(it: Scene, room: int, person: PersonId) -> int:
    """Let something that somebody said wait for a moderator."""
    key, say_id, which = await it.place.keys.get(person, "said"), f"held-{person}", new_id()
    sealed = seal(key, RoomId(room), person, say_id, words())
    row = {"id": which, "room": room, "author": person, "say_id": say_id, "body": sealed.body, "at": 1}
    async with it.place.store.transaction() as tx:
        row |= {"key_version": sealed.key_version, "mac": sealed.mac, "at": await tx.now()}
        await tx.execute(held_table.insert().values(row))
    return which


async def make_person(it: Scene, role: str, boss: Client) -> tuple[PersonId, int]:
    """Make somebody of a role; return also the seq of something they said in the room, or of nothing."""
    person = await it.place.person(*([role] if role in people.ROLES else []))
    own = ABSENT
    if role in ("member", "muted", "gone"):
        async with it.place.store.transaction() as tx:
            await rooms.join(tx, it.room, person)
        own = await it.place.say(it.room, person, words())
    if role == "gone":
        async with it.place.store.transaction() as tx:
            await rooms.leave(tx, it.room, person)
    if role == "elsewhere":
        await it.place.room(person)
    if role == "muted":
        assert isinstance(await boss.ask(Mute(person=person, minutes=1, rule="kindness", reason=".")), Done)
    return person, own


async def outcome(client: Client, command: AnyCommand) -> str:
    """Carry a command out and tell how it was answered."""
    if isinstance(command, protocol.Say):
        answer = await client.say(command.room, command.text, command.say_id)
    elif isinstance(command, protocol.Join):
        answer = await client.try_to_join(command.room)  # type: ignore[assignment]
    elif isinstance(command, protocol.Typing):
        ref = await client.send(command)
        assert isinstance(await client.ask(protocol.Ping()), Done)
        told = client.answered(ref)
        return "nothing" if told is None else answer_code(told)
    else:
        answer = await client.ask(command)  # type: ignore[assignment]
    if isinstance(answer, Refused):
        return answer.code
    return "joined" if isinstance(answer, Joined | Expired) else type(answer).__name__.lower()


def test_every_command_has_a_row_and_every_row_decides_about_every_role() -> None:
    assert set(ROWS) == set(get_args(AnyCommand))
    for command, row in ROWS.items():
        assert "*" in row.outcomes or set(row.outcomes) == set(ROLES), command
        assert set(row.outcomes) <= {*ROLES, "*"}, command


@pytest.mark.parametrize("command", ROWS, ids=lambda one: one.__name__.lower())
async def test_each_role_may_do_what_its_row_says_and_nothing_else(town: Town, command: type) -> None:
    row = ROWS[command]
    async with scene(town) as it, AsyncExitStack() as stack:
        boss = await stack.enter_async_context(town.client(it.place, await it.place.person("moderator"), 0))
        found: dict[str, str] = {}
        targets: Targets | None = None
        for role in ROLES:
            targets = targets or await make_targets(it, boss)
            person, own = await make_person(it, role, boss)
            client = await stack.enter_async_context(town.client(it.place, person, 0))
            if role in ("member", "muted") and command is not protocol.Join:
                await client.join(it.room)
            found[role] = await outcome(client, row.make(replace(targets, own=own)))
            if found[role] in DONE:  # they are used up; what was refused has changed nothing
                targets = None
        assert found == {role: row.outcomes.get(role, row.outcomes.get("*")) for role in ROLES}


@pytest.mark.parametrize("command", ROWS, ids=lambda one: one.__name__.lower())
async def test_what_is_absent_looks_like_what_is_forbidden_byte_by_byte(town: Town, command: type) -> None:
    row = ROWS[command]
    nothing = Targets(*[ABSENT] * 10)
    async with scene(town) as it, town.client(it.place, await it.place.person("moderator"), 0) as boss:
        targets = await make_targets(it, boss)
        for role in ROLES:
            knows = command in STAFF_COMMANDS and role in DESK  # the desk tells them what there is
            if knows or row.outcomes.get(role, row.outcomes.get("*")) not in SHUT:
                continue
            person, _ = await make_person(it, role, boss)
            answers = []
            async with raw(it.port) as one:
                await one.come_in(await it.token_of(person))
                for aimed in (targets, nothing, replace(targets, seq=ABSENT, own=ABSENT)):
                    made = msgspec.structs.replace(row.make(aimed), ref=7)
                    await one.send(frame(TEXT, msgspec.json.encode(made)))
                    answers.append(await one.next_text())
            assert len(set(answers)) == 1, (role, answers)


async def test_who_is_banned_is_thrown_out_and_comes_in_no_more(town: Town) -> None:
    async with scene(town) as it, town.client(it.place, it.hostile, 0) as one, raw(it.port) as again:
        await one.join(it.room)
        await it.place.ban(it.hostile)
        assert await one.closed() == 1008
        assert await again.status(request(upgrade(it.token))) == 401
