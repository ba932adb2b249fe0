"""Environments: what templates are filled in with, one a language.

A template is compiled once, and not once a language: what it says in a language is looked up when it is filled in, so
its code is the same in all of them. It is kept for the next start as well, where only this user may read or write.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from pickle import UnpicklingError

import jinja2
from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket

from web import sayings
from web.assets import Assets
from web.helplines import dialled
from web.language import LANGUAGES, Language

TEMPLATES = Path(__file__).with_name("templates")


class Compiled(FileSystemBytecodeCache):
    """The code of templates, in the folder of temporary files, for this Jinja and these options alone. What cannot be
    read or kept is compiled again."""

    def __init__(self) -> None:
        made_by = sha256(jinja2.__version__.encode() + Path(__file__).read_bytes()).hexdigest()[:16]
        super().__init__(pattern=f"hearthside-{made_by}-%s.cache")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the template its code, if it is kept."""
        try:
            super().load_bytecode(bucket)
        except (OSError, EOFError, ValueError, TypeError, UnpicklingError):  # half a file, or none of ours
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template's code."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


def compiled() -> Compiled | None:
    """Return what is kept of earlier starts; None where nothing can be."""
    try:
        return Compiled()
    except (OSError, RuntimeError):  # no folder to write in, or the one of this name is somebody else's
        return None


def environments(languages: Mapping[str, Language], assets: Assets) -> dict[str, Environment]:
    """Return one template environment a language, so that no template asks which language it speaks."""
    found, kept = {}, compiled()
    for code, language in languages.items():
        one = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, auto_reload=False,
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"], bytecode_cache=kept,
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
