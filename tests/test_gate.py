"""The gate: of all who write to one SQLite file one does at a time, and processes take turns."""

import asyncio
import fcntl
import itertools
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chat.gate import Gate
from tests.servers import ROOT

PATIENCE_S = 20
WORK_S = 0.002
TURNS = 150
STARVED = 20
"""Turns in a row that the other did not get: on a busy machine it does not ask for each; it never waits for seconds."""


@asynccontextmanager
async def gates(folder: Path, count: int) -> AsyncIterator[list[Gate]]:
    """Open the gate of one file as so many processes would."""
    opened = [Gate(folder / "hearthside.db") for _ in range(count)]
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield opened
    finally:
        for one in opened:
            one.close()


async def test_writers_of_several_processes_take_turns_though_none_ever_pauses(tmp_path: Path) -> None:
    order = tmp_path / "order"
    order.touch()
    hogs = [await child(HOGS, tmp_path, letter, str(TURNS)) for letter in "ab"]
    try:
        async with asyncio.timeout(PATIENCE_S):
            for hog in hogs:
                assert hog.stdout is not None and await hog.stdout.readline() == b"ready\n"
            for hog in hogs:
                assert hog.stdin is not None
                hog.stdin.write(b"go\n")
            assert [await hog.wait() for hog in hogs] == [0, 0]
    finally:
        await kill(*hogs)
    written = order.read_text()
    assert sorted(written) == sorted("ab" * TURNS)
    other = "b" if written.endswith("a") else "a"
    shared = written[written.index("b" if written[0] == "a" else "a") : written.rindex(other) + 1]
    runs = [len(list(group)) for _, group in itertools.groupby(shared)]
    assert len(shared) > TURNS and max(runs) <= STARVED, runs


async def test_who_waits_is_next_and_is_not_overtaken_by_who_has_just_written(tmp_path: Path) -> None:
    order = []
    async with gates(tmp_path, 2) as (here, there):
        async with here():
            waiting = asyncio.ensure_future(there.run(lambda: order.append("there")))
            with (tmp_path / "hearthside.db.turn").open() as turn:
                while is_free(turn.fileno()):  # noqa: ASYNC110  another thread takes it
                    await asyncio.sleep(0.001)
            again = asyncio.ensure_future(here.run(lambda: order.append("here")))
            await asyncio.sleep(0.01)
            assert order == []
        await asyncio.gather(waiting, again)
    assert order == ["there", "here"]


async def test_who_says_something_waits_for_one_of_those_who_stand_in_line_and_they_take_turns(tmp_path: Path) -> None:
    order = []
    async with gates(tmp_path, 1) as [gate]:

        async def hold(number: int) -> None:
            async with gate():
                order.append(str(number))
                await asyncio.sleep(WORK_S)

        async def says() -> None:
            for _ in range(3):
                await gate.run(lambda: order.append("says"))

        line = [asyncio.ensure_future(hold(number)) for number in range(6)]
        await asyncio.sleep(0)
        await asyncio.gather(says(), *line)
    assert order == ["0", "says", "1", "says", "2", "says", "3", "4", "5"]


def is_free(lock: int) -> bool:
    """Whether nobody holds an advisory lock."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(lock, fcntl.LOCK_UN)
    return True


async def child(code: str, folder: Path, *more: str) -> asyncio.subprocess.Process:
    """Start a process that uses the gate of the file in the folder."""
    command = (sys.executable, "-c", code, str(folder / "hearthside.db"), *more)
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOT)


async def kill(*children: asyncio.subprocess.Process) -> None:
    """End what still runs."""
    for one in children:
        if one.returncode is None:
            one.kill()
        await one.wait()


async def test_never_two_write_at_once_whether_they_hop_or_hold(tmp_path: Path) -> None:
    inside, most = 0, 0

    def enter() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)

    def work() -> None:
        nonlocal inside
        enter()
        time.sleep(WORK_S)
        inside -= 1

    async with gates(tmp_path, 3) as three:

        async def hold(gate: Gate) -> None:
            nonlocal inside
            async with gate():
                enter()
                await asyncio.sleep(WORK_S)
                inside -= 1

        await asyncio.gather(*(doing for gate in three for _ in range(8) for doing in (gate.run(work), hold(gate))))
    assert (most, inside) == (1, 0)


@pytest.mark.parametrize("when", ["waiting here", "waiting for another process", "holding"])
async def test_who_gives_up_does_not_keep_the_gate_shut(tmp_path: Path, when: str) -> None:
    async with gates(tmp_path, 2) as (here, there):
        released, begun = asyncio.Event(), asyncio.Event()

        async def hold(gate: Gate) -> None:
            async with gate():
                begun.set()
                await released.wait()

        if when == "holding":
            giving_up = asyncio.ensure_future(hold(here))
            await begun.wait()
        else:
            holding = asyncio.ensure_future(hold(here if when == "waiting here" else there))
            await begun.wait()
            giving_up = asyncio.ensure_future(hold(here))
            await asyncio.sleep(0.05)
        giving_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await giving_up
        if when != "holding":
            released.set()
            await holding
        for gate in (here, there, here):
            assert await gate.run(lambda: 5) == 5
            async with gate():
                pass


async def test_what_fails_inside_opens_the_gate_for_the_next(tmp_path: Path) -> None:
    async with gates(tmp_path, 2) as (here, there):

        def fail() -> None:
            raise ValueError

        with pytest.raises(ValueError):
            await here.run(fail)
        with pytest.raises(ValueError):
            async with here():
                raise ValueError
        assert await there.run(lambda: 5) == 5


async def test_the_gate_of_a_process_that_was_killed_is_open(tmp_path: Path) -> None:
    holding = await child(HOLDS, tmp_path)
    try:
        assert holding.stdout is not None
        async with gates(tmp_path, 1) as (here,):
            assert await holding.stdout.readline() == b"holding\n"
            waiting = asyncio.ensure_future(here.run(lambda: 5))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            holding.kill()
            assert await waiting == 5
    finally:
        await kill(holding)


HOLDS = """
import asyncio, pathlib, sys
from chat.gate import Gate

async def hold():
    async with Gate(pathlib.Path(sys.argv[1]))():
        print("holding", flush=True)
        await asyncio.sleep(60)

asyncio.run(hold())
"""

HOGS = """
import asyncio, os, pathlib, sys, time
from chat.gate import Gate

path, letter, turns = pathlib.Path(sys.argv[1]), sys.argv[2].encode(), int(sys.argv[3])
order = os.open(path.with_name("order"), os.O_WRONLY | os.O_APPEND)

def work():
    os.write(order, letter)
    time.sleep(0.002)

async def hog():
    gate = Gate(path)
    for _ in range(turns):
        await gate.run(work)
    gate.close()

print("ready", flush=True)
sys.stdin.readline()
asyncio.run(hog())
"""
