"""The socket: what uvicorn does at both seams, who connects as whom, what a connection costs, and who is silent."""

import asyncio
import re
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from chat import sessions
from chat.headers import CappedHttp
from chat.ids import PersonId
from chat.protocol import Done, Entry, Joined, Ping, Read, Say
from chat.sessions import Kind
from chat.socket import SILENT_S, Reception, Socket
from chat.tables import memberships
from chat.tables import rooms as rooms_table
from tests.client import Client
from tests.live import NEVER_S, ORIGIN, Live, live
from tests.place import Place, open_place
from tests.raw import PING, PONG, Raw, frame, raw, request, upgrade
from tests.servers import ROOT
from tests.test_following import until
from tests.words import words


@pytest.fixture
async def quiet(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    """A place on SQLite alone: what is looked at here is not the database's doing."""
    async with open_place(sqlite_url, tmp_path) as place:
        yield place


async def token_of(place: Place, person: PersonId, kind: Kind = "bearer") -> str:
    async with place.store.transaction() as tx:
        return await sessions.open(tx, person, kind)


def test_uvicorn_is_pinned_to_the_minor_version_whose_seams_these_are() -> None:
    minor = ".".join(version("uvicorn").split(".")[:2])
    assert minor == "0.54"
    assert f'"uvicorn~={minor}.0"' in (ROOT / "pyproject.toml").read_text()
    assert re.search(rf"^uvicorn=={re.escape(minor)}\.\d+\s", (ROOT / "requirements.lock").read_text(), re.MULTILINE)


async def test_uvicorn_builds_both_with_what_they_expect_and_shuts_both_down(quiet: Place) -> None:
    built: dict[str, dict[str, object]] = {}
    calls: list[tuple[str, str]] = []

    class SeenHttp(CappedHttp):
        def __init__(self, **given: object) -> None:
            built["http"] = given
            super().__init__(**given)  # type: ignore[arg-type]

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            calls.append(("http", "connection_made"))
            super().connection_made(transport)

        def shutdown(self) -> None:
            calls.append(("http", "shutdown"))
            super().shutdown()

    class SeenSocket(Socket):
        def __init__(self, **given: object) -> None:
            built["ws"] = given
            super().__init__(**given)  # type: ignore[arg-type]

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            calls.append(("ws", "connection_made"))
            super().connection_made(transport)

        def data_received(self, data: bytes) -> None:
            calls.append(("ws", data.split(b"\r\n")[0].decode() if data.startswith(b"GET") else "data_received"))
            super().data_received(data)

        def shutdown(self) -> None:
            calls.append(("ws", "shutdown"))
            super().shutdown()

    token = await token_of(quiet, await quiet.person())
    async with live(quiet, http=SeenHttp, ws=SeenSocket) as here:
        idle = Raw(*await asyncio.open_connection("127.0.0.1", here.port))
        async with raw(here.port) as one:
            await one.come_in(token)
            assert [call for call in calls if call[0] == "ws"] == [
                ("ws", "connection_made"), ("ws", "GET /socket HTTP/1.1")
            ]  # fmt: skip
            assert set(built["http"]) == {"config", "server_state", "app_state", "_loop"}
            assert set(built["ws"]) == {"config", "server_state", "app_state"}
            state = built["ws"]["server_state"]
            assert isinstance(state, ServerState) and isinstance(built["ws"]["config"], Config)
            for name in ("config", "server_state", "app_state"):
                assert built["ws"][name] is built["http"][name]
            lifespan = built["ws"]["app_state"]
            assert isinstance(lifespan, dict) and isinstance(lifespan["reception"], Reception)
            assert {type(each) for each in state.connections} == {SeenHttp, SeenSocket}
        await until(lambda: len(state.connections) == 1)  # the one that was reset is forgotten
        last = Raw(*await asyncio.open_connection("127.0.0.1", here.port))
        await last.come_in(token)
        goodbye = asyncio.ensure_future(until_goodbye(last))
    assert await goodbye == 1012
    assert await idle.more() == b""
    idle.writer.close()
    assert sorted(call for call in calls if call[1] == "shutdown") == [("http", "shutdown"), ("ws", "shutdown")]
    assert not state.tasks


async def until_goodbye(one: Raw) -> int:
    """Wait for the close, end the connection as a browser does, and return the code."""
    code = await one.close_code()
    one.writer.close()
    return code


async def test_compression_is_never_agreed_to(quiet: Place) -> None:
    token = await token_of(quiet, await quiet.person())
    async with live(quiet) as here, raw(here.port) as one:
        offer = ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits, x-webkit-deflate-frame")
        await one.send(request([*upgrade(token), offer]))
        answer = await one.more()
        assert answer.startswith(b"HTTP/1.1 101 ")
        assert b"sec-websocket-extensions" not in answer.lower()


@pytest.mark.parametrize("origin", ["absent", "foreign", "ours"])
async def test_with_a_bearer_token_cookie_and_origin_count_for_nothing(quiet: Place, origin: str) -> None:
    program, browser = await quiet.person(), await quiet.person()
    bearer, cookie = await token_of(quiet, program), await token_of(quiet, browser, "cookie")
    named = {"absent": [], "foreign": [("Origin", "https://elsewhere.example")], "ours": [("Origin", ORIGIN)]}[origin]
    more = [*named, ("Cookie", f"hearthside={cookie}")]
    async with live(quiet) as here:
        async with raw(here.port) as one:
            await one.send(request([*upgrade(bearer), *more]))
            welcome = await one.more()
            assert welcome.startswith(b"HTTP/1.1 101 ")
            if b"welcome" not in welcome:
                welcome += await one.more()
            assert b'"person":%d,' % program in welcome
        for wrong in ("x" * 32, cookie):
            async with raw(here.port) as one:
                assert await one.status(request([*upgrade(wrong), *more])) == 401


async def test_a_connection_that_says_nothing_has_no_task_and_no_queue(quiet: Place) -> None:
    people = [await quiet.person() for _ in range(12)]
    async with live(quiet) as here, here.client(people[0]) as first:
        await first.ask(Ping())
        before = ours()
        tokens = [await token_of(quiet, person) for person in people[1:]]
        lines = [Raw(*await asyncio.open_connection("127.0.0.1", here.port)) for _ in tokens]
        for line, token in zip(lines, tokens, strict=True):
            await line.come_in(token)
        await first.ask(Ping())
        await until(lambda: ours() == before)  # each looked for its inbox in a task that ends
        sockets = [outbox.wire for mine in here.hub.people.values() for outbox in mine]
        assert len(sockets) == len(people)
        assert {one._waiting for one in sockets if isinstance(one, Socket)} == {None}
        for line in lines:
            line.writer.transport.abort()


def ours() -> int:
    """How many tasks run code of the server (and not of this test's own clients)."""
    files = [getattr(task.get_coro(), "cr_code", None) for task in asyncio.all_tasks()]
    return sum("/chat/" in code.co_filename for code in files if code is not None)


async def test_nobody_hears_of_what_is_not_kept_yet(place: Place) -> None:
    a, b = await place.person(), await place.person()
    room = await place.room(a, b)
    async with live(place, beat_s=0.1) as here, here.client(a) as one, here.client(b) as two:
        for client in (one, two):
            await client.join(room)
        text = words()
        async with place.store.transaction() as tx:
            await tx.lock(rooms_table, [room])
            await one.send(Say(room=room, say_id="not-yet-kept", text=text))
            for _ in range(2):
                for client in (one, two):
                    assert isinstance(await client.ask(Ping()), Done)
                await asyncio.sleep(0.1)
            assert one.entries[room] == two.entries[room] == []
        await one.say(room, text, "not-yet-kept")  # on a busy machine its lock may have timed out meanwhile
        for client in (one, two):
            await client.until(lambda client=client: client.texts(room) == [text])


async def test_who_is_silent_is_asked_and_dropped_when_there_is_no_answer(quiet: Place) -> None:
    a, b = await quiet.person(), await quiet.person()
    async with live(quiet) as here, raw(here.port) as there, raw(here.port) as gone:
        for one, person in ((there, a), (gone, b)):
            await one.come_in(await token_of(quiet, person))
        wires = [socket_of(here, person) for person in (a, b)]
        for wire in wires:
            wire.ask()
            wire._heard -= SILENT_S - 1
            wire.ask()
            wire._heard -= 1
            wire.ask()
        for one in (there, gone):
            assert await one.next() == (PING, b""), "asked once, and only after it had been silent for so long"
        await there.send(frame(PONG))
        await until(lambda: asyncio.get_running_loop().time() - wires[0]._heard < 1)
        for wire in wires:
            wire._heard -= SILENT_S
            wire.ask()
        assert await gone.more() == b"", "it is dropped, and no goodbye is waited for"
        assert await there.next() == (PING, b""), "it was heard, and is asked again"
        assert b not in here.hub.people and a in here.hub.people


async def test_who_reads_slowly_is_not_taken_for_one_who_has_gone(quiet: Place) -> None:
    a = await quiet.person()
    async with live(quiet) as here, here.client(a):
        wire = socket_of(here, a)
        assert wire.outbox is not None
        wire.outbox.paused = True
        wire._heard -= 10 * SILENT_S
        wire.ask()
        await asyncio.sleep(0.05)
        assert a in here.hub.people, "whether it is there its progress tells"
        wire.outbox.paused = False
        wire.ask()
        await asyncio.sleep(0.05)
        assert a not in here.hub.people


def socket_of(here: Live, person: PersonId) -> Socket:
    """The server's end of somebody's only connection."""
    (outbox,) = here.hub.people[person]
    assert isinstance(outbox.wire, Socket)
    return outbox.wire


async def test_read_marks_are_written_together_go_forward_and_are_nobody_elses(quiet: Place) -> None:
    a, b = await quiet.person(), await quiet.person()
    room = await quiet.room(a, b)
    async with live(quiet, beat_s=NEVER_S) as here, here.client(a) as one, here.client(b) as two:
        await one.join(room)
        await two.join(room)
        said = [await one.say(room, words()) for _ in range(4)]
        last = said[-1]
        assert isinstance(last, Entry)
        for seq in (last.seq - 2, last.seq, last.seq - 1):
            assert isinstance(await one.ask(Read(room=room, seq=seq)), Done)
        assert await marks(quiet, a) == {0, 1}, "nothing is written for each of them"
        async with asyncio.timeout(8):
            while last.seq not in await marks(quiet, a):  # noqa: ASYNC110  written in its own time
                await asyncio.sleep(0.1)
        await knows(one, room, last.seq)
        await knows(two, room, 2)
        assert [signal.kind for signal in two.signals if signal.kind not in ("presence", "typing")] == []
        assert [entry.kind for entry in two.entries[room]] == ["said"] * 4


async def knows(client: Client, room: int, read: int) -> None:
    joined = await client.join(room)
    assert isinstance(joined, Joined) and joined.read == read


async def marks(place: Place, person: PersonId) -> set[int]:
    return {row.read_seq for row in await place.rows(memberships, memberships.c.person == person)}
