"""fanout: processor time per delivery, one room of 1,000, 120 bytes, through the path that keeps every say.

Beside it a textbook loop and a bare loop that only writes; neither of the two keeps anything. 1, 8 and 64 says in
flight, each from the next of 256 members; the next goes out when one is back at who said it.
"""

import argparse
import asyncio
from contextlib import ExitStack

from tests.bench.crowd import gather
from tests.bench.orders import Result, Run
from tests.bench.stage import SAY, TEXT, middle, our_plans, staged, tell, textbook_plans

IN_FLIGHT = (1, 8, 64)
SENDERS = 256
SIZE = 120


def figures(argv: list[str]) -> dict[str, float]:
    """Measure; see the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench fanout")
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    asked = parser.parse_args(argv)
    with ExitStack() as stack:
        stage = stack.enter_context(staged())
        url = f"sqlite:///{stage.folder / 'hearthside.db'}"
        crowd = asyncio.run(gather(url, stage.folder, [asked.members]))
        ours, textbook, floor = (
            stack.enter_context(one) for one in (stage.ours(url, stage.folder), stage.textbook(), stage.floor())
        )
        plans = {ours: our_plans(crowd), textbook: textbook_plans(crowd), floor: textbook_plans(crowd)}
        loads = {server: stack.enter_context(stage.load()) for server in plans}
        for server, load in loads.items():
            load.open(server.port, plans[server])
        results: dict[tuple[object, int], list[Result]] = {}
        for _ in range(asked.rounds):
            for in_flight in IN_FLIGHT:
                for server, load in loads.items():
                    result = load.run(
                        Run(
                            asked.seconds, SAY if server is ours else TEXT, SIZE, asked.members,
                            min(SENDERS, asked.members), in_flight, warm_s=asked.seconds / 2,
                            pids={"server": (server.child.pid,)},
                        )
                    )  # fmt: skip
                    results.setdefault((server, in_flight), []).append(result)
                    tell(server.child.name, in_flight, result)

    def cost(server: object, in_flight: int) -> float:
        return middle(results[server, in_flight], lambda one: one.cpu_s["server"] / one.deliveries * 1e6)

    made = {f"cpu_us_w{n}": cost(ours, n) for n in IN_FLIGHT}
    made |= {f"vs_textbook_w{n}": cost(textbook, n) / cost(ours, n) for n in IN_FLIGHT}
    return made | {"vs_floor_w1": cost(ours, 1) / cost(floor, 1)}
