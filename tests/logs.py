"""The logs of a test run: one folder for all of them, and the search for people's words in it.

What the tests' own process logs (level INFO and above, with tracebacks) goes to one file a process; every child server
writes its output there too (see `servers.child`). The folder is made by the process that was started first and handed
to pytest-xdist's workers by an environment variable; when the last test is done that process searches it.
"""

import logging
import os
import tempfile
from pathlib import Path

from tests.words import CANARY, PLACE_CANARY

VARIABLE = "TEST_LOGS"


def folder() -> Path:
    """Return the folder of this run, and make it when this process is the first to ask."""
    if VARIABLE not in os.environ:
        os.environ[VARIABLE] = tempfile.mkdtemp(prefix="hearthside-logs-")
    return Path(os.environ[VARIABLE])


def collect() -> logging.Handler:
    """Write what this process logs to the folder, from now on, and return the handler that does it."""
    handler = logging.FileHandler(folder() / f"pytest-{os.getpid()}.log", encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)
    return handler


def leaks(where: Path) -> list[str]:
    """Return FILE:LINE of every line below `where` that holds words of the tests' people, or where they are from,
    whatever the case."""
    canaries = (CANARY.encode(), PLACE_CANARY.encode())
    return [
        f"{path}:{number}"
        for path in sorted(where.rglob("*"))
        if path.is_file()
        for number, line in enumerate(path.read_bytes().splitlines(), start=1)
        if any(canary in line.lower() for canary in canaries)
    ]
