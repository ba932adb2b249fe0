"""Orders: what the runner asks of a load, and what it answers."""

import msgspec


class Plan(msgspec.Struct, frozen=True):
    """One connection: its request, what it sends first, and how many `joined` make it ready."""

    path: str
    headers: str
    first: tuple[str, ...]
    joins: int
    room: int


class Open(msgspec.Struct, frozen=True, tag=True):
    """Open connections, `at_once` at a time."""

    port: int
    plans: tuple[Plan, ...]
    at_once: int = 64


class Run(msgspec.Struct, frozen=True, tag=True):
    """Say things for `seconds`, after `warm_s` that do not count.

    `in_flight`: so many says under way, the next goes when one is acknowledged; or `per_s`: one every 1/per_s seconds.
    They come from the first `senders` connections in turn. `template` may hold {room}, {say_id} and {body}; a body is
    `size` bytes. `members`: deliveries to expect of one say. `pids`: whose processor time to count, by name.
    """

    seconds: float
    template: str
    size: int
    members: int
    senders: int
    in_flight: int = 0
    per_s: float = 0
    warm_s: float = 0.5
    pids: dict[str, tuple[int, ...]] = {}


class Opened(msgspec.Struct, frozen=True, tag=True):
    """All of them are ready."""

    seconds: float


class Result(msgspec.Struct, frozen=True, tag=True):
    """What happened in the time that counts; `lost` counts deliveries that had not come DRAIN_S after the end."""

    seconds: float
    acked: int
    deliveries: int
    lost: int
    refused: int
    ack_p50_ms: float
    ack_p99_ms: float
    delivery_p50_ms: float
    delivery_p99_ms: float
    cpu_s: dict[str, float]
    load_cpu_s: float
