"""A real `impsy run` in a process of its own, on free ports, in a folder of its own; and clients to play on it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple

from peers import free_port, until
from websockets.sync.client import ClientConnection, connect

from impsy.config.wording import toml_text
from impsy.wire.osc import Argument, Message, decode, encode

START = Path(__file__).parent.parent / "start_impsy.py"
READY = 20.0  # seconds that a start may take on a busy machine; it takes 0.2 on an idle one
HOST = "127.0.0.1"


class Row(NamedTuple):
    """One line of a log."""

    timestamp: str
    source: str
    values: tuple[float, ...]


class OscPeer:
    """A UDP socket that speaks OSC; `to` is where it sends."""

    def __init__(self, to: tuple[str, int] | None = None, port: int = 0) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind((HOST, port))
        self._to = to

    def send(self, address: str, *arguments: Argument) -> None:
        self.send_packet(encode(address, arguments))

    def send_packet(self, packet: bytes) -> None:
        assert self._to is not None
        self.socket.sendto(packet, self._to)

    def receive(self, seconds: float = 5.0) -> list[Message]:
        """The messages of the next packet; raises TimeoutError."""
        self.socket.settimeout(seconds)
        return [message for _, message in decode(self.socket.recv(65_536))]

    def ask(self, address: str = "/impsy/mode", seconds: float = 5.0) -> Argument:
        """The value of a control, asked over and over (UDP may lose); raises TimeoutError."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.send(address)
            try:
                for message in self.receive(min(0.25, seconds)):
                    if message.address == address:
                        return message.arguments[0]
            except OSError:  # a timeout; or nobody listens there yet
                continue
        raise TimeoutError(f"{address} was not answered within {seconds} s")

    def drain(self) -> list[Message]:
        """All that has arrived by now."""
        heard = []
        self.socket.setblocking(False)
        try:
            while True:
                heard += [message for _, message in decode(self.socket.recv(65_536))]
        except BlockingIOError:
            return heard

    def close(self) -> None:
        self.socket.close()


