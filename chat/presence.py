"""Presence: who is connected, as far as is known. A signal: it may be late, and it is never counted on.

Every process says again and again who is connected to it; what it said of a room stands for PRESENCE_S. So a process
that was killed takes its people with it within six seconds, and a lost message repairs itself.
"""

import time
from collections.abc import Callable, Iterable, Iterator

from chat.bus import Going, Here

PRESENCE_S = 5.0
"""How long a process's word about a room stands; it is said again every two seconds."""
ROOMS_A_MESSAGE = 300
"""A datagram holds about so many rooms of fifteen people."""


class Presence:
    """People by room: here, and as other processes told."""

    def __init__(self, process: int, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self.process = process
        self._monotonic_s = monotonic_s
        self._here: dict[int, dict[int, int]] = {}
        self._there: dict[int, dict[int, tuple[float, list[int]]]] = {}
        self._heard: dict[int, float] = {}

    def enter(self, room: int, person: int) -> None:
        """One connection of the person follows the room."""
        people = self._here.setdefault(room, {})
        people[person] = people.get(person, 0) + 1

    def leave(self, room: int, person: int) -> None:
        """One connection of the person follows it no more."""
        people = self._here.get(room, {})
        if people.get(person, 0) > 1:
            people[person] -= 1
        else:
            people.pop(person, None)
            if not people:
                self._here.pop(room, None)

    def people(self, room: int) -> set[int]:
        """Who is connected to the room, anywhere."""
        found = set(self._here.get(room, ()))
        for rooms in self._there.values():
            found.update(rooms.get(room, _NOBODY)[1])
        return found

    def everybody(self) -> set[int]:
        """Who is connected to any room, anywhere."""
        found = {person for people in self._here.values() for person in people}
        for rooms in self._there.values():
            found.update(person for _, people in rooms.values() for person in people)
        return found

    def news(self, rooms: Iterable[int]) -> Here:
        """What to tell the others about these rooms."""
        return Here(self.process, {room: list(self._here.get(room, ())) for room in rooms})

    def all(self) -> Iterator[Here]:
        """Everything, in messages that fit; while no other process is heard of, only a sign of life.

        A room is looked at when its message is asked for, so who sends them may pause in between.
        """
        rooms = list(self._here) if self._heard else []
        for start in range(0, max(len(rooms), 1), ROOMS_A_MESSAGE):
            part = rooms[start : start + ROOMS_A_MESSAGE]
            yield self.news(part)

    def heard(self, message: Here | Going) -> set[int]:
        """Take another process's word; return the rooms whose people have changed."""
        if message.process == self.process:
            return set()
        if isinstance(message, Going):
            return self._forget(message.process)
        now, known = self._monotonic_s(), self._there.setdefault(message.process, {})
        self._heard[message.process] = now
        changed = {room for room, people in message.rooms.items() if known.get(room, _NOBODY)[1] != people}
        for room, people in message.rooms.items():
            if people:
                known[room] = (now, people)
            else:
                known.pop(room, None)
        return changed

    def expire(self) -> set[int]:
        """Forget what has not been said again for PRESENCE_S, because its process died or a message was lost; return
        the rooms whose people have changed."""
        before = self._monotonic_s() - PRESENCE_S
        changed: set[int] = set()
        self._heard = {process: at for process, at in self._heard.items() if at >= before}
        for process, known in list(self._there.items()):
            old = [room for room, (at, _) in known.items() if at < before]
            changed.update(old)
            for room in old:
                del known[room]
            if not known:
                del self._there[process]
        return changed

    def _forget(self, process: int) -> set[int]:
        self._heard.pop(process, None)
        return set(self._there.pop(process, {}))


_NOBODY: tuple[float, list[int]] = (0.0, [])
