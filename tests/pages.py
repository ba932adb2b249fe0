"""The pages on a real socket: a server of the test's own, and browsers without script to visit it with."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
import uvicorn

from chat import sessions
from chat.ids import PersonId
from chat.journal import Journal
from chat.keys import Keys
from chat.settings import Settings
from matcher import changes, pairs, topics
from matcher.tokens import Tokens
from tests.place import Place, open_place
from tests.words import PLACE_CANARY
from web.app import make_app

STOP_S = 10.0
TOKEN = re.compile(r'name="csrf" value="([A-Za-z0-9_=-]+)"')


class Browser:
    """Somebody's browser: keeps cookies, follows no redirect by itself, sends what a browser sends."""

    def __init__(self, base: str, **headers: str) -> None:
        self.base = base
        self.page = ""
        sent = {"accept-language": "en", **headers}
        self._client = httpx2.AsyncClient(base_url=base, timeout=30, headers=sent, verify=False)  # no TLS here

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    @property
    def cookies(self) -> httpx2.Cookies:
        return self._client.cookies

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """Open a page and remember it, for its forms."""
        answer = await self._client.get(path, headers=headers)
        assert PLACE_CANARY not in answer.text, "nobody is told of a place"
        if "text/html" in answer.headers.get("content-type", ""):
            self.page = answer.text
        return answer

    async def post(
        self,
        path: str,
        fields: Mapping[str, str | list[str]] | None = None,
        *,
        token: str | None = None,
        **headers: str,
    ) -> httpx2.Response:
        """Send a form of the page last opened, with its token."""
        found = TOKEN.search(self.page)
        given = token if token is not None else found[1] if found else ""
        sent = {"origin": self.base, "sec-fetch-site": "same-origin"} | headers
        sent = {name: value for name, value in sent.items() if value}
        answer = await self._client.post(path, data={**(fields or {}), "csrf": given}, headers=sent)
        assert PLACE_CANARY not in answer.text, "nobody is told of a place, not even who wrote it"
        if "text/html" in answer.headers.get("content-type", ""):
            self.page = answer.text
        return answer


@dataclass
class Pages:
    """A running site, and the place it serves."""

    place: Place
    base: str
    settings: Settings

    def browser(self, **headers: str) -> Browser:
        """Return a stranger's browser."""
        return Browser(self.base, **headers)

    async def browser_of(self, person: PersonId, **headers: str) -> Browser:
        """Return a browser in which somebody is signed in."""
        browser = Browser(self.base, **headers)
        async with self.place.store.transaction() as tx:
            browser.cookies.set("hearthside", await sessions.open(tx, person), domain="127.0.0.1")
        return browser


@asynccontextmanager
async def site(folder: Path, database_url: str, keys_of: type[Keys] = Keys, **set_to: object) -> AsyncIterator[Pages]:
    """Run the pages on a free port; `keys_of`: see `open_place`; `set_to` are settings."""
    given = Settings.from_environment({"HEARTHSIDE_VAR": str(folder), "HEARTHSIDE_DATABASE": database_url})
    async with open_place(database_url, folder, keys_of) as place:
        async with place.store.transaction() as tx:
            await changes.seed(tx)
            await pairs.seed(tx, Tokens(place.keys.derive("tokens")))
            await topics.seed(tx)
        config = uvicorn.Config(
            "", host="127.0.0.1", port=0, access_log=False, log_config=None, proxy_headers=False, lifespan="off"
        )
        server, socket = uvicorn.Server(config), config.bind_socket()
        base = f"http://127.0.0.1:{socket.getsockname()[1]}"
        settings = replace(given, **{"origin": base, **set_to})  # type: ignore[arg-type]
        config.app = make_app(
            settings=settings, store=place.store, keys=place.keys, journal=Journal(folder / "erasures.journal")
        )
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[socket])
        await server.on_tick(0)  # what uvicorn's loop does each second; the loop sees its end only at the next tenth
        try:
            yield Pages(place, base, settings)
        finally:
            for listening in server.servers:
                listening.close()
            for connection in list(server.server_state.connections):
                connection.shutdown()
            async with asyncio.timeout(STOP_S):
                await asyncio.gather(*server.server_state.tasks)
