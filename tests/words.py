"""What people write in the tests: every text and every place's name carries a canary, so that any of them is
found where it must not be.

Write nothing into a message, a profile, a reason, a name or a place by hand: take it from here. `tests/logs.py` looks
for the canaries in the logs of the whole run when the last test is done, `tests/pages.py` in every answer for places.
"""

import secrets

CANARY = "zilpzalp"
"""Letters of ASCII alone: they look the same in JSON, in a repr, in a URL and in a traceback."""
PLACE_CANARY = "zaunkoenig"
"""The same for places, which nobody is ever told."""


def words(about: str = "") -> str:
    """Return a text nobody wrote before, beginning with the canary; `about` is what comes after it."""
    return f"{CANARY}{secrets.token_hex(4)} {about}".rstrip()


def place_name(about: str = "") -> str:
    """Return the name of a place that is nowhere else. The same `about` gives the same place."""
    return f"{PLACE_CANARY}{about or secrets.token_hex(4)}"
