"""Hits: what a detector finds, under which code, and how near to harm that is.

The one idea: a hit is a reason for a person to look and nothing else. What weighs less than OPENS alone is a hint; the
hints of one text add up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Code = Literal[
    "crisis_now", "crisis", "minor", "sexual", "secrecy", "threat", "slur", "contact", "flood", "repeat", "newcomers",
    "joining",
]  # fmt: skip
OPENS = 1.0
"""What a text's hits of one code must weigh together for a case."""

LEVELS: dict[Code, str] = {
    "crisis_now": "imminent", "crisis": "imminent", "minor": "minors", "sexual": "sexual", "secrecy": "sexual",
    "threat": "hate", "slur": "hate", "contact": "spam", "flood": "spam", "repeat": "spam", "joining": "spam",
    "newcomers": "other",
}  # fmt: skip
"""The one place that says how near to harm a code is: the level of its cases."""


GRAVER: dict[Code, Code] = {"crisis": "crisis_now", "sexual": "minor", "secrecy": "minor"}


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found. It holds no words."""

    code: Code
    weight: float = OPENS


def weighed(hits: Iterable[Hit]) -> dict[Code, float]:
    """Return what the hits of each code weigh together."""
    made: dict[Code, float] = {}
    for hit in hits:
        made[hit.code] = made.get(hit.code, 0.0) + hit.weight
    return made


def opening(hits: Iterable[Hit]) -> list[Code]:
    """Return the codes for which a case is to be opened, without one that a graver one says already."""
    found = [code for code, weight in weighed(hits).items() if weight >= OPENS]
    return [code for code in found if GRAVER.get(code) not in found]
