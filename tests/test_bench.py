"""Every bench runs, small and short, and gives the figures it promises; how good they are is for the bench itself."""

import json
import subprocess
import sys

import pytest

from tests.servers import ROOT

FIGURES = {
    "rooms": {"rooms_cpu_us_per_say", "rooms_ack_p99_ms", "rooms_delivery_p99_ms", "rooms_max_says_per_s",
              "rooms_vs_textbook"},
    "fanout": {"cpu_us_w1", "cpu_us_w8", "cpu_us_w64", "vs_textbook_w1", "vs_textbook_w8", "vs_textbook_w64",
               "vs_floor_w1"},
    "idle": {"kb_per_connection"},
    "durable": {"sqlite_256_per_s", "sqlite_256_p99_ms", "postgresql_256_per_s", "postgresql_256_p99_ms",
                "vs_commit_each_sqlite", "vs_commit_each_postgresql", "sqlite_second_writer_p99_ms"},
    "assignment": {"assign_10k_2k_s", "assign_share_of_optimum", "nearest_10k_2k_s", "nearest_share_of_optimum",
                   "wait_fairness", "nearest_wait_fairness", "search_100k_ms", "product_100k_ms", "pool_100k_ms"},
    "signals": {"signals_lag_p50_ms", "signals_lag_p95_ms", "entries_per_s", "contact_recall_at_1pct",
                "contact_recall_at_1pct_list"},
}  # fmt: skip
SMALL = {
    "rooms": ("--rooms", "3", "--members", "4", "--per-s", "20", "--rounds", "1", "--seconds", "1"),
    "fanout": ("--members", "12", "--rounds", "1", "--seconds", "1.5"),
    "idle": ("--connections", "30"),
    "durable": ("--rounds", "1", "--seconds", "0.4", "--people", "40"),
    "assignment": ("--rounds", "1", "--scale", "0.05"),
    "signals": ("--people", "10", "--seconds", "1", "--backlog", "200"),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_bench_gives_its_figures(name: str) -> None:
    command = (sys.executable, "-m", "tests.bench", name, "--json", *SMALL[name])
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=110, check=False)
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    figures = json.loads(ended.stdout)["figures"]
    assert set(figures) == FIGURES[name]
    assert all(value >= 0 for value in figures.values())


def test_the_runner_says_which_benches_there_are() -> None:
    ended = subprocess.run((sys.executable, "-m", "tests.bench", "no"), cwd=ROOT, capture_output=True, timeout=60)
    names = b"rooms, fanout, idle, durable, page, match, assignment, prober, signals"
    assert ended.returncode != 0 and names in ended.stderr
