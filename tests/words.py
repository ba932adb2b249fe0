"""What people write in the tests: every text carries one canary, so a log that holds any of them is found.

Write nothing into a message, a profile, a reason or a name by hand: take it from here. `tests/logs.py` searches the
logs of the whole run for the canary when the last test is done.
"""

import secrets

CANARY = "zilpzalp"
"""Letters of ASCII alone: they look the same in JSON, in a repr, in a URL and in a traceback."""


def words(about: str = "") -> str:
    """Return a text nobody wrote before, beginning with the canary; `about` is what comes after it."""
    return f"{CANARY}{secrets.token_hex(4)} {about}".rstrip()
