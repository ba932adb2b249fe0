"""Languages: the catalogues of the pages' words, and which of them a person reads.

English is the source; `locale/<language>/LC_MESSAGES/messages.po` holds the others and is compiled in memory at start,
so there is no build step and no stale binary. `python -m tests.catalogue` writes new phrases into them.
"""

import gettext
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from pathlib import Path
from types import MappingProxyType

from babel.core import Locale, negotiate_locale
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).with_name("locale")
SOURCE = "en"
LANGUAGES: dict[str, str] = {"en": "English", "fi": "Suomi"}
"""Code -> the language's own name. A language is offered when its catalogue is complete (tests/test_locale.py)."""
WRITTEN_AS = MappingProxyType({"en": "en_GB"})
"""How a language without a country writes dates: English with the day first and a clock of 24 hours, as rooms do."""


class Language:
    """One language: its phrases, its direction, its dates."""

    def __init__(self, code: str, phrases: gettext.NullTranslations) -> None:
        self.code = code
        self.phrases = phrases
        self.locale = Locale.parse(WRITTEN_AS.get(code, code))
        self.direction = "rtl" if self.locale.text_direction == "rtl" else "ltr"

    def __call__(self, phrase: str, **values: object) -> str:
        """Return the phrase in this language, with its %(names)s filled in."""
        found = self.phrases.gettext(phrase)
        return found % values if values else found

    def many(self, one: str, more: str, n: int, **values: object) -> str:
        """Return the phrase for `n` things; %(num)s is n."""
        return self.phrases.ngettext(one, more, n) % {"num": n, **values}

    def day(self, at: int) -> str:
        """Return the day of `at` (milliseconds, UTC) in words."""
        return self.day_of(datetime.fromtimestamp(at / 1000, UTC).date())

    def day_of(self, on: date) -> str:
        """Return a day in words."""
        return str(format_date(on, "long", self.locale))

    def moment(self, at: int, zone: tzinfo = UTC) -> str:
        """Return `at` (milliseconds) in words, in UTC or the organisation's time, and saying so: the server does not
        know where people are."""
        day = format_date(datetime.fromtimestamp(at / 1000, zone), locale=self.locale)
        return f"{day} {self.clock(at, zone)}"

    def clock(self, at: int, zone: tzinfo = UTC) -> str:
        """Return the time of day of `at`, as `moment` does."""
        moment = datetime.fromtimestamp(at / 1000, zone)
        return f"{format_time(moment.time(), 'short', locale=self.locale)} {moment.tzname()}"

    def since(self, seconds: float) -> str:
        """Return how long something has taken so far, coarsely: nobody needs seconds to be counted at them."""
        minutes = int(seconds // 60)
        if minutes < 1:
            return self("less than a minute")
        if minutes < 60:
            return self.many("%(num)s minute", "%(num)s minutes", minutes)
        return self.many("%(num)s hour", "%(num)s hours", minutes // 60)


@cache
def load() -> Mapping[str, Language]:
    """Return every language by code, English first; read once in a process."""
    found = {SOURCE: Language(SOURCE, gettext.NullTranslations())}
    for code in LANGUAGES:
        if code != SOURCE:
            with (LOCALE / code / "LC_MESSAGES" / "messages.po").open("rb") as source:
                compiled = io.BytesIO()
                write_mo(compiled, read_po(source, locale=code))
            compiled.seek(0)
            found[code] = Language(code, gettext.GNUTranslations(compiled))
    return MappingProxyType(found)


def negotiate(accept_language: str) -> str:
    """Return the code of the language that a browser's Accept-Language header (RFC 9110, 12.5.4) asks for first."""
    wanted: list[tuple[float, str]] = []
    for part in accept_language[:500].split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            wanted.append((float(quality or 1), name.strip().lower()))  # names are equal in any case (RFC 5646, 2.1.1)
        except ValueError:
            continue
    names = [name for quality, name in sorted(wanted, key=lambda one: -one[0]) if quality > 0]
    return negotiate_locale(names, list(LANGUAGES), sep="-") or SOURCE
