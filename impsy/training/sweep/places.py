"""Where trials are trained: processes of this machine, or a Ray cluster, which does the scheduling and the retries."""

import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import msgspec

from impsy.data.files import written_whole
from impsy.errors import ImpsyError, MissingExtra
from impsy.processes import environment
from impsy.training.sweep.trial import SAID, Trial, TrialError, run

_OFTEN = 0.2  # seconds between two looks whether somebody wants it to stop
_ANSWERING = 5.0  # seconds that a cluster has to take a connection
_RETRIES = 2  # of a trial whose worker died, by Ray, elsewhere


class Place(Protocol):
    """Trains trials, any number of them at once."""

    at_once: int

    def train(self, trial: Trial, folder: Path) -> None:
        """Train one, and write what comes out into `folder`; any thread. Raises `TrialError` and `OSError`."""
        ...

    def stop(self) -> None:
        """End what is being trained: those trials are lost."""
        ...

    def close(self) -> None:
        """Give back what it holds, when all is over."""
        ...


class ThisMachine:
    """A process a trial."""

    def __init__(self, dataset: Path, at_once: int | None) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.at_once = at_once or min(2, cores)
        self._dataset = dataset
        self._threads = str(max(1, cores // self.at_once))
        self._stopped = threading.Event()

    def train(self, trial: Trial, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        threads = {"TF_NUM_INTRAOP_THREADS": self._threads, "TF_NUM_INTEROP_THREADS": "1"}
        with (
            (folder / SAID).open("wb") as said,
            subprocess.Popen(
                [sys.executable, "-m", "impsy.training.sweep.trial", str(self._dataset), str(folder)],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                env=threads | environment(),
                start_new_session=True,  # Ctrl-C is for the sweep
            ) as process,
        ):
            assert process.stdin is not None  # open as long as this process lives: whatever ends it ends the trial
            with suppress(BrokenPipeError):  # one that died at once: its code tells
                process.stdin.write(msgspec.json.encode(trial) + b"\n")
                process.stdin.flush()
            while process.poll() is None:
                if self._stopped.wait(_OFTEN):
                    process.kill()
            with suppress(BrokenPipeError):
                process.stdin.close()
        if process.returncode != 0:
            raise TrialError(f"{folder}: {_ending(process.returncode, folder)}")

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        """Every process has ended."""


def _ending(code: int, folder: Path) -> str:
    """How a process ended, in words: its last line, or the signal that killed it."""
    if code < 0:
        return f"killed by signal {-code}"
    lines = (folder / SAID).read_text(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), f"ended with code {code}")


class RayCluster:
    """A task of Ray a trial; the nodes need impsy and its extra `train`, and no folder in common."""

    def __init__(self, address: str, dataset: Path, at_once: int | None, cpus: float, gpus: float) -> None:
        """Raises `ImpsyError` where no cluster answers."""
        ray = self._ray = _import_ray()
        try:
            _knock(address)
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).partition("\n")[0]
            raise ImpsyError(f"no Ray cluster answers at {address} ({reason}); `ray start --head` starts one") from None
        has = ray.cluster_resources()
        room = [has.get("CPU", 0.0) / cpus, *([has.get("GPU", 0.0) / gpus] if gpus else [])]
        if min(room) < 1:
            raise ImpsyError(f"the Ray cluster at {address} has no room for a trial of {cpus:g} CPUs and {gpus:g} GPUs")
        self.at_once = at_once or int(min(room))
        self._data = ray.put(dataset.read_bytes())
        # A process a trial: TensorFlow gives no memory back. Ray tries again where a worker or its node died.
        self._task: Any = ray.remote(num_cpus=cpus, num_gpus=gpus, max_calls=1, max_retries=_RETRIES)(_train_remotely)
        self._stopped = threading.Event()

    def train(self, trial: Trial, folder: Path) -> None:
        import ray.exceptions

        try:
            task = self._task.options(name=folder.name).remote(msgspec.json.encode(trial), self._data)
            while not self._ray.wait([task], timeout=_OFTEN)[0]:
                if self._stopped.is_set():
                    self._ray.cancel(task, force=True)
                    raise TrialError(f"{folder}: stopped")
            files: dict[str, bytes] = self._ray.get(task)
        except ray.exceptions.RayError as error:
            raise TrialError(f"{folder}: {str(error).strip().splitlines()[-1]}") from None
        for name, content in files.items():
            with written_whole(folder / name) as aside:
                aside.write_bytes(content)

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        self._ray.shutdown()


def _knock(address: str) -> None:
    """Raise `OSError` where nobody listens, for which Ray would wait more than a minute."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), _ANSWERING).close()


def _train_remotely(trial: bytes, data: bytes) -> dict[str, bytes]:
    """Train on a node of a cluster; the files that came out, by their names below a folder."""
    with tempfile.TemporaryDirectory(prefix="impsy-trial-") as aside:
        dataset, folder = Path(aside) / "dataset.npz", Path(aside) / "trial"
        dataset.write_bytes(data)
        run(msgspec.json.decode(trial, type=Trial), dataset, folder)
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _import_ray() -> Any:
    if importlib.util.find_spec("ray") is None:
        raise MissingExtra("cluster", "a sweep on a cluster needs Ray")
    import ray

    return ray
