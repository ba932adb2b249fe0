"""Bad handshakes and bad frames: each is refused or closed with the right code, and nobody else notices."""

import asyncio
import contextlib
import time
from collections.abc import Iterator

import pytest

from chat import sessions
from chat.intake import MESSAGES_BURST, MESSAGES_PER_S
from chat.socket import CLOSE_S, FRAGMENTS
from tests.hostile import Scene, open_server, scene
from tests.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Headers, Raw, frame, raw, request, upgrade
from tests.town import Town
from tests.words import words

ASK = b'{"t":"ping","ref":7}'
READ_AT_ONCE = 256 * 1000
"""What uvloop reads before it looks whether it should: UV_STREAM_RECV_BUF_SIZE."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One process for all of them."""
    with open_server(tmp_path_factory.mktemp("hostile")) as one:
        yield one


def without(headers: Headers, name: str, *instead: str) -> Headers:
    """The headers with one of them left out, or put in otherwise, as often as it is given."""
    return [one for one in headers if one[0] != name] + [(name, value) for value in instead]


KEY, HOST, AUTH = "Sec-WebSocket-Key", "Host", "Authorization"
HANDSHAKES = {
    "no key": (lambda h: request(without(h, KEY)), {400}),
    "a short key": (lambda h: request(without(h, KEY, "c2hvcnQ=")), {400}),
    "a key that is no base64": (lambda h: request(without(h, KEY, "!!!!")), {400}),
    "two keys": (lambda h: request([*h, *[one for one in h if one[0] == KEY]]), {400}),
    "version 8": (lambda h: request(without(h, "Sec-WebSocket-Version", "8")), {400, 426}),
    "no version": (lambda h: request(without(h, "Sec-WebSocket-Version")), {400, 426}),
    "another subprotocol": (lambda h: request(without(h, "Sec-WebSocket-Protocol", "chat")), {400}),
    "no upgrade": (lambda h: request(without(h, "Upgrade")), {404, 405, 400, 426}),
    "POST": (lambda h: request(h, "POST /socket HTTP/1.1"), {0, 400, 403, 404, 405}),
    "HTTP/1.0": (lambda h: request(h, "GET /socket HTTP/1.0"), {400}),
    "HTTP/3.7": (lambda h: request(h, "GET /socket HTTP/3.7"), {400}),
    "no Host": (lambda h: request(without(h, HOST)), {400}),
    "two Hosts": (lambda h: request([*h, (HOST, "elsewhere")]), {400}),
    "an absolute URI": (lambda h: request(h, "GET http://elsewhere/socket HTTP/1.1"), {400, 403}),
    "another path": (lambda h: request(h, "GET /sockets HTTP/1.1"), {403, 404}),
    "a path with a query": (lambda h: request(h, "GET /socket?token=x HTTP/1.1"), {403, 404}),
    "a length and an encoding": (
        lambda h: request([*h, ("Content-Length", "5"), ("Transfer-Encoding", "chunked")]), {0, 400},
    ),
    "a length that is no number": (lambda h: request([*h, ("Content-Length", "-5")]), {400}),
    "bare line feeds": (lambda h: request(h, end="\n"), {400}),
    "a header of 100 KB": (lambda h: request([*h, ("X", "a" * 100_000)]), {0, 400, 431}),
    "a thousand headers": (lambda h: request([*h, *[(f"X-{n}", "a") for n in range(1000)]]), {0, 400, 431}),
    "a header with NUL": (lambda h: request([*h, ("X", "a\x00b")]), {400}),
    "a header folded": (lambda h: request([*h, ("X", "a\r\n b")]), {400}),
    "noise": (lambda h: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300), {0, 400}),
    "no token": (lambda h: request(without(h, AUTH)), {401, 403}),
    "a foreign token": (lambda h: request(without(h, AUTH, "Bearer " + "x" * 32)), {401}),
    "an empty token": (lambda h: request(without(h, AUTH, "Bearer ")), {401}),
    "another scheme": (lambda h: request(without(h, AUTH, "Basic eDp5")), {401}),
    "two tokens": (lambda h: request([*h, *[one for one in h if one[0] == AUTH]]), {401}),
    "a token of 8 KB": (lambda h: request(without(h, AUTH, "Bearer " + "x" * 8000)), {401}),
    "a token with signs of other languages": (lambda h: request(without(h, AUTH, "Bearer \xe4\xf6")), {401, 400}),
}  # fmt: skip


@pytest.mark.parametrize("case", HANDSHAKES)
async def test_a_bad_handshake_is_refused(town: Town, case: str) -> None:
    spoil, expected = HANDSHAKES[case]
    async with scene(town) as it, raw(it.port) as one:
        assert await one.status(spoil(upgrade(it.token))) in expected  # type: ignore[no-untyped-call]


