"""Header caps: what a request may cost before anybody has looked at it."""

import asyncio
import re
from collections.abc import Iterator

import pytest

from chat.headers import HEADER_BYTES, HEADERS
from tests.hostile import open_server
from tests.raw import Headers, raw, request
from tests.town import Town

GET = "GET /healthz HTTP/1.1"
HOST: Headers = [("Host", "127.0.0.1")]
GOOD = request(HOST, GET)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One process for all of them."""
    with open_server(tmp_path_factory.mktemp("headers")) as one:
        yield one


def big(size: int) -> bytes:
    """A request whose headers have about so many bytes."""
    return request([*HOST, ("X", "a" * size)], GET)


async def statuses(port: int, *chunks: bytes, expected: int = 1000) -> list[int]:
    """Send chunks on one connection, a moment apart; return the statuses of the answers until the server closes, or
    so many have come."""
    async with raw(port) as one:
        for chunk in chunks:
            await one.send(chunk)
            await asyncio.sleep(0.02)
        got = b""
        while len(re.findall(rb"HTTP/1\.1 \d{3}", got)) < expected and (more := await one.more()):
            got += more
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", got)]


async def test_requests_on_one_connection_are_answered_each(town: Town) -> None:
    port = town.ports[0]
    assert await statuses(port, GOOD, GOOD, GOOD, expected=3) == [200, 200, 200]
    assert await statuses(port, GOOD * 3, expected=3) == [200, 200, 200]
    assert await statuses(port, GOOD[:20], GOOD[20:], expected=1) == [200]


async def test_headers_just_under_the_cap_pass_again_and_again(town: Town) -> None:
    just = big(HEADER_BYTES - 200)
    assert await statuses(town.ports[0], just, just, just, expected=3) == [200, 200, 200]
    many = request([*HOST, *[(f"X-{n}", "a") for n in range(HEADERS - 1)]], GET)
    assert await statuses(town.ports[0], many, expected=1) == [200]


@pytest.mark.parametrize(
    ("case", "chunks"),
    {
        "at once": [big(100_000)],
        "in pieces": [big(60_000)[start : start + 4000] for start in range(0, 60_000, 4000)],
        "in many headers": [request([*HOST, *[(f"X-{n}", "a" * 900) for n in range(80)]], GET)],
        "one too many": [request([*HOST, *[(f"X-{n}", "a") for n in range(HEADERS)]], GET)],
        "in the path": [request(HOST, f"GET /{'a' * 60_000} HTTP/1.1")],
    }.items(),
)
@pytest.mark.parametrize("before", [b"", GOOD])
async def test_headers_over_the_cap_are_refused_also_behind_a_good_request(
    town: Town, case: str, chunks: list[bytes], before: bytes
) -> None:
    for sent in ([before, *chunks] if before else chunks, [before + chunks[0], *chunks[1:]]):
        found = await statuses(town.ports[0], *sent)
        assert found.count(200) <= bool(before), case
        assert set(found) <= {200, 400}, case


@pytest.mark.parametrize(
    "head",
    [
        request([("Host", "a"), ("Host", "b")], GET), request([], GET), request(HOST, "GET /healthz HTTP/9.9"),
        request([*HOST, ("Content-Length", "1"), ("Content-Length", "2")], GET),
        request([*HOST, ("Content-Length", "1"), ("Transfer-Encoding", "chunked")], GET),
        request([*HOST, ("Transfer-Encoding", "chunked, identity")], GET),
        request([*HOST, ("Content-Length", "9" * 30)], GET),
        request([*HOST, ("X Y", "a")], GET), request([*HOST, ("X", "a\rb")], GET),
    ],
)  # fmt: skip
async def test_what_two_servers_could_read_differently_is_refused(town: Town, head: bytes) -> None:
    found = await statuses(town.ports[0], head)
    assert found in ([400], [])


async def test_after_all_of_that_the_log_holds_no_traceback_and_the_server_answers(town: Town) -> None:
    assert await statuses(town.ports[0], GOOD, expected=1) == [200]
    assert "Traceback" not in town.webs[0].said()
