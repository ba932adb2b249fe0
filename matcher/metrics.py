"""Metrics: figures about a matcher process and its queue, for whoever runs the server; about nobody in it.

They are looked up every LOOK_S, so asking for them costs the database nothing.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Gauge, start_http_server

from chat.refusals import Unavailable
from chat.settings import SettingError, address
from chat.store import Store, Transaction
from matcher import profiles
from matcher.matching import Matching
from matcher.tables import OPEN, requests

LOOK_S = 5.0


class Metrics:
    """The figures as they were at the last look."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._size = self._gauge("index_bytes", "Memory the vectors and facets of all peers take in this process.")
        self._peers = self._gauge("index_peers", "Peers this process knows.")
        self._encoded = self._gauge("encoded_share", "Share of profiles the present model has encoded, 0 to 1.")
        self._waiting = self._gauge("requests_waiting", "Requests that have not ended.")

    async def run(self, store: Store, matching: Matching) -> None:
        """Look every LOOK_S, until cancelled; a database that does not answer leaves the figures as they were."""
        while True:
            try:
                async with store.reading() as tx:
                    await self.look(tx, matching)
            except Unavailable:
                pass  # the matching itself says so
            await asyncio.sleep(LOOK_S)

    async def look(self, tx: Transaction, matching: Matching) -> None:
        """Look now."""
        waiting = sa.select(sa.func.count()).select_from(requests).where(requests.c.state.in_(OPEN))
        self._waiting.set((await tx.execute(waiting)).scalar_one())
        self._encoded.set(await profiles.encoded_share(tx, matching.encoding.model))
        self._size.set(matching.index.size_bytes)
        self._peers.set(len(matching.index))

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(f"hearthside_matcher_{name}", about, registry=self.registry)


@contextmanager
def serving(metrics: Metrics, where: str) -> Iterator[None]:
    """Answer Prometheus at HOST:PORT for the time of the block; empty: nowhere.

    Raises:
        SettingError: nothing can listen there.
    """
    if not where:
        yield
        return
    host, port = address(where)
    try:
        server, thread = start_http_server(port, host, metrics.registry)
    except OSError as error:
        raise SettingError(f"HEARTHSIDE_METRICS: nothing can listen at {where} ({type(error).__name__}).") from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(1)
