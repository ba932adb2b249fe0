"""Staff's commands: what moderators, and whoever else sees to cases, send beside what everybody may (`protocol`).

Who may send which is asked of the database when it is carried out. An act names the house rule it goes by, the reason,
and the case it came of, if there is one.
"""

from typing import Annotated, Literal

from msgspec import Meta

from chat.protocol import Command, Id, Level, Reason, SeqIn

Because = Annotated[str, Meta(pattern=r"\S", max_length=1000)]
Code = Annotated[str, Meta(pattern=r"^[a-z_]{1,32}\Z")]
Outcome = Literal["nothing", "talked", "removed", "muted", "escalated"]
Verdict = Literal["upheld", "overturned"]


class Warn(Command, frozen=True, kw_only=True):
    """Moderators: tell a person which rule they broke. Answered by `done` with `act`, as every act of moderators."""

    person: Id
    rule: Code
    reason: Because
    case: Id | None = None


class Mute(Command, frozen=True, kw_only=True):
    """Moderators: mute a person for some minutes; without `room` everywhere but in one-to-ones. When this is answered
    nothing of theirs is accepted any more, on any process."""

    person: Id
    room: Id | None = None
    minutes: Annotated[int, Meta(ge=1, le=60 * 24 * 366)]
    rule: Code
    reason: Because
    case: Id | None = None


class Remove(Command, frozen=True, kw_only=True):
    """Moderators: hide somebody's entry at once; its words are destroyed after 72 h unless a case froze them."""

    room: Id
    seq: SeqIn
    rule: Code
    reason: Because
    case: Id | None = None


class Clear(Command, frozen=True, kw_only=True):
    """Moderators: remove all that a person said in a room in the last `minutes`."""

    person: Id
    room: Id
    minutes: Annotated[int, Meta(ge=1, le=60)]
    rule: Code
    reason: Because
    case: Id | None = None


class Expel(Command, frozen=True, kw_only=True):
    """Moderators: send a person out of a group room. They may come back after `minutes`, or, without, not at all."""

    person: Id
    room: Id
    minutes: Annotated[int, Meta(ge=1, le=60 * 24 * 366)] | None = None
    rule: Code
    reason: Because
    case: Id | None = None


class Ban(Command, frozen=True, kw_only=True):
    """Moderators: close a person's account for some days. Without `days` for good: that holds for 24 h, and on from
    there only when another one of you has confirmed it by then."""

    person: Id
    days: Literal[14, 30] | None = None
    rule: Code
    reason: Because
    case: Id | None = None


class Confirm(Command, frozen=True, kw_only=True):
    """Moderators: say yes to another's ban for good. Refused with `gone` when it waits for nobody any more."""

    act: Id
    reason: Because


class Lock(Command, frozen=True, kw_only=True):
    """Moderators: let nobody speak in a group room or come into it."""

    room: Id
    rule: Code
    reason: Because
    case: Id | None = None


class Unlock(Command, frozen=True, kw_only=True):
    """Moderators: open a locked room again."""

    room: Id
    reason: Reason = ""


class Slow(Command, frozen=True, kw_only=True):
    """Moderators: let `seconds` lie between two says of one person in a group room; 0: none. Who is too early is
    refused with `slow` and `retry_after`."""

    room: Id
    seconds: Annotated[int, Meta(ge=0, le=3600)]
    rule: Code
    reason: Because
    case: Id | None = None


class Hold(Command, frozen=True, kw_only=True):
    """Moderators: let what is said in a group room wait until one of you has looked at it; with `hours`, as
    22:00-07:00 by the organisation's clock, every night. Until it is undone. Who leads the room or answers for it
    speaks as ever. When this is answered nothing of anybody else is accepted any more, on any process."""

    room: Id
    hours: Annotated[str, Meta(pattern=r"^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}\Z")] | None = None
    rule: Code
    reason: Because
    case: Id | None = None


class Unhold(Command, frozen=True, kw_only=True):
    """Moderators: hold no more in a room, by day and by night. What waits stays to be decided."""

    room: Id
    reason: Reason = ""


