"""Imports run one way: `chat` <- `matcher` <- `web`, and inside a package from the bottom of README's list upwards.

The lists are README's map of the code: fenced blocks in which a line begins with the path of a file.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("chat", "matcher", "web")
LINES = 300
LONG: dict[str, str] = {
    "chat/protocol.py": "all that a member's client sends and is sent on one page, for people who write clients",
    "chat/tables.py": "all tables of TALK on one page: what is kept of whom",
}
"""Files that may be longer than LINES, and why."""
FORBIDDEN = ("utils", "util", "helpers", "helper", "common", "base", "manager", "handler", "misc")
REVISIONS = re.compile(r"^(chat|matcher)/migrations/versions/\w+\.py$")
"""Revisions stand in no list: they import Alembic and SQLAlchemy and nothing of ours."""
VENDORED = re.compile(r"(^|/)vendor/")


def files(*kinds: str) -> list[str]:
    """Return the paths of the product's and the tests' files of these kinds, relative to the root."""
    found = itertools.chain.from_iterable(
        (ROOT / top).rglob(f"*.{kind}") for top in (*PACKAGES, "tests") for kind in kinds
    )
    return sorted(str(path.relative_to(ROOT)) for path in found if "__pycache__" not in path.parts)


def map_of_the_code() -> list[str]:
    """Return the paths README's fenced blocks list, in their order."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    first_words = [line.split()[0] for block in blocks for line in block.splitlines() if line.strip()]
    return [word for word in first_words if re.match(r"(chat|matcher|web|tests)/", word)]


PYTHON = [path for path in files("py") if path.startswith(PACKAGES)]
LISTED = [path for path in PYTHON if not REVISIONS.match(path)]
TREES = {path: ast.parse((ROOT / path).read_text(), path) for path in PYTHON}


def imported(path: str) -> Iterator[tuple[int, str]]:
    """Yield (line, path) of every file of ours that a file imports."""
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield from ((node.lineno, one) for one in _module(name.name))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports by dots; name the package"
            for name in node.names:
                inner = _module(f"{node.module}.{name.name}") or _module(str(node.module))
                yield from ((node.lineno, one) for one in inner)


def _module(name: str) -> list[str]:
    if name.split(".")[0] not in PACKAGES:
        return []
    stem = name.replace(".", "/")
    return [path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in TREES]


def test_the_map_names_every_file_once_and_no_other() -> None:
    listed = [path for path in map_of_the_code() if path.endswith(".py") and path.startswith(PACKAGES)]
    assert sorted(listed) == sorted(set(listed)), "a file is in README's map twice"
    missing = sorted(set(LISTED) - set(listed))
    assert not missing, f"add to README's map, below what they import: {', '.join(missing)}"
    gone = [path for path in map_of_the_code() if not (ROOT / path).exists()]
    assert not gone, f"README's map names what is not there: {', '.join(gone)}"


@pytest.mark.parametrize("path", PYTHON)
def test_a_file_imports_only_what_stands_above_it(path: str) -> None:
    order = [one for one in map_of_the_code() if one.endswith(".py")]
    package = path.split("/")[0]
    for line, other in imported(path):
        where, what = f"{path}:{line}", f"imports {other}"
        assert not REVISIONS.match(path), f"{where} {what}, but a revision stands alone"
        assert PACKAGES.index(other.split("/")[0]) <= PACKAGES.index(package), f"{where} {what}: chat <- matcher <- web"
        if other.split("/")[0] == package and path in order and other in order and other != f"{package}/__init__.py":
            assert order.index(other) < order.index(path), f"{where} {what}, which README's map has below it"


@pytest.mark.parametrize("path", PYTHON)
def test_no_import_hides_in_a_function_or_behind_type_checking(path: str) -> None:
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            hidden = [one.lineno for one in ast.walk(node) if isinstance(one, ast.Import | ast.ImportFrom)]
            assert not hidden, f"{path}:{hidden[0]} imports inside {node.name}"
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        assert name != "TYPE_CHECKING", f"{path} hides an import behind TYPE_CHECKING"


@pytest.mark.parametrize("path", [path for path in files("py", "js", "css", "html") if not VENDORED.search(path)])
def test_a_file_is_one_noun_and_fits_in_the_head(path: str) -> None:
    assert Path(path).stem not in FORBIDDEN, f"{path}: name the noun it is about"
    lines = len((ROOT / path).read_text().splitlines())
    if path in LONG:
        assert lines > LINES, f"{path} is short again; take it out of LONG"
    elif not REVISIONS.match(path):
        assert lines <= LINES, f"{path} has {lines} lines; split it by noun"
