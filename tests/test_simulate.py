"""python -m matcher simulate: what it prints and writes, and that it needs no settings."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from matcher import plot, simulate, world
from matcher.simulation import POLICIES, Played, Policy, play
from tests.servers import ROOT


@pytest.fixture(scope="module")
def days() -> dict[tuple[float, Policy], Sequence[Played]]:
    """Two quiet days a policy, which take a moment; they stand for both loads."""
    made = [world.make(seed, 0.1) for seed in (1, 2)]
    return {(load, policy): [play(one, policy, 1) for one in made] for load in simulate.LOADS for policy in POLICIES}


def test_the_table_has_every_policy_and_measure_at_every_load(days: simulate.Days) -> None:
    written = simulate.text(days)
    for one in (*simulate.LOADS.values(), *(policy.name for policy in POLICIES)):
        assert one in written
    assert written.count("matched within 10 min") == len(simulate.LOADS)


def test_the_report_is_one_page_with_its_assumptions(days: simulate.Days) -> None:
    page = simulate.page(days, simulate.text(days))
    assert page.count("<svg") == page.count("<details>") == 5
    assert "A simulation" in page and "one peer to 500 people" in page.lower()
    assert "<script" not in page and "src=" not in page


def test_the_plot_compares_places_alone_with_the_network(days: simulate.Days) -> None:
    reach = simulate.reach(days)
    assert [one.name for one in reach.series] == ["each place alone", "the whole network"]
    alone, together = (one.values for one in reach.series)
    assert alone[0] < 30 < 90 < together[0]
    ElementTree.fromstring(plot.picture(plot.bars(reach)))


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    ran = (sys.executable, "-m", "matcher", *arguments)
    return subprocess.run(ran, cwd=cwd, env={"PYTHONPATH": str(ROOT)}, capture_output=True, timeout=60, check=False)


def test_a_command_reads_no_settings_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ended = command("simulate", "--help", cwd=tmp_path)
    assert ended.returncode == 0 and b"--report" in ended.stdout
    assert not list(tmp_path.iterdir())


def test_a_command_that_is_not_there_is_named_what_is(tmp_path: Path) -> None:
    ended = command("simulat", cwd=tmp_path)
    assert ended.returncode != 0 and b"simulate" in ended.stderr
    assert not list(tmp_path.iterdir())
