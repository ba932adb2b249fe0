"""Settings: one frozen object, read from the environment once, at start.

Every field is one variable, HEARTHSIDE_<NAME>; README's table is made from this file (a test holds them together). A
value that cannot be meant ends start-up with a sentence that names its variable.
"""

import dataclasses
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from chat.hours import Hours

T = TypeVar("T", str, int, bool)


class SettingError(ValueError):
    """A setting that cannot be meant; the text is a sentence for the person who runs the server."""


def setting(default: T, about: str, *, least: int = 0, most: int = 2**31) -> T:
    """Declare a field: its default, what it does, and bounds for a number."""
    made: T = field(default=default, metadata={"about": about, "least": least, "most": most})
    return made


@dataclass(frozen=True)
class Settings:
    """What the operator decides. Numbers are whole; times carry their unit in the name; texts may be empty."""

    var: str = setting("./var", "Folder for what this server keeps when nothing else is said: database, keys, journal.")
    database: str = setting("", "sqlite:///PATH or postgresql://… (15 or newer); empty: var/hearthside.db.")
    keys: str = setting("", "Where people's data keys live, apart from the database: sqlite:///PATH or postgresql://…; "
                            "empty: var/keys.db. Back it up apart, and keep those backups shorter.")  # fmt: skip
    key_file: str = setting("", "File with the master keys (made at first start, mode 0600); empty: var/master.keys.")
    erasures: str = setting("", "The erasure journal, kept outside every backup; empty: var/erasures.journal.")
    redis: str = setting("", "redis://… for hints between machines; empty: processes on this machine find each other.")
    host: str = setting("127.0.0.1", "Address to listen on.")
    port: int = setting(8000, "Port to listen on (PORT is read too).", least=0, most=65535)
    origin: str = setting("", "The address people type, as https://chat.example.org; empty: http://localhost:<port> "
                              "and http://127.0.0.1:<port>. Several: separate with commas. With https, cookies are "
                              "Secure.")  # fmt: skip
    trusted_proxies: str = setting(
        "", "Addresses of proxies whose X-Forwarded-For and -Proto are believed, with commas."
    )
    demo: bool = setting(False, "1: add rooms, peers and a moderator to try things with, and print their links.")
    sign_up: str = setting("open", "open, invitation or closed.")
    sign_ups_per_day: int = setting(20, "How many may sign up from one address in a day.", least=0)
    country: str = setting("FI", "Whose helplines are shown first (two letters, ISO 3166).")
    helplines: str = setting("", "A JSON file of helplines that replaces the bundled one.")
    model: str = setting(
        "", "`multilingual`, or a sentence-transformers model by name or folder; empty: the bundled one, for English."
    )
    metrics: str = setting("", "Where a matcher answers Prometheus, as 127.0.0.1:9101; empty: nowhere. A port each.")
    offer_s: int = setting(90, "How long an offer stands.", least=1)
    lease_s: int = setting(15, "After how long another matcher takes over a request.", least=1)
    hours: str = setting("", "When peers are here, as 17:00-22:00; empty: always. Outside them nobody is asked, and "
                             "who waits keeps their place.")  # fmt: skip
    timezone: str = setting("UTC", "Whose clock hours are told by, as Europe/Helsinki.")
    says: int = setting(20, "Messages one person may send in says_s seconds.", least=1)
    says_s: int = setting(10, "See says.", least=1)
    requests_per_hour: int = setting(10, "Match requests one person may make in an hour.", least=1)
    acknowledge_s: int = setting(
        180,
        "How long whoever is asked in an escalation has to acknowledge, before the next in line is asked.",
        least=10,
    )
    sockets: int = setting(5, "Connections one person may hold on one process.", least=1)
    handshakes_per_minute: int = setting(20, "Connections one address may open in a minute, per process.", least=1)
    keep_group_days: int = setting(90, "How long words in group rooms are kept.", least=1)
    keep_one_to_one_days: int = setting(30, "How long words are kept after a one-to-one ended.", least=1)
    keep_request_days: int = setting(90, "How long is kept that somebody asked for one person, without who it was.",
                                     least=14)  # fmt: skip
    keep_case_days: int = setting(365, "How long a report is kept.", least=1)
    keep_audit_days: int = setting(730, "How long the audit is kept.", least=1)
    hidden_hours: int = setting(
        72,
        "After how long words that were retracted, edited, removed or declined, or that waited in vain, are destroyed, "
        "and words an erased person had said to others.",
        least=0,
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read HEARTHSIDE_* (and PORT); empty paths are filled in under `var`.

        Raises:
            SettingError: a variable nobody knows, or a value out of bounds; the sentence names it.
        """
        fields = {f"HEARTHSIDE_{f.name.upper()}": f for f in dataclasses.fields(cls)}
        values: dict[str, object] = {}
        for name in environment:
            if name.startswith("HEARTHSIDE_") and name not in fields:
                raise SettingError(f"{name} is no setting of Hearthside; README lists them all.")
        for name, one in fields.items():
            if one.name == "port" and name not in environment and "PORT" in environment:
                name = "PORT"
            values[one.name] = _value(name, one, environment.get(name, str(one.default)))
        made = cls(**values)  # type: ignore[arg-type]
        var = Path(made.var).resolve()
        made = dataclasses.replace(
            made,
            var=str(var),
            database=made.database or f"sqlite:///{var / 'hearthside.db'}",
            keys=made.keys or f"sqlite:///{var / 'keys.db'}",
            key_file=made.key_file or str(var / "master.keys"),
            erasures=made.erasures or str(var / "erasures.journal"),
            origin=made.origin or f"http://localhost:{made.port},http://127.0.0.1:{made.port}",
        )
        made._check()
        return made

    @property
    def origins(self) -> frozenset[str]:
        """The origins a browser may connect from, exactly as it sends them."""
        return frozenset(one.strip().rstrip("/") for one in self.origin.split(",") if one.strip())

    @property
    def proxies(self) -> tuple[str, ...]:
        """The proxies that are believed: addresses, or networks like 10.0.0.0/8."""
        return tuple(one.strip() for one in self.trusted_proxies.split(",") if one.strip())

    @property
    def zone(self) -> tzinfo:
        """The organisation's clock."""
        return UTC if self.timezone == "UTC" else ZoneInfo(self.timezone)

    @property
    def service(self) -> Hours | None:
        """When peers are here; None: always."""
        return Hours.parse(self.hours, self.zone) if self.hours else None

    @property
    def secure(self) -> bool:
        """Whether people reach this server over TLS only, so cookies can be `__Host-` and Secure."""
        return all(one.startswith("https://") for one in self.origins)

    def _check(self) -> None:
        for name in ("database", "keys"):
            if not str(getattr(self, name)).startswith(("sqlite:///", "postgresql://")):
                raise SettingError(f"HEARTHSIDE_{name.upper()} must begin with sqlite:/// or postgresql://.")
        if self.redis and not self.redis.startswith(("redis://", "rediss://", "unix://")):
            raise SettingError("HEARTHSIDE_REDIS must begin with redis://, rediss:// or unix://.")
        try:
            urlsplit(self.redis).port  # noqa: B018  the bus reads it so, and would end the server
        except ValueError:
            raise SettingError("HEARTHSIDE_REDIS must name a host and a port, as redis://10.0.0.7:6379/0.") from None
        if self.database.startswith("postgresql://") and self.keys == self.database:
            raise SettingError("HEARTHSIDE_KEYS must not be the database itself: a backup would hold both.")
        if self.metrics:
            address(self.metrics)
        if self.sign_up not in ("open", "invitation", "closed"):
            raise SettingError("HEARTHSIDE_SIGN_UP must be open, invitation or closed.")
        for one in self.origins:
            if not one.startswith(("http://", "https://")) or one.count("/") != 2:
                raise SettingError("HEARTHSIDE_ORIGIN must be like https://chat.example.org, without a path.")
        for one in self.proxies:
            try:
                ipaddress.ip_network(one)
            except ValueError:
                raise SettingError(
                    "HEARTHSIDE_TRUSTED_PROXIES must be addresses like 10.0.0.7 or 10.0.0.0/8."
                ) from None
        try:
            self.zone  # noqa: B018  the pages read it so
        except (ValueError, OSError, LookupError):
            raise SettingError("HEARTHSIDE_TIMEZONE must be the name of a time zone, like Europe/Helsinki.") from None
        try:
            self.service  # noqa: B018
        except ValueError:
            raise SettingError("HEARTHSIDE_HOURS must be like 17:00-22:00.") from None
        if len(self.country) != 2 or not self.country.isascii() or not self.country.isalpha():
            raise SettingError("HEARTHSIDE_COUNTRY must be two letters, like FI.")


def address(where: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT; an IPv6 host stands in brackets.

    Raises:
        SettingError: it is not that.
    """
    host, _, port = where.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        raise SettingError("HEARTHSIDE_METRICS must name an address and a port, as 127.0.0.1:9101.")
    return host, int(port)


def _value(name: str, one: "dataclasses.Field[object]", text: str) -> str | int | bool:
    if isinstance(one.default, bool):
        if text not in ("0", "1", "False", ""):
            raise SettingError(f"{name} must be 0 or 1.")
        return text == "1"
    if isinstance(one.default, int):
        least, most = one.metadata["least"], one.metadata["most"]
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise SettingError(f"{name} must be a whole number from {least} to {most}.")
        return int(text)
    return text
