"""Joining static files: one style sheet from a folder, one script from an entry module and what it imports.

Files on the critical path cost more than bytes (13 modules took 2,540 ms on slow 3G, one file 1,330 ms), and a build
step would be one more thing to install. So the sources stay small files that a browser and Node run as they are, and
the server joins them once, at start. The rule that makes this safe: a static import stands on one line and names what
it takes (`import { a, b } from "./file.js";`), an export is a word before a declaration, no template string spans
lines, and no two modules of one script use the same name at top level. tests/test_pages_bundle.py holds the sources
to it.
"""

import re
from pathlib import Path

IMPORT = re.compile(r'^import \{[^}]*\} from "\./(?P<file>[a-z_]+\.js)";$')
EXPORT = re.compile(r"^export (?=(?:const|let|class|function|async function)\b)")
COMMENT = re.compile(r"^\s*(//|/\*\*|\*[ /]|\*$|\*/)")
CAST = re.compile(r"/\*\* @type [^*\n]*\*/ ?")
"""A type, often in front of an expression on the same line: taken away before whole lines of comment are."""
TRAILING = re.compile(r"(?<=[;,{})\]]) +// [^\"'`]*$")
"""A comment behind a line; without a quote in it, it cannot be the rest of a string."""
CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CSS_SPACE = re.compile(r"\s*([{};,>])\s*|(?<=:) ")
"""Space that says nothing. (Before a colon it does: `a :hover` is another thing than `a:hover`.)"""


def style(folder: Path) -> bytes:
    """Return the CSS files that lie directly in `folder`, joined in name order, without comments and spare space."""
    sheets = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.css")))
    return CSS_SPACE.sub(r"\1", CSS_COMMENT.sub("", sheets)).replace(";}", "}").strip().encode()


def script(entry: Path) -> bytes:
    """Return the module `entry` with all it imports statically, each once, importers after the imported.

    What the entry exports stays exported. What is loaded later, by `import()`, is not followed: the page holds its
    address.

    Raises:
        ValueError: an import or an export is not of the form above, or modules import one another in a ring.
    """
    lines: list[str] = []
    _add(entry, lines, done=set(), open_=())
    return "\n".join(lines).encode()


def _add(path: Path, lines: list[str], *, done: set[Path], open_: tuple[Path, ...]) -> None:
    if path in open_:
        raise ValueError(f"{path.name} imports itself through {open_[-1].name}")
    if path in done:
        return
    own: list[str] = []
    for line in CAST.sub("", path.read_text(encoding="utf-8")).splitlines():
        if found := IMPORT.match(line):
            _add(path.parent / found["file"], lines, done=done, open_=(*open_, path))
        elif line.startswith("import ") or (line.startswith("export ") and not EXPORT.match(line)):
            raise ValueError(f"{path.name}: cannot join this line: {line}")
        elif line.strip() and not COMMENT.match(line):
            own.append(TRAILING.sub("", EXPORT.sub("", line) if open_ else line).strip())
    done.add(path)
    lines.extend(own)
