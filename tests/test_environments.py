"""Templates are compiled for the next start as well, and a start needs nothing of the last one."""

import os
import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT

FILLED = """
from web import language
from web.assets import Assets
from web.environments import environments
for one in environments(language.load(), Assets.load()).values():
    print(len(one.get_template("protocol.html").render(intro=["a"], sent=[], got=[], inner=[], person=None, page="",
          form_token=str, here="/", csrf="", say=str, keep={})))
"""


def started(temporary: Path) -> str:
    """Fill a template in every language, in a process of its own, and return how long each became."""
    command = [sys.executable, "-c", FILLED]
    env = {**os.environ, "TMPDIR": str(temporary)}
    return subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True, timeout=60).stdout


def test_what_is_kept_serves_again_and_what_is_broken_or_cannot_be_kept_is_made_again(tmp_path: Path) -> None:
    first = started(tmp_path)
    kept = sorted(tmp_path.glob("_jinja2-cache-*/hearthside-*"))
    assert len(first.split()) > 1 and len(kept) > 20
    whole, half = kept[0].read_bytes(), kept[1].read_bytes()[:40]
    kept[0].write_bytes(b"")
    kept[1].write_bytes(half)
    for one in kept[2:]:
        one.unlink()
    kept[2].mkdir()  # nothing can be kept under this name
    assert started(tmp_path) == first
    assert kept[0].read_bytes() == whole
    unusable = tmp_path / "unusable"
    unusable.mkdir()
    (unusable / f"_jinja2-cache-{os.getuid()}").write_bytes(b"somebody else's")
    assert started(unusable) == first
