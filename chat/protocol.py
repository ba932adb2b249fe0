"""Wire protocol, version 1: every frame a client may send and every frame it may get.

A client opens `/socket` with the WebSocket subprotocol `hearthside.1`, authenticated by a member's cookie (then Origin
must be one of ours, exactly) or, for programs, by `Authorization: Bearer` (then cookies are ignored,
and commands of moderators are refused). Every message is
one JSON object in one text frame of at most 16 KiB, told apart by its `t`. Ids and seqs are integers up to 2**53-1.

The first frame from the server is `welcome`. After `join`, the entries of a room come in `entries` frames, live and
catch-up alike, in order, and the only entry ever sent is the one after the last: a client that sees a jump without a
`gap` frame has missed something, must not advance, and joins again with its last seq.

Every command carries a `ref` of the client's choosing, and is answered by exactly one of `done`, `refused`, `joined` or
`expired` with that ref; except that an accepted `say` is answered by its own entry (known by `say_id`), which is sent
only after it is kept for good. A say that was sent before is answered by `done` with its seq. Where what is said waits
for a moderator it is refused with `held`: it is kept all the same, and nobody else sees it yet. Sending it again gets
the same answer; once it was let through its entry comes, with the same `say_id`.

Close codes: 1002 a frame breaks RFC 6455 · 1007 a message is not JSON text of this protocol · 1008 signed out, or not
welcome: do not come back with this session · 1009 a message over 16 KiB · 1012 the server restarts: come back after a
pause of 0.5-5 s with jitter · 1013 too many connections, or too far behind: come back later, after at least 5 s.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

SUBPROTOCOL = "hearthside.1"
FRAME_BYTES = 16 * 1024
TEXT_CHARACTERS = 4000
CATCH_UP_ENTRIES = 500
"""At most so many entries are sent over the socket to who comes back; what lies before is a `gap`, paged over HTTP."""
PAGE_ENTRIES = 200
"""At most so many entries in one page of GET /rooms/{id}/entries."""

Ref = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Id = Annotated[int, Meta(ge=1, le=2**53 - 1)]
SeqIn = Annotated[int, Meta(ge=1, le=2**53 - 1)]
After = Annotated[int, Meta(ge=0, le=2**53 - 1)]
SayId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,36}\Z")]
Text = Annotated[str, Meta(min_length=1, max_length=TEXT_CHARACTERS)]
Reason = Annotated[str, Meta(max_length=1000)]
Because = Annotated[str, Meta(pattern=r"\S", max_length=1000)]
Code = Annotated[str, Meta(pattern=r"^[a-z_]{1,32}\Z")]
Epoch = Annotated[str, Meta(max_length=64)]
Mark = Literal["heart", "hug", "strength", "same", "thanks", "candle"]
MARKS: tuple[Mark, ...] = ("heart", "hug", "strength", "same", "thanks", "candle")
Level = Literal["imminent", "minors", "sexual", "hate", "spam", "other"]
LEVELS: tuple[Level, ...] = ("imminent", "minors", "sexual", "hate", "spam", "other")
"""What a case is about, the most harmful first: somebody in danger now, somebody under age, sexual words or grooming,
hate and threats, selling and floods, anything else."""
Outcome = Literal["nothing", "talked", "removed", "muted", "escalated"]
Verdict = Literal["upheld", "overturned"]
Choice = Literal["not_now", "from_here", "last", "all"]
"""What a member lets a third in their one-to-one read: nothing, what is said from now on, the last 10 messages too, or
everything."""


class Quiet(Struct, frozen=True):
    """A struct that may hold people's words: its repr tells its name and nothing else."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Command(Quiet, frozen=True, tag_field="t", tag=str.lower, kw_only=True):
    """What a client sends. `ref` comes back in the answer."""

    ref: Ref = 0


class Join(Command, frozen=True, kw_only=True):
    """Follow a room you are a member of. `after`: the last seq you hold; without it the stream starts at the newest.
    `epoch`: from the `welcome` under which you learned that seq. Answered by `joined`, or by `expired`."""

    room: Id
    after: After | None = None
    epoch: Epoch | None = None


class Leave(Command, frozen=True, kw_only=True):
    """End your membership of a room. Nothing said later is shown to you. A muted person may leave."""

    room: Id


class Say(Command, frozen=True, kw_only=True):
    """Say something. `say_id` is made by you before the first try and names this say for ever: sending it again is
    harmless. `reply_to` is the seq of an entry in the same room."""

    room: Id
    say_id: SayId
    text: Text
    reply_to: SeqIn | None = None


