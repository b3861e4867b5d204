"""`impsy train --sweep`: what was asked for, and what was found, in words."""

import sys
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from impsy.cli.table import table
from impsy.errors import ImpsyError

if TYPE_CHECKING:
    from impsy.data.datasets import Dataset
    from impsy.training.sweep.sweep import Tried

_BEST = 5  # trials that are shown at the end


def train_many(file: Path, path: Path, dataset: "Dataset", destination: Path, ray: str | None) -> None:
    """Do the sweep of a `file` over a dataset, which lies at `path`, and show the best of it."""
    from impsy.training.backend import check_backend
    from impsy.training.lessons import prepare
    from impsy.training.sweep.places import RayCluster, ThisMachine
    from impsy.training.sweep.plan import read_plan
    from impsy.training.sweep.sweep import check_sweeping, sweep

    plan = read_plan(file)
    prepare(dataset.performances, np.random.default_rng(0))  # is there enough?
    check_backend()
    check_sweeping()
    place = (
        ThisMachine(path, plan.at_once) if ray is None else RayCluster(ray, path, plan.at_once, plan.cpus, plan.gpus)
    )
    folder = destination / f"sweep-{file.stem}"
    where = "this machine" if ray is None else f"the cluster at {ray}"
    click.echo(f"sweep      {plan.trials} trials, {place.at_once} at once on {where}", err=True)
    try:
        with redirect_stdout(sys.stderr), closing(place):  # Ray prints what it has to say
            finished = sweep(plan, str(path), folder, place, _Words())
    except KeyboardInterrupt:
        raise ImpsyError("stopped; the same command goes on with what is left") from None
    click.echo(err=True)
    click.echo(_best(finished), err=True)
    click.echo(f"all        {folder / 'results.csv'}", err=True)
    model = next(finished[0].folder.glob("*.tflite"), None)
    if model is None:
        raise ImpsyError(f"{finished[0].folder}: the model that scored best is gone; those of the others lie beside it")
    click.echo(model)
    click.echo(f"next       impsy run {model}", err=True)


class _Words:
    """A line a trial."""

    def __init__(self) -> None:
        self._best = float("inf")

    def tried(self, tried: "Tried") -> None:
        chosen = ", ".join(f"{name} {_short(value)}" for name, value in tried.chosen.items())
        if tried.loss is None:
            click.echo(f"trial {tried.number:>4}  lost        {chosen}: {tried.why}", err=True)
            return
        best = "  best" if tried.loss < self._best else ""
        self._best = min(self._best, tried.loss)
        click.echo(f"trial {tried.number:>4}  held out {tried.loss:.3f}  {chosen}{best}", err=True)


def _best(finished: "list[Tried]") -> str:
    names = list(finished[0].chosen)
    rows = [[f"{one.loss:.3f}", *(_short(one.chosen[name]) for name in names), one.folder.name] for one in finished]
    return table(["held out", *names, "trial"], rows[:_BEST])


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
