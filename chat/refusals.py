"""A refusal: a command understood and turned down.

Each class has one stable `code`, which is told to the client; its wording is the page's business. Missing and forbidden
are one refusal (`NotAMember`), so who is not in a room learns nothing about it. Anything else raised is a bug.

    Refusal
    ├── Malformed         the frame is JSON but no command, or a field is out of its bounds
    ├── NotAMember        no such room, entry, case or person for you
    ├── NotAllowed        you are in, but your role may not do this
    ├── Muted             a moderator has muted you, here or everywhere
    ├── Banned            the account is closed for a while, or for good; told only to who has proven whose it is
    ├── Expelled          a moderator has sent you out of this room; carries retry_after, where it ends
    ├── RoomClosed        the room takes no more words
    ├── RoomLocked        the room takes no words for now
    ├── RoomFull          the room has as many members as it holds
    ├── TooFast           a limit was reached; carries retry_after
    ├── Held              it is kept, and waits for a moderator: nobody else sees it yet
    ├── LookedAtFirst     new words wait for a moderator here, and an edit cannot: nothing was changed
    ├── StillWaits        something in this case waits to be decided first
    ├── Slow              the room is slow just now: it is not your turn yet; carries retry_after
    ├── SayIdConflict     this say_id was used for another text or another room
    ├── NotJoined         join the room on this connection before you speak in it
    ├── Gone              too late: another was first, or it has ended
    ├── NotWords          a text with nothing to read in it, or with signs that hide or break others' words
    ├── TooLong           a text is longer than is kept
    ├── NicknameTaken     somebody has this name, or one that looks like it, or it is a word of office
    ├── NobodyRuleMissing no room opens before it is said what holds while nobody is on duty
    ├── SignedOut         no session, or it has ended
    └── Unavailable       the database did not answer in time, perhaps after keeping it; carries retry_after
"""


class Refusal(Exception):
    """A command turned down.

    Attributes:
        code: stable, lower-case, told to the client.
        retry_after: seconds after which the same command may pass, or None.
    """

    code = "refused"

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__(self.code)
        self.retry_after = retry_after


class Malformed(Refusal):
    code = "malformed"


class NotAMember(Refusal):
    code = "not_a_member"


class NotAllowed(Refusal):
    code = "not_allowed"


class Muted(Refusal):
    code = "muted"


class Banned(Refusal):
    """Attributes:
    person: whose account it is.
    """

    code = "banned"

    def __init__(self, person: int = 0) -> None:
        super().__init__()
        self.person = person


class Expelled(Refusal):
    code = "expelled"


class RoomLocked(Refusal):
    code = "room_locked"


class RoomClosed(Refusal):
    code = "room_closed"


class RoomFull(Refusal):
    code = "room_full"


class TooFast(Refusal):
    code = "too_fast"


class Slow(Refusal):
    code = "slow"


class Held(Refusal):
    code = "held"


class LookedAtFirst(Refusal):
    code = "looked_at_first"


class StillWaits(Refusal):
    code = "still_waits"


class SayIdConflict(Refusal):
    code = "say_id_conflict"


class NotJoined(Refusal):
    code = "not_joined"


class Gone(Refusal):
    code = "gone"


class NotWords(Refusal):
    code = "not_words"


class TooLong(Refusal):
    code = "too_long"


class NicknameTaken(Refusal):
    code = "nickname_taken"


class NobodyRuleMissing(Refusal):
    code = "nobody_rule_missing"


class SignedOut(Refusal):
    code = "signed_out"


class Unavailable(Refusal):
    code = "unavailable"


def without_words(error: Exception) -> BaseException:
    """Return a bug's traceback for the log, without the exception's text: it may quote what somebody wrote."""
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)
