"""Admission: who may open a connection, asked before it is accepted.

With a cookie the Origin must be one of ours, exactly: a cookie is sent by whichever page asks (cross-site WebSocket
hijacking). With a bearer token, which no page can be tricked into sending, cookies are ignored.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address, ip_network

from websockets.datastructures import Headers

from chat import sessions
from chat.people import Person, of_row
from chat.refusals import NotAllowed, Refusal, SignedOut, TooFast
from chat.sessions import Kind
from chat.settings import Settings
from chat.sign_ups import network
from chat.store import Store

MINUTE_S = 60.0
ADDRESSES = 10_000
"""Addresses remembered for the handshake limit; the oldest is forgotten first."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who connects, under which session, by a browser or a program, to which incarnation of the database."""

    person: Person
    session: int
    is_program: bool
    epoch: str


class Admission:
    """Checks handshakes; one for the process."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._origins = settings.origins
        self._cookie = cookie_name(settings)
        self._most = settings.handshakes_per_minute
        self._proxies = [ip_network(one) for one in settings.proxies]
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    async def admit(self, headers: Headers, address: str) -> Admitted:
        """Return who this is; asked in one statement, because after a restart everybody comes at once.

        Raises:
            TooFast: too many handshakes from this address. NotAllowed: a foreign or missing Origin.
            SignedOut: no session, or it has ended. Unavailable: the database is away.
        """
        self._count(self._client(headers, address))
        token, kind = self._token(headers)
        async with self._store.reading() as tx:
            row = await sessions.standing(tx, token, kind, epoch=True)
        return Admitted(of_row(row, row.person), row.id, kind == "bearer", row.epoch)

    def _token(self, headers: Headers) -> tuple[str, Kind]:
        authorization = headers.get_all("Authorization")
        if authorization:
            scheme, _, token = authorization[0].partition(" ")
            if len(authorization) != 1 or scheme.lower() != "bearer" or not token:
                raise SignedOut
            return token.strip(), "bearer"
        origins = headers.get_all("Origin")
        if len(origins) != 1 or origins[0] not in self._origins:
            raise NotAllowed
        try:
            cookie = SimpleCookie("; ".join(headers.get_all("Cookie"))).get(self._cookie)
        except CookieError:
            cookie = None
        if cookie is None:
            raise SignedOut
        return cookie.value, "cookie"

    def _client(self, headers: Headers, address: str) -> str:
        """Return the last address on the way here that is no proxy of ours; what stands before it anybody can write."""
        hops = [hop.strip() for hop in ",".join(headers.get_all("X-Forwarded-For")).split(",")]
        while self._is_proxy(address) and hops:
            address = hops.pop() or address
        return address

    def _is_proxy(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in proxy for proxy in self._proxies)

    def _count(self, address: str) -> None:
        now, address = time.monotonic(), network(address)
        since, count = self._seen.pop(address, (now, 0))
        if now - since >= MINUTE_S:
            since, count = now, 0
        self._seen[address] = (since, count + 1)
        if len(self._seen) > ADDRESSES:
            self._seen.popitem(last=False)
        if count >= self._most:
            raise TooFast(since + MINUTE_S - now)


STATUS: dict[type[Refusal], HTTPStatus] = {
    NotAllowed: HTTPStatus.FORBIDDEN,
    SignedOut: HTTPStatus.UNAUTHORIZED,
    TooFast: HTTPStatus.TOO_MANY_REQUESTS,
}


def status_of(refusal: Refusal) -> HTTPStatus:
    """The HTTP status of a handshake that was turned down; 503 where the server is the reason."""
    return STATUS.get(type(refusal), HTTPStatus.SERVICE_UNAVAILABLE)


def cookie_name(settings: Settings) -> str:
    """The session cookie's name: with TLS it is bound to this host and path by its prefix (RFC 6265bis, 4.1.3.2)."""
    return "__Host-hearthside" if settings.secure else "hearthside"
