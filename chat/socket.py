"""The socket: WebSocket connections on uvicorn's `ws=` seam, with no ASGI in between.

`websockets.server.ServerProtocol` (sans-I/O) speaks the protocol: it is told bytes and asked for bytes. This file moves
them, checks who connects, and hands commands on. It and `headers` are the only files that know uvicorn.
"""

import asyncio
import logging
import socket
from collections import deque
from dataclasses import dataclass
from typing import cast

import msgspec
from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import CONNECTING, OPEN
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from chat.admission import Admission, Admitted, status_of
from chat.codec import AnyCommand, decode_command, ref_of
from chat.commands import Commands, refuse
from chat.heap import let_go
from chat.hub import Hub
from chat.ids import RoomId
from chat.intake import LAGGING, QUEUED, Intake
from chat.outbox import HIGH_WATER_BYTES, LOW_WATER_BYTES, SEND_BUFFER_BYTES, Outbox, nowhere
from chat.protocol import FRAME_BYTES, SUBPROTOCOL, TEXT_CHARACTERS, Limits, Say, Welcome, You
from chat.refusals import Malformed, NotAllowed, Refusal, without_words
from chat.settings import Settings

logger = logging.getLogger(__name__)

PATH = "/socket"
HANDSHAKE_S = 10.0
CLOSE_S = 2.0
"""How long a closed connection may take to say goodbye before it is aborted."""
FRAGMENTS = 256
"""Frames one message may come in; endless empty ones stop here."""
WAITING_COMMANDS = 32
"""Commands of one connection that may wait; beyond it nothing more is read from it until they are done."""
SILENT_S = 60.0
"""Who has been silent so long, though a page pings every 20 s, is asked by the hub's tick (a timer costs 0.7 KB)."""


@dataclass(frozen=True, slots=True)
class Reception:
    """What a connection needs of its process; kept in the lifespan's state under "reception"."""

    hub: Hub
    commands: Commands
    admission: Admission
    settings: Settings