ORIGINS = {
    "absent": [], "null": ["null"], "empty": [""], "foreign": ["https://elsewhere.example"],
    "a look-alike": ["http://127.0.0.1.elsewhere.example"], "another port": ["http://127.0.0.1:1"],
    "another scheme": ["https://127.0.0.1:{port}"], "ours with a path": ["http://127.0.0.1:{port}/"],
    "ours in capitals": ["HTTP://127.0.0.1:{port}"], "ours twice": ["http://127.0.0.1:{port}"] * 2,
    "ours and another": ["http://127.0.0.1:{port}", "https://elsewhere.example"],
}  # fmt: skip


@pytest.mark.parametrize("case", ORIGINS)
async def test_a_cookie_opens_nothing_for_a_page_of_another_origin(town: Town, case: str) -> None:
    async with scene(town) as it, raw(it.port) as one:
        cookie = await it.token_of(it.hostile, "cookie")
        origins = [origin.format(port=it.port) for origin in ORIGINS[case]]
        headers = without(without(upgrade(""), AUTH), "Origin", *origins)
        assert await one.status(request([*headers, ("Cookie", f"hearthside={cookie}")])) == 403


@pytest.mark.parametrize("case", ["ours", "revoked", "foreign", "a bearer's", "absent", "broken"])
async def test_a_cookie_opens_only_while_its_session_stands(town: Town, case: str) -> None:
    async with scene(town) as it, raw(it.port) as one:
        cookie = await it.token_of(it.hostile, "cookie")
        if case == "revoked":
            async with it.place.store.transaction() as tx:
                await sessions.end_all(tx, it.hostile)
        values = {"foreign": "x" * 32, "a bearer's": it.token, "broken": '"\x01;;=='}
        headers = without(without(upgrade(""), AUTH), "Origin", f"http://127.0.0.1:{it.port}")
        if case != "absent":
            headers.append(("Cookie", f"a=b; hearthside={values.get(case, cookie)}"))
        assert await one.status(request(headers)) in ({101} if case == "ours" else {400, 401})


async def test_who_says_nothing_or_drips_a_header_is_dropped_in_ten_seconds(town: Town) -> None:
    async with scene(town) as it, raw(it.port) as silent, raw(it.port) as dripping, raw(it.port) as half:
        head = request(upgrade(it.token))
        await half.send(head[:-2])
        before = time.monotonic()

        async def drip() -> None:
            for byte in head[:60]:
                await dripping.send(bytes([byte]))
                await asyncio.sleep(0.2)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(drip())
            for one in (silent, dripping, half):
                tasks.create_task(until_closed(one))
        assert 9 < time.monotonic() - before < 14


async def until_closed(one: Raw) -> None:
    """Wait until the server has ended the connection."""
    async with asyncio.timeout(20):
        while await one.more(20):
            pass


A_CLOSE = frame(CLOSE, (1000).to_bytes(2))
FRAMES = {
    "unmasked": (frame(TEXT, ASK, masked=False), {1002}),
    "the first reserved bit, as deflate has it": (frame(TEXT, ASK, rsv=4), {1002}),
    "the second reserved bit": (frame(TEXT, ASK, rsv=2), {1002}),
    "the third reserved bit": (frame(PING, rsv=1), {1002}),
    "a reserved opcode": (frame(0x3, ASK), {1002}),
    "a reserved control opcode": (frame(0xB), {1002}),
    "a ping in fragments": (frame(PING, b"a", fin=False), {1002}),
    "a ping of 126 bytes": (frame(PING, bytes(126)), {1002}),
    "a close of 126 bytes": (frame(CLOSE, (1000).to_bytes(2) + bytes(124)), {1002}),
    "a continuation first": (frame(CONTINUATION, ASK), {1002}),
    "a message inside another": (frame(TEXT, b"{", fin=False) + frame(TEXT, ASK), {1002}),
    "a length of 2**63": (frame(TEXT, b"", length=2**63), {1002, 1009}),
    "a length of 2**63 - 1": (frame(TEXT, b"", length=2**63 - 1), {1009}),
    "a length over the limit": (frame(TEXT, b"", length=16 * 1024 + 1), {1009}),
    "a message over the limit, in fragments": (
        frame(TEXT, b" " * 9000, fin=False) + frame(CONTINUATION, b" " * 9000), {1009},
    ),
    "endless empty fragments": (
        frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"", fin=False) * (4 * FRAGMENTS), {1009},
    ),
    "bad UTF-8": (frame(TEXT, b'{"t":"\xff"}'), {1007}),
    "bad UTF-8 where a string may stand": (frame(TEXT, b'{"t":"ping","x":"\xc3\x28"}'), {1007}),
    "bad UTF-8 across fragments": (
        frame(TEXT, b'{"t":"ping","x":"\xe2\x82', fin=False) + frame(CONTINUATION, b'\x28"}'), {1007},
    ),
    "binary": (frame(BINARY, ASK), {1007}),
    "a close of one byte": (frame(CLOSE, b"\x03"), {1002}),
    "a close with code 1005": (frame(CLOSE, (1005).to_bytes(2)), {1002}),
    "a close with code 999": (frame(CLOSE, (999).to_bytes(2)), {1002}),
    "a close whose reason is bad UTF-8": (frame(CLOSE, (1000).to_bytes(2) + b"\xff"), {1002, 1007}),
    "data after a close": (A_CLOSE + frame(TEXT, ASK) * 50, {1000}),
    "two closes": (A_CLOSE * 2, {1000}),
    "noise after a close": (A_CLOSE + b"\xff" * 1000, {1000}),
    "HTTP where frames should be": (b"GET / HTTP/1.1\r\n\r\n" * 3, {1002}),
}  # fmt: skip


