"""python -m tests.bench NAME [--json] [options of the bench]: measure, and print the figures.

Figures are medians over rounds in which ours and what it is compared with take turns. They drift by a third from hour
to hour: compare what ran side by side.
"""

import importlib
import json
import sys

NAMES = ("rooms", "fanout", "idle", "durable", "page", "match", "assignment", "prober", "signals", "raid")
TARGETS = {
    "vs_textbook_w1": (">=", 2.5), "vs_textbook_w8": (">=", 6), "vs_textbook_w64": (">=", 20),
    "vs_floor_w1": ("<=", 1.5), "kb_per_connection": ("<=", 8), "rooms_ack_p99_ms": ("<=", 30),
    "rooms_delivery_p99_ms": ("<=", 40),
    "rooms_vs_textbook": (">=", 3), "vs_commit_each_sqlite": (">=", 5), "vs_commit_each_postgresql": (">=", 5),
    "sqlite_256_p99_ms": ("<=", 50), "postgresql_256_p99_ms": ("<=", 50), "sqlite_second_writer_p99_ms": ("<=", 60),
    "assign_10k_2k_s": ("<=", 2), "assign_share_of_optimum": (">=", 0.93), "wait_fairness": ("<=", 0.35),
    "search_100k_ms": ("<=", 12), "encode_p99_ms": ("<=", 25), "offer_p95_ms_1k": ("<=", 1000),
    "offer_p95_ms_10k": ("<=", 1000),
    "auc_told": ("<=", 0.55), "auc_read": ("<=", 0.55),
    "signals_lag_p95_ms": ("<=", 1000), "entries_per_s": (">=", 500),
    "seen_after": ("<=", 5), "accepted_after": ("<=", 0), "left_visible": ("<=", 0), "people_hidden": ("<=", 0),
    "ack_p99_ratio": ("<=", 2),
    "room_cold_ms": ("<=", 1500), "room_warm_ms": ("<=", 1000),
    "room_cold_kb": ("<=", 16), "live_fps": (">=", 50), "key_p95_ms": ("<=", 150), "heap_mb": ("<=", 6),
}  # fmt: skip


def main(argv: list[str]) -> None:
    """Run one bench."""
    names = [one for one in argv if one in NAMES]
    if len(names) != 1 or argv[0] != names[0]:
        sys.exit(f"python -m tests.bench NAME [--json]; NAME is one of {', '.join(NAMES)}.")
    rest = [one for one in argv[1:] if one != "--json"]
    figures: dict[str, float] = importlib.import_module(f"tests.bench.{names[0]}").figures(rest)
    if "--json" in argv:
        print(json.dumps({"figures": {name: float(f"{value:.4g}") for name, value in figures.items()}}))
        return
    width = max(map(len, figures))
    for name, value in figures.items():
        sign, target = TARGETS.get(name, ("", None))
        wanted = "" if target is None else f"   {sign} {target:g}"
        missed = target is not None and not (value >= target if sign == ">=" else value <= target)
        print(f"{name:{width}} {value:12.4g}{wanted}{'   MISSED' if missed else ''}")


if __name__ == "__main__":
    main(sys.argv[1:])
