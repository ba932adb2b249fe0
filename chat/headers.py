"""Header caps on uvicorn's `http=` seam: size, number, and a deadline.

Stock uvicorn takes 1,000 headers of 100 KB and waits for ever for the rest of a half-sent request.
"""

import asyncio
import logging

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEADERS_S = 10.0
BODY_S = 30.0
HEADER_BYTES = 16 * 1024
HEADERS = 100


class _TooMuch(Exception):
    """Ends the parse; httptools turns it into an error that is answered with 400."""


class CappedHttp(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with bounds."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:  # fmt: skip
        super().__init__(config, server_state, app_state, _loop)
        self.logger = logging.getLogger("chat.headers")  # uvicorn's warning of a bad request, without its access log
        self._deadline: asyncio.TimerHandle | None = None
        self._bytes = 0  # received since the head began, whole or not
        self._head = 0  # parsed of the head: several requests may come in one piece
        self._is_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection: its first request must come within HEADERS_S."""
        super().connection_made(transport)
        self._wait(HEADERS_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._wait(None)
        super().connection_lost(exc)
        self.cycle = None  # type: ignore[assignment]  # it holds this object, which held it: see `heap`

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection to the socket, which has deadlines of its own."""
        self._wait(None)
        super().handle_websocket_upgrade()
        self.parser = None  # type: ignore[assignment]  # it holds this object, which is not needed any more

    def data_received(self, data: bytes) -> None:
        """Count what belongs to the headers before they are parsed."""
        if self._is_head:
            self._bytes += len(data)
            if self._bytes > HEADER_BYTES and b"\r\n\r\n" not in data[:HEADER_BYTES]:
                self.send_400_response("Headers too large.")
                return
        if not self.transport.is_closing():
            super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._bytes, self._head, self._is_head = 0, 0, True
        self._wait(HEADERS_S)

    def on_url(self, url: bytes) -> None:
        """Count the address as part of the head."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Refuse the header after the last that is allowed, and the byte."""
        self._count(len(name) + len(value))
        if len(self.headers) >= HEADERS:
            raise _TooMuch
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Refuse what a proxy in front could read differently (two Hosts, an upgrade in HTTP/1.0)."""
        hosts = sum(name == b"host" for name, _ in self.headers)
        version = self.parser.get_http_version()
        if hosts > 1 or (hosts == 0 and version == "1.1") or (version != "1.1" and self.parser.should_upgrade()):
            raise _TooMuch
        self._is_head = False
        self._wait(BODY_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._wait(None)
        self._bytes, self._is_head = 0, True
        super().on_message_complete()

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > HEADER_BYTES:
            raise _TooMuch

    def _wait(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()
