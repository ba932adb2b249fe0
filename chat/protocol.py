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
Epoch = Annotated[str, Meta(max_length=64)]
Mark = Literal["heart", "hug", "strength", "same", "thanks", "candle"]
MARKS: tuple[Mark, ...] = ("heart", "hug", "strength", "same", "thanks", "candle")
Level = Literal["imminent", "minors", "sexual", "hate", "spam", "other"]
LEVELS: tuple[Level, ...] = ("imminent", "minors", "sexual", "hate", "spam", "other")
"""What a case is about, the most harmful first: somebody in danger now, somebody under age, sexual words or grooming,
hate and threats, selling and floods, anything else."""
Choice = Literal["not_now", "from_here", "last", "all"]
"""What a member lets a third in their one-to-one read: nothing, what is said from now on, the last 10 messages too, or
everything."""


class Quiet(Struct, frozen=True):
    """A struct that may hold people's words: its repr tells its name and nothing else."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Command(Quiet, frozen=True, tag_field="t", tag=str.lower, kw_only=True):
    """What a client sends. `ref` comes back in the answer. Those of staff alone stand in `staff_commands`."""

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


class Consent(Command, frozen=True, kw_only=True):
    """In a one-to-one, whom it is for: answer an `ask` (the `ref` of its notice). No answer is a no."""

    ask: Id
    choice: Choice


class LetGo(Command, frozen=True, kw_only=True):
    """In a one-to-one, whom it is for: let the third leave. When this is answered nothing more comes to them."""

    room: Id


class Ping(Command, frozen=True, kw_only=True):
    """Are you there? Answered by `done`. Send one after 20 s of silence."""


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
    name what a moderator did. `left`: how many go on waiting in a lobby, because the room is full."""

    ref: int
    seq: int = 0
    case: int = 0
    act: int = 0
    left: int = 0


class Refused(Frame, frozen=True, kw_only=True):
    """The command was turned down; nothing happened (with `unavailable`, perhaps it did; with `held`, a
    say is kept). `retry_after`: seconds."""

    ref: int
    code: str
    retry_after: float | None = None


AnyFrame = Welcome | Joined | Expired | Entries | Gap | Signal | Done | Refused
