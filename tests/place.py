"""A small place to test in: a migrated database, its keys, and people with pseudonyms nobody else has."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from chat import house_rules, moderation, people, rooms, timeline
from chat.ids import ActId, PersonId, RoomId, Seq, new_id
from chat.keys import Keys
from chat.protocol import Entry
from chat.seal import Keyring
from chat.staff_commands import Ban
from chat.store import Store
from chat.tables import people as people_table
from chat.tables import rooms as rooms_table
from tests.migrated import bring_up

LETTERS = "bdfgkptvz"
WHY: dict[str, str] = {"rule": "kindness", "reason": "A reason."}
"""What every act is given: a house rule, and a reason for the audit."""


def nickname() -> str:
    """Return a pseudonym that is nobody's yet and looks like no other."""
    return "Zilpzalp " + "".join(secrets.choice(LETTERS) + secrets.choice("aeou") for _ in range(6))


@dataclass(frozen=True)
class Place:
    """The parts below the hub, real and empty."""

    store: Store
    keys: Keys
    folder: Path

    async def person(self, *roles: str) -> PersonId:
        """Make a person."""
        return await people.make(self.store, self.keys, nickname(), "en", roles=roles)

    async def room(self, *inside: PersonId, shown: int = 30, capacity: int = 15) -> RoomId:
        """Make a group room and let people in."""
        async with self.store.transaction() as tx:
            room = await rooms.make(tx, "group", name="Room", about="", language="en", shown=shown, capacity=capacity)
        for person in inside:
            async with self.store.transaction() as tx:
                await rooms.join(tx, room, person)
        return room

    async def one_to_one(self, seeker: PersonId, peer: PersonId) -> RoomId:
        """Open a one-to-one."""
        async with self.store.transaction() as tx:
            await tx.lock(people_table, [seeker, peer])
            return await rooms.open_one_to_one(tx, seeker, peer, new_id())

    async def ban(self, person: PersonId, by: PersonId | None = None) -> ActId:
        """Ban somebody for two weeks: by anybody, or by an organiser who is made for it."""
        command = Ban(person=person, days=14, rule="kindness", reason="A reason.")
        by = await self.person("organiser") if by is None else by
        return await moderation.act(self.store, self.keys, by, command)

    async def say(self, room: RoomId, person: PersonId, text: str, *, edits: Seq | None = None) -> Seq:
        """Append what a person says, or an edit of it, without asking whether they may."""
        key = await self.keys.get(person, "said")
        sealed = timeline.seal(key, room, person, secrets.token_hex(8), text)
        kind = "said" if edits is None else "edited"
        async with self.store.transaction() as tx:
            await tx.lock(rooms_table, [room])
            return await timeline.append(tx, room, kind, person, target=edits, sealed=sealed)

    async def say_all(self, room: RoomId, *said: tuple[PersonId, str]) -> list[Seq]:
        """Append what people say one after another, at once, without asking whether they may."""
        sealed = [
            (one, timeline.seal(await self.keys.get(one, "said"), room, one, secrets.token_hex(8), text))
            for one, text in said
        ]
        async with self.store.transaction() as tx:
            await tx.lock(rooms_table, [room])
            return [await timeline.append(tx, room, "said", one, sealed=words) for one, words in sealed]

    async def read(self, room: RoomId) -> list[Entry]:
        """Return everything in a room."""
        return await timeline.read(self.store, self.keys, room, limit=1000)

    async def inbox(self, person: PersonId) -> list[Entry]:
        """Return everything in a person's inbox."""
        async with self.store.reading() as tx:
            wanted = sa.select(people_table.c.inbox).where(people_table.c.id == person)
            return await self.read((await tx.execute(wanted)).scalar_one())

    async def desk(self) -> list[Entry]:
        """Return everything on the desk."""
        return await self.read(rooms.DESK)

    async def until_one_waits(self) -> None:
        """Wait until somebody waits for a lock, in PostgreSQL."""
        waiting = sa.text("select count(*) from pg_locks where not granted")
        async with asyncio.timeout(3):
            while True:
                async with self.store.reading() as tx:
                    if (await tx.execute(waiting)).scalar_one():
                        return
                await asyncio.sleep(0.01)

    async def rows(self, table: sa.Table, *where: "sa.ColumnElement[bool]") -> "list[sa.Row[tuple[object, ...]]]":
        """Return rows of a table, by their primary key."""
        async with self.store.reading() as tx:
            return list(await tx.execute(sa.select(table).where(*where).order_by(*table.primary_key)))


@asynccontextmanager
async def open_place(database_url: str, folder: Path, keys_of: type[Keys] = Keys) -> AsyncIterator[Place]:
    """Open a place on a database that is empty, or was one before. `keys_of`: a key store that looks on, say."""
    await bring_up(database_url)
    store = Store.open(database_url)
    keys = await keys_of.open(f"sqlite:///{folder / 'keys.db'}", Keyring.load(folder / "master.keys"))
    try:
        async with store.transaction() as tx:
            await rooms.seed(tx)
            await house_rules.seed(tx)
        yield Place(store, keys, folder)
    finally:
        await keys.close()
        await store.close()
