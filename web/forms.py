"""Forms: what a POST must carry before it is looked at, and its fields.

Two nets, each of which holds alone: the request comes from one of our own pages (Origin), and it carries a token that
only a page made for this session (or, for strangers, this browser) could know. The token is masked afresh in every
response, because pages are compressed and a constant secret in them could be guessed from their length (BREACH,
Gluck, Harris, Prado 2013).
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from chat.refusals import Malformed, Refusal, TooLong

BODY_BYTES = 64 * 1024
"""A profile of 4,000 characters of four bytes each, percent-encoded, is 48 kB."""
FIELDS = 200
"""Who ticks all of a hundred topics (`topics.TOPICS_MOST`) is told that it is too many, in a whole profile too."""
MAC_BYTES = 32
TOKEN_FIELD = "csrf"


class FormExpired(Refusal):
    """The form came from elsewhere, or its page is older than the session."""

    code = "form_expired"


class Forms:
    """Makes and checks the tokens of forms, with a key of the server's own."""

    def __init__(self, key: bytes, origins: frozenset[str]) -> None:
        self._key = key
        self._origins = origins

    def token(self, secret: str) -> str:
        """Return a token for whoever holds `secret` (a session's or a stranger's cookie); each call another one."""
        mac = hmac.digest(self._key, secret.encode(), "sha256")
        pad = secrets.token_bytes(MAC_BYTES)
        return base64.urlsafe_b64encode(pad + _xor(pad, mac)).decode()

    def require(self, request: Request, secret: str, fields: Mapping[str, str]) -> None:
        """Ask whether a POST comes from a page of ours, made for this secret.

        Raises:
            FormExpired: it does not; nothing was done.
        """
        if not self.is_from_here(request.headers) or not self._is_token(secret, fields.get(TOKEN_FIELD, "")):
            raise FormExpired

    def is_from_here(self, headers: Mapping[str, str]) -> bool:
        """Whether the browser says that one of our own pages sent this.

        Under `Referrer-Policy: no-referrer` browsers send `Origin: null` with a form (Fetch, "append a request
        Origin header"); then, and only then, Sec-Fetch-Site decides, which no page can set.
        """
        origin = headers.get("origin", "null")
        if origin == "null":
            return headers.get("sec-fetch-site") == "same-origin"
        return origin in self._origins

    def _is_token(self, secret: str, token: str) -> bool:
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return False
        if len(raw) != 2 * MAC_BYTES or not secret:
            return False
        mac = hmac.digest(self._key, secret.encode(), "sha256")
        return hmac.compare_digest(_xor(raw[:MAC_BYTES], raw[MAC_BYTES:]), mac)


async def read(request: Request) -> dict[str, tuple[str, ...]]:
    """Return the fields of a form, each with all its values.

    Raises:
        TooLong: over BODY_BYTES.
        Malformed: not a form, not UTF-8, or more fields than any page of ours has.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise Malformed
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES:
            raise TooLong
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
    except ValueError:  # UnicodeDecodeError is one
        raise Malformed from None
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        fields[name] = (*fields.get(name, ()), value.replace("\r\n", "\n"))
    return fields


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