class Edit(Command, frozen=True, kw_only=True):
    """Replace the words of your own entry `seq`. The words before are hidden at once and destroyed after 72 h.
    Where new words wait for a moderator it is refused with `looked_at_first`, and nothing is changed."""

    room: Id
    seq: SeqIn
    say_id: SayId
    text: Text


class TakeBack(Command, frozen=True, kw_only=True):
    """Take back what you said and what still waits for a moderator (`held`), or waited in vain: destroyed at once.
    Refused with `gone` when it was let through or declined meanwhile."""

    room: Id
    say_id: SayId


class Retract(Command, frozen=True, kw_only=True):
    """Take back your own entry `seq`: hidden at once, destroyed after 72 h. A muted person may retract."""

    room: Id
    seq: SeqIn


class React(Command, frozen=True, kw_only=True):
    """Put a mark on an entry, or take it off (`on` false). Repeating changes nothing."""

    room: Id
    seq: SeqIn
    mark: Mark
    on: bool = True


class Typing(Command, frozen=True, kw_only=True):
    """Tell the room that you are writing; at most one in 3 s is passed on. May be lost. Never answered by `done`."""

    room: Id


class Read(Command, frozen=True, kw_only=True):
    """You have read up to `seq`. Nobody else sees it; may be lost; never goes back."""

    room: Id
    seq: SeqIn


class Report(Command, frozen=True, kw_only=True):
    """Report an entry (`seq`) or a `person` you share the room with. `window`: how many entries before and after it
    you allow the moderators to read (0-20). `level`: what it is about. `shown`: from a one-to-one, its author may be
    shown which entry it is, if something is done about it. Answered by `done` with `case`. A muted person
    may report."""

    room: Id
    seq: SeqIn | None = None
    person: Id | None = None
    level: Level = "other"
    reason: Reason = ""
    window: Annotated[int, Meta(ge=0, le=20)] = 5
    shown: bool = False


class Call(Command, frozen=True, kw_only=True):
    """Peers, in a one-to-one, and leaders, in their room: "I need a second". A moderator is called; nothing that was
    said goes along. Answered by `done` with `case`: the same as long as that call is open."""

    room: Id
    level: Level = "other"


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
    """Moderators: let a `person` in from the lobby of a guarded room; without one, everybody: the guarding ends. What
    it has hidden stays hidden; `undo` shows it again."""

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


class Consent(Command, frozen=True, kw_only=True):
    """In a one-to-one, whom it is for: answer an `ask` (the `ref` of its notice). No answer is a no."""

    ask: Id
    choice: Choice


class LetGo(Command, frozen=True, kw_only=True):
    """In a one-to-one, whom it is for: let the third leave. When this is answered nothing more comes to them."""

    room: Id


class Review(Command, frozen=True, kw_only=True):
    """Moderators: a case that had been escalated was looked at once more."""

    case: Id
    reason: Reason = ""


class Ping(Command, frozen=True, kw_only=True):
    """Are you there? Answered by `done`. Send one after 20 s of silence."""


AnyCommand = (
    Join
    | Leave
    | Say
    | Edit
    | TakeBack
    | Retract
    | React
    | Typing
    | Read
    | Report
    | Call
    | Warn
    | Mute
    | Remove
    | Clear
    | Expel
    | Ban
    | Confirm
    | Lock
    | Unlock
    | Slow
    | Hold
    | Unhold
    | LetThrough
    | Decline
    | Guard
    | LetIn
    | Undo
    | Claim
    | Close
    | Decide
    | Grade
    | Release
    | HandOver
    | Escalate
    | Acknowledge
    | AskIn
    | Consent
    | LetGo
    | Review
    | Ping
)


STAFF = (
    Warn, Mute, Remove, Clear, Expel, Ban, Confirm, Lock, Unlock, Slow, Hold, Unhold, LetThrough, Decline, Guard, LetIn,
    Undo, Claim, Close, Decide, Grade, Release, HandOver, Escalate, Acknowledge, AskIn, Review,
)  # fmt: skip
"""A bearer token never carries these: it lies in a program's files, where nobody types a passphrase."""


class Frame(Quiet, frozen=True, tag_field="t", tag=str.lower, omit_defaults=True, kw_only=True):
    """What the server sends."""


class You(Quiet, frozen=True):
    """Who this connection is."""

    person: int
    nickname: str
    inbox: int
    roles: tuple[str, ...]


class Limits(Struct, frozen=True):
    """What the server holds you to."""

    frame_bytes: int
    text_characters: int
    says: int
    says_s: int


