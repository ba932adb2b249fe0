"""python -m tests.soak history --seconds 60, or matching --steps 1000000: run, judge, print, and fail."""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from tests import servers
from tests.history import History, judge
from tests.soak import history, matching
from tests.town import open_town


def main() -> None:
    """Read what is wanted, run it, judge it."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("name", choices=["history", "matching"])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearthside-soak-")))
        database, redis = f"sqlite:///{folder / 'hearthside.db'}", None
        if asked.database == "postgresql":
            cluster = stack.enter_context(servers.postgresql_cluster())
            database = stack.enter_context(cluster.database())
            redis = stack.enter_context(servers.redis_server())
        if asked.name == "matching":
            asyncio.run(matching.run(database, folder, steps=asked.steps, seed=asked.seed))
            return
        town = stack.enter_context(open_town(database, folder, redis))

        async def run() -> History:
            async with town.place() as place:
                return await history.run(town, place, clients=asked.clients, seconds=asked.seconds, seed=asked.seed)

        found = asyncio.run(run())
    wrong = judge(found)
    acked = sum(one.acked_at is not None for one in found.says)
    print(f"{asked.clients} people, {asked.seconds:g} s, {asked.database}, one process killed: {acked} says "
          f"acknowledged, {len(found.seen)} entries shown, {len(wrong)} wrong")  # fmt: skip
    for rule, count in Counter(one.rule for one in wrong).most_common():
        print(f"  {count} x {rule}, as in {next(one.about for one in wrong if one.rule == rule)}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
