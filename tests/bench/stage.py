"""The stage of a bench: servers on one core, the load on another, databases beside them, all gone at the end.

Ours is `python -m web`, the whole thing. Limits that would stop a bench are lifted by settings, and only by them: says
a person, handshakes an address. What no setting lifts stands: 100 frames a second a connection, which is why says come
from many people in turn.
"""

import contextlib
import os
import resource
import select
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests import servers
from tests.bench.crowd import One
from tests.bench.orders import Open, Opened, Plan, Result, Run

LIFTED = {
    "HEARTHSIDE_SAYS": "1000000000",
    "HEARTHSIDE_SAYS_S": "3600",
    "HEARTHSIDE_HANDSHAKES_PER_MINUTE": "1000000000",
}
SAY = '{"t":"say","ref":1,"room":{room},"say_id":"{say_id}","text":"{body}"}'
TEXT = "{body}"
PATIENCE_S = 300.0

decode_answer: Callable[[bytes], Opened | Result | str] = msgspec.json.Decoder(Opened | Result | str).decode


class BenchFailed(Exception):
    """What was measured does not count: something was refused or lost, or a process ended."""


@dataclass(frozen=True)
class Stage:
    """Where things run."""

    folder: Path
    server_core: int
    load_core: int

    @contextmanager
    def ours(self, url: str, folder: Path, *, grouped: bool = True, second: bool = False) -> Iterator["Server"]:
        """Run `python -m web` on a database that is filled already.

        Not `grouped`: see `each`. A `second` process beside the first runs on the load's core.
        """
        port, module = servers.free_port(), "web" if grouped else "tests.bench.each"
        env = {"HEARTHSIDE_DATABASE": url, "HEARTHSIDE_VAR": str(folder), "HEARTHSIDE_PORT": str(port)}
        with self._server("web", "-m", module, port=port, env=env | LIFTED) as server:
            if second:
                server.move(self.load_core)
            yield server

    @contextmanager
    def textbook(self, url: str = "") -> Iterator["Server"]:
        """Run the textbook server, keeping nothing unless it is given a database."""
        port = servers.free_port()
        with self._server("textbook", "-m", "tests.bench.textbook", str(port), url, port=port) as server:
            yield server

    @contextmanager
    def floor(self) -> Iterator["Server"]:
        """Run the bare loop."""
        port = servers.free_port()
        with self._server("floor", "-m", "tests.bench.floor", str(port), port=port) as server:
            yield server

    @contextmanager
    def load(self) -> Iterator["Load"]:
        """Run a load; one for each server, so no process holds more connections than it may have files."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=servers.ROOT
        )
        os.sched_setaffinity(process.pid, {self.load_core})
        try:
            yield Load(process)
        finally:
            assert process.stdin and process.stdout
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
            process.stdout.close()

    @contextmanager
    def postgresql(self) -> Iterator[servers.Cluster]:
        """Run a PostgreSQL cluster that keeps what it commits, on whichever core is free."""
        with servers.postgresql_cluster(durable=True) as cluster:
            yield cluster

    @contextmanager
    def _server(self, name: str, *arguments: str, port: int, env: dict[str, str] | None = None) -> Iterator["Server"]:
        child = servers.start(name, sys.executable, *arguments, env=env)
        try:
            os.sched_setaffinity(child.pid, {self.server_core})
            child.wait_until(lambda: servers.is_listening(port), 60)
            yield Server(child, port)
        finally:
            child.stop()


@dataclass(frozen=True)
class Server:
    """A server that listens."""

    child: servers.Child
    port: int

    def move(self, core: int) -> None:
        """Run it, with its threads, on another core."""
        for task in Path(f"/proc/{self.child.pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {core})

    def rss_kb(self) -> int:
        """Return the memory it holds (proc(5), status: VmRSS)."""
        lines = Path(f"/proc/{self.child.pid}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))


class Load:
    """A load process, asked and answering."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def open(self, port: int, plans: Sequence[Plan], at_once: int = 64) -> float:
        """Open connections; return how long it took."""
        answer = self._ask(Open(port, tuple(plans), at_once))
        assert isinstance(answer, Opened)
        return answer.seconds

    def run(self, run: Run) -> Result:
        """Say things; see load.Run. Refused or lost means BenchFailed."""
        self.begin(run)
        return self.finish()

    def begin(self, run: Run) -> None:
        """Begin a run and do not wait."""
        self._send(run)

    def finish(self) -> Result:
        """Wait for the run that was begun."""
        answer = self._answer()
        assert isinstance(answer, Result)
        if answer.refused or answer.lost:
            raise BenchFailed(f"{answer.refused} says refused, {answer.lost} deliveries missing")
        return answer

    def _ask(self, command: Open | Run) -> Opened | Result:
        self._send(command)
        return self._answer()

    def _send(self, command: Open | Run) -> None:
        assert self._process.stdin
        self._process.stdin.write(msgspec.json.encode(command) + b"\n")
        self._process.stdin.flush()

    def _answer(self) -> Opened | Result:
        assert self._process.stdout
        if not select.select([self._process.stdout], [], [], PATIENCE_S)[0]:
            raise BenchFailed("the load did not answer")
        line = self._process.stdout.readline()
        if not line:
            raise BenchFailed("the load ended")
        answer = decode_answer(line)
        if isinstance(answer, str):
            raise BenchFailed(answer)
        return answer


@contextmanager
def staged() -> Iterator[Stage]:
    """Take the first core for servers and the last for the load; one core serves for both where there is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="hearthside-bench-") as folder:
        if os.geteuid() == 0:
            Path(folder).chmod(0o755)
        yield Stage(Path(folder), cores[0], cores[-1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def our_plans(crowd: Sequence[One]) -> list[Plan]:
    """Each joins their room and their inbox."""
    joins = '{{"t":"join","ref":1,"room":{}}}'
    return [
        Plan(
            "/socket", f"Authorization: Bearer {one.token}\r\nSec-WebSocket-Protocol: hearthside.1\r\n",
            (joins.format(one.room), joins.format(one.inbox)), 2, one.room,
        )
        for one in crowd
    ]  # fmt: skip


def textbook_plans(crowd: Sequence[One]) -> list[Plan]:
    """Each is in their room and their inbox by connecting."""
    return [Plan(f"/ws/{one.room}/{one.person}", "", (), 0, one.room) for one in crowd]


def middle(results: Sequence[Result], of: Callable[[Result], float]) -> float:
    """The median over rounds."""
    return statistics.median(of(one) for one in results)


def tell(name: str, in_flight: float, one: Result) -> None:
    """Tell what one run gave, for who waits."""
    cpu = " ".join(f"{what} {spent / one.seconds:.0%}" for what, spent in one.cpu_s.items())
    rates = f"{one.acked / one.seconds:8.0f} says/s {one.deliveries / one.seconds:9.0f} deliveries/s"
    acks = f"ack {one.ack_p50_ms:.1f}/{one.ack_p99_ms:.1f} ms"
    receipts = f"delivery {one.delivery_p50_ms:.1f}/{one.delivery_p99_ms:.1f} ms"
    print(f"{name:19} {in_flight:4g}: {rates}  {acks}  {receipts}  cpu {cpu} load {one.load_cpu_s / one.seconds:.0%}",
          file=sys.stderr)  # fmt: skip


def family(pid: int) -> tuple[int, ...]:
    """Return a process and its children, as they are now."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (pid, *map(int, children))
