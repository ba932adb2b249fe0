"""The load: one process that holds thousands of WebSocket connections, says things, and counts what comes back.

A child of the runner: orders come as JSON lines on its standard input, answers leave on its standard output. Every say
carries MARK and a number; a delivery is that mark in any frame; an acknowledgement is the sender's own copy. Latency is
counted from the time a say was due, not from when it got its turn.
"""

import asyncio
import os
import random
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import uvloop

from tests.bench.line import MARK, Line, framed
from tests.bench.orders import Open, Opened, Result, Run

FILL = "I hear you, thank you for telling us; take your time, there is no hurry to say more than you want tonight. " * 2
PLACES = 4000
"""Connections from one loopback address: there are some 28,000 ports for each."""
DRAIN_S = 10.0
OPEN_S = 240.0
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Load:
    """All connections of this process."""

    mark = MARK.encode()

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.deliveries = 0
        self.is_timed = False
        self._ready = 0
        self._changed = asyncio.Event()
        self._failed = ""
        self._ending = False
        self._due: dict[int, tuple[float, Line]] = {}
        self._times: dict[int, float] = {}
        self._acks: list[tuple[float, float]] = []
        self._receipts: list[tuple[float, float]] = []
        self._acked = self._refused = self._said = 0
        self._salt = random.randbytes(4).hex()
        self._again: Callable[[Line], None] | None = None

    # What lines tell

    def ready(self) -> None:
        """One more is ready."""
        self._ready += 1
        self._changed.set()

    def ended(self) -> None:
        """A connection is gone."""
        if not self._ending:
            self.failed("a connection was lost")

    def failed(self, why: str) -> None:
        """Something went wrong; the runner is told."""
        self._failed = self._failed or why
        self._changed.set()

    def refuse(self, line: Line) -> None:
        """A say was refused; which one is not known, and a run in which it happens does not count."""
        self._refused += 1
        if self._again is not None:
            self._again(line)

    def deliver(self, line: Line, number: int) -> None:
        """A numbered say has come to a line."""
        now = time.monotonic()
        self.deliveries += 1
        if self.is_timed:
            due = self._times.get(number)
            if due is not None:
                self._receipts.append((due, now - due))
        mine = self._due.get(number)
        if mine is not None and mine[1] is line:
            del self._due[number]
            self._acked += 1
            self._acks.append((mine[0], now - mine[0]))
            if self._again is not None:
                self._again(line)

    # What the runner asks

    async def open(self, asked: Open) -> Opened:
        """Open connections; those that are open stay."""
        begun = time.monotonic()
        loop = asyncio.get_running_loop()
        wanted = self._ready + len(asked.plans)
        before = self._ready
        for index, plan in enumerate(asked.plans):
            while index - (self._ready - before) >= asked.at_once:
                await self._change(begun)
            line = Line(self, plan)
            place = (f"127.0.0.{2 + index // PLACES}", 0)
            await loop.create_connection(partial(_itself, line), "127.0.0.1", asked.port, local_addr=place)
            self.lines.append(line)
        while self._ready < wanted:
            await self._change(begun)
        return Opened(time.monotonic() - begun)

    async def _change(self, begun: float) -> None:
        self._changed.clear()
        async with asyncio.timeout(max(1.0, OPEN_S - (time.monotonic() - begun))):
            await self._changed.wait()
        if self._failed:
            raise RuntimeError(self._failed)

    async def run(self, asked: Run) -> Result:
        """Say things and count; see Run."""
        senders = self.lines[: asked.senders]
        order = list(range(len(senders)))
        random.Random(1).shuffle(order)
        turn = 0
        for line in self.lines:
            line.is_sender = False
        for line in senders:
            line.is_sender = True
        self.is_timed = asked.per_s > 0
        self._due.clear()
        self._times.clear()
        self._acks, self._receipts = [], []
        self._acked = self._refused = self.deliveries = 0
        first, ended = self._said, False

        def say(due: float) -> None:
            nonlocal turn
            line = senders[order[turn % len(order)]]
            turn += 1
            number = self._said = self._said + 1
            body = f"{MARK}{number:09}"
            body += FILL[: asked.size - len(body.encode())]
            message = asked.template.replace("{room}", str(line.room)).replace("{body}", body)
            message = message.replace("{say_id}", f"{self._salt}-{number}")
            self._due[number] = (due, line)
            if self.is_timed:
                self._times[number] = due
            line.transport.write(framed(message.encode()))

        def again(_: Line) -> None:
            if not ended:
                say(time.monotonic())

        begun = time.monotonic()
        self._again = again if asked.in_flight else None
        for _ in range(asked.in_flight):
            say(time.monotonic())
        beating = asyncio.ensure_future(self._beat(asked.per_s, say)) if asked.per_s else None
        await asyncio.sleep(asked.warm_s)
        before = self._look(asked)
        await asyncio.sleep(asked.seconds)
        after = self._look(asked)
        ended = True
        if beating is not None:
            beating.cancel()
        expected = (self._said - first) * asked.members
        patience = time.monotonic() + DRAIN_S
        while self.deliveries < expected and time.monotonic() < patience and not self._failed:  # noqa: ASYNC110 (counted, not told)
            await asyncio.sleep(0.01)
        if self._failed:
            raise RuntimeError(self._failed)
        low, high = begun + asked.warm_s, begun + asked.warm_s + asked.seconds
        acks = sorted(took for due, took in self._acks if low <= due < high)
        receipts = sorted(took for due, took in self._receipts if low <= due < high)
        return Result(
            after.at - before.at, after.acked - before.acked, after.deliveries - before.deliveries,
            expected - self.deliveries, self._refused, at(acks, 0.5), at(acks, 0.99), at(receipts, 0.5),
            at(receipts, 0.99), {name: after.cpu_s[name] - before.cpu_s[name] for name in asked.pids},
            after.mine_s - before.mine_s,
        )  # fmt: skip

    async def _beat(self, per_s: float, say: Callable[[float], None]) -> None:
        due = time.monotonic()
        while True:
            while due <= time.monotonic():
                say(due)
                due += 1 / per_s
            await asyncio.sleep(due - time.monotonic())

    def _look(self, asked: Run) -> "Look":
        cpu_s = {name: sum(map(cpu, pids)) for name, pids in asked.pids.items()}
        return Look(time.monotonic(), self._acked, self.deliveries, cpu_s, time.process_time())

    def end(self) -> None:
        """Drop every connection."""
        self._ending = True
        for line in self.lines:
            line.transport.abort()


class Look(msgspec.Struct, frozen=True):
    """Counters at one moment."""

    at: float
    acked: int
    deliveries: int
    cpu_s: dict[str, float]
    mine_s: float


def _itself(line: Line) -> Line:
    return line


def cpu(pid: int) -> float:
    """Return the processor time a process has used, its threads included (proc(5), stat: utime, stime); 0 when it is
    gone, as a database's workers go."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * TICK_S


def at(ordered: list[float], share: float) -> float:
    """Return a quantile in milliseconds; 0 of nothing."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else 0.0


async def main() -> None:
    """Obey until standard input ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    reader = asyncio.StreamReader(limit=1 << 28)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    decode = msgspec.json.Decoder(Open | Run).decode
    load = Load()
    while command := await reader.readline():
        asked = decode(command)
        try:
            answer = await (load.open(asked) if isinstance(asked, Open) else load.run(asked))
        except (RuntimeError, OSError, TimeoutError) as error:
            print(msgspec.json.encode(f"{type(error).__name__} {error} ({load._ready} ready)").decode(), flush=True)
        else:
            print(msgspec.json.encode(answer).decode(), flush=True)
    load.end()


if __name__ == "__main__":
    uvloop.run(main())