class Server:
    """`impsy run` as a context manager, ready when entered; whatever is left of it at the end is killed.

    A random walk plays two controls over OSC and WebSocket, unless `sections` say otherwise: keys of the config, as
    in `Server(tmp_path, interaction={"mode": "battle"}, websocket=None, verbose=True)`; None takes a section out.
    Each start writes into the same log folder. `prepare` runs in the child before it becomes impsy.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        prepare: Callable[[], None] | None = None,
        stdin: int = subprocess.DEVNULL,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
        logs: Path | None = None,
        python: tuple[str, ...] = (),
        **sections: Any,
    ) -> None:
        self.folder = folder
        self.logs = logs or folder / "logs"
        self.osc_address = (HOST, free_port(socket.SOCK_DGRAM))
        self.web_address = (HOST, free_port())
        self._client_port = free_port(socket.SOCK_DGRAM)
        self._errors = folder / "stderr.txt"
        self._output = folder / "stdout.txt"
        self._arguments = arguments
        self._python = python
        self._prepare = prepare
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        self._open = ExitStack()
        self._listening = False
        self.config = folder / "config.toml"
        self._has_osc = sections.get("osc", {}) is not None
        self.config.write_text(self._toml(sections), encoding="utf-8")

    # -- its life

    def __enter__(self) -> "Server":
        self.start()
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._open.close()

    def start(self) -> None:
        """Start, and do not wait until it is ready."""
        out = self._stdout if self._stdout is not None else self._open.enter_context(self._output.open("ab"))
        err = self._stderr if self._stderr is not None else self._open.enter_context(self._errors.open("ab"))
        command = [sys.executable, *self._python, START, "run", "-c", self.config, "-l", self.logs, *self._arguments]
        if not self._listening:  # a second start goes on hearing
            self.predictions = self._kept(OscPeer(port=self._client_port))
            self._listening = True
        self.process = subprocess.Popen(
            command, cwd=self.folder, stdin=self._stdin, stdout=out, stderr=err, preexec_fn=self._prepare
        )

    def wait_until_ready(self, seconds: float = READY) -> None:
        """Until it answers, or says that it is ready."""
        peer = self.osc()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"it ended with {self.process.returncode}:\n{self.stderr}")
            if self._has_osc:
                try:
                    peer.ask(seconds=0.1)
                    return
                except TimeoutError:
                    continue
            elif "\nready " in self.stderr:
                return
            time.sleep(0.02)
        raise AssertionError(f"it was not ready within {seconds} s:\n{self.stderr}")

    def send_signal(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM, seconds: float = 10.0) -> int:
        """Send a signal and wait; the exit code. Raises `subprocess.TimeoutExpired`."""
        self.send_signal(number)
        return self.process.wait(seconds)

    # -- clients

    def osc(self) -> OscPeer:
        """A client that sends to it, and hears the answers."""
        return self._kept(OscPeer(self.osc_address))

    def websocket(self, path: str = "/osc", **options: Any) -> ClientConnection:
        """A client of either dialect."""
        url = f"ws://{HOST}:{self.web_address[1]}{path}"
        return self._open.enter_context(connect(url, compression=None, **options))

    def tcp(self, seconds: float = 5.0) -> socket.socket:
        """A bare connection to the WebSocket port."""
        return self._open.enter_context(socket.create_connection(self.web_address, timeout=seconds))

    def _kept(self, peer: OscPeer) -> OscPeer:
        self._open.callback(peer.close)
        return peer

    # -- what it leaves and says

    @property
    def stderr(self) -> str:
        """What it has said so far."""
        return self._errors.read_text(encoding="utf-8", errors="replace") if self._errors.exists() else ""

    @property
    def stdout(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace") if self._output.exists() else ""

    @property
    def log(self) -> Path | None:
        """The newest log."""
        return max(self.logs.glob("*.log"), key=lambda path: (path.stat().st_mtime_ns, path.name), default=None)

    def rows(self, source: str | None = None) -> list[Row]:
        """The whole lines of the newest log, read strictly: a line that is not to the letter is a failure."""
        if self.log is None:
            return []
        whole, newline, _ = self.log.read_bytes().rpartition(b"\n")
        rows = [_row(line) for line in (whole + newline).decode("utf-8").splitlines()]
        return [row for row in rows if source in (None, row.source)]

    def values(self, source: str) -> list[list[float]]:
        """The values of the newest log's rows of one source."""
        return [list(row.values) for row in self.rows(source)]

    def record(self) -> list[dict[str, Any]]:
        """The whole lines of the session record beside the newest log."""
        if self.log is None:
            return []
        whole = self.log.with_suffix(".jsonl").read_bytes().rpartition(b"\n")[0]
        return [json.loads(line) for line in whole.decode("utf-8").splitlines()]

    def memory(self) -> float:
        """Resident, in MB (Linux)."""
        return self._status("VmRSS") / 1024

    def threads(self) -> int:
        """How many it has (Linux)."""
        return self._status("Threads")

    def files(self) -> int:
        """How many file descriptors it holds open (Linux)."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))  # noqa: PTH208 names are enough

    def cpu(self) -> float:
        """Seconds of processor time that it has used (Linux)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def says(self, words: str, seconds: float = 5.0) -> bool:
        """Whether it says so in time."""
        return until(lambda: words in self.stderr, seconds)

    def _status(self, name: str) -> int:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]

    # -- its config

    def _toml(self, sections: dict[str, Any]) -> str:
        usual: dict[str, dict[str, Any]] = {
            "interaction": {},
            "model": {"dimension": 3},
            "osc": {"server_port": self.osc_address[1], "client_port": self._client_port},
            "websocket": {
                "server_port": self.web_address[1],
                "input": [["control_change", 1, 1], ["control_change", 1, 2]],
                "output": [["control_change", 1, 1], ["control_change", 1, 2]],
            },
        }
        lines = [f"{key} = {toml_text(value)}" for key, value in sections.items() if _is_top(value)]
        for name in dict.fromkeys((*usual, *(n for n, value in sections.items() if not _is_top(value)))):
            given = sections.get(name, {})
            if given is not None:
                keys = usual.get(name, {}) | given
                lines += [f"[{name}]", *(f"{key} = {toml_text(value)}" for key, value in keys.items())]
        return "\n".join(lines) + "\n"


def _is_top(value: Any) -> bool:
    return value is not None and not isinstance(value, dict)


def _row(line: str) -> Row:
    timestamp, source, *values = line.split(",")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", timestamp), line
    assert source in ("interface", "rnn"), line
    return Row(timestamp, source, tuple(map(float, values)))
