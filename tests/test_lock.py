"""The lock: what pyproject.toml asks for is pinned exactly, and nothing in it belongs to one machine."""

import re
import tomllib

from tests.servers import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINES = [
    line.split("#")[0].strip()
    for line in (ROOT / "requirements.lock").read_text().splitlines()
    if line.split("#")[0].strip()
]


def name_of(requirement: str) -> str:
    """Return the name of a package as PyPI compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~!; ]", requirement)[0]).lower()


def test_every_line_is_one_exact_version_of_one_package() -> None:
    odd = [line for line in LINES if not re.fullmatch(r"[a-z0-9._-]+==[0-9][0-9a-z.]*", line)]
    assert not odd, f"not NAME==VERSION: {odd}"
    assert len({name_of(line) for line in LINES}) == len(LINES)


def test_the_lock_holds_what_the_project_asks_for() -> None:
    asked = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    missing = {name_of(one) for one in asked} - {name_of(line) for line in LINES}
    assert not missing, f"make lock: {sorted(missing)}"


def test_the_processor_build_of_torch_serves() -> None:
    assert "torch==2.13.0" in LINES and "torch==2.13.0" in PROJECT["dependencies"]
    assert not [line for line in LINES if line.startswith(("nvidia", "cuda", "triton"))]
