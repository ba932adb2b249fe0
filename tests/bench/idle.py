"""idle: memory per connection, 10,000 of them, each joined to one group room of fifteen and to its inbox.

Resident memory of the server's process before and after; a first few hundred connections come before the first look, so
that what a server loads once is in neither. Beside it a textbook server, whose connections are in the same two rooms.
"""

import argparse
import asyncio
import sys
import time
from contextlib import ExitStack

from tests.bench.crowd import gather
from tests.bench.stage import our_plans, staged, textbook_plans

ROOM = 15
FIRST = 300
SETTLE_S = 3.0


def figures(argv: list[str]) -> dict[str, float]:
    """Measure; see the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench idle")
    parser.add_argument("--connections", type=int, default=10_000)
    asked = parser.parse_args(argv)
    first = min(FIRST, asked.connections)
    kb: dict[str, float] = {}
    with ExitStack() as stack:
        stage = stack.enter_context(staged())
        url = f"sqlite:///{stage.folder / 'hearthside.db'}"
        sizes = [ROOM] * ((first + asked.connections + ROOM - 1) // ROOM)
        crowd = asyncio.run(gather(url, stage.folder, sizes))[: first + asked.connections]
        ours, textbook = stack.enter_context(stage.ours(url, stage.folder)), stack.enter_context(stage.textbook())
        for server, plans in ((textbook, textbook_plans(crowd)), (ours, our_plans(crowd))):
            load = stack.enter_context(stage.load())
            load.open(server.port, plans[:first])
            time.sleep(SETTLE_S)
            before = server.rss_kb()
            took = load.open(server.port, plans[first:])
            time.sleep(SETTLE_S)
            name = server.child.name
            kb[name] = (server.rss_kb() - before) / asked.connections
            rate = asked.connections / took
            print(f"{name:9} {kb[name]:.1f} KB a connection; {rate:.0f} connections/s came in", file=sys.stderr)
    return {"kb_per_connection": kb["web"]}
