"""The site: what every page is made from; and a visit: one request, with who asks and in which language.

`Site` is built once, by `app.make_app`. A handler is given a `Visit` and nothing else; it holds no rules: it asks
`chat` and `matcher`, and shows what they answer.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from jinja2 import Environment
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from chat import passphrases
from chat.ids import ID_MAX, PersonId, RoomId
from chat.journal import Journal
from chat.keys import Keys
from chat.people import Person
from chat.refusals import NotAMember
from chat.sessions import Session
from chat.settings import Settings
from chat.store import Store
from matcher.lately import Lately
from matcher.tokens import Tokens
from web import forms, sayings
from web.assets import Assets
from web.forms import Forms
from web.helplines import Helplines
from web.language import Language, negotiate

SESSION_S = 90 * 24 * 3600
"""How long a browser keeps the cookie; the session itself ends when `sessions` says so."""
LANGUAGE_S = 365 * 24 * 3600
DEVICE_S = 365 * 24 * 3600


class JSON(Response):
    """JSON that was encoded already."""

    media_type = "application/json"


@dataclass(frozen=True, slots=True)
class Cookies:
    """The cookies' names. `__Host-` (RFC 6265bis) binds them to this very host, and needs TLS.

    SameSite is Lax and not Strict: a person who follows a link to a room from another page would else seem to be signed
    out. No GET changes anything, and every POST carries a token.
    """

    secure: bool

    @property
    def session(self) -> str:
        """Who is signed in. The socket reads it too."""
        return "__Host-hearthside" if self.secure else "hearthside"

    @property
    def stranger(self) -> str:
        """Ties a stranger's forms to their browser."""
        return f"{self.session}-form"

    @property
    def device(self) -> str:
        """Staff's: that somebody has signed in on this device before (see `passphrases`)."""
        return f"{self.session}-device"

    @property
    def language(self) -> str:
        """The language chosen by hand."""
        return f"{self.session}-language"

    def set(self, response: Response, name: str, value: str, max_age: int | None) -> None:
        """Set a cookie for as long as `max_age` seconds, or as the browser is open."""
        response.set_cookie(
            name, value, max_age=max_age, path="/", secure=self.secure, httponly=True, samesite="lax"
        )  # fmt: skip

    def drop(self, response: Response, name: str) -> None:
        """Take a cookie back."""
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="lax")


@dataclass(frozen=True)
class Site:
    """What pages are made from."""

    settings: Settings
    store: Store
    keys: Keys
    journal: Journal
    assets: Assets
    languages: Mapping[str, Language]
    helplines: Helplines
    forms: Forms
    cookies: Cookies
    templates: Mapping[str, Environment]
    tokens: Tokens
    lately: Lately


