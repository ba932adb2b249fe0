"""Floods: too much from one person, the same over and over, and many who come in at once. No word is read for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from chat.ids import Millis, PersonId
from matcher.hits import Hit

FLOOD, FLOOD_MS = 12, 30_000
"""So many in so long by one person in one room: a chat at its liveliest has some six."""
REPEATS, REPEAT_MS = 4, 600_000
JOINING, JOINING_MS = 8, 60_000
"""A room of fifteen that fills half in a minute fills from one place."""


@dataclass(frozen=True, slots=True)
class Trace:
    """An entry without its words. `mac`: equal for equal texts of one person (see `entries.mac`)."""

    kind: str
    author: PersonId | None
    at: Millis
    mac: bytes | None


def floods(now: Trace, before: Sequence[Trace]) -> list[Hit]:
    """Return what an entry makes of those before it in its room."""
    if now.kind == "joined":
        coming = [one for one in before if one.kind == "joined" and now.at - one.at < JOINING_MS]
        return [Hit("joining")] if len({one.author for one in (*coming, now)}) >= JOINING else []
    if now.kind != "said":
        return []
    own = [one for one in before if one.kind == "said" and one.author == now.author]
    hits = []
    if sum(now.at - one.at < FLOOD_MS for one in own) + 1 >= FLOOD:
        hits.append(Hit("flood"))
    if sum(now.at - one.at < REPEAT_MS and one.mac == now.mac for one in own if one.mac) + 1 >= REPEATS:
        hits.append(Hit("repeat"))
    return hits