class LetThrough(Command, frozen=True, kw_only=True):
    """Moderators: let through what was `held`: it is an entry of its author from now on. Refused as its author would
    be, who may be muted or have left (`muted`, `not_a_member`, `room_closed`, `room_locked`); `gone`: it waits
    no more."""

    held: Id


class Decline(Command, frozen=True, kw_only=True):
    """Moderators: decline what was `held`. Its author is told why; its words are destroyed after 72 h."""

    held: Id
    rule: Code
    reason: Because
    case: Id | None = None


class Guard(Command, frozen=True, kw_only=True):
    """Moderators: guard a group room against a raid, for an hour. Whoever was first in it less than `minutes` ago, or
    never, or has an account of less than a day, waits in its lobby, unless they hold a role; what they said in the last
    `minutes` is hidden."""

    room: Id
    minutes: Annotated[int, Meta(ge=1, le=60 * 24)] = 30
    rule: Code
    reason: Because
    case: Id | None = None


class LetIn(Command, frozen=True, kw_only=True):
    """Moderators: let a `person` in from the lobby of a guarded room; without one, everybody for whom there is a seat,
    longest first, and the guarding ends when that is all of them (see `done.left`). What it has hidden stays hidden;
    `undo` shows it again. Refused with `room_full` when there is no seat for the person."""

    room: Id
    person: Id | None = None
    reason: Reason = ""


class Undo(Command, frozen=True, kw_only=True):
    """Moderators: undo an act. Words that were removed are shown again, as long as they are kept (72 h)."""

    act: Id
    reason: Reason = ""


class Claim(Command, frozen=True, kw_only=True):
    """Moderators: take a case. One wins; the others are refused with `gone`."""

    case: Id


class Close(Command, frozen=True, kw_only=True):
    """Moderators: close a case you hold. Its evidence dies with it. `still_waits`: what was said waits in it."""

    case: Id
    outcome: Outcome
    reason: Reason = ""


class Decide(Command, frozen=True, kw_only=True):
    """Moderators, supervisors and organisers: decide an appeal you hold, against an act that is not yours. `overturned`
    undoes the act, if it still stands."""

    case: Id
    outcome: Verdict
    reason: Because


class Grade(Command, frozen=True, kw_only=True):
    """Moderators: say what a case is about, after a look at it; the queue is in the order of the levels."""

    case: Id
    level: Level


class Release(Command, frozen=True, kw_only=True):
    """Moderators: hand a case you hold back to the queue."""

    case: Id


class HandOver(Command, frozen=True, kw_only=True):
    """Whoever holds cases: hand all of them over, to a colleague (`to`) or to the queue. What is about the colleague,
    or was reported by them, goes to the queue."""

    to: Id | None = None


class Escalate(Command, frozen=True, kw_only=True):
    """Moderators: ask whoever is next in line (a supervisor, a professional, an organiser) about a case you hold. When
    this is answered it is kept: one after another is asked until somebody acknowledges."""

    case: Id
    level: Level
    reason: Reason


class Acknowledge(Command, frozen=True, kw_only=True):
    """Whoever is asked, or of a role later in the line: you see to this case; it is yours."""

    case: Id


class AskIn(Command, frozen=True, kw_only=True):
    """Professionals and supervisors: ask to come into the one-to-one that a case is about. It must be in your hands, by
    a call or because you acknowledged it. The member decides (`consent`); until then nothing is shown to you."""

    case: Id
    reason: Because


class Review(Command, frozen=True, kw_only=True):
    """Moderators: a case that had been escalated was looked at once more."""

    case: Id
    reason: Reason = ""


STAFF = (
    Warn, Mute, Remove, Clear, Expel, Ban, Confirm, Lock, Unlock, Slow, Hold, Unhold, LetThrough, Decline, Guard, LetIn,
    Undo, Claim, Close, Decide, Grade, Release, HandOver, Escalate, Acknowledge, AskIn, Review,
)  # fmt: skip
"""A bearer token never carries these: it lies in a program's files, where nobody types a passphrase."""
