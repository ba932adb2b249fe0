"""Commit each: our own server, `python -m web`, in which every say is kept in a transaction of its own.

The same sockets, rules, locks and rows; only the grouping is taken away. On SQLite one writes after the other, as
SQLite wants it; on PostgreSQL ten transactions run at once, over ten connections.
"""

import asyncio

from chat.group import GroupCommit
from chat.group_postgres import PostgresDriver
from web import __main__ as web

CONNECTIONS = 10


class CommitEach(GroupCommit):
    """Takes what waits one by one."""

    async def run(self) -> None:
        """Commit says until `end` was called and nothing waits."""
        one = self._driver
        drivers = [one]
        if isinstance(one, PostgresDriver):
            drivers += [PostgresDriver(one._url, *one._limits, one._zone) for _ in range(CONNECTIONS - 1)]
        async with asyncio.TaskGroup() as tasks:
            for driver in drivers:
                tasks.create_task(self._work(driver))

    async def _work(self, driver: "PostgresDriver | object") -> None:
        own = GroupCommit(driver, self._deliver, self._announce, self._hold)  # type: ignore[arg-type]
        while not (self._ended and not self._waiting):
            await self._some.wait()
            while self._waiting:
                await own._keep([self._waiting.popleft()])
            if not self._ended:
                self._some.clear()


if __name__ == "__main__":
    web.GroupCommit = CommitEach  # type: ignore[attr-defined]
    web.main()
