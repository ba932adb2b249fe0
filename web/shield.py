"""The shield: what every answer carries, and what happens to a bug. Plain ASGI, so nothing is buffered.

No inline script, no foreign origin, nothing framed, nothing kept by caches that holds people's words. A bug is logged
once, by type and place, without its text: an exception's text may quote what people wrote.
"""

import logging
import traceback
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types shell"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
OF_PAGES = ("Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Permissions-Policy")
PARTS = ("text/css", "text/javascript")
"""Style sheets and scripts are under the policy of the page that asks for them: 440 bytes more, before a room's first
word, would say nothing. (The service worker's script is under its own: see `about.worker`.)"""
PLACES = 8
"""How many frames of a bug are logged, innermost first."""
TRANSPORT_SECURITY = "max-age=31536000"
"""A year (RFC 6797). Other names of the same host are not ours to bind, so no includeSubDomains."""


class Shield:
    """Puts HEADERS on every answer that does not set its own, and answers a bug with a kind page."""

    def __init__(self, app: ASGIApp, *, secure: bool, failed: Callable[[Scope], Response]) -> None:
        self._app = app
        self._failed = failed
        self._headers = HEADERS | ({"Strict-Transport-Security": TRANSPORT_SECURITY} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_shielded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._add(message)
            await send(message)

        try:
            await self._app(scope, receive, send_shielded)
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames[-PLACES:]))
            logger.error("a request failed: %s at %s", type(error).__name__, places)
            if started:  # half an answer cannot be mended: end the connection
                raise ConnectionAbortedError from None
            await self._failed(scope)(scope, receive, send_shielded)

    def _add(self, message: MutableMapping[str, Any]) -> None:
        headers = MutableHeaders(scope=message)
        is_part = headers.get("Content-Type", "").startswith(PARTS)
        for name, value in self._headers.items():
            if not (is_part and name in OF_PAGES):
                headers.setdefault(name, value)
