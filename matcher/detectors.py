"""Detectors: which of them look at what. One room's new entries in, findings out; nothing is remembered between."""

from collections.abc import Sequence
from dataclasses import dataclass

from chat.ids import PersonId, RoomId, Seq
from chat.raising import Found
from matcher.advances import advances, themes
from matcher.contacts import contacts
from matcher.crisis import crisis
from matcher.floods import Trace, floods
from matcher.hate import slurs, threats
from matcher.hits import LEVELS, Hit, opening
from matcher.own_signals import OwnSignal

LOOK_BACK = 40
"""So many entries before a new one are looked at with it."""


@dataclass(frozen=True, slots=True, repr=False)
class Heard:
    """An entry as a detector gets it. `text` is empty where the words are destroyed, or there were none."""

    seq: Seq
    trace: Trace
    text: str

    @property
    def author(self) -> PersonId | None:
        return self.trace.author


def of_text(text: str, *, one_to_one: bool) -> list[Hit]:
    """Return what one text has by itself."""
    hits = [*crisis(text), *slurs(text), *threats(text)]
    return hits + contacts(text) if one_to_one else hits


def findings_held(room: RoomId, which: int, author: PersonId, text: str, own: Sequence[OwnSignal] = ()) -> list[Found]:
    """Return what one text comes to that waits in a group room: by itself, for nothing that waits has a course.

    Args:
        which: the number under which it waits.
        own: as in `findings`.
    """
    codes = opening(of_text(text, one_to_one=False))
    found = [Found(room, None, author, code, LEVELS[code], which) for code in codes]
    return found + [Found(room, None, author, one.code, one.level, which) for one in own if one.is_in(text)]


def findings(
    room: RoomId, kind: str, before: Sequence[Heard], new: Sequence[Heard], own: Sequence[OwnSignal] = ()
) -> list[Found]:
    """Return what the new entries of a room come to, in their order.

    Args:
        kind: the room's.
        before: up to LOOK_BACK entries before them, in order.
        own: the organisation's own signals that are switched on.
    """
    one_to_one, every, found = kind == "one_to_one", [*before, *new], []
    for n, heard in enumerate(new, len(before)):
        earlier = every[max(0, n - LOOK_BACK) : n]
        hits = of_text(heard.text, one_to_one=one_to_one) if heard.text else []
        hits += floods(heard.trace, [one.trace for one in earlier])
        if one_to_one and heard.text and (now := themes(heard.text)):
            hits += advances(now, [themes(one.text) for one in earlier if one.author == heard.author])
        for code in opening(hits):
            subject = None if code == "joining" else heard.author
            found.append(Found(room, heard.seq, subject, code, LEVELS[code]))
        if heard.text:
            found += [Found(room, heard.seq, heard.author, one.code, one.level) for one in own if one.is_in(heard.text)]
    return found
