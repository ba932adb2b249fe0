"""What every hostile test has around it: one real `web` process, a room, and two people in it who go on talking.

After whatever was done, the bystanders hear each other, and the server's log holds no traceback.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chat import sessions
from chat.ids import PersonId, RoomId
from chat.protocol import Entry
from tests.client import Client
from tests.place import Place
from tests.town import Town, open_town
from tests.words import words


@dataclass(frozen=True)
class Scene:
    """A room with its bystanders, and somebody hostile who is in it too."""

    place: Place
    port: int
    room: RoomId
    hostile: PersonId
    token: str
    bystanders: tuple[Client, Client]

    async def token_of(self, person: PersonId, kind: sessions.Kind = "bearer") -> str:
        """Open a session."""
        async with self.place.store.transaction() as tx:
            return await sessions.open(tx, person, kind)


@contextmanager
def open_server(folder: Path) -> Iterator[Town]:
    """Run one `web` process on SQLite."""
    with open_town(f"sqlite:///{folder / 'hearthside.db'}", folder, None, 1) as town:
        yield town


@asynccontextmanager
async def scene(town: Town) -> AsyncIterator[Scene]:
    """Set the scene, and look at the end whether anybody else was harmed."""
    async with town.place() as place:
        a, b, hostile = [await place.person() for _ in range(3)]
        room = await place.room(a, b, hostile)
        async with town.client(place, a, 0) as one, town.client(place, b, 0) as two:
            await one.join(room)
            await two.join(room)
            async with place.store.transaction() as tx:
                token = await sessions.open(tx, hostile, "bearer")
            yield Scene(place, town.ports[0], room, hostile, token, (one, two))
            text = words("still here")
            assert isinstance(await one.say(room, text), Entry)
            await two.until(lambda: text in two.texts(room))
    said = town.webs[0].said()
    assert town.webs[0].is_alive
    assert "Traceback" not in said and " failed" not in said, town.webs[0].log
