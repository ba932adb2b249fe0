"""python -m matcher signals as a process: it raises what it reads, another goes on when it is killed."""

import asyncio
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import sqlalchemy as sa

from chat.ids import RoomId, Seq
from chat.tables import cases
from matcher import watched
from matcher.tables import watched as watched_table
from tests import servers
from tests.circle import Circle, open_circle
from tests.words import words

CRY = "i want to kill myself tonight"
PATIENCE_S = 60.0


def signals(database_url: str, folder: Path) -> AbstractContextManager[servers.Child]:
    """Run a process for the time of the block."""
    env = {"HEARTHSIDE_DATABASE": database_url, "HEARTHSIDE_VAR": str(folder)}
    return servers.child("signals", sys.executable, "-m", "matcher", "signals", env=env)


async def raised(circle: Circle, many: int) -> set[tuple[RoomId, Seq]]:
    """Wait until there are so many cases; return whose entries they are about."""
    async with asyncio.timeout(PATIENCE_S):
        while len(rows := await circle.place.rows(cases)) < many:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return {(one.room, one.seq) for one in rows}


async def test_of_two_processes_one_is_killed_with_rooms_in_its_hands_and_the_other_raises_all(
    database_url: str, tmp_path: Path
) -> None:
    async with open_circle(database_url, tmp_path) as circle:
        place = circle.place
        rooms = [(await place.room(person), person) for person in [await place.person() for _ in range(4)]]
        said = {(room, await place.say(room, person, words(CRY))) for room, person in rooms}
        async with place.store.transaction() as tx:
            held = await watched.lease(tx, None, 1.0)  # as the killed one holds them
        assert len(held) == len(rooms)
        with signals(database_url, tmp_path) as one, signals(database_url, tmp_path) as other:
            await asyncio.to_thread(other.wait_until, lambda: "reading" in other.said(), PATIENCE_S)
            one.kill()
            assert await raised(circle, len(said)) == said
            later = [(room, await place.say(room, person, words("i will kill you"))) for room, person in rooms]
            assert await raised(circle, 2 * len(said)) == said | set(later)
            taken = Path(f"/proc/{other.pid}/maps").read_text(encoding="utf-8")
            assert "sqlite" in taken and "sklearn" not in taken, "what only the tools need costs every process 60 MB"
            assert await asyncio.to_thread(other.stop) == 0
        async with place.store.reading() as tx:
            assert (await tx.execute(sa.select(sa.func.min(watched_table.c.seq)))).scalar_one() == 3
            assert (await tx.execute(sa.select(sa.func.max(cases.c.times)))).scalar_one() == 1
        assert "zilpzalp" not in other.said()
