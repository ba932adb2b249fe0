"""python -m matcher simulate: play made-up days through by several policies and compare them, before a change.

It prints a table, and writes a report page and README's plot where it is told to. It reads no settings and no data.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from matcher import plot, report, simulation, tally, world
from matcher.plot import Plot, Series
from matcher.simulation import OURS, POLICIES, Played, Policy, play
from matcher.tally import MEASURES, Of, over

USUAL, SCARCE = 0.7, 3.0
"""Minutes of talk that are asked for, to one minute that peers have room for."""
LOADS = {USUAL: "a usual day", SCARCE: "three times what peers can take"}
DAYS = 8
MINUTES = range(0, 61, 2)
ALONE = POLICIES[-1]

Days = Mapping[tuple[float, Policy], Sequence[Played]]
"""The days, by load and policy."""


def main(argv: list[str]) -> None:
    """Play, print, write."""
    parser = argparse.ArgumentParser(prog="python -m matcher simulate", description="Compare policies on made-up days.")
    parser.add_argument("--days", type=int, default=DAYS, help=f"how many days a policy plays (default {DAYS})")
    parser.add_argument("--seed", type=int, default=1, help="another one gives other days")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write a page with plots (HTML)")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write the plot of places small and large (SVG)")
    asked = parser.parse_args(argv)
    days = play_all(max(1, asked.days), asked.seed)
    written = text(days)
    print(written)
    if asked.report:
        asked.report.write_text(page(days, written), encoding="utf-8")
    if asked.plot:
        asked.plot.write_text(plot.picture(plot.bars(reach(days))) + "\n", encoding="utf-8")


def play_all(count: int, seed: int) -> Days:
    """Play `count` days at each load by each policy, telling on stderr how far it is."""
    days: dict[tuple[float, Policy], list[Played]] = {(load, policy): [] for load in LOADS for policy in POLICIES}
    total = count * len(days)
    for day in range(count):
        for load in LOADS:
            made = world.make(seed * 1000 + day, load)
            for policy in POLICIES:
                days[load, policy].append(play(made, policy, seed * 1000 + day))
                done = sum(map(len, days.values()))
                print(f"\rplayed {done} of {total} days", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return days


def text(days: Days) -> str:
    """Return all measures as a table for a terminal, a part for each load."""
    wide = max(len(one.name) for one in MEASURES) + 2
    lines: list[str] = []
    for load, name in LOADS.items():
        lines += [name, " " * wide + "".join(f"{policy.name:>20}" for policy in POLICIES)]
        for one in MEASURES:
            values = (over(days[load, policy], one.of)[0] for policy in POLICIES)
            shown = "".join(f"{plot.number(value, one.unit, one.digits):>20}" for value in values)
            lines.append(f"{one.name:{wide}}{shown}")
        lines.append("")
    return "\n".join(lines)


def reach(days: Days) -> Plot:
    """Return the plot that says whether small places are reached."""
    return Plot(
        "Matched within ten minutes, by size of place",
        "A simulation. Where each place helps its own people only, hardly anybody in a village finds somebody within "
        "ten minutes; in one network the size of the place makes no difference.",
        [f"a place of {size:,} people" for size in world.LOCALITIES],
        [
            _series(name, [days[USUAL, policy]] * len(world.LOCALITIES),
                    [tally.matched_within(tally.SOON_MIN, tally.in_locality(size)) for size in world.LOCALITIES])
            for name, policy in (("each place alone", ALONE), ("the whole network", OURS))
        ],
        unit="%",
        most=100,
    )  # fmt: skip


def page(days: Days, written: str) -> str:
    """Return the report."""
    parts = [
        report.paragraph("A simulation: made-up days of a made-up network. It says how ways to match compare under the "
                         "assumptions at the end, not how long anybody will wait."),
        report.paragraph("Whiskers are two standard errors over days."),
        report.bars(reach(days)),
        *(report.lines(_waited(days, load)) for load in LOADS),
        report.bars(_fairness(days)),
        report.bars(_kept(days)),
        "<h2>All measures</h2>",
        report.preformatted(written),
        "<h2>Assumptions</h2>",
        *map(report.paragraph, assumptions()),
    ]  # fmt: skip
    return report.page("How people would be matched", parts)


def assumptions() -> list[str]:
    """Return what is assumed, in sentences; the numbers are those that were played with."""
    places = ", ".join(f"{count} of {size:,}" for size, count in world.LOCALITIES.items())
    return [
        f"Places: {places} people. One peer to {world.PEOPLE_PER_PEER} people, on duty {world.ON_DUTY:.0%} of days for "
        f"{world.SHIFT_MIN / 60:.0f} hours, mostly when most people ask, with one or two people at once.",
        f"A talk lasts {world.TALK_MIN:.0f} minutes on average. On a usual day {USUAL:.0%} of peers' time is asked "
        f"for, on a scarce one {SCARCE:.0%}. People ask in proportion to how many live in a place.",
        f"An offer stands {simulation.OFFER_MIN * 60:.0f} seconds; {simulation.DECLINED:.0%} are declined and "
        f"{simulation.UNANSWERED:.0%} not answered.",
        f"Of those who wait {simulation.LEAVING:.1%} leave each minute; past the announced wait (past "
        f"{simulation.EXPECTED_MIN} minutes where none was announced) {simulation.LEAVING_MORE:.1%} more each minute.",
        f"{world.TOPICS} kinds of experience, the k-th 1/k as frequent as the first, among peers as among seekers. "
        f"Rare is what fewer than {world.RARE:.0%} have lived through. Vectors are drawn around their kind.",
    ]


def _waited(days: Days, load: float) -> Plot:
    return Plot(
        f"Waits: {LOADS[load]}",
        "Of all who asked, the share that was matched within the minutes below. Who left is counted as not matched.",
        [str(minute) for minute in MINUTES],
        [
            Series(policy.name, [over(days[load, policy], tally.matched_within(minute))[0] for minute in MINUTES])
            for policy in POLICIES
        ],
        unit="%",
        most=100,
    )


def _fairness(days: Days) -> Plot:
    return Plot(
        "Matched at three times what peers can take",
        "Rare experience against common: under a fair policy both bars are as long.",
        [policy.name for policy in POLICIES],
        [
            _series(name, [days[SCARCE, policy] for policy in POLICIES], [one.of] * len(POLICIES))
            for name, one in (("rare experience", tally.RARE), ("common experience", tally.COMMON))
        ],
        unit="%",
    )


def _kept(days: Days) -> Plot:
    return Plot(
        "Announced waits kept or beaten",
        "Four in five are to be kept.",
        [policy.name for policy in POLICIES],
        [
            _series(name, [days[load, policy] for policy in POLICIES], [tally.kept] * len(POLICIES))
            for load, name in LOADS.items()
        ],
        unit="%",
        most=100,
    )


def _series(name: str, days: Sequence[Sequence[Played]], measures: Sequence[Of]) -> Series:
    """Return a measure's mean and interval for each category: its days, and what is counted of them."""
    made = [over(one, of) for one, of in zip(days, measures, strict=True)]
    return Series(name, [mean for mean, _, _ in made], [(low, high) for _, low, high in made])
