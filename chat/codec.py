"""Codec: every command there is, from bytes; and frames, to bytes and back.

`AnyCommand` is in the order of the page `/protocol`.
"""

import msgspec
from msgspec import Struct

from chat import protocol
from chat import staff_commands as staff

AnyCommand = (
    protocol.Join
    | protocol.Leave
    | protocol.Say
    | protocol.Edit
    | protocol.TakeBack
    | protocol.Retract
    | protocol.React
    | protocol.Typing
    | protocol.Read
    | protocol.Report
    | protocol.Call
    | staff.Warn
    | staff.Mute
    | staff.Remove
    | staff.Clear
    | staff.Expel
    | staff.Ban
    | staff.Confirm
    | staff.Lock
    | staff.Unlock
    | staff.Slow
    | staff.Hold
    | staff.Unhold
    | staff.LetThrough
    | staff.Decline
    | staff.Guard
    | staff.LetIn
    | staff.Undo
    | staff.Claim
    | staff.Close
    | staff.Decide
    | staff.Grade
    | staff.Release
    | staff.HandOver
    | staff.Escalate
    | staff.Acknowledge
    | staff.AskIn
    | protocol.Consent
    | protocol.LetGo
    | staff.Review
    | protocol.Ping
)

decode_command = msgspec.json.Decoder(AnyCommand).decode
"""bytes or str -> a command. Raises msgspec.ValidationError (JSON, but no command), msgspec.DecodeError (not JSON),
UnicodeDecodeError or RecursionError: all of them can be had from a hostile frame."""

decode_frame = msgspec.json.Decoder(protocol.AnyFrame).decode
encode = msgspec.json.Encoder().encode


class _JustRef(Struct):
    ref: protocol.Ref = 0


def ref_of(message: bytes) -> int:
    """The ref of a message that is no command, so that its refusal can be told; 0 where there is none."""
    try:
        return msgspec.json.decode(message, type=_JustRef).ref
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0
