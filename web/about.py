"""Pages for anybody: help, the protocol, the language; and what machines ask for: health, static files."""

import asyncio
import inspect
from dataclasses import dataclass
from typing import get_args

import msgspec
from starlette.responses import PlainTextResponse, Response

from chat import account, codec, protocol
from chat.refusals import Malformed, NotAMember, Refusal
from web.site import LANGUAGE_S, Visit

HEALTH_S = 2.0
"""A load balancer asks every few seconds; a database that takes longer is not reachable."""


async def healthz(visit: Visit) -> Response:
    """Answer 200 when the database answers, 503 when it does not."""
    try:
        async with asyncio.timeout(HEALTH_S), visit.site.store.reading() as tx:
            await tx.now()
    except (Refusal, TimeoutError):
        return PlainTextResponse("database unavailable\n", 503)
    return PlainTextResponse("ok\n")


async def static(visit: Visit) -> Response:
    """Serve a static file."""
    found = visit.site.assets.answer(visit.request, str(visit.request.path_params["name"]))
    if found is None:
        return PlainTextResponse("not found\n", 404)
    return found


async def help_now(visit: Visit) -> Response:
    """Show whom to call, and something to hold on to meanwhile. Nothing is asked, nothing is kept."""
    return _help(visit, visit.request.query_params.get("country", visit.site.settings.country.upper()))


async def help_offline(visit: Visit) -> Response:
    """Show the same to whoever has no connection, as a browser keeps it: `?fi`, for nobody in particular."""
    visit.language = visit.site.languages.get(visit.request.url.query, visit.language)
    return _help(visit, visit.site.settings.country.upper(), offline=True)


def _help(visit: Visit, country: str, *, offline: bool = False) -> Response:
    lines = visit.site.helplines
    return visit.page(
        "help.html", country=lines.country(country), countries=lines.countries,
        dated=visit.language.day_of(lines.dated), offline=offline,
    )  # fmt: skip


async def worker(visit: Visit) -> Response:
    """Serve the service worker, at the root because it answers for every page, under a policy of its own."""
    found = visit.site.assets.answer(visit.request, "worker.js")
    assert found is not None
    found.headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'"
    return found


async def set_language(visit: Visit) -> Response:
    """Choose the language by hand; kept with the account, or in a cookie."""
    code = visit.field("language")
    if code not in visit.site.languages:
        raise Malformed
    if visit.person is not None:
        async with visit.site.store.transaction() as tx:
            await account.set_language(tx, visit.person.person, code)
    response = visit.go(_own_path(visit.field("back")))
    visit.site.cookies.set(response, visit.site.cookies.language, code, LANGUAGE_S)
    return response


def _own_path(path: str) -> str:
    """Return a path of ours to go back to; anything else (another site's address, say) becomes the front page."""
    plain = path.startswith("/") and not path.startswith("//") and all(c.isalnum() or c in "/-_" for c in path)
    return path if plain and path.isascii() else "/"


@dataclass(frozen=True)
class FieldPage:
    """One field of a frame, for the page: its bounds in words."""

    name: str
    kind: str
    required: bool


@dataclass(frozen=True)
class FramePage:
    """One frame, for the page."""

    tag: str
    about: str
    fields: list[FieldPage]


async def wire_protocol(visit: Visit) -> Response:
    """Show the wire protocol to people who write clients, from the docstrings the server is built from."""
    intro = [part.replace("\n", " ") for part in inspect.cleandoc(protocol.__doc__ or "").split("\n\n")]
    return visit.page(
        "protocol.html",
        intro=intro,
        sent=[_frame(one) for one in get_args(codec.AnyCommand)],
        got=[_frame(one) for one in get_args(protocol.AnyFrame)],
        inner=[_frame(one) for one in (protocol.Entry, protocol.Member, protocol.You, protocol.Limits)],
    )


def _frame(struct: type[msgspec.Struct]) -> FramePage:
    schema = msgspec.json.schema(struct)["$defs"][struct.__name__]
    fields = [
        FieldPage(name, _kind(one), name in schema.get("required", ()))
        for name, one in schema["properties"].items()
        if name != "t"
    ]
    tag = schema["properties"].get("t", {}).get("enum", [struct.__name__])[0]
    return FramePage(tag, " ".join(inspect.cleandoc(struct.__doc__ or "").split()), fields)


def _kind(schema: dict[str, object]) -> str:
    """Return a JSON schema's type and bounds in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])  # type: ignore[attr-defined]
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))  # type: ignore[call-overload]
    kind = str(schema.get("type", "any"))
    if kind == "array" and isinstance(schema.get("items"), dict):
        return f"list of {_kind(schema['items'])}"  # type: ignore[arg-type]
    bounds = [f"{word} {schema[key]}" for key, word in BOUNDS.items() if key in schema]
    return ", ".join([kind, *bounds])


BOUNDS = {"minimum": "from", "maximum": "to", "minLength": "at least", "maxLength": "at most", "pattern": "like"}


async def nothing(visit: Visit) -> Response:
    """Answer for an address that nobody has."""
    raise NotAMember
