"""Joined files: what a browser gets is what the sources say, and the sources keep to what can be joined."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from web import bundle

STATIC = Path(__file__).parent.parent / "web" / "static"
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
TOP_LEVEL = re.compile(r"^(?:export )?(?:async )?(?:const|let|class|function) (\w+)", re.MULTILINE)


def _written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder


def _joined(path: Path) -> set[Path]:
    """Return the module and all that it imports statically."""
    found = {path}
    for line in path.read_text(encoding="utf-8").splitlines():
        if named := bundle.IMPORT.match(line):
            found |= _joined(path.parent / named["file"])
    return found


def test_what_is_imported_comes_first_and_once(tmp_path: Path) -> None:
    _written(
        tmp_path,
        one='import { a } from "./two.js";\nimport { b } from "./three.js";\nexport const c = a + b;\n',
        two='import { b } from "./three.js";\nexport const a = b;\n',
        three="export const b = 1;\n",
    )
    assert bundle.script(tmp_path / "one.js").decode().splitlines() == [
        "const b = 1;", "const a = b;", "export const c = a + b;",
    ]  # fmt: skip


def test_comments_go_and_what_stands_behind_a_cast_stays(tmp_path: Path) -> None:
    text = "/** Doc. */\n//\n/**\n * @param\n */\n/** @type {any} */ (a).b = 1;\nc = /** @type {any} */ (d);\n"
    _written(tmp_path, one=text)
    assert bundle.script(tmp_path / "one.js").decode() == "(a).b = 1;\nc = (d);"


def test_what_is_said_behind_a_line_goes_and_a_string_stays(tmp_path: Path) -> None:
    _written(tmp_path, one='a();  // why\nb("; // not why");\nconst c = "http://d";\n')
    assert bundle.script(tmp_path / "one.js").decode() == 'a();\nb("; // not why");\nconst c = "http://d";'


def test_a_sheet_loses_the_space_that_says_nothing_and_keeps_the_other(tmp_path: Path) -> None:
    (tmp_path / "1.css").write_text("/* why */\na :is(b, c) > d {\n  margin: 0 auto; width: calc(1px + 2px);\n}\n")
    assert bundle.style(tmp_path) == b"a :is(b,c)>d{margin:0 auto;width:calc(1px + 2px)}"


@pytest.mark.parametrize("line", ['import a from "./b.js";', 'import "./b.js";', "export default 1;", "export { a };"])
def test_a_line_that_cannot_be_joined_is_named_at_start(tmp_path: Path, line: str) -> None:
    _written(tmp_path, one=line + "\n", b="")
    with pytest.raises(ValueError, match=r"one\.js"):
        bundle.script(tmp_path / "one.js")


def test_a_ring_of_imports_is_named_at_start(tmp_path: Path) -> None:
    _written(tmp_path, one='import { a } from "./two.js";\n', two='import { b } from "./one.js";\n')
    with pytest.raises(ValueError, match="imports itself"):
        bundle.script(tmp_path / "one.js")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_two_modules_of_a_script_use_one_name(path: Path) -> None:
    names = [name for each in _joined(path) for name in TOP_LEVEL.findall(each.read_text(encoding="utf-8"))]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_string_spans_lines(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        if not bundle.COMMENT.match(line):
            assert line.count("`") % 2 == 0, line


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_text_enters_a_page_as_text_only(path: Path) -> None:
    sinks = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|setHTML|\beval\("
    )
    assert not re.search(sinks, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_joined_script_is_still_a_script(path: Path, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here")
    joined = tmp_path / "joined.mjs"
    joined.write_bytes(bundle.script(path))
    checked = subprocess.run([node, "--check", joined], capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stderr


def test_a_style_sheet_is_joined_in_the_order_of_its_names() -> None:
    joined = bundle.style(STATIC / "css").decode()
    assert joined.startswith("@layer reset,tokens,base,layout,parts,state;")
    assert "/*" not in joined
    assert joined.count("{") == joined.count("}")