class Socket(asyncio.Protocol):
    """One WebSocket connection, from its handshake to its end."""

    __slots__ = (
        "_ending", "_fragments", "_heard", "_intake", "_reception", "_state", "_timer", "_transport", "_waiting",
        "_working", "_ws", "outbox", "write",
    )  # fmt: skip

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, object]) -> None:
        self._state = server_state
        self._reception = cast(Reception, app_state["reception"])
        self._ws = ServerProtocol(max_size=FRAME_BYTES, subprotocols=[Subprotocol(SUBPROTOCOL)])
        self.write = nowhere  # the transport's own from connection_made on: fan-out pays for no call of ours
        self._transport: asyncio.Transport = None  # type: ignore[assignment]  # set in connection_made, before all else
        self._intake: Intake = None  # type: ignore[assignment]  # the same
        self._timer: asyncio.TimerHandle | None = None
        self._fragments: list[bytes] | None = None
        self._waiting: deque[AnyCommand] | None = None
        self._working = False
        self._ending = False
        self._heard = 0.0
        self.outbox: Outbox | None = None

    # asyncio and uvicorn call these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over from the HTTP protocol, which passes the request on as bytes."""
        self._transport = cast(asyncio.Transport, transport)
        self.write = self._transport.write
        self._intake = Intake(self._transport)
        self._state.connections.add(self)  # type: ignore[arg-type]  # uvicorn names its own classes; it calls shutdown()
        self._transport.set_write_buffer_limits(HIGH_WATER_BYTES, LOW_WATER_BYTES)
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._timer = asyncio.get_running_loop().call_later(HANDSHAKE_S, self.abort)

    def data_received(self, data: bytes) -> None:
        """Bytes from the network."""
        self._ws.receive_data(data)
        self._step()

    def eof_received(self) -> None:
        """The other side will send no more."""
        self._ws.receive_eof()
        self._step()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._state.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self.outbox is not None:
            self._reception.hub.disconnect(self.outbox)
            self.outbox.write = nowhere
        self._waiting = self.outbox = None  # no cycle may hold what is over: see `heap`
        self._ws.parser.close()
        let_go(self._ws.parser_exc, self._ws.handshake_exc)

    def pause_writing(self) -> None:
        """The reader lags: what it asks for would wait here, so it is not asked either."""
        if self.outbox is not None:
            self._reception.hub.paused(self.outbox)
            self._intake.hold(LAGGING)

    def resume_writing(self) -> None:
        """The reader has drained what it was sent."""
        if self.outbox is not None:
            self.outbox.resume()
            self._heard = asyncio.get_running_loop().time()
            self._intake.go_on(LAGGING)
            self._begin_work()

    def shutdown(self) -> None:
        """The server ends: tell the client to come back."""
        if self.outbox is not None:
            self.outbox.flush()
        self.close(1012, "restart")

    # The outbox's wire

    def waiting_bytes(self) -> int:
        """Bytes the transport still holds."""
        return self._transport.get_write_buffer_size()

    def close(self, code: int, reason: str) -> None:
        """Close with a code; aborted if the other side does not answer."""
        if self._ws.state is OPEN:
            self._ws.send_close(code, reason)
            self._step()
        elif self._ws.state is CONNECTING:
            self.abort()

    def ask(self) -> None:
        """Ping who has been silent, and drop who stays silent as long again; of who lags the progress tells."""
        if self.outbox is None or self.outbox.paused:
            return
        silent = asyncio.get_running_loop().time() - self._heard
        if silent >= 2 * SILENT_S:
            self.abort()
        elif silent >= SILENT_S and self._ws.state is OPEN:
            self._ws.send_ping(b"")
            self._step()

    def abort(self) -> None:
        """Drop the connection now."""
        self._transport.abort()

    # In between

    def _step(self) -> None:
        if self.outbox is not None and self._ws.state is not OPEN:
            self.outbox.write = nowhere
        for event in self._ws.events_received():
            if isinstance(event, Request):
                task = asyncio.get_running_loop().create_task(self._admit(event))
                self._state.tasks.add(task)  # uvicorn waits for its tasks before it ends
                task.add_done_callback(self._state.tasks.discard)
            elif isinstance(event, Frame) and self._ws.state is OPEN:
                self._received(event)
        if self._transport.is_closing():
            return
        for data in self._ws.data_to_send():
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()
        if self._ws.close_expected() and not self._ending:
            self._ending = True
            if self._timer is not None:
                self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(CLOSE_S, self.abort)

    async def _admit(self, request: Request) -> None:
        address = (self._transport.get_extra_info("peername") or ("",))[0]
        try:
            if request.path != PATH:
                raise NotAllowed
            admitted = await self._reception.admission.admit(request.headers, str(address))
        except Refusal as refusal:
            if not self._transport.is_closing():
                self._reject(refusal)
        else:
            if not self._transport.is_closing():
                self._ws.send_response(self._ws.accept(request))
                if self._ws.state is OPEN:
                    self._welcome(admitted)
        request.headers.clear()  # the protocol holds the request as long as it lives: 2.6 KB a connection
        self._step()

    def _reject(self, refusal: Refusal) -> None:
        response = self._ws.reject(status_of(refusal), refusal.code + "\n")
        if refusal.retry_after is not None:
            response.headers["Retry-After"] = str(int(refusal.retry_after) + 1)
        self._ws.send_response(response)

    def _welcome(self, admitted: Admitted) -> None:
        hub, settings, person = self._reception.hub, self._reception.settings, admitted.person
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._heard = asyncio.get_running_loop().time()
        outbox = self.outbox = Outbox(self, hub.turn, person.person, admitted.session, admitted.is_program)
        others = hub.people.get(person.person, set())
        if len(others) >= settings.sockets:
            # A phone on a bad network leaves dead connections behind: the one unheard longest goes, not the newest.
            stale = min(others, key=lambda one: cast(Socket, one.wire)._heard)
            stale.wire.close(1013, "too many connections")
            hub.disconnect(stale)
        hub.connect(outbox)
        you = You(person.person, person.nickname, person.inbox, tuple(sorted(person.roles)))
        limits = Limits(FRAME_BYTES, TEXT_CHARACTERS, settings.says, settings.says_s)
        outbox.send(Welcome(you=you, epoch=admitted.epoch, limits=limits))
        self._reception.commands.watch(outbox, RoomId(person.inbox))

    def _received(self, frame: Frame) -> None:
        self._heard = asyncio.get_running_loop().time()
        self._intake.spend()
        if frame.opcode is Opcode.TEXT and frame.fin:
            self._message(bytes(frame.data))
        elif frame.opcode is Opcode.BINARY:
            self.close(1007, "text only")
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            fragments = self._fragments = self._fragments or []
            fragments.append(bytes(frame.data))
            if len(fragments) > FRAGMENTS:
                self.close(1009, "too many fragments")
            elif frame.fin:
                self._fragments = None
                self._message(b"".join(fragments))

    def _message(self, message: bytes) -> None:
        outbox = self.outbox
        assert outbox is not None  # nothing is received before the welcome
        try:
            command = decode_command(message.decode())  # msgspec does not look into what it skips
        except msgspec.ValidationError:
            refuse(outbox, ref_of(message), Malformed())
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.close(1007, "not JSON")
        else:
            idle = not self._waiting and not self._working
            if not (idle and isinstance(command, Say) and self._reception.commands.say_now(outbox, command)):
                self._queue(command)

    def _queue(self, command: AnyCommand) -> None:
        self._waiting = self._waiting if self._waiting is not None else deque()
        self._waiting.append(command)
        if len(self._waiting) >= WAITING_COMMANDS:
            self._intake.hold(QUEUED)
        self._begin_work()

    def _begin_work(self) -> None:
        tasks = self._reception.hub.tasks
        if self._waiting and not self._working and tasks is not None:
            self._working = True
            tasks.create_task(self._work())

    async def _work(self) -> None:
        outbox = self.outbox
        try:
            while self._waiting and outbox is not None and not outbox.paused:
                await self._reception.commands.obey(outbox, self._waiting.popleft())
                if self._waiting is not None and len(self._waiting) < WAITING_COMMANDS:
                    self._intake.go_on(QUEUED)
        except Exception as error:  # a bug: told once, with ids only, and it ends this connection and no other
            person = outbox.person if outbox is not None else 0
            logger.error("a command of person %d failed", person, exc_info=without_words(error))
            self._waiting = None
            self.close(1013, "failed")
        finally:
            self._working, self._waiting = False, self._waiting or None
