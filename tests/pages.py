"""The pages on a real socket: a server of the test's own, and browsers without script to visit it with."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
import uvicorn
from starlette.applications import Starlette

from chat import people, rooms, sessions
from chat.ids import PersonId
from chat.journal import Journal
from chat.keys import Keys
from chat.migrate import migrate
from chat.seal import Keyring
from chat.settings import Settings
from chat.store import Store
from tests import words
from web.app import make_app

START_S = 10.0
TOKEN = re.compile(r'name="csrf" value="([A-Za-z0-9_=-]+)"')


class Browser:
    """Somebody's browser: keeps cookies, follows no redirect by itself, sends what a browser sends."""

    def __init__(self, base: str, **headers: str) -> None:
        self.base = base
        self.page = ""
        self._client = httpx2.AsyncClient(base_url=base, timeout=10, headers={"accept-language": "en", **headers})

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
        if "text/html" in answer.headers.get("content-type", ""):
            self.page = answer.text
        return answer

    async def post(
        self, path: str, fields: dict[str, str | list[str]] | None = None, *, token: str | None = None, **headers: str
    ) -> httpx2.Response:
        """Send a form of the page last opened, with its token."""
        found = TOKEN.search(self.page)
        given = token if token is not None else found[1] if found else ""
        sent = {"origin": self.base, "sec-fetch-site": "same-origin"} | headers
        sent = {name: value for name, value in sent.items() if value}
        answer = await self._client.post(path, data={**(fields or {}), "csrf": given}, headers=sent)
        if "text/html" in answer.headers.get("content-type", ""):
            self.page = answer.text
        return answer


@dataclass
class Place:
    """A running site."""

    base: str
    store: Store
    keys: Keys
    settings: Settings
    app: Starlette

    async def person(self, *roles: str, nickname: str = "") -> PersonId:
        """Make somebody; without a name, with one nobody chose before."""
        name = nickname or f"{words.words()}"[:20]
        return await people.make(self.store, self.keys, name, "en", roles=roles)

    async def visitor(self, person: PersonId | None = None, **headers: str) -> Browser:
        """Return a browser, signed in as somebody or a stranger's."""
        browser = Browser(self.base, **headers)
        if person is not None:
            async with self.store.transaction() as tx:
                token = await sessions.open(tx, person)
            browser.cookies.set("hearthside", token, domain="127.0.0.1")
        return browser


@asynccontextmanager
async def site(folder: Path, database: str = "", **set_to: object) -> AsyncIterator[Place]:
    """Run the pages, on a free port."""
    environment = {"HEARTHSIDE_VAR": str(folder)} | ({"HEARTHSIDE_DATABASE": database} if database else {})
    settings = replace(Settings.from_environment(environment), **set_to)  # type: ignore[arg-type]
    for package in ("chat", "matcher"):
        await migrate(settings.database, package)
    keyring = Keyring.load(Path(settings.key_file))
    store, keys = Store.open(settings.database), await Keys.open(settings.keys, keyring)
    async with store.transaction() as tx:
        await rooms.seed(tx)
    server = uvicorn.Server(
        uvicorn.Config("", host="127.0.0.1", port=0, access_log=False, log_config=None, proxy_headers=False)
    )
    sockets = [server.config.bind_socket()]
    base = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    if "origin" not in set_to:
        settings = replace(settings, origin=base)
    app = make_app(settings=settings, store=store, keys=keys, journal=Journal(Path(settings.erasures)))
    server.config.app = app
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(server.serve(sockets))
            async with asyncio.timeout(START_S):
                while not server.started:
                    await asyncio.sleep(0.01)
            try:
                yield Place(base, store, keys, settings, app)
            finally:
                server.should_exit = True
                async with asyncio.timeout(START_S):
                    await running
    finally:
        await keys.close()
        await store.close()
