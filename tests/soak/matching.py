"""Matching, walked through at random for as long as is wanted; see `tests.walk` for what is looked at after every step.

A walk begins anew every so often, with other people: what was is looked at in whole, and that grows.
"""

from collections import Counter
from pathlib import Path

from tests.circle import open_circle
from tests.walk import walked

STEPS = 1000


async def run(database: str, folder: Path, *, steps: int, seed: int) -> None:
    """Walk so many steps, and print what was done.

    Raises:
        AssertionError: a promise was broken; the text says which, and after what.
    """
    done: Counter[str] = Counter()
    async with open_circle(database, folder) as circle:
        for n, start in enumerate(range(0, steps, STEPS)):
            done += await walked(circle, min(STEPS, steps - start), seed + n)
            print(f"{min(start + STEPS, steps)} steps, 0 wrong: {dict(done)}", flush=True)
