"""Compiled templates: each is compiled once in a process, and not once a language.

What a template says in a language is looked up when it is filled in, so its code is the same in all of them.
"""

from types import CodeType

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class Compiled(BytecodeCache):
    """Holds the code of templates by where they are and what they said."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the template its code, if it is held."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Hold a template's code."""
        assert bucket.code is not None  # it was compiled a moment ago
        self._codes[bucket.key, bucket.checksum] = bucket.code
