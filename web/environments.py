"""Environments: what templates are filled in with, one a language.

A template is compiled once, and not once a language or a process: what it says in a language is looked up when it is
filled in, so its code is the same in all of them. It is kept in a folder that only this user may read or write.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined

from web import sayings
from web.assets import Assets
from web.helplines import dialled
from web.language import LANGUAGES, Language

TEMPLATES = Path(__file__).with_name("templates")


def environments(languages: Mapping[str, Language], assets: Assets) -> dict[str, Environment]:
    """Return one template environment a language, so that no template asks which language it speaks."""
    found, compiled = {}, FileSystemBytecodeCache()
    for code, language in languages.items():
        one = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, auto_reload=False,
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"], bytecode_cache=compiled,
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
