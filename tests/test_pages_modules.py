"""The page's pure modules, tested in their own language (tests/js) where there is Node."""

import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parent / "js"


@pytest.mark.parametrize("path", sorted(TESTS.glob("*.test.js")), ids=lambda path: path.name)
def test_a_module_of_the_page_does_what_its_tests_say(path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here: the flows in a browser use the same modules")
    command = [node, "--experimental-default-type=module", "--test", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout
