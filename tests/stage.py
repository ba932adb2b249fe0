"""A stage on which staff act: whom they act on, and one command of each kind that is carried out there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chat import appeals, cases, codec, escalations, moderation, raids, roster, tables
from chat import staff_commands as staff
from chat.ids import ActId, CaseId, PersonId, RoomId, Seq
from chat.journal import Journal
from chat.protocol import Report
from chat.staff_commands import Ban, Claim, Close, Escalate, Lock, Mute
from tests.place import WHY, Place
from tests.test_held import waits_in
from tests.three import ask_in
from tests.words import words

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

    async def held(self) -> int:
        """Return what somebody said in a room that holds."""
        await waits_in(self.place, self.person, self.colleague)
        [row] = await self.place.rows(tables.held)
        return int(row.id)

    async def act(self, command: Mute | Lock | Ban | staff.Hold) -> int:
        """Let a colleague act."""
        return await moderation.act(self.place.store, self.place.keys, self.colleague, command)


async def stage(place: Place) -> Stage:
    me, colleague = await place.person("moderator", "supervisor"), await place.person("moderator")
    person, reporter = await place.person(), await place.person()
    room = await place.room(person, reporter)
    seq = await place.say(room, person, words())
    case = await cases.report(place.store, place.keys, reporter, Report(room=room, seq=seq, reason=words()))
    return Stage(place, me, colleague, person, room, seq, case)


async def warn(on: Stage) -> staff.Warn:
    return staff.Warn(person=on.person, **WHY)


async def mute(on: Stage) -> Mute:
    return Mute(person=on.person, minutes=1, **WHY)


async def remove(on: Stage) -> staff.Remove:
    return staff.Remove(room=on.room, seq=on.seq, **WHY)


async def clear(on: Stage) -> staff.Clear:
    return staff.Clear(person=on.person, room=on.room, minutes=5, **WHY)


async def expel(on: Stage) -> staff.Expel:
    return staff.Expel(person=on.person, room=on.room, **WHY)


async def ban(on: Stage) -> Ban:
    return Ban(person=on.person, days=14, **WHY)


async def confirm(on: Stage) -> staff.Confirm:
    return staff.Confirm(act=await on.act(Ban(person=on.person, **WHY)), reason="A reason.")


async def lock(on: Stage) -> Lock:
    return Lock(room=on.room, **WHY)


async def unlock(on: Stage) -> staff.Unlock:
    await on.act(Lock(room=on.room, **WHY))
    return staff.Unlock(room=on.room)


async def slow(on: Stage) -> staff.Slow:
    return staff.Slow(room=on.room, seconds=30, **WHY)


async def hold(on: Stage) -> staff.Hold:
    return staff.Hold(room=on.room, **WHY)


async def unhold(on: Stage) -> staff.Unhold:
    await on.act(staff.Hold(room=on.room, **WHY))
    return staff.Unhold(room=on.room)


async def let_through(on: Stage) -> staff.LetThrough:
    return staff.LetThrough(held=await on.held())


async def decline(on: Stage) -> staff.Decline:
    return staff.Decline(held=await on.held(), **WHY)


async def guard(on: Stage) -> staff.Guard:
    return staff.Guard(room=on.room, **WHY)


async def let_in(on: Stage) -> staff.LetIn:
    command = staff.Guard(room=on.room, **WHY)
    await raids.guard(on.place.store, on.place.keys, on.colleague, command)
    return staff.LetIn(room=on.room, person=on.person)


async def undo(on: Stage) -> staff.Undo:
    return staff.Undo(act=await on.act(Mute(person=on.person, minutes=1, **WHY)), reason="A reason.")


async def claim(on: Stage) -> Claim:
    return Claim(case=on.case)


async def close(on: Stage) -> Close:
    return Close(case=await on.mine(), outcome="nothing")


async def decide(on: Stage) -> staff.Decide:
    act = ActId(await on.act(Mute(person=on.person, minutes=1, **WHY)))
    appeal = await appeals.appeal(on.place.store, on.place.keys, on.person, act, words())
    await cases.claim(on.place.store, on.place.keys, on.me, Claim(case=appeal))
    return staff.Decide(case=appeal, outcome="upheld", reason="A reason.")


async def grade(on: Stage) -> staff.Grade:
    return staff.Grade(case=on.case, level="imminent")


async def release(on: Stage) -> staff.Release:
    return staff.Release(case=await on.mine())


async def hand_over(on: Stage) -> staff.HandOver:
    await on.mine()
    return staff.HandOver(to=on.colleague)


async def escalate(on: Stage) -> Escalate:
    return Escalate(case=await on.mine(), level="imminent", reason="A reason.")


async def acknowledge(on: Stage) -> staff.Acknowledge:
    return staff.Acknowledge(case=await on.escalated())


async def review(on: Stage) -> staff.Review:
    return staff.Review(case=await on.closed(), reason="A note.")


TRIED: dict[type, Callable[[Stage], Awaitable[codec.AnyCommand]]] = {
    staff.Warn: warn, staff.Mute: mute, staff.Remove: remove, staff.Clear: clear, staff.Expel: expel,
    staff.Ban: ban, staff.Confirm: confirm, staff.Lock: lock, staff.Unlock: unlock, staff.Slow: slow,
    staff.Hold: hold, staff.Unhold: unhold, staff.LetThrough: let_through, staff.Decline: decline,
    staff.Guard: guard, staff.LetIn: let_in, staff.Undo: undo,
    staff.Claim: claim, staff.Close: close, staff.Grade: grade, staff.Decide: decide,
    staff.Release: release, staff.HandOver: hand_over, staff.Escalate: escalate,
    staff.Acknowledge: acknowledge, staff.AskIn: ask_in, staff.Review: review,
}  # fmt: skip
