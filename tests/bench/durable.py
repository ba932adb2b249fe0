"""durable: says acknowledged a second, when each is kept for good first; SQLite and PostgreSQL, both with fsync.

1, 16 and 256 says in flight, each from the next of 512 people (one connection may send no more than 100 frames a
second), who are alone in their rooms, so that nothing but keeping is measured. Beside it our own server without the
grouping: the same rules and rows, each say in a transaction of its own. Told on the way: a textbook server that asks
nothing and commits one INSERT a message. Then a second process, which shares the load's core, writes to the same SQLite
file: 16 in flight there, 256 in the first.
"""

import argparse
import asyncio
from contextlib import ExitStack

from tests import servers
from tests.bench.crowd import One, gather
from tests.bench.orders import Result, Run
from tests.bench.stage import SAY, TEXT, Load, Server, Stage, family, middle, our_plans, staged, tell, textbook_plans

IN_FLIGHT = (1, 16, 256)
MOST = IN_FLIGHT[-1]
SECOND = 16
SIZE = 120
DATABASES = ("sqlite", "postgresql")
WAYS = ("ours", "each", "textbook")
Results = dict[tuple[str, str, int], list[Result]]


def figures(argv: list[str]) -> dict[str, float]:
    """Measure; see the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench durable")
    parser.add_argument("--people", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2.0)
    asked = parser.parse_args(argv)
    results: Results = {}
    with ExitStack() as stack:
        stage = stack.enter_context(staged())
        cluster = stack.enter_context(stage.postgresql())
        crowds: dict[str, list[One]] = {}
        running: dict[tuple[str, str], tuple[Server, Load]] = {}
        for database in DATABASES:
            for way in WAYS:
                url = _url(stack, stage, cluster, way, database)
                running[way, database] = _start(stack, stage, way, database, url, crowds, asked.people)
        for _ in range(asked.rounds):
            for in_flight in IN_FLIGHT:
                for (way, database), (server, load) in running.items():
                    pids: dict[str, tuple[int, ...]] = {"web": (server.child.pid,)}
                    if database == "postgresql":
                        pids["database"] = family(cluster.child.pid)
                    result = load.run(_run(way, asked.people, in_flight, asked.seconds, pids))
                    tell(f"{way} {database}", in_flight, result)
                    results.setdefault((way, database, in_flight), []).append(result)
        first = running["ours", "sqlite"][1]
        beside = _second(stack, stage, first, crowds["sqlite"][asked.people :], asked.rounds, asked.seconds)
    made: dict[str, float] = {}
    for database in DATABASES:
        made[f"{database}_256_per_s"] = _per_s(results, "ours", database)
        made[f"{database}_256_p99_ms"] = middle(results["ours", database, MOST], lambda one: one.ack_p99_ms)
    for database in DATABASES:
        made[f"vs_commit_each_{database}"] = _per_s(results, "ours", database) / _per_s(results, "each", database)
    return made | {"sqlite_second_writer_p99_ms": middle(beside, lambda one: one.ack_p99_ms)}


def _url(stack: ExitStack, stage: Stage, cluster: servers.Cluster, way: str, database: str) -> str:
    (stage.folder / f"{way}-{database}").mkdir()
    if database == "postgresql":
        return stack.enter_context(cluster.database())
    return f"sqlite:///{stage.folder / f'{way}-{database}' / 'hearthside.db'}"


def _start(
    stack: ExitStack, stage: Stage, way: str, database: str, url: str, crowds: dict[str, list[One]], people: int
) -> tuple[Server, Load]:
    folder = stage.folder / f"{way}-{database}"
    load = stack.enter_context(stage.load())
    if way == "textbook":
        server = stack.enter_context(stage.textbook(url))
        load.open(server.port, textbook_plans(crowds[database][:people]))
        return server, load
    crowd = asyncio.run(gather(url, folder, [1] * 2 * people))
    if way == "ours":
        crowds[database] = crowd
    server = stack.enter_context(stage.ours(url, folder, grouped=way == "ours"))
    load.open(server.port, our_plans(crowd[:people]))
    return server, load


def _second(
    stack: ExitStack, stage: Stage, first: Load, crowd: list[One], rounds: int, seconds: float
) -> list[Result]:  # fmt: skip
    folder = stage.folder / "ours-sqlite"
    server = stack.enter_context(stage.ours(f"sqlite:///{folder / 'hearthside.db'}", folder, second=True))
    second = stack.enter_context(stage.load())
    second.open(server.port, our_plans(crowd))
    made = []
    for _ in range(rounds):
        first.begin(_run("ours", len(crowd), MOST, seconds + 1, {}))
        made.append(second.run(_run("ours", len(crowd), SECOND, seconds, {})))
        tell("first of two", MOST, first.finish())
        tell("second of two", SECOND, made[-1])
    return made


def _per_s(results: Results, way: str, database: str) -> float:
    return middle(results[way, database, MOST], lambda one: one.acked / one.seconds)


def _run(way: str, people: int, in_flight: int, seconds: float, pids: dict[str, tuple[int, ...]]) -> Run:
    return Run(seconds, TEXT if way == "textbook" else SAY, SIZE, 1, people, in_flight, pids=pids)
