"""Tokens: what the database compares of what people declare, without being able to read it.

A token is an HMAC under a key outside the database. Equal values have equal tokens, so SQL can tell that two people
declare the same, or come from the same place; salting alone would not do (the towns of a country are a short list).
"""

import hmac
import unicodedata
from collections.abc import Iterable

from chat.refusals import Malformed
from matcher.facets import WISHED, Declared, Name, families

TOKEN_BYTES = 16
ALWAYS: tuple[Name, ...] = ("role", "side", "status", "age")
"""Who declares none of these has the token of "" instead, so that "declares none" is a value rules can name."""
OPEN: tuple[Name, ...] = ("topic", "gender", "kind", "wish")
NOTHING = frozenset({""})
PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"})
"""Letters of Latin alphabets that Unicode does not take apart, as who has no such key writes them (Łódź, Tromsø)."""
PLACE_MOST = 80
"""Characters of a place's name."""


class Tokens:
    """Makes tokens under one key (`Keys.derive("tokens")`)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def facet(self, name: str, value: str) -> bytes:
        """Return the token of a declared value; an empty one stands for "declares none"."""
        return self._token("facet", name, value)

    def facets(self, held: Declared, near: Iterable[str] | None = None) -> tuple[tuple[str, bytes], ...]:
        """Return (name, token) of what rules compare of what somebody declares. A wish has the token of what fulfils
        it; beside the topics stand their families (name `family`).

        Args:
            near: the topics' families, as the organiser's list has them; None: as it begins.
        """
        near = families(held.get("topic", ())) if near is None else near
        values: set[tuple[str, bytes]] = {
            (name, self.facet(name, value)) for name in ALWAYS for value in held.get(name, NOTHING)
        }
        values |= {(name, self.facet(name, value)) for name in OPEN for value in held.get(name, frozenset())}
        values |= {(wish, self.facet(own, value)) for wish, own in WISHED.items() for value in held.get(wish, ())}
        values |= {("family", self.facet("family", one)) for one in near}
        return tuple(sorted(values))

    def place(self, name: str) -> bytes:
        """Return the token of a place, however it is cased, spaced and accented.

        Raises:
            Malformed: nothing of it is left, or it is too long.
        """
        known = _known_as(name)
        if not known or len(name) > PLACE_MOST:
            raise Malformed
        return self._token("place", known)

    def _token(self, *what: str) -> bytes:
        return hmac.digest(self._key, "\0".join(what).encode("utf-8", "surrogatepass"), "sha256")[:TOKEN_BYTES]


def _known_as(name: str) -> str:
    """Return a place's name as it is compared: letters and digits alone, without case or accents."""
    apart = unicodedata.normalize("NFKD", name).casefold().translate(PLAIN)
    return "".join(one for one in apart if one.isalnum())
