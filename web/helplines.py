"""Helplines: whom to call, by country; the emergency number always first.

The bundled file is small and dated, because numbers change: an organisation replaces it by its own in the same shape
(HEARTHSIDE_HELPLINES). A file that cannot be meant ends start-up with a sentence, not with an empty page in a crisis.
"""

from datetime import date
from pathlib import Path

import msgspec
from msgspec import Struct

BUNDLED = Path(__file__).with_name("helplines.json")
ANYWHERE = "EU"
"""Shown for a country that the file does not hold: 112 and 116 123 reach somebody in most of Europe."""


class HelplineError(ValueError):
    """The file of helplines cannot be used; the text is a sentence for the person who runs the server."""


class Helpline(Struct, frozen=True, forbid_unknown_fields=True):
    """One service. `phone` and `text` (a number for text messages) as people write them; `about` by language."""

    name: str
    about: dict[str, str]
    phone: str = ""
    text: str = ""
    site: str = ""


class Country(Struct, frozen=True, forbid_unknown_fields=True):
    """A country's emergency numbers and helplines; `name` by language."""

    name: dict[str, str]
    emergency: tuple[str, ...]
    lines: tuple[Helpline, ...] = ()


class Helplines(Struct, frozen=True, forbid_unknown_fields=True):
    """All of them. `dated`: the day (ISO 8601) the list was made."""

    dated: date
    countries: dict[str, Country]

    def country(self, code: str) -> str:
        """Return the code to show: the asked one if it is there, else the rest of Europe, else the first."""
        if code in self.countries:
            return code
        return ANYWHERE if ANYWHERE in self.countries else next(iter(self.countries))


def load(path: str) -> Helplines:
    """Read helplines from `path`, or the bundled ones where it is empty.

    Raises:
        HelplineError: no such file, not of the shape, a country without an emergency number, or words without English.
    """
    place = Path(path) if path else BUNDLED
    try:
        found = msgspec.json.decode(place.read_bytes(), type=Helplines)
    except OSError:
        raise HelplineError(f"The file of helplines {place} cannot be read (HEARTHSIDE_HELPLINES).") from None
    except msgspec.DecodeError as error:
        raise HelplineError(f"The file of helplines {place} is not as web/helplines.json is: {error}.") from None
    if not found.countries:
        raise HelplineError(f"The file of helplines {place} holds no country.")
    for code, country in found.countries.items():
        if not country.emergency:
            raise HelplineError(f"The file of helplines {place} gives no emergency number for {code}.")
        if not all("en" in words for words in (country.name, *(line.about for line in country.lines))):
            raise HelplineError(f"The file of helplines {place} lacks English words for {code}.")
        if any(line.site and not line.site.startswith("https://") for line in country.lines):
            raise HelplineError(f"The file of helplines {place} has a site for {code} that is not https.")
    return found


def dialled(number: str) -> str:
    """Return a number as a `tel:` or `sms:` address takes it (RFC 3966): digits and a leading +."""
    return ("+" if number.startswith("+") else "") + "".join(sign for sign in number if sign.isdigit())
