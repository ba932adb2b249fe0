"""The first command a newcomer types starts everything, and Ctrl-C stops all of it."""

import signal
import time
import urllib.request
from pathlib import Path

import pytest

from tests import servers

STOPS_S = 5.0
"""What the one who presses Ctrl-C is promised, counted from the key to the prompt."""


def health(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
        status: int = answer.status
        return status


@pytest.mark.timeout(180)
def test_make_run_serves_twice_in_a_row_and_ctrl_c_stops_all_of_it(tmp_path: Path) -> None:
    port = servers.free_port()
    for start in ("first", "second"):
        one = servers.start(f"run-{start}", "make", "run", f"PORT={port}", f"HEARTHSIDE_VAR={tmp_path}")
        try:
            one.wait_until(lambda: servers.is_listening(port), 60)
            assert health(port) == 200
            said = one.said()
            assert "HEARTHSIDE_DEMO=0" in said, "it says how to leave the demo"
            pressed = time.monotonic()
            one.send(signal.SIGINT)
            one.process.wait(30)
            assert time.monotonic() - pressed < STOPS_S, one.log
        finally:
            one.stop()
        ended = one.said()
        assert "web.1 stopped" in ended and "matcher.1 stopped" in ended
        assert "sending SIGKILL" not in ended, "they end by themselves"
        assert not servers.is_listening(port)
