"""Ids and time: what they are, and how a new one is made.

Ids are random, so they tell nothing about how many people or rooms there are, and fit JavaScript's exact integers.
"""

import secrets
from typing import NewType

PersonId = NewType("PersonId", int)
RoomId = NewType("RoomId", int)
CaseId = NewType("CaseId", int)
ActId = NewType("ActId", int)
Seq = NewType("Seq", int)
Millis = NewType("Millis", int)
"""Milliseconds since 1970 UTC by the database's clock; never by a process's own."""

ID_MAX = 2**53 - 1
"""The largest integer JavaScript holds exactly (ECMA-262, Number.MAX_SAFE_INTEGER)."""


def new_id() -> int:
    """Return a random id in 1 … ID_MAX; the table's primary key refuses the collision that will not come."""
    return secrets.randbelow(ID_MAX) + 1
