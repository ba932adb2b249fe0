"""A one-to-one from which the peer has called, and a professional who sees to its case: for tests about thirds."""

from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from chat import access, calls, cases, roster, thirds
from chat.ids import CaseId, PersonId, RoomId, Seq
from chat.protocol import Call, Choice, Consent, LetGo
from chat.staff_commands import AskIn, Claim
from chat.tables import entries
from chat.tables import thirds as asks
from tests.place import Place
from tests.test_escalations import acknowledge, escalate, on_duty
from tests.words import words

SAID = 14


@dataclass(frozen=True)
class Chat:
    """A one-to-one in which SAID messages were said, and a case about it in the hands of somebody else."""

    place: Place
    seeker: PersonId
    peer: PersonId
    third: PersonId
    room: RoomId
    said: list[Seq]
    case: CaseId

    async def ask(self, by: PersonId | None = None, case: CaseId | None = None) -> int:
        """Ask in, and return the number of the ask that stands."""
        command = AskIn(case=self.case if case is None else case, reason=words())
        await thirds.ask(self.place.store, self.place.keys, self.third if by is None else by, command)
        async with self.place.store.reading() as tx:
            found = await thirds.standing(tx, self.room)
        assert found is not None
        return found.id

    async def answer(self, asked: int, choice: Choice, by: PersonId | None = None) -> None:
        who = self.seeker if by is None else by
        await thirds.consent(self.place.store, self.place.keys, who, Consent(ask=asked, choice=choice))

    async def let_in(self, choice: Choice) -> None:
        await self.answer(await self.ask(), choice)

    async def let_go(self, by: PersonId | None = None) -> None:
        command = LetGo(room=self.room)
        await thirds.let_go(self.place.store, self.place.keys, self.seeker if by is None else by, command)

    async def range_of_third(self) -> "tuple[int, int | None] | None":
        async with self.place.store.reading() as tx:
            held = await access.memberships_of(tx, self.room, self.third)
        return (held[-1].from_seq, held[-1].to_seq) if held else None

    async def codes(self) -> list[str]:
        """What the room was told, beside what was said."""
        told = await self.place.read(self.room)
        return [f"{one.kind} {one.code}".strip() for one in told if one.kind != "said"]

    async def let_time_pass(self) -> None:
        async with self.place.store.transaction() as tx:
            earlier = {"asked_at": asks.c.asked_at - thirds.AGAIN_MS, "ended_at": asks.c.ended_at - thirds.AGAIN_MS}
            await tx.execute(sa.update(asks).values(earlier))
            await tx.execute(sa.update(entries).values(at=entries.c.at - thirds.AGAIN_MS))


async def chat(place: Place, *held: str, said: int = SAID) -> Chat:
    """Return a chat from which the peer has called, and whose case was escalated to a professional."""
    third = await on_duty(place, *(held or ("professional",)))
    seeker, peer = await place.person(), await place.person("peer")
    room = await place.one_to_one(seeker, peer)
    seqs = await place.say_all(room, *(((seeker, peer)[n % 2], words(f"number {n}")) for n in range(said)))
    case = await calls.call(place.store, place.keys, peer, Call(room=room))
    if "supervisor" in held:
        await cases.claim(place.store, place.keys, third, Claim(case=case))
    else:
        moderator = await place.person("moderator")
        await cases.claim(place.store, place.keys, moderator, Claim(case=case))
        await escalate(place, moderator, case)
        await acknowledge(place, third, case)
        async with place.store.transaction() as tx:
            await roster.end(tx, place.keys, third)  # the next one is asked about the next
    return Chat(place, seeker, peer, third, room, seqs, case)


class Stage(Protocol):
    """Somebody who acts, and a member."""

    place: Place
    me: PersonId
    person: PersonId


async def ask_in(on: Stage) -> AskIn:
    """Let a new peer of the member call and who acts claim it, and return how they ask to come in."""
    peer = await on.place.person("peer")
    room = await on.place.one_to_one(on.person, peer)
    case = await calls.call(on.place.store, on.place.keys, peer, Call(room=room))
    await cases.claim(on.place.store, on.place.keys, on.me, Claim(case=case))
    return AskIn(case=case, reason="A reason.")
