"""OSC in, OSC out: from sending a gesture to the kernel's having the answer, in polyphony at timescale 0.

Beside it, in turns, a bare echo of two threads and a queue in a process of its own: what this machine and Python cost
before anything musical happens. The gestures carry their number, and a model that repeats what it hears carries it
back, so that each answer is matched with its question, and what is lost or out of order is counted.
"""

import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

from harness import CONTROLS, Figure, Server, UdpClient, models, options, percentile, prepare_thread, show

from impsy.wire import osc

RATES = {20: (0.75, 16.0), 500: (0.25, 8.6), 2000: (0.25, 833.0)}  # Hz: goal and peer, ms
ROUNDS = 3
SECONDS = 5.0  # of each rate, server and round; 20 Hz takes as long
ECHO = """
import queue, socket, sys, threading
sys.setswitchinterval(0.0005)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
waiting = queue.SimpleQueue()
def receive():
    while True:
        waiting.put(server.recvfrom(65536))
threading.Thread(target=receive, daemon=True).start()
while True:
    server.sendto(*waiting.get())
"""


def numbered(number: int) -> list[float]:
    """The controls of a gesture that says which it is."""
    return [number % 1000 / 1000, number // 1000 / 1000] + [0.5] * (CONTROLS - 2)


def number_of(packet: bytes) -> int:
    """Which gesture an answer answers."""
    [(_, message)] = osc.decode(packet)
    low, high = message.arguments[:2]
    return round(float(low) * 1000) + 1000 * round(float(high) * 1000)


def ask(client: UdpClient, port: int, rate: int) -> tuple[list[float], int, int]:
    """Milliseconds of each answer, and how many were lost and out of order."""
    count = int(rate * SECONDS)
    sent, heard = [], []
    start = time.monotonic()
    for number in range(count):
        while (left := start + number / rate - time.monotonic()) > 0:
            time.sleep(left)
        sent.append(client.send("/interface", numbered(number), port))
        if number % 50 == 49:  # the kernel keeps the rest, with its time
            while (got := client.receive(0)) is not None:
                heard.append(got)
    while (got := client.receive(0.5)) is not None:
        heard.append(got)
    numbers = [number_of(packet) for _, packet in heard]
    waits = [(at - sent[number]) * 1000 for (at, _), number in zip(heard, numbers, strict=True)]
    swapped = sum(later < earlier for earlier, later in pairwise(numbers))
    return waits, count - len(set(numbers)), swapped


def measure(model: Path) -> list[Figure]:
    """Both servers at each rate, in turns."""
    prepare_thread()
    figures = []
    lost = swapped = 0
    echo = subprocess.Popen([sys.executable, "-c", ECHO], stdout=subprocess.PIPE, text=True)
    assert echo.stdout is not None
    echo_port = int(echo.stdout.readline())
    with Server(model, "polyphony", timescale=0.0, sigmatemp=0.0) as server:
        ask(server.client, server.port, 500)  # warm
        for rate, (goal, peer) in RATES.items():
            ours: list[float] = []
            bare: list[float] = []
            for _ in range(ROUNDS):
                bare += ask(server.client, echo_port, rate)[0]
                waits, more_lost, more_swapped = ask(server.client, server.port, rate)
                ours += waits
                lost, swapped = lost + more_lost, swapped + more_swapped
            figures += [
                Figure(f"OSC to OSC at {rate} Hz, p50", percentile(ours, 0.5), "ms", goal, peer),
                Figure(f"OSC to OSC at {rate} Hz, p99", percentile(ours, 0.99), "ms"),
                Figure(f"a bare UDP echo at {rate} Hz, p50", percentile(bare, 0.5), "ms"),
                Figure(f"a bare UDP echo at {rate} Hz, p99", percentile(bare, 0.99), "ms"),
            ]
        rows = server.stop()
    echo.kill()
    logged = sum(row[1] == "interface" for row in rows)
    asked = int(500 * SECONDS) + ROUNDS * sum(int(rate * SECONDS) for rate in RATES)
    return [
        *figures,
        Figure("answers lost", lost, "", goal=0),
        Figure("answers out of order", swapped, "", goal=0),
        Figure("gestures missing from the log", asked - logged, "", goal=0),
    ]


if __name__ == "__main__":
    given = options(__doc__).parse_args()
    with models(given.models) as folder:
        show(measure(folder / "hold-20ms.tflite"), given.json)
