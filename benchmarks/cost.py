"""CPU: while nothing is played, in every mode, and for each event that is played; with the log on and a page connected.

Four servers rest at the same time: it is their CPU time that counts, which neighbours do not change.
"""

import time
from contextlib import ExitStack
from pathlib import Path

from harness import CONTROLS, Figure, Page, Server, models, options, prepare_thread, show

MODES = ("callresponse", "polyphony", "battle", "useronly")
REST = 20.0  # seconds
PLAYED = 8.0  # seconds


def idle(model: Path) -> list[Figure]:
    """Per cent of a core in each mode; a battle never rests by itself, so it is paused."""
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(model, mode)) for mode in MODES]
        for mode, server in zip(MODES, servers, strict=True):
            page = Page(server.web_port)
            stack.callback(page.close)
            if mode == "battle":
                server.client.send("/impsy/pause", [1], server.port)
            else:
                server.client.send("/interface", [0.5] * CONTROLS, server.port)
                server.client.send("/impsy/pause", [int(mode == "callresponse")], server.port)
        time.sleep(3)
        before = [server.cpu for server in servers]
        time.sleep(REST)
        used = [server.cpu - start for server, start in zip(servers, before, strict=True)]
    return [
        Figure(f"CPU at rest, {mode}", 100 * seconds / REST, "%", goal=0.2, peer=100)
        for mode, seconds in zip(MODES, used, strict=True)
    ]


def battle(model: Path, ms: int, with_page: bool) -> Figure:
    """µs of CPU for each prediction of a battle."""
    with Server(model, "battle", sigmatemp=0.0) as server:
        page = Page(server.web_port) if with_page else None
        time.sleep(1)
        before, start = server.cpu, time.monotonic()
        time.sleep(PLAYED)
        used, passed = server.cpu - before, time.monotonic() - start
        if page is not None:
            page.close()
    each = used / (passed / (ms / 1000))
    what = "one page" if with_page else "no page"
    return Figure(f"CPU per event, battle at {ms} ms, {what}", each * 1e6, "µs", goal=300)


def polyphony(model: Path, rate: int, with_page: bool) -> Figure:
    """µs of CPU for each gesture and its answer, at `rate` gestures a second."""
    count = int(rate * PLAYED)
    with Server(model, "polyphony", sigmatemp=0.0) as server:
        page = Page(server.web_port) if with_page else None
        time.sleep(1)
        before, start = server.cpu, time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, start + number / rate - time.monotonic()))
            server.client.send("/interface", [number % 100 / 100] * CONTROLS, server.port)
        time.sleep(0.3)
        used = server.cpu - before
        if page is not None:
            page.close()
    what = "one page" if with_page else "no page"
    return Figure(f"CPU per gesture and answer, polyphony at {rate} Hz, {what}", used / count * 1e6, "µs", goal=300)


def measure(folder: Path) -> list[Figure]:
    """All of it."""
    prepare_thread()
    return [
        *idle(folder / "random.tflite"),
        *(battle(folder / f"hold-{ms}ms.tflite", ms, page) for page in (False, True) for ms in (20, 5)),
        *(polyphony(folder / "hold-20ms.tflite", rate, page) for page in (False, True) for rate in (50, 500)),
    ]


if __name__ == "__main__":
    given = options(__doc__).parse_args()
    with models(given.models) as folder:
        show(measure(folder), given.json)
