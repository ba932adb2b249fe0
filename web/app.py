"""The application: routes, each behind the same door, and the shield around them all.

The door, in this order: who is it (session), may this role pass (the route's row), is the POST from a page of ours
(form token), and then the handler. What is missing and what is forbidden get the same page, byte for byte.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from chat import sessions
from chat.journal import Journal
from chat.keys import KeyDestroyed, Keys
from chat.refusals import NotAMember, Refusal, SignedOut, Unavailable
from chat.settings import Settings
from chat.store import Store
from matcher.lately import Lately
from matcher.tokens import Tokens
from web import helplines, language, sayings
from web.assets import Assets
from web.environments import environments
from web.forms import Forms
from web.routes import ANYONE, ROLES, ROUTES, STRANGER, Row
from web.shield import Shield
from web.site import Cookies, Site, Visit

logger = logging.getLogger(__name__)

PACKED_BYTES = 500
STATUS = {
    "malformed": 400, "too_long": 413, "form_expired": 403, "not_allowed": 403, "not_a_member": 404,
    "signed_out": 401, "too_fast": 429, "sign_ups_full": 429, "unavailable": 503,
}  # fmt: skip
"""A refusal's HTTP status; every other one is 409: understood, and not this time."""
REASONS = {400: "malformed", 404: "not_a_member", 405: "not_a_member"}


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refusal, told to our own script: its code, and the sentence for people."""

    code: str
    say: str
    retry_after: float | None = None


def make_app(
    *,
    settings: Settings,
    store: Store,
    keys: Keys,
    journal: Journal,
    lifespan: "Callable[[Starlette], AbstractAsyncContextManager[dict[str, object]]] | None" = None,
) -> Starlette:
    """Return the pages as an ASGI application.

    The caller runs it without uvicorn's own access log (paths of links are secrets) and without its proxy headers
    (`settings.trusted_proxies` is applied here).

    Raises:
        HelplineError: the file of helplines cannot be used.
    """
    languages, assets = language.load(), Assets.load()
    site = Site(
        settings=settings, store=store, keys=keys, journal=journal, assets=assets, languages=languages,
        helplines=helplines.load(settings.helplines), forms=Forms(keys.derive("forms"), settings.origins),
        cookies=Cookies(settings.secure), templates=environments(languages, assets),
        tokens=Tokens(keys.derive("tokens")), lately=Lately(),
    )  # fmt: skip

    def failed(scope: Scope) -> Response:
        return _told(Visit(site, Request(scope), None, None), 500, sayings.FAILED)

    async def refused(request: Request, error: Exception) -> Response:
        """Answer an unknown path or a wrong method as the door does."""
        assert isinstance(error, HTTPException)
        visit = await _anybody(site, request)
        code = REASONS.get(error.status_code, "refused")
        return _told(visit, error.status_code, visit.say(code), error.headers, code=code)

    middleware = [
        Middleware(Shield, secure=settings.secure, failed=failed),
        Middleware(GZipMiddleware, minimum_size=PACKED_BYTES, compresslevel=9),
    ]
    if settings.proxies:
        middleware.insert(0, Middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.proxies)))
    app = Starlette(
        routes=[Route(row.path, _door(site, row), methods=[row.method]) for row in ROUTES],
        middleware=middleware, exception_handlers={HTTPException: refused}, lifespan=lifespan,
    )  # fmt: skip
    app.router.redirect_slashes = False
    return app


def _door(site: Site, row: Row) -> "Callable[[Request], Awaitable[Response]]":
    async def door(request: Request) -> Response:
        if row.allowed == ANYONE and not row.asks_who:
            return await row.handler(Visit(site, request, None, None))
        visit = Visit(site, request, None, None)
        try:
            visit = await (_anybody(site, request) if row.allowed == ANYONE else _visit(site, request))
            if row.allowed == STRANGER and visit.person is not None:
                return visit.go("/rooms")
            if row.allowed in ROLES:
                if visit.person is None:
                    return _signed_out(visit)
                if ROLES[row.allowed] and not ROLES[row.allowed] & set(visit.person.roles):
                    raise NotAMember
            if row.method == "POST":
                await visit.read_form()
            response = await row.handler(visit)
            if visit.is_renewed and row.method == "GET":
                visit.keep(response)
            return response
        except (SignedOut, KeyDestroyed):  # erased since it was known who asks: no page wants anybody else's key
            return _signed_out(visit)
        except Refusal as refusal:
            status = STATUS.get(refusal.code, 409)
            logger.info("refused %s %s: %s", row.method, row.path, refusal.code)
            return _told(visit, status, visit.say(refusal.code), code=refusal.code, retry_after=refusal.retry_after)

    return door


async def _visit(site: Site, request: Request) -> Visit:
    """Look up who asks; a session in use is renewed once a day."""
    token = request.cookies.get(site.cookies.session, "")
    if not token:
        return Visit(site, request, None, None)
    try:
        async with site.store.reading() as tx:
            found = await sessions.find(tx, token, "cookie")
        if found.is_stale:
            async with site.store.transaction() as tx:
                await sessions.touch(tx, found.session)
    except SignedOut:
        return Visit(site, request, None, None)
    return Visit(site, request, found.person, found.session, is_renewed=found.is_stale)


async def _anybody(site: Site, request: Request) -> Visit:
    """Look up who asks, for a page that is there for everybody, help above all, also while the database is away."""
    try:
        return await _visit(site, request)
    except Unavailable:
        return Visit(site, request, None, None)


def _signed_out(visit: Visit) -> Response:
    if visit.wants_json:
        return _told(visit, 401, visit.say("signed_out"), code="signed_out")
    return visit.go("/sign-in")


def _told(
    visit: Visit,
    status: int,
    sentence: str,
    headers: Mapping[str, str] | None = None,
    *,
    code: str = "refused",
    retry_after: float | None = None,
) -> Response:
    """Answer with a refusal: a kind page, or JSON for our own script."""
    if visit.wants_json:
        response = visit.json(msgspec.json.encode(Told(code, sentence, retry_after)), status)
    else:
        title = sayings.title(visit.language, status, code)
        response = visit.page("refused.html", status, title=title, sentence=sentence)
    response.headers.update(headers or {})
    if retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(retry_after)))
    return response
