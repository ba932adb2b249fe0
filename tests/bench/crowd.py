"""A crowd: people with keys, inboxes, sessions and rooms, written straight into the tables.

Made by hand it would take minutes: what is under test is how they talk, not how they came.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from chat import rooms as rooms_module
from chat.ids import new_id
from chat.keys import Keys, _bound, data_keys
from chat.migrate import migrate
from chat.seal import KEY_BYTES, Keyring, token_hash
from chat.store import Store
from chat.tables import memberships, people, rooms, sessions

DAY_MS = 86_400_000
AT_ONCE = 2000


@dataclass(frozen=True)
class One:
    """Somebody: their bearer token, their room and their inbox."""

    token: str
    person: int
    room: int
    inbox: int


async def gather(url: str, folder: Path, sizes: list[int]) -> list[One]:
    """Bring an empty database up to date and fill it: one group room a size, with so many members. Room by room."""
    await migrate(url, "chat")
    store = Store.open(url)
    keyring = Keyring.load(folder / "master.keys")
    keys = await Keys.open(f"sqlite:///{folder / 'keys.db'}", keyring)
    await keys.close()
    async with store.transaction() as tx:
        await rooms_module.seed(tx)
        now = await tx.now()
    crowd, tables = [], (people, rooms, memberships, sessions)
    rows: dict[sa.Table, list[dict[str, object]]] = {table: [] for table in (*tables, data_keys)}
    for size in sizes:
        room = new_id()
        made = {"kind": "group", "state": "open", "name": "Room", "language": "en", "capacity": 100_000}
        rows[rooms].append({"id": room, "created_at": now} | made)
        for _ in range(size):
            one = One(secrets.token_urlsafe(24), new_id(), room, new_id())
            crowd.append(one)
            name = f"Quiet Heron {len(crowd)}"
            person = {"id": one.person, "state": "active", "nickname": name, "skeleton": name, "inbox": one.inbox}
            rows[people].append(person | {"language": "en", "created_at": now})
            rows[rooms].append({"id": one.inbox, "created_at": now} | made | {"kind": "inbox", "capacity": 1})
            for inside in (room, one.inbox):
                member = {"room": inside, "person": one.person, "from_seq": 1, "part": "member", "since_at": now}
                rows[memberships].append(member)
            session = {"hash": token_hash(one.token), "id": new_id(), "person": one.person, "kind": "bearer"}
            rows[sessions].append(session | {"created_at": now, "seen_at": now, "expires_at": now + 90 * DAY_MS})
            for purpose in ("said", "own"):
                master, wrapped = keyring.wrap(secrets.token_bytes(KEY_BYTES), _bound(one.person, purpose))
                key: dict[str, object] = {"owner": one.person, "purpose": purpose, "master": master}
                rows[data_keys].append(key | {"wrapped": wrapped})
    async with store.transaction() as tx:
        for table in tables:
            for start in range(0, len(rows[table]), AT_ONCE):
                await tx.execute(table.insert(), rows[table][start : start + AT_ONCE])
    await store.close()
    engine = create_async_engine(f"sqlite+aiosqlite:///{folder / 'keys.db'}")
    async with engine.begin() as connection:
        await connection.execute(data_keys.insert(), rows[data_keys])
    await engine.dispose()
    return crowd
