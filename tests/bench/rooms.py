"""rooms: what people run. 1,000 rooms of 15, everybody connected, each with their inbox; every say sealed and kept.

First a steady 200 says a second, then as fast as it goes (1,024 in flight: one in fifteen people has just spoken); each
say comes from the next of all members in a shuffled order. Beside it a textbook server that commits each message.
`--database postgresql` keeps both there, and tells the database's processor time apart; on SQLite it is part of the
server's own.
"""

import argparse
import asyncio
from contextlib import ExitStack

from tests.bench.crowd import gather
from tests.bench.orders import Result, Run
from tests.bench.stage import SAY, TEXT, Load, Server, family, middle, our_plans, staged, tell, textbook_plans

SIZE = 120
IN_FLIGHT = 1024


def figures(argv: list[str]) -> dict[str, float]:
    """Measure; see the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench rooms")
    parser.add_argument("--rooms", type=int, default=1000)
    parser.add_argument("--members", type=int, default=15)
    parser.add_argument("--per-s", type=float, default=200)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    asked = parser.parse_args(argv)
    steady: dict[str, list[Result]] = {"ours": [], "textbook": []}
    most: dict[str, list[Result]] = {"ours": [], "textbook": []}
    with ExitStack() as stack:
        stage = stack.enter_context(staged())
        urls = [f"sqlite:///{stage.folder / name}.db" for name in ("hearthside", "textbook")]
        database: int | None = None
        if asked.database == "postgresql":
            cluster = stack.enter_context(stage.postgresql())
            database = cluster.child.pid
            urls = [stack.enter_context(cluster.database()) for _ in urls]
        crowd = asyncio.run(gather(urls[0], stage.folder, [asked.members] * asked.rooms))
        running: dict[str, tuple[Server, Load]] = {}
        for what, server, plans in (
            ("textbook", stack.enter_context(stage.textbook(urls[1])), textbook_plans(crowd)),
            ("ours", stack.enter_context(stage.ours(urls[0], stage.folder)), our_plans(crowd)),
        ):
            running[what] = (server, stack.enter_context(stage.load()))
            running[what][1].open(server.port, plans)
        for _ in range(asked.rounds):
            for per_s, made in ((asked.per_s, steady), (0.0, most)):
                for what, (server, load) in running.items():
                    pids: dict[str, tuple[int, ...]] = {"web": (server.child.pid,)}
                    if database is not None:
                        pids["database"] = family(database)
                    result = load.run(
                        Run(
                            asked.seconds, SAY if what == "ours" else TEXT, SIZE, asked.members, len(crowd),
                            0 if per_s else IN_FLIGHT, per_s, warm_s=1.0, pids=pids,
                        )
                    )  # fmt: skip
                    tell(what, per_s or IN_FLIGHT, result)
                    made[what].append(result)

    def cpu_us(of: str) -> float:
        return middle(steady["ours"], lambda one: one.cpu_s[of] / one.acked * 1e6)

    figures = {"rooms_cpu_us_per_say": cpu_us("web")}
    if asked.database == "postgresql":
        figures["rooms_database_cpu_us_per_say"] = cpu_us("database")
    figures |= {
        "rooms_ack_p99_ms": middle(steady["ours"], lambda one: one.ack_p99_ms),
        "rooms_delivery_p99_ms": middle(steady["ours"], lambda one: one.delivery_p99_ms),
        "rooms_max_says_per_s": middle(most["ours"], lambda one: one.acked / one.seconds),
    }
    textbook = middle(most["textbook"], lambda one: one.acked / one.seconds)
    return figures | {"rooms_vs_textbook": figures["rooms_max_says_per_s"] / textbook}