@pytest.mark.parametrize("case", FRAMES)
async def test_a_bad_frame_closes_its_connection_with_the_right_code(town: Town, case: str) -> None:
    data, expected = FRAMES[case]
    async with scene(town) as it, raw(it.port) as one:
        await one.come_in(it.token)
        await one.send(data)
        assert await one.close_code() in expected


async def test_a_message_in_fragments_of_one_byte_with_pings_between_is_understood(town: Town) -> None:
    async with scene(town) as it, raw(it.port) as one:
        await one.come_in(it.token)
        parts = [frame(CONTINUATION if n else TEXT, ASK[n : n + 1], fin=n == len(ASK) - 1) for n in range(len(ASK))]
        await one.send(frame(PING, b"between").join(parts))
        assert await one.next_text() == b'{"t":"done","ref":7}'


async def test_a_flood_of_pings_is_answered_and_slows_nobody_else(town: Town) -> None:
    async with scene(town) as it, raw(it.port) as one:
        await one.come_in(it.token)
        await one.send(frame(PING, b"flood") * 1000)
        await bystanders_talk(it)
        assert await one.next() == (PONG, b"flood")


async def test_a_flood_of_commands_is_read_slowly_and_slows_nobody_else(town: Town) -> None:
    async with scene(town) as it, raw(it.port) as one:
        await one.come_in(it.token)
        await one.send(b"".join(frame(TEXT, b'{"t":"join","ref":%d,"room":%d}' % (n, it.room)) for n in range(700)))
        await bystanders_talk(it)
        for _ in range(300):
            await one.next_text()


async def test_what_is_sent_too_fast_is_read_no_faster_because_it_has_been_answered(town: Town) -> None:
    async with scene(town) as it, raw(it.port) as one:
        await one.come_in(it.token)
        ask = frame(TEXT, b'{"t":"ping","ref":1,"more":"%s"}' % (b"x" * 1000))
        sending = asyncio.ensure_future(one.send(ask * 5000))
        answers = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3):
                while True:
                    await one.next_text()
                    answers += 1
        sending.cancel()
        assert MESSAGES_BURST <= answers <= MESSAGES_BURST + 2 * READ_AT_ONCE // len(ask) + 3 * MESSAGES_PER_S


async def test_who_was_closed_and_talks_on_is_dropped(town: Town) -> None:
    async with scene(town) as it, raw(it.port) as one:
        await one.come_in(it.token)
        await one.send(frame(BINARY, b"no"))
        assert await one.close_code() == 1007
        async with asyncio.timeout(CLOSE_S + 3), asyncio.TaskGroup() as tasks:
            talking = tasks.create_task(talk_on(one))
            await until_closed(one)
            talking.cancel()


async def talk_on(one: Raw) -> None:
    """Send pings, often, and answer nothing."""
    while True:
        await one.send(frame(PING, b"still here"))
        await asyncio.sleep(CLOSE_S / 10)


async def test_a_reset_in_the_middle_of_a_frame_harms_nobody(town: Town) -> None:
    async with scene(town) as it:
        for cut in (1, 3, 8):
            async with raw(it.port) as one:
                await one.come_in(it.token)
                await one.send(frame(TEXT, ASK)[:cut])


async def bystanders_talk(it: Scene) -> None:
    """The two others say things meanwhile, and hear them within a second each."""
    one, two = it.bystanders
    for _ in range(5):
        before = time.monotonic()
        text = words("meanwhile")
        await one.say(it.room, text)
        await two.until(lambda text=text: text in two.texts(it.room))
        assert time.monotonic() - before < 2
