"""A client of the wire protocol for tests: a real WebSocket, typed frames, and what it holds of each room."""

import asyncio
import secrets
import socket
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from chat import protocol
from chat.codec import AnyCommand, decode_frame
from chat.protocol import AnyFrame, Done, Entries, Entry, Expired, Gap, Joined, Refused, Welcome

PATIENCE_S = 10.0
F = TypeVar("F", bound=AnyFrame)


class Jumped(AssertionError):
    """An entry came that is not the one after the last."""


class Client:
    """One connection. Entries are checked as they come: each once, in order, without a jump.

    While `reading` is clear nothing is taken from the connection, as on a phone that has gone to sleep.
    """

    def __init__(self, connection: ClientConnection, welcome: Welcome) -> None:
        self.connection = connection
        self.welcome = welcome
        self.me = welcome.you.person
        self.entries: dict[int, list[Entry]] = defaultdict(list)
        self.gaps: list[Gap] = []
        self.signals: list[protocol.Signal] = []
        self.close_code: int | None = None
        self.reading = asyncio.Event()
        self.reading.set()
        self._cursor: dict[int, int] = {}
        self._answers: dict[int, AnyFrame] = {}
        self._ref = 0
        self._news = asyncio.Condition()

    async def run(self) -> None:
        """Take frames until the connection ends."""
        try:
            async for message in self.connection:
                await self.reading.wait()
                await self._take(decode_frame(message))
        except ConnectionClosed:
            pass
        finally:
            self.close_code = self.connection.close_code or 1006
            await self._tell()

    async def _take(self, frame: AnyFrame) -> None:
        match frame:
            case Entries():
                for entry in frame.entries:
                    expected = self._cursor[frame.room] + 1
                    if entry.seq != expected:
                        raise Jumped(f"room {frame.room}: {entry.seq} came, {expected} was next")
                    self._cursor[frame.room] = entry.seq
                    self.entries[frame.room].append(entry)
            case Gap():
                self.gaps.append(frame)
                self._cursor[frame.room] = frame.before - 1
            case protocol.Signal():
                self.signals.append(frame)
            case Joined() | Expired():
                if isinstance(frame, Expired) or self._cursor[frame.room] < 0:
                    self._cursor[frame.room] = frame.last
                self._answers[frame.ref] = frame
            case Done() | Refused():
                self._answers[frame.ref] = frame
            case Welcome():
                pass
        await self._tell()

    async def send(self, command: AnyCommand) -> int:
        """Send a command under a fresh ref and return the ref."""
        self._ref += 1
        await self.connection.send(msgspec.json.encode(msgspec.structs.replace(command, ref=self._ref)).decode())
        return self._ref

    async def ask(self, command: AnyCommand) -> AnyFrame:
        """Send a command and return its answer."""
        return await self.answer(await self.send(command))

    async def answer(self, ref: int) -> AnyFrame:
        """Return the answer to a command that was sent."""
        await self.until(lambda: ref in self._answers)
        return self._answers.pop(ref)

    def answered(self, ref: int) -> AnyFrame | None:
        """The answer to a command that was sent, if it has come."""
        return self._answers.pop(ref, None)

    async def join(self, room: int, after: int | None = None, epoch: str | None = None) -> Joined | Expired:
        """Join a room; raises AssertionError when refused."""
        answer = await self.try_to_join(room, after, epoch)
        assert isinstance(answer, Joined | Expired), answer_code(answer)
        return answer

    async def try_to_join(self, room: int, after: int | None = None, epoch: str | None = None) -> AnyFrame:
        """Join a room, or be refused."""
        self._cursor[room] = after if after is not None else -1
        return await self.ask(protocol.Join(room=room, after=after, epoch=epoch))

    async def say(self, room: int, text: str, say_id: str | None = None) -> Entry | Refused | Done:
        """Say something and return its own entry, when it is there; or the refusal."""
        say_id = say_id or secrets.token_urlsafe(12)
        ref = await self.send(protocol.Say(room=room, say_id=say_id, text=text))

        def answered() -> bool:
            return ref in self._answers or self._said(room, say_id) is not None

        await self.until(answered)
        answer = self._answers.pop(ref, None)
        if isinstance(answer, Refused | Done):
            return answer
        said = self._said(room, say_id)
        assert said is not None
        return said

    def texts(self, room: int) -> list[str]:
        """The words held of a room, in order."""
        return [entry.text for entry in self.entries[room] if entry.kind == "said"]

    async def until(self, is_so: "object", patience_s: float = PATIENCE_S) -> None:
        """Wait until a condition holds of what has come."""
        assert callable(is_so)
        async with asyncio.timeout(patience_s), self._news:
            await self._news.wait_for(lambda: is_so() or self.close_code is not None)
        assert is_so(), f"the connection ended with {self.close_code}"

    async def closed(self, patience_s: float = PATIENCE_S) -> int | None:
        """Wait for the end and return the close code."""
        async with asyncio.timeout(patience_s), self._news:
            await self._news.wait_for(lambda: self.close_code is not None)
        return self.close_code

    def _said(self, room: int, say_id: str) -> Entry | None:
        for entry in reversed(self.entries[room]):
            if entry.say_id == say_id and entry.author == self.me:
                return entry
        return None

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


def answer_code(answer: AnyFrame) -> str:
    """What a refusal says, for a test's message."""
    return answer.code if isinstance(answer, Refused) else type(answer).__name__


@asynccontextmanager
async def connected(
    port: int, token: str, *, origin: str | None = None, buffers_little: bool = False
) -> AsyncIterator[Client]:
    """Connect as a page of `origin` does, with a cookie; or without one as a program, with a bearer token.

    `buffers_little`: next to nothing is held for who is not reading (the kernel would hold megabytes).
    """
    who = (
        {"Authorization": f"Bearer {token}"} if origin is None else {"Cookie": f"hearthside={token}", "Origin": origin}
    )
    one = socket.socket()
    if buffers_little:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.setblocking(False)
    await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", port))
    async with connect(
        f"ws://127.0.0.1:{port}/socket", subprotocols=[Subprotocol(protocol.SUBPROTOCOL)], compression=None,
        additional_headers=who, ping_interval=None, close_timeout=1, max_size=None,
        sock=one, max_queue=1 if buffers_little else 16,
    ) as connection:  # fmt: skip
        async with asyncio.timeout(PATIENCE_S):
            welcome = decode_frame(await connection.recv())
        assert isinstance(welcome, Welcome)
        client = Client(connection, welcome)
        running = asyncio.ensure_future(client.run())
        try:
            yield client
        finally:
            await connection.close()
            if not running.done():
                running.cancel()
            elif not running.cancelled() and running.exception() is not None:
                raise running.exception()  # type: ignore[misc]
