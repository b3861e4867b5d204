"""All benchmarks, one after the other, in about nine minutes; prints the table of benchmarks/README.md in Markdown."""

import json
import os
import platform
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from harness import ROOT, Figure, models, options

HERE = Path(__file__).parent


def measure(script: str, folder: Path, *more: str) -> list[Figure]:
    """The figures of one script, run as anyone would."""
    print(f"{script} ...", file=sys.stderr)
    command = [sys.executable, str(HERE / script), "--json", "--models", str(folder), *more]
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    return [Figure(**figure) for figure in json.loads(said)]


def machine() -> str:
    """Where and when, in a line."""
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    name = cpus[0].partition(": ")[2] if cpus else platform.machine()
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"{datetime.now().date()}, commit {commit or 'unknown'}, {os.cpu_count()} cores of {name}, "
        f"{platform.system()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} at the end"
    )


def main() -> None:
    """Run, and print."""
    parser = options(__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="of each battle (default 1; 10 for the record)")
    given = parser.parse_args()
    with models(given.models) as folder:
        figures = [
            *measure("step.py", folder),
            *measure("start.py", folder),
            *measure("cost.py", folder),
            *measure("latency.py", folder),
            *measure("battle.py", folder, "--minutes", str(given.minutes)),
            *measure("callresponse.py", folder),
            *measure("ports.py", folder),
        ]
    if given.json:
        print(json.dumps({"machine": machine(), "figures": [vars(figure) for figure in figures]}, indent=1))
        return
    print(f"{machine()}\n\n| figure | measured | goal | peer |\n|---|---:|---:|---:|")
    for figure in figures:
        name, value, goal, peer = figure.cells()
        print(f"| {name} | {value} | {goal} | {f'[{peer}]' if peer else ''} |")


if __name__ == "__main__":
    main()
