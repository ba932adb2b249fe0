"""Where alerts arrive: a real HTTP server and a real mail server on 127.0.0.1, as an organisation's gateways are."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PATIENCE_S = 30.0


@dataclass
class Receiver:
    """What has come. While `open` is clear nothing is answered, as by a gateway that hangs."""

    http_port: int = 0
    mail_port: int = 0
    titles: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    status: int = 200
    open: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.http_port}/"

    @property
    def mail_address(self) -> str:
        return f"mailto://127.0.0.1:{self.mail_port}?mode=insecure&from=hearthside@example.org&to=duty@example.org"

    async def until(self, count: int) -> None:
        """Wait until so many alerts have come over HTTP."""
        async with asyncio.timeout(PATIENCE_S), self.news:
            await self.news.wait_for(lambda: len(self.titles) >= count)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one HTTP request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(head.split("content-length:")[1].split("\r\n")[0])
            told = json.loads(await reader.readexactly(size))
            self.titles.append(told["title"])
            self.bodies.append(told["message"])
            async with self.news:
                self.news.notify_all()
            await self.open.wait()
            writer.write(b"HTTP/1.1 %d Told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % self.status)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # whoever sent it was killed
        finally:
            writer.close()

    async def take_mail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one mail (RFC 5321, as much of it as a client needs)."""
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 well\r\n")
            await writer.drain()
            if word == b"QUIT":
                break
        writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Listen for the time of the block."""
    one = Receiver()
    one.open.set()
    async with (
        await asyncio.start_server(one.take, "127.0.0.1", 0) as http,
        await asyncio.start_server(one.take_mail, "127.0.0.1", 0) as mail,
    ):
        one.http_port, one.mail_port = (each.sockets[0].getsockname()[1] for each in (http, mail))
        yield one
        one.open.set()
