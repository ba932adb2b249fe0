"""The search for people's words in the logs finds them, wherever they were written, and fails the run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import logs, servers, words

LEAKY = {
    "a log line": "logging.getLogger('chat').info('refused %s', words.words())",
    "a traceback": """
    try:
        raise ValueError(words.words())
    except ValueError:
        logging.getLogger('chat').exception('lost')
""",
    "a child's output": f"""
    with servers.child('talkative', {sys.executable!r}, '-c', f'print("{{words.words()}}")') as one:
        one.process.wait(20)
""",
    "a place": "logging.getLogger('matcher').info('nobody from %s', words.place_name())",
    "another case": "logging.getLogger('chat').warning(words.words().upper())",
}
QUIET = """
    said = words.words()
    logging.getLogger('chat').info('said %d characters', len(said))
"""


def run(folder: Path, body: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run a test with this body in a pytest of its own, with the conftest of ours."""
    (folder / "conftest.py").write_text("from tests.conftest import *\n")
    head = "import logging\nfrom tests import servers, words\n\ndef test_one() -> None:\n    "
    (folder / "test_one.py").write_text(head + body.strip() + "\n\ndef test_two() -> None:\n    pass\n")
    env = {key: value for key, value in os.environ.items() if key != logs.VARIABLE and "XDIST" not in key}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", servers.ROOT / "pyproject.toml",
         "--rootdir", folder, *options, folder],
        cwd=folder, env=env | {"PYTHONPATH": str(servers.ROOT), "TMPDIR": str(folder), "PYTEST_ADDOPTS": ""},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize(("where", "options"), [*((where, ()) for where in LEAKY), ("a log line", ("-n", "2"))])
def test_a_run_that_wrote_peoples_words_into_a_log_fails(tmp_path: Path, where: str, options: tuple[str, ...]) -> None:
    ended = run(tmp_path, LEAKY[where], *options)
    assert ended.returncode == 1, ended.stdout
    assert "1 failed, 2 passed" in ended.stdout
    assert "People's words are in the logs" in ended.stdout
    assert list(tmp_path.glob("hearthside-logs-*")), "the logs are kept to be looked at"


def test_a_run_that_kept_them_out_passes_and_leaves_no_logs(tmp_path: Path) -> None:
    ended = run(tmp_path, QUIET)
    assert ended.returncode == 0, ended.stdout
    assert not list(tmp_path.glob("hearthside-logs-*"))


def test_no_two_texts_are_the_same_and_each_is_known_by_its_canary() -> None:
    texts = {words.words("about the night shift") for _ in range(100)}
    assert len(texts) == 100
    assert all(text.startswith(words.CANARY) and text.endswith(" about the night shift") for text in texts)
