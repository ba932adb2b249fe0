"""Raiders: a process of its own, because what they do must not slow down the clocks of those they do it to.

`python -m tests.bench.raiders` reads one JSON object (see `Raid`) and raids until it is killed. Each comes into the
room over its page, says something as soon as what they said before is answered, and knocks again when they are put out.
"""

import asyncio
import os
import random
import re
import sys
from functools import partial

import httpx2
import msgspec
import uvloop

from tests.bench.line import MARK, Line, framed
from tests.bench.orders import Plan

PAUSE_S = 0.05
"""Between an answer and the next say of one raider, unless they are told to wait longer."""
PATIENCE_S = 30.0
AGAIN_S = 5.0
"""After so long, more or less, somebody who was put out tries it once more."""
FIRST = 500_000_000
"""What raiders say is numbered from here on."""
CSRF = re.compile(r'name="csrf" value="([A-Za-z0-9_=-]+)"')


class Refused(msgspec.Struct):
    """Why a raider may not go on, as far as they look."""

    code: str
    retry_after: float = 0.0


class Raid(msgspec.Struct):
    """Where the raid goes, and the raiders' cookies."""

    port: int
    room: int
    cookies: list[str]


class Raider:
    """One raider, who is told by their line what became of what they sent."""

    mark = MARK.encode()
    is_timed = False
    deliveries = 0

    def __init__(self, raid: Raid, number: int, client: httpx2.AsyncClient) -> None:
        self.raid, self.client, self.number = raid, client, FIRST + number * 100_000
        self.headers = {"cookie": f"hearthside={raid.cookies[number]}", "origin": f"http://127.0.0.1:{raid.port}"}
        self.csrf, self.pause_s, self.is_out = "", PAUSE_S, False
        self.answered = asyncio.Event()
        self.line: Line | None = None

    async def run(self) -> None:
        """Raid until cancelled."""
        await self.come_in()
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        lines += "Sec-WebSocket-Protocol: hearthside.1\r\n"
        plan = Plan("/socket", lines, (self.frame("join"),), 0, self.raid.room)
        _, self.line = await asyncio.get_running_loop().create_connection(
            partial(Loud, self, plan), "127.0.0.1", self.raid.port
        )
        await self.answered.wait()  # what is sent before the handshake has ended is nobody's
        while True:
            pause_s, self.pause_s = self.pause_s, PAUSE_S
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
            if self.is_out:
                self.is_out = False
                await self.come_in()
                self.send(self.frame("join"))
                await asyncio.sleep(PAUSE_S)
            self.number += 1
            self.answered.clear()
            self.send(
                f'{{"t":"say","ref":1,"room":{self.raid.room},"say_id":"raid-{self.number}",'
                f'"text":"{MARK}{self.number:09} nobody wants you here"}}'
            )
            async with asyncio.timeout(PATIENCE_S):
                await self.answered.wait()

    async def come_in(self) -> None:
        """Come into the room over its page, with the form it once had."""
        if not self.csrf:
            page = await self.client.get(f"/rooms/{self.raid.room}", headers=self.headers)
            self.csrf = CSRF.findall(page.text)[0]
        await self.client.post(f"/rooms/{self.raid.room}/join", data={"csrf": self.csrf}, headers=self.headers)

    def frame(self, what: str) -> str:
        return f'{{"t":"{what}","ref":1,"room":{self.raid.room}}}'

    def send(self, message: str) -> None:
        assert self.line is not None
        self.line.transport.write(framed(message.encode()))

    def refused(self, refusal: Refused) -> None:
        """What was said was turned down."""
        self.answered.set()
        self.is_out = refusal.code not in ("too_fast", "slow")
        self.pause_s = AGAIN_S if self.is_out else max(refusal.retry_after, PAUSE_S)

    # What the line tells

    def ready(self) -> None:
        self.answered.set()

    def ended(self) -> None: ...
    def failed(self, why: str) -> None: ...
    def refuse(self, line: Line) -> None: ...
    def deliver(self, line: Line, number: int) -> None: ...


class Loud(Line):
    """A line that looks for answers and at nothing else."""

    def __init__(self, raider: Raider, plan: Plan) -> None:
        super().__init__(raider, plan)
        self._raider = raider

    def _message(self, data: bytes, start: int, stop: int) -> None:
        if data.startswith(b'{"t":"refused"', start):
            self._raider.refused(msgspec.json.decode(data[start:stop], type=Refused))
        elif data.find(b'"raid-%d"' % self._raider.number, start, stop) >= 0:
            self._raider.answered.set()


async def main() -> None:
    """Let all of them come at once."""
    raid = msgspec.json.decode(sys.stdin.buffer.readline(), type=Raid)
    limits = httpx2.Limits(max_connections=50)
    base = f"http://127.0.0.1:{raid.port}"
    async with httpx2.AsyncClient(base_url=base, timeout=60, limits=limits) as client, asyncio.TaskGroup() as tasks:
        for number in range(len(raid.cookies)):
            tasks.create_task(Raider(raid, number, client).run())


if __name__ == "__main__":
    os.nice(10)
    uvloop.run(main())