class Visit:
    """One request.

    Attributes:
        person: who asks, or None for a stranger.
        session: the session's id and token, with `person`.
        token: the cookie of the session, or of the one that begins with this answer.
        is_renewed: the session's time began afresh with this request.
        fields: a POST's fields, each with all its values; read and checked before a handler sees the visit.
    """

    def __init__(
        self, site: Site, request: Request, person: Person | None, session: Session | None, *, is_renewed: bool = False
    ) -> None:  # fmt: skip
        self.site = site
        self.request = request
        self.person = person
        self.session = session
        self.is_renewed = is_renewed
        self.fields: dict[str, tuple[str, ...]] = {}
        self.token = request.cookies.get(site.cookies.session, "")
        self._stranger = request.cookies.get(site.cookies.stranger, "")
        self._made_stranger = False
        chosen = request.cookies.get(site.cookies.language, "")
        if person is not None and person.language in site.languages:
            chosen = person.language
        if chosen not in site.languages:
            chosen = negotiate(request.headers.get("accept-language", ""))
        self.language = site.languages[chosen]

    @property
    def member(self) -> Person:
        """Who asks, on a page that only members reach."""
        assert self.person is not None, "this page's row in routes lets strangers in"
        return self.person

    @property
    def browser(self) -> str:
        """What this browser's forms are tied to, and nobody else holds."""
        return self.token if self.person else self._stranger

    @property
    def device(self) -> str:
        """What this browser is known by."""
        return self.request.cookies.get(self.site.cookies.device, "")

    @property
    def wants_json(self) -> bool:
        """Whether a program asks (our own script does), not somebody's browser for a page."""
        return "application/json" in self.request.headers.get("accept", "")

    @property
    def address(self) -> str:
        """The network address that asks, as the server or its trusted proxy saw it."""
        return self.request.client.host if self.request.client else ""

    def people_here(self, room: RoomId) -> int:
        """How many are connected to a room, as far as this process knows (the hub, put there by the lifespan)."""
        known: Callable[[RoomId], set[int]] = getattr(self.request.state, "people_here", _nobody)
        return len(known(room))

    def everybody_here(self) -> int:
        """How many are connected to any room, as far as this process knows."""
        known: Callable[[], set[int]] = getattr(self.request.state, "everybody_here", set)
        return len(known())

    def id(self, name: str) -> int:
        """Return an id from the path.

        Raises:
            NotAMember: not an id, so nothing is there.
        """
        return whole(str(self.request.path_params[name]))

    def field(self, name: str) -> str:
        """Return the first value of a field, trimmed; empty when it is not there."""
        return self.fields.get(name, ("",))[0].strip()

    def __repr__(self) -> str:
        return "<Visit>"

    def page(self, template: str, status: int = 200, /, **values: object) -> Response:
        """Show a template.

        Every template knows `person`, `page` (the current link), `here` (this path), `say` (a refusal's code as a
        sentence), `keep` (how long things are kept), and for its forms `form_token()`, the hidden field (or `csrf`,
        its value, for members).
        """
        settings = self.site.settings
        always: dict[str, object] = {
            "person": self.person, "page": "", "form_token": self._form_token, "here": self.request.url.path,
            "say": self.say, "csrf": self.site.forms.token(self.token) if self.person else "",
            "keep": {"group": settings.keep_group_days, "one_to_one": settings.keep_one_to_one_days,
                     "hidden": settings.hidden_hours},
        }  # fmt: skip
        body = self.site.templates[self.language.code].get_template(template).render(always | values)
        response = HTMLResponse(body, status)
        response.headers["Content-Language"] = self.language.code
        if self._made_stranger:
            self.site.cookies.set(response, self.site.cookies.stranger, self._stranger, None)
        return response

    def json(self, body: bytes, status: int = 200) -> Response:
        """Answer a program."""
        return JSON(body, status)

    def go(self, path: str) -> Response:
        """Send the browser to another page of ours, by GET."""
        return RedirectResponse(path, 303)

    def sign_in(self, token: str, path: str) -> Response:
        """Send the browser on, signed in by a fresh session; the stranger's cookie has done its duty."""
        return self.signed_in(self.go(path), token)

    def signed_in(self, response: Response, token: str) -> Response:
        """Put a fresh session's cookie on a response."""
        self.site.cookies.set(response, self.site.cookies.session, token, SESSION_S)
        self.site.cookies.drop(response, self.site.cookies.stranger)
        return response

    def keep(self, response: Response) -> None:
        """Let the browser keep the cookie as long afresh as the session: who comes every week stays signed in."""
        self.site.cookies.set(response, self.site.cookies.session, self.token, SESSION_S)

    async def know_device(self, response: Response, person: PersonId) -> Response:
        """Let this browser be known, so that nobody else's wrong passphrases keep this person out of it."""
        token = await passphrases.know_device(self.site.store, self.site.keys, person)
        self.site.cookies.set(response, self.site.cookies.device, token, DEVICE_S)
        return response

    def say(self, code: str) -> str:
        """Return a refusal's code as a sentence in the visitor's language."""
        return sayings.of_refusal(self.language, code)

    async def read_form(self) -> None:
        """Read a POST's fields and ask whether it is from a page of ours.

        Raises:
            TooLong, Malformed, FormExpired.
        """
        self.fields = await forms.read(self.request)
        first = {name: values[0] for name, values in self.fields.items()}
        self.site.forms.require(self.request, self.browser, first)

    def _form_token(self) -> Markup:
        """Return the hidden field that every form needs."""
        if self.person is None and not self._stranger:
            self._stranger = secrets.token_urlsafe(24)
            self._made_stranger = True
        token = self.site.forms.token(self.browser)
        return Markup('<input type="hidden" name="{}" value="{}">').format(forms.TOKEN_FIELD, token)


def _nobody(room: RoomId) -> set[int]:
    return set()


Handler = Callable[[Visit], Awaitable[Response]]


def is_digits(text: str) -> bool:
    """Whether a text is digits of ASCII alone, one at least."""
    return text.isascii() and text.isdigit()


def whole(text: str) -> int:
    """Return an id or a seq written in digits.

    Raises:
        NotAMember: anything else.
    """
    if not (is_digits(text) and len(text) <= 16 and text[0] != "0" and int(text) <= ID_MAX):
        raise NotAMember
    return int(text)
