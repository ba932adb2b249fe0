"""The textbook: a chat server as tutorials show it. `python -m tests.bench.textbook PORT [DATABASE]`.

Starlette and uvicorn as they come (uvloop, httptools; compression is off because no client here asks for it, which
spares it half its cost). Rooms are sets in memory, there is no sign-in, no catching up and no rule. With a DATABASE
every message is kept before it is sent on, in a transaction of its own that is one INSERT: in SQLite with one hop to
the one thread that writes (WAL, synchronous=FULL), in PostgreSQL through asyncpg's pool as it comes (ten connections).
"""

import asyncio
import sqlite3
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

SQLITE = "create table if not exists messages (id integer primary key, room text, author text, text text, at real)"
POSTGRESQL = (
    "create table if not exists messages (id bigserial primary key, room text, author text, text text, at timestamptz)"
)
Keep = Callable[[str, str, str], Awaitable[object]]
rooms: defaultdict[str, set[WebSocket]] = defaultdict(set)


async def talk(socket: WebSocket) -> None:
    """One connection: in a room, and in an inbox of its own."""
    room, person = socket.path_params["room"], socket.path_params["person"]
    keep: Keep | None = socket.app.state.keep
    await socket.accept()
    mine = (rooms[room], rooms[f"inbox of {person}"])
    for one in mine:
        one.add(socket)
    try:
        async for text in socket.iter_text():
            if keep is not None:
                await keep(room, person, text)
            for member in list(rooms[room]):
                await member.send_text(text)
    finally:
        for one in mine:
            one.discard(socket)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open the database, if there is one."""
    url = sys.argv[2] if len(sys.argv) > 2 else ""
    app.state.keep = None
    if url.startswith("postgresql://"):
        async with asyncpg.create_pool(url) as pool:
            await pool.execute(POSTGRESQL)
            insert = "insert into messages (room, author, text, at) values ($1, $2, $3, now())"
            app.state.keep = lambda room, person, text: pool.execute(insert, room, person, text)
            yield
    elif url:
        with ThreadPoolExecutor(1) as writer:
            path = url.removeprefix("sqlite:///")
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                connection.execute(f"pragma {pragma}")
            connection.execute(SQLITE)
            insert = "insert into messages (room, author, text, at) values (?, ?, ?, julianday('now'))"
            loop = asyncio.get_running_loop()
            app.state.keep = lambda *row: loop.run_in_executor(writer, connection.execute, insert, row)
            yield
    else:
        yield


if __name__ == "__main__":
    made = Starlette(routes=[WebSocketRoute("/ws/{room}/{person}", talk)], lifespan=lifespan)
    uvicorn.run(made, port=int(sys.argv[1]), log_level="warning", backlog=4096)
