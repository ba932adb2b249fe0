"""Bring the catalogues up to date with the sources: `python -m tests.catalogue`.

New phrases are added untranslated, gone ones are dropped; tests/test_locale.py fails until all have been translated.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from web.language import LANGUAGES, LOCALE, SOURCE

WEB = LOCALE.parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}}
KEYWORDS = {"_": None, "ngettext": (1, 2), "many": (1, 2), "language": None, "self": None, "words": None}
"""A language is called with a phrase (`visit.language("…")`, `self("…")` inside it), and `many` with two."""


def phrases() -> Catalog:
    """Return every phrase of the sources."""
    found = Catalog()
    for file, _, message, comments, context in extract_from_dir(
        WEB, method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS, strip_comment_tags=True
    ):
        found.add(message, locations=[(file, 0)], user_comments=comments, context=context)
    return found


def catalogues() -> Iterator[tuple[Path, Catalog]]:
    """Yield (file, catalogue) of every language but the source."""
    for code in LANGUAGES:
        if code != SOURCE:
            path = LOCALE / code / "LC_MESSAGES" / "messages.po"
            with path.open("rb") as source:
                yield path, read_po(source, locale=code)


def main() -> None:
    """Rewrite the catalogues' files."""
    wanted = phrases()
    for path, catalogue in catalogues():
        catalogue.update(wanted, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        with path.open("wb") as target:
            write_po(target, catalogue, width=120, omit_header=False, sort_output=True, no_location=True)


if __name__ == "__main__":
    main()