class Welcome(Frame, frozen=True, kw_only=True):
    """The first frame. `epoch` names this database: when it has changed, what you hold may not be what is kept."""

    you: You
    epoch: str
    limits: Limits


class Member(Quiet, frozen=True, omit_defaults=True):
    """Somebody in a room. `part`: member, leader, seeker, peer, professional (a third in a one-to-one). `here`:
    connected now, as far as is known."""

    person: int
    nickname: str
    part: str
    here: bool = False


class Joined(Frame, frozen=True, kw_only=True):
    """You follow the room. `first`: the oldest seq kept that you may see. `last`: the newest. `read`: your mark."""

    ref: int
    room: int
    first: int
    last: int
    read: int = 0
    people: tuple[Member, ...] = ()


class Expired(Frame, frozen=True, kw_only=True):
    """You follow the room from `last` on, but what you hold does not connect: it is older than what is kept, or of
    another epoch, or beyond the end. Forget what you hold of this room and page it afresh over HTTP."""

    ref: int
    room: int
    first: int
    last: int
    epoch: str
    people: tuple[Member, ...] = ()


class Entry(Quiet, frozen=True, omit_defaults=True, kw_only=True):
    """One entry of a timeline.

    `kind`: said, edited, retracted, removed, restored (what was removed is shown again: page it), reacted, joined,
    left, warned, muted, cleared, expelled, banned, confirmed, locked, slowed, holding, let_through, declined,
    guarded, let_in, undone, notice, offered, opened, closed, reported, called, claimed, graded, released,
    handed_over, escalated, alerted, acknowledged, asked_in, answered, let_go, reviewed, on_duty, off_duty,
    signed_out, appealed, decided. `at`: milliseconds since 1970 UTC.
    `author` and `name`: who; no name once erased. `target`: the seq this is about. `ref`: another thing's id.
    `code`: a mark, a level, a notice. `text`: the words, if there are any to see. `edited`: the seq of the edit whose
    words are shown. `hidden`: the words are gone from view: `retracted`, `removed`, `edited` or `erased`. `marks`: who
    put which mark on it, in pages of history, as of now: reacted entries may be applied on top, in order, any number
    of times.
    """

    seq: int
    kind: str
    at: int
    author: int = 0
    name: str = ""
    say_id: str = ""
    target: int = 0
    ref: int = 0
    code: str = ""
    text: str = ""
    edited: int = 0
    hidden: str = ""
    marks: dict[str, tuple[int, ...]] = {}


class Entries(Frame, frozen=True, kw_only=True):
    """Entries of a room, in order, beginning with the one after the last you were sent."""

    room: int
    entries: tuple[Entry, ...]


class Gap(Frame, frozen=True, kw_only=True):
    """You missed more than is sent here. Page it: GET /rooms/{room}/entries?after={after}&before={before}&limit=200.
    The next entry you get is `before`."""

    room: int
    after: int
    before: int


class Signal(Frame, frozen=True, kw_only=True):
    """What may be lost. `kind` typing: `person` is writing. `kind` presence: `here` people are connected."""

    room: int
    kind: Literal["typing", "presence"]
    person: int = 0
    here: int = 0
    people: tuple[int, ...] = ()


class Done(Frame, frozen=True, kw_only=True):
    """The command was carried out and is kept for good. `act`: the number by which its notice, `undo` and an appeal
    name what a moderator did."""

    ref: int
    seq: int = 0
    case: int = 0
    act: int = 0


class Refused(Frame, frozen=True, kw_only=True):
    """The command was turned down; nothing happened (with `unavailable`, perhaps it did; with `held`, a
    say is kept). `retry_after`: seconds."""

    ref: int
    code: str
    retry_after: float | None = None


AnyFrame = Welcome | Joined | Expired | Entries | Gap | Signal | Done | Refused

decode_command = msgspec.json.Decoder(AnyCommand).decode
"""bytes or str -> a command. Raises msgspec.ValidationError (JSON, but no command), msgspec.DecodeError (not JSON),
UnicodeDecodeError or RecursionError: all of them can be had from a hostile frame."""

decode_frame = msgspec.json.Decoder(AnyFrame).decode
encode = msgspec.json.Encoder().encode


class _JustRef(Struct):
    ref: Ref = 0


def ref_of(message: bytes) -> int:
    """The ref of a message that is no command, so that its refusal can be told; 0 where there is none."""
    try:
        return msgspec.json.decode(message, type=_JustRef).ref
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0
