"""Promises 10 and 11, step by step: one open request each, capacity, both told or neither, and never a blocked pair."""

from tests.circle import Circle
from tests.walk import DONE, walked

STEPS = 150
"""Some seconds a database; `python -m tests.soak matching --steps N` walks as far as is wanted."""


async def test_whatever_people_and_matchers_do_at_once_what_is_promised_holds(circle: Circle) -> None:
    done = await walked(circle, STEPS, seed=1)
    assert min(done[one] for one in DONE) >= 3, done
