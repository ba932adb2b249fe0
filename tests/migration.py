"""`make migration`: write revision 0001 of each package afresh from its tables.

Only until the first release: after it a database exists somewhere, so revisions are added and none is written again.
"""

import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext

from chat import tables as chat_tables

ROOT = Path(__file__).parent.parent
PACKAGES = ("chat", "matcher")

GENERATED = re.compile(r"^ *# ### .* ###$", re.MULTILINE)
TRUTHS: dict[type, str] = {sa.False_: "sa.false()", sa.True_: "sa.true()"}
HEAD = '''"""The first tables of {package}."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
{body}
'''


def tables(package: str) -> list[sa.Table]:
    """Return the tables a package defines, in an order in which they can be made."""
    if not (ROOT / package / "tables.py").exists():
        return []
    others = set() if package == "chat" else {one for one in vars(chat_tables).values() if isinstance(one, sa.Table)}
    module = importlib.import_module(f"{package}.tables")
    own = {one for one in vars(module).values() if isinstance(one, sa.Table)} - others
    return [table for metadata in {one.metadata for one in own} for table in metadata.sorted_tables if table in own]


def _with_checks_lifted(metadata: sa.MetaData) -> sa.MetaData:
    """Return a copy whose columns' checks belong to their tables: Alembic writes down no others."""
    lifted = sa.MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.tables.values():
        copy = table.to_metadata(lifted)
        for check in [one for column in copy.columns for one in column.constraints]:
            assert isinstance(check, sa.CheckConstraint), check
            copy.append_constraint(sa.CheckConstraint(check.sqltext, name=check.name))
    return lifted


def _truth_for_every_dialect(kind: str, one: object, _: object) -> str | Literal[False]:
    """Write down sa.false() as such: Alembic would write SQLite's 0, which PostgreSQL does not take for a boolean."""
    argument = getattr(one, "arg", None)
    return TRUTHS[type(argument)] if kind == "server_default" and type(argument) in TRUTHS else False


def first_revision(package: str) -> str:
    """Return the Python of the revision that makes a package's tables in an empty database."""
    names = {table.name for table in tables(package)}
    metadata = _with_checks_lifted(tables(package)[0].metadata)
    with sa.create_engine("sqlite://").connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": lambda one, name, kind, *_: kind != "table" or name in names}
        )
        operations = produce_migrations(context, metadata).upgrade_ops
        assert operations is not None
        body = GENERATED.sub("", render_python_code(operations, render_item=_truth_for_every_dialect)).strip()
    code = HEAD.format(package=package, body="    " + body)
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "--fix", "--select", "I,UP,F", "-q"], ["format", "-q"]):
        code = subprocess.run(
            [*ruff, *command, "--stdin-filename", "0001.py", "-"], input=code, text=True, capture_output=True,
            check=True, cwd=ROOT,
        ).stdout  # fmt: skip
    return code


def path(package: str) -> Path:
    """Return where a package's first revision is kept."""
    return ROOT / package / "migrations" / "versions" / "0001_first.py"


if __name__ == "__main__":
    for one in PACKAGES:
        if tables(one):
            path(one).write_text(first_revision(one))
            print(path(one).relative_to(ROOT))
