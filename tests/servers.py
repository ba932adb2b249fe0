"""Real servers as child processes: redis-server, a PostgreSQL cluster, and anything else that is started by a command.

The one idea: a child writes its output to the logs of the run, dies with the process that started it, and can be
frozen, thawed and killed, as the machines of the world do to servers.
"""

import asyncio
import contextlib
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from tests import logs

START_S = 30.0
"""Nothing here needs so long, but two busy cores may be shared with a browser."""
STOP_S = 10.0
ROOT = Path(__file__).parent.parent


class NotStarted(Exception):
    """A server is not installed, ended at once or did not answer in time; the text names its log."""


def free_port() -> int:
    """Return a TCP port that was free on 127.0.0.1 a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Child:
    """A running child process, leader of its own process group."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: Path, stop_signal: int) -> None:
        self.name = name
        self.process = process
        self.log = log
        self._stop_signal = stop_signal

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def send(self, number: int) -> None:
        """Send a signal to the child and its own children; none when it has ended."""
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def freeze(self) -> None:
        """Stop it in its tracks: its sockets stay open and nothing answers."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        self.send(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.send(signal.SIGKILL)
        self.process.wait(STOP_S)

    def stop(self) -> int:
        """Ask it to end; kill it when it has not within STOP_S. Return its exit code."""
        self.thaw()
        if self.is_alive:
            self.process.send_signal(self._stop_signal)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.returncode
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def said(self) -> str:
        """Return what it has written so far."""
        return self.log.read_text(errors="replace")

    def wait_until(self, ready: Callable[[], bool], timeout_s: float = START_S) -> None:
        """Wait until `ready` is true.

        Raises:
            NotStarted: the child ended, or the time is up.
        """
        end = time.monotonic() + timeout_s
        while not ready():
            if not self.is_alive or time.monotonic() > end:
                raise NotStarted(f"{self.name} {'did not answer' if self.is_alive else 'ended'}; see {self.log}")
            time.sleep(0.01)


def start(
    name: str,
    *command: str,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    user: str | None = None,
    stop_signal: int = signal.SIGTERM,
    death_signal: int = signal.SIGKILL,
) -> Child:
    """Start a command; the caller must `stop` it. Call it in the main thread (the child dies with the thread).

    Args:
        env: added to this process's environment, from which every HEARTHSIDE_* is taken out.
        user: whom it runs as (only root may say).
    """
    program = shutil.which(command[0])
    if program is None:
        raise NotStarted(f"{command[0]} is not installed; `make test` says how.")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("HEARTHSIDE_")}
    log = logs.folder() / f"{name}-{secrets.token_hex(4)}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *command[1:]], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=cwd,
            env=inherited | dict(env or {}), user=user, start_new_session=True,
            preexec_fn=lambda: _die_with_parent(death_signal),
        )  # fmt: skip
    return Child(name, process, log, stop_signal)


def _die_with_parent(number: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, number)  # PR_SET_PDEATHSIG, prctl(2)


@contextmanager
def child(name: str, *command: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Iterator[Child]:
    """Run a command for the time of the block."""
    one = start(name, *command, env=env, cwd=cwd)
    try:
        yield one
    finally:
        one.stop()


@asynccontextmanager
async def serving(
    name: str, *command: str, port: int, env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> AsyncIterator[Child]:
    """Run a command for the time of the block, which begins when something listens on `port`; the loop stays free."""
    one = start(name, *command, env=env, cwd=cwd)
    try:
        await asyncio.to_thread(one.wait_until, lambda: is_listening(port))
        yield one
    finally:
        await asyncio.to_thread(one.stop)


def is_listening(port: int) -> bool:
    """Whether a connection to 127.0.0.1 is taken."""
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0


RedisState = Literal["well", "frozen", "killed"]
REDIS_STATES: tuple[RedisState, ...] = get_args(RedisState)


@dataclass
class Redis:
    """A redis-server that keeps nothing on disk."""

    port: int
    folder: Path
    child: Child = field(init=False)
    state: RedisState = "well"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, empty, on its port, and wait until it listens."""
        how = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        self.child = start("redis", "redis-server", *how, cwd=self.folder)
        self.child.wait_until(lambda: is_listening(self.port))

    @contextmanager
    def being(self, state: RedisState) -> Iterator[None]:
        """Leave it well, freeze it or kill it for the time of the block; after it, it is well again."""
        self.state = state
        if state == "frozen":
            self.child.freeze()
        elif state == "killed":
            self.child.kill()
        try:
            yield
        finally:
            self.state = "well"
            self.child.thaw() if self.child.is_alive else self.start()


@contextmanager
def redis_server(port: int | None = None) -> Iterator[Redis]:
    """Run an empty redis-server; it takes some 20 ms to start, so every test has its own. `port`: where one was."""
    with tempfile.TemporaryDirectory(prefix="hearthside-redis-") as folder:
        redis = Redis(port or free_port(), Path(folder))
        redis.start()
        try:
            yield redis
        finally:
            redis.child.stop()


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL server with any number of databases."""

    port: int
    child: Child
    bin: Path

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database for the time of the block, and give its URL."""
        name = f"t{secrets.token_hex(8)}"
        self._tool("createdb", name)
        try:
            yield f"postgresql://hearthside@127.0.0.1:{self.port}/{name}"
        finally:
            if self.child.is_alive:
                self._tool("dropdb", "--force", name)

    def _tool(self, tool: str, *arguments: str) -> None:
        subprocess.run(
            [self.bin / tool, "-h", "127.0.0.1", "-p", str(self.port), "-U", "hearthside", *arguments],
            check=True, timeout=START_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip


@contextmanager
def postgresql_cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """Run a new PostgreSQL cluster. Unless it is `durable` it does not fsync: what a killed server has written outlives
    it all the same."""
    bin, port, user = postgresql_bin(), free_port(), _not_root()
    folder = Path(tempfile.mkdtemp(prefix="hearthside-pg-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        making = start("initdb", str(bin / "initdb"), "-D", str(folder / "data"), "-U", "hearthside", "-A", "trust",
                       "-E", "UTF8", "--locale=C", "--no-sync", cwd=folder, user=user)  # fmt: skip
        if making.process.wait(START_S) != 0:
            raise NotStarted(f"initdb failed; see {making.log}")
        on = "on" if durable else "off"
        options = {
            "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder, "fsync": on,
            "full_page_writes": on, "max_connections": 200, "shared_buffers": "128MB" if durable else "32MB",
            "log_statement": "none",
        }  # fmt: skip
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        one = start("postgres", str(bin / "postgres"), "-D", str(folder / "data"), *arguments, cwd=folder, user=user,
                    stop_signal=signal.SIGINT, death_signal=signal.SIGQUIT)  # fmt: skip
        try:
            one.wait_until(lambda: "ready to accept connections" in one.said())
            yield Cluster(port, one, bin)
        finally:
            one.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def postgresql_bin() -> Path:
    """Where PostgreSQL's programs are."""
    beside_path = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name))
    if beside_path:
        return Path(beside_path).resolve().parent
    if not debian:
        raise NotStarted("PostgreSQL is not installed; `make test` says how.")
    return debian[-1]


def _not_root() -> str | None:
    """Whom PostgreSQL runs as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    return "postgres" if any(one.pw_name == "postgres" for one in pwd.getpwall()) else "nobody"
