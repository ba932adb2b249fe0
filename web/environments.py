"""Environments: what templates are filled in with, one a language.

Each template is compiled once in a process, and not once a language: what it says in a language is looked up when it is
filled in, so its code is the same in all of them.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import CodeType

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket

from web import sayings
from web.assets import Assets
from web.helplines import dialled
from web.language import LANGUAGES, Language

TEMPLATES = Path(__file__).with_name("templates")


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


COMPILED = Compiled()


def environments(languages: Mapping[str, Language], assets: Assets) -> dict[str, Environment]:
    """Return one template environment a language, so that no template asks which language it speaks."""
    found = {}
    for code, language in languages.items():
        one = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, auto_reload=False,
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"], bytecode_cache=COMPILED,
        )  # fmt: skip
        one.install_gettext_translations(language.phrases, newstyle=True)  # type: ignore[attr-defined]
        one.globals |= {
            "static": assets.address, "lang": code, "dir": language.direction, "languages": LANGUAGES,
            "language": language, "dialled": dialled, "rule": partial(sayings.of_rule, language),
            "roles": {role: language(words) for role, words in sayings.ROLES.items()},
        }  # fmt: skip
        for name in one.list_templates():
            one.get_template(name)  # compiled now: a page that is the first of its kind must not hold the loop up
        found[code] = one
    return found
