"""A sweep: Optuna chooses what to try, trials are trained somewhere, and what is found outlives whatever stops it.

In the folder of a sweep, `study.log` is Optuna's journal, `results.csv` has a row a trial, and `trial-0000/`,
`trial-0001/`, … have a model and a run folder each. The same sweep goes on where it was stopped.
"""

import csv
import importlib.util
import json
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from impsy.data.files import written_whole
from impsy.errors import FileError, ImpsyError, MissingExtra
from impsy.training.sweep.places import Place
from impsy.training.sweep.plan import Between, Plan, Value, is_whole
from impsy.training.sweep.trial import Trial, TrialError, held_out_loss


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial that is over: its held-out loss in nats per interaction, or `why` it has none."""

    number: int
    chosen: dict[str, Value]
    folder: Path
    loss: float | None
    why: str = ""


class Listener(Protocol):
    """Whoever is told of each trial."""

    def tried(self, tried: Tried) -> None: ...


def check_sweeping() -> None:
    """Raise `MissingExtra` where Optuna is not installed; imports nothing."""
    if importlib.util.find_spec("optuna") is None:
        raise MissingExtra("cluster", "a sweep needs Optuna")


def sweep(plan: Plan, source: str, folder: Path, place: Place, listener: Listener) -> list[Tried]:
    """Try until `plan.trials` are finished, earlier ones of this folder counted; the finished ones, the best first.

    Ctrl-C ends the trials that are under way and is raised again. Raises `ImpsyError` where none could be finished.
    """
    study = _study(plan, folder, source)
    tried = _finished(study, folder)
    to_do = plan.trials - len(tried)
    space = _space(plan)
    running: dict[Future[None], tuple[Any, Path]] = {}
    with _pool(place) as pool:
        while to_do > 0 or running:
            while to_do > 0 and len(running) < place.at_once:
                trial = study.ask(space)
                into = _folder_of(trial, folder)
                size, recipe = plan.made(trial.params)
                running[pool.submit(place.train, Trial(source, size, recipe, plan.seed), into)] = trial, into
                to_do -= 1
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                done = _outcome(study, future, *running.pop(future))
                tried.append(done)
                _write_results(tried, folder)
                listener.tried(done)
    finished = sorted((one for one in tried if one.loss is not None), key=lambda one: one.loss or 0.0)
    if not finished:
        raise ImpsyError(f"no trial was finished; the last one: {tried[-1].why}")
    return finished


@contextmanager
def _pool(place: Place) -> Iterator[ThreadPoolExecutor]:
    """Threads that wait for trials; whatever ends them ends the trials."""
    with ThreadPoolExecutor(place.at_once, "trial") as pool:
        try:
            yield pool
        except BaseException:
            place.stop()
            raise


def _study(plan: Plan, folder: Path, source: str) -> Any:
    """The study of this folder, a new one or the one that was stopped. Raises `ImpsyError`."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        storage = JournalStorage(JournalFileBackend(str(folder / "study.log")))
        study = optuna.create_study(storage=storage, study_name="sweep", load_if_exists=True)
    except OSError as error:
        raise FileError(folder, f"cannot be written: {error.strerror or error}") from error
    compared = json.loads(msgspec.json.encode([source, plan.search, plan.recipe, plan.seed]))
    if study.trials and study.user_attrs.get("compared") != compared:
        raise ImpsyError(f"{folder}: holds a sweep of other data, values or seed; name the sweep's file differently")
    study.set_user_attr("compared", compared)
    study.sampler = optuna.samplers.TPESampler(seed=plan.seed + len(study.trials))  # not the same draws again
    return study


def _space(plan: Plan) -> dict[str, Any]:
    """What Optuna chooses from."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    space: dict[str, Any] = {}
    for name, values in plan.search.items():
        if not isinstance(values, Between):
            space[name] = CategoricalDistribution(values)
        elif is_whole(name):
            space[name] = IntDistribution(int(values.low), int(values.high), log=values.log)
        else:
            space[name] = FloatDistribution(values.low, values.high, log=values.log)
    return space


def _folder_of(trial: Any, folder: Path) -> Path:
    """Where a trial of a sweep lies."""
    return folder / f"trial-{trial.number:04}"


def _finished(study: Any, folder: Path) -> list[Tried]:
    """The trials that an earlier sweep of this folder finished."""
    return [
        Tried(trial.number, trial.params, _folder_of(trial, folder), trial.value)
        for trial in study.trials
        if trial.value is not None
    ]


def _outcome(study: Any, future: Future[None], trial: Any, folder: Path) -> Tried:
    """What became of it, told to the study as well."""
    from optuna.trial import TrialState

    try:
        future.result()
        loss = held_out_loss(folder)
    except TrialError as error:
        study.tell(trial, state=TrialState.FAIL)
        return Tried(trial.number, trial.params, folder, None, str(error))
    study.tell(trial, loss)
    return Tried(trial.number, trial.params, folder, loss)


def _write_results(tried: list[Tried], folder: Path) -> None:
    names = sorted({name for one in tried for name in one.chosen})
    with written_whole(folder / "results.csv") as aside, aside.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["trial", "held_out", *names, "why"])
        for one in sorted(tried, key=lambda one: one.number):
            loss = "" if one.loss is None else f"{one.loss:.4f}"
            writer.writerow([one.number, loss, *(one.chosen.get(name, "") for name in names), one.why])
