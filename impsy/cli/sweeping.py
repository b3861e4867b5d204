"""`impsy train --sweep`: what was asked for, and what was found, in words or in JSON lines."""

import json
import sys
from contextlib import closing, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from click.core import ParameterSource

from impsy.cli.learning import Progress
from impsy.cli.table import table
from impsy.errors import ImpsyError

if TYPE_CHECKING:
    from impsy.data.datasets import Dataset
    from impsy.training.sweep.sweep import Tried

_BEST = 5  # trials that are shown at the end
_ELSEWHERE = {  # options of `impsy train` that a sweep does not take, and what to do instead
    "modelsize": "write size under [recipe] or [search]",
    "numepochs": "write epochs under [recipe]",
    "patience": "write patience under [recipe]",
    "earlystopping": "write patience under [recipe], as many as epochs for none",
    "batchsize": "write lanes under [recipe] or [search]",
    "augment": "write augment = true under [recipe]",
    "seed": "write seed at the top",
    "begin_with": "leave it out, for trials begin from nothing",
    "resume": "leave it out, for a sweep that was stopped goes on by itself",
}


def check_options(context: click.Context) -> None:
    """Raise `click.UsageError` where an option was given that a sweep would not heed."""
    problems = [
        f"{'/'.join(option.opts)}: {_ELSEWHERE[str(option.name)]}"
        for option in context.command.params
        if option.name in _ELSEWHERE and context.get_parameter_source(option.name) is not ParameterSource.DEFAULT
    ]
    if problems:
        raise click.UsageError("with --sweep, its file says how to train; " + "; ".join(problems))


def train_many(
    file: Path, path: Path, dataset: "Dataset", destination: Path, ray: str | None, progress: Progress
) -> None:
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
    with redirect_stdout(sys.stderr):  # Ray prints what it has to say
        place = (
            ThisMachine(path, plan.at_once)
            if ray is None
            else RayCluster(ray, path, plan.at_once, plan.cpus, plan.gpus)
        )
    folder = destination / f"sweep-{file.stem}"
    where = "this machine" if ray is None else f"the cluster at {ray}"
    tell = _InJson() if progress is Progress.JSON else _InWords()
    tell.started(plan.trials, place.at_once, where)
    try:
        with redirect_stdout(sys.stderr), closing(place):
            finished = sweep(plan, str(path), folder, place, tell)
    except KeyboardInterrupt:
        raise ImpsyError("stopped; the same command goes on with what is left") from None
    model, results = next(finished[0].folder.glob("*.tflite"), None), folder / "results.csv"
    if model is None:
        raise ImpsyError(f"{finished[0].folder}: the model that scored best is gone; {results} tells of the others")
    tell.swept(finished, model, results)


class _InWords:
    """A line a trial, the best in a table, and the model that scored best on standard output."""

    def __init__(self) -> None:
        self._best = float("inf")

    def started(self, trials: int, at_once: int, where: str) -> None:
        click.echo(f"sweep      {trials} trials, {at_once} at once on {where}", err=True)

    def tried(self, tried: "Tried") -> None:
        chosen = ", ".join(f"{name} {_short(value)}" for name, value in tried.chosen.items())
        if tried.loss is None:
            click.echo(f"trial {tried.number:>4}  lost        {chosen}: {tried.why}", err=True)
            return
        best = "  best" if tried.loss < self._best else ""
        self._best = min(self._best, tried.loss)
        click.echo(f"trial {tried.number:>4}  held out {tried.loss:.3f}  {chosen}{best}", err=True)

    def swept(self, finished: "list[Tried]", model: Path, results: Path) -> None:
        click.echo(err=True)
        click.echo(_best(finished), err=True)
        click.echo(f"all        {results}", err=True)
        click.echo(model)
        click.echo(f"next       impsy run {model}", err=True)


class _InJson:
    """A JSON object a line on standard output: `started`, every trial that was `tried`, and `swept`."""

    def __init__(self) -> None:
        self._out = sys.stdout  # as it is before what Ray prints is sent elsewhere

    def started(self, trials: int, at_once: int, where: str) -> None:
        self._tell("started", {"trials": trials, "at_once": at_once, "where": where})

    def tried(self, tried: "Tried") -> None:
        self._tell("tried", asdict(tried))

    def swept(self, finished: "list[Tried]", model: Path, results: Path) -> None:
        self._tell("swept", {"best": asdict(finished[0]), "model": model, "results": results})

    def _tell(self, what: str, fields: dict[str, object]) -> None:
        click.echo(json.dumps({"what": what, **fields}, default=str), file=self._out)


def _best(finished: "list[Tried]") -> str:
    names = list(finished[0].chosen)
    rows = [[f"{one.loss:.3f}", *(_short(one.chosen[name]) for name in names), one.folder.name] for one in finished]
    return table(["held out", *names, "trial"], rows[:_BEST])


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
