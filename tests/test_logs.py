"""The search for people's words in the logs finds them, wherever they were written, and fails the run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import logs, servers, words

LEAKY = f"""
def test_a_log_line() -> None:
    logging.getLogger('chat').info('refused %s', words.words())

def test_another_case() -> None:
    logging.getLogger('chat').warning(words.words().upper())

def test_a_place() -> None:
    logging.getLogger('matcher').info('nobody from %s', words.place_name())

def test_a_traceback() -> None:
    try:
        raise ValueError(words.words())
    except ValueError:
        logging.getLogger('chat').exception('lost')

def test_the_output_of_a_child() -> None:
    with servers.child('talkative', {sys.executable!r}, '-c', f'print("{{words.words()}}")') as one:
        one.process.wait(20)
"""
LEAKS = 5
QUIET = """
def test_how_long_it_was() -> None:
    said = words.words()
    logging.getLogger('chat').info('said %d characters', len(said))
"""


def run(folder: Path, body: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run tests in a pytest of their own, with the conftest of ours."""
    (folder / "conftest.py").write_text("from tests.conftest import *\n")
    (folder / "test_one.py").write_text("import logging\nfrom tests import servers, words\n" + body)
    env = {key: value for key, value in os.environ.items() if key != logs.VARIABLE and "XDIST" not in key}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", servers.ROOT / "pyproject.toml",
         "--rootdir", folder, *options, folder],
        cwd=folder, env=env | {"PYTHONPATH": str(servers.ROOT), "TMPDIR": str(folder), "PYTEST_ADDOPTS": ""},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "two at once"])
def test_a_run_that_wrote_peoples_words_into_a_log_fails(tmp_path: Path, options: tuple[str, ...]) -> None:
    ended = run(tmp_path, LEAKY, *options)
    assert ended.returncode == 1, ended.stdout
    assert f"1 failed, {LEAKS} passed" in ended.stdout
    assert "People's words are in the logs" in ended.stdout
    [kept] = tmp_path.glob("hearthside-logs-*")  # to be looked at
    assert len(logs.leaks(kept)) == LEAKS, "each of them is found"


def test_a_run_that_kept_them_out_passes_and_leaves_no_logs(tmp_path: Path) -> None:
    ended = run(tmp_path, QUIET)
    assert ended.returncode == 0, ended.stdout
    assert not list(tmp_path.glob("hearthside-logs-*"))


def test_no_two_texts_are_the_same_and_each_is_known_by_its_canary() -> None:
    texts = {words.words("about the night shift") for _ in range(100)}
    assert len(texts) == 100
    assert all(text.startswith(words.CANARY) and text.endswith(" about the night shift") for text in texts)
