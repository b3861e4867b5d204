"""From nothing to the first note, in CPU seconds, and how much memory it takes; medians of several starts."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from harness import ROOT, Figure, Page, Server, median, models, options, python_environment, resident, show

STARTS = 7


def ended_cpu(*arguments: str) -> float:
    """CPU seconds of a Python command that ends by itself."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=python_environment(), stdout=subprocess.DEVNULL, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def battle_cpu(model: Path) -> float:
    """CPU seconds when the first prediction of a battle arrives."""
    with Server(model, "battle", timescale=0.1) as server:
        if server.client.receive(10) is None:
            raise SystemExit("a battle did not begin within 10 s")
        return server.cpu


def ready_memory(model: Path) -> float:
    """MB when ready, in callresponse, with one page connected."""
    with Server(model, "callresponse") as server:
        page = Page(server.web_port)
        time.sleep(0.5)
        memory = resident(server.pid)
        page.close()
        return memory


def several(measured: Callable[[], float]) -> float:
    """The median of several starts, after one that compiles what is not compiled yet."""
    measured()
    return median([measured() for _ in range(STARTS)])


def measure(model: Path) -> list[Figure]:
    """All of it."""
    return [
        Figure("a bare Python, CPU", several(lambda: ended_cpu("-c", "")), "s"),
        Figure("--help, CPU", several(lambda: ended_cpu("start_impsy.py", "--help")), "s", goal=0.08, peer=2.6),
        Figure("start to first output in battle, CPU", several(lambda: battle_cpu(model)), "s", goal=0.20, peer=2.1),
        Figure("resident when ready, one page", several(lambda: ready_memory(model)), "MB", goal=65, peer=566),
    ]


if __name__ == "__main__":
    given = options(__doc__).parse_args()
    with models(given.models) as folder:
        show(measure(folder / "random.tflite"), given.json)
