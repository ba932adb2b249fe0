"""What SQLAlchemy has made of statements, for all engines of this process.

Every test opens engines of its own, and each would compile every statement anew: a fifth of what most tests take. A
process of the server has two engines for as long as it runs, and what it sends is compiled once, as here.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Compiled


class Statements(dict[Any, Compiled]):
    """Compiled statements by what they are, and by the name of their dialect instead of the dialect of one engine."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, compiled: Compiled) -> None:
        super().__setitem__((key[0].name, *key[1:]), compiled)


def share() -> None:
    """Let every engine that is opened from now on share them."""
    statements = Statements()

    @sa.event.listens_for(sa.Engine, "engine_connect")
    def connected(connection: sa.Connection) -> None:
        connection.execution_options(compiled_cache=statements)
