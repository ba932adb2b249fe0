"""A `web` process: what it has done before its port answers, and what it never writes down."""

import asyncio
import socket
from pathlib import Path

import pytest
import sqlalchemy as sa

from chat import links, recovery, sessions
from chat.ids import Millis
from chat.journal import Journal
from chat.tables import people
from tests.pages import Browser
from tests.place import open_place
from tests.raw import raw, request
from tests.servers import free_port, is_listening
from tests.test_routes_entering import CODE, sign_in
from tests.town import START_S, Town, open_town

pytestmark = pytest.mark.timeout(180)
HELD_S = 1.0
"""A process that did not wait would listen by then."""


async def test_what_a_backup_brought_back_is_erased_again_before_a_port_opens(
    postgresql_url: str, tmp_path: Path
) -> None:
    """Who is to be erased is held, so the process stands in the midst of it; nobody is let in meanwhile."""
    waiting = sa.text("select count(*) from pg_locks where not granted")
    town = Town(postgresql_url, tmp_path, None, {}, [free_port()])
    async with open_place(postgresql_url, tmp_path) as place:
        person = await place.person()
        await Journal(tmp_path / "erasures.journal").append("erased", person, Millis(1))
        town.begin(0)
        try:
            async with asyncio.timeout(START_S), place.store.transaction() as tx:
                await tx.lock(people, [person])
                while not (await tx.execute(waiting)).scalar_one():
                    assert town.webs[0].is_alive and not is_listening(town.ports[0])
                    await asyncio.sleep(0.01)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(HELD_S):
                        while not is_listening(town.ports[0]):  # noqa: ASYNC110  a port tells nobody
                            await asyncio.sleep(0.01)
            await asyncio.to_thread(town.await_start, 0)
            [row] = await place.rows(people, people.c.id == person)
            assert (row.state, row.nickname) == ("erased", None)
            assert await place.keys.owners("own") | await place.keys.owners("said") == set()
        finally:
            town.webs[0].stop()


def test_it_says_that_it_is_ready_only_once_it_listens(sqlite_url: str, tmp_path: Path) -> None:
    """Where the port is taken it never does; where it is free it is told once."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        town = Town(sqlite_url, tmp_path, None, {}, [port])
        town.begin(0)
        refused = town.webs[0]
        try:
            assert refused.process.wait(START_S) != 0
            assert "in use" in refused.said() and "ready: " not in refused.said()
        finally:
            refused.stop()
    with open_town(sqlite_url, tmp_path, None, 1) as again:
        again.webs[0].wait_until(lambda: "ready: " in again.webs[0].said())
        assert again.webs[0].said().count("ready: ") == 1


async def test_no_secret_that_lets_somebody_in_is_written_into_a_log(sqlite_url: str, tmp_path: Path) -> None:
    """Links, codes and sessions, when they work, are used up, are mistyped, and when the page itself fails."""
    with open_town(sqlite_url, tmp_path, None, 1) as town:
        base = f"http://127.0.0.1:{town.ports[0]}"
        async with town.place() as place:
            peer, member = await place.person("peer"), await place.person()
            async with place.store.transaction() as tx:
                secrets = {"link": await links.make_link(tx, person=peer)}
                secrets["failing link"] = await links.make_link(tx, role="a role that no page knows")
                secrets["code"] = await recovery.new_recovery(tx, member)
                secrets["bearer"] = await sessions.open(tx, member, "bearer")
        async with Browser(base) as first, Browser(base) as late, Browser(base) as coming:
            path = f"/link/{secrets['link']}"
            assert (await first.get(path)).status_code == 200
            assert (await first.post(path)).status_code == 303
            await late.get("/sign-in")
            assert (await late.post(path)).status_code == (await late.get(path)).status_code == 409
            assert (await late.get(f"/link/{secrets['failing link']}")).status_code == 500
            assert (await late.get(f"{path}/more")).status_code == 404
            [secrets["next code"]] = CODE.findall((await sign_in(coming, way="code", code=secrets["code"])).text)
            assert (await sign_in(late, way="code", code=secrets["code"][:-1])).status_code == 409
            secrets |= {"session": first.cookies["hearthside"], "another session": coming.cookies["hearthside"]}
        async with raw(town.ports[0]) as one:
            await one.come_in(secrets["bearer"])
        for name in ("link", "bearer"):
            async with raw(town.ports[0]) as one:
                assert await one.status(request([("Host", "here")], f"GET /link/{secrets[name]} HTTP/one")) == 400
        log = town.webs[0].said()
    assert "refused POST /link/{token}: link_used" in log and "a request failed: " in log, "it is where all is written"
    assert [name for name, secret in secrets.items() if plain(secret) in plain(log)] == []


def plain(text: str) -> str:
    return text.casefold().replace("-", "").replace(" ", "")
