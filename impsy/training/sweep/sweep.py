"""A sweep: Optuna chooses what to try, trials are trained somewhere, and what is found outlives whatever stops it.

In the folder of a sweep, `study.log` is Optuna's journal, `results.csv` has a row a trial, and `trial-0000/`,
`trial-0001/`, … have a model and a run folder each. The same sweep goes on where it was stopped: one at a time.
"""

import csv
import importlib.util
import json
import os
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from impsy.data.files import written_whole
from impsy.errors import FileError, ImpsyError, MissingExtra
from impsy.training.lock import Lock
from impsy.training.sweep.places import Place
from impsy.training.sweep.plan import Between, Plan, Value, is_whole
from impsy.training.sweep.trial import Trial, TrialError, held_out_loss

_WHY = "why"  # a trial was lost: an attribute of it in the study


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

    Ctrl-C ends the trials that are under way and is raised again. Raises `ImpsyError` where none could be finished, and
    `FileError` where the sweep itself cannot write.
    """
    space = _space(plan)
    running: dict[Future[None], tuple[Any, Path]] = {}
    with _alone(folder), _pool(place) as pool:
        with _written(folder):
            study = _study(plan, folder, source)
            tried = _over(study, folder)
            _write_results(tried, folder)
        to_do = plan.trials - sum(one.loss is not None for one in tried)
        while to_do > 0 or running:
            while to_do > 0 and len(running) < place.at_once:
                with _written(folder):
                    trial = study.ask(space)
                into = _folder_of(trial, folder)
                size, recipe = plan.made(trial.params)
                running[pool.submit(place.train, Trial(source, size, recipe, plan.seed), into)] = trial, into
                to_do -= 1
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                with _written(folder):
                    done = _outcome(study, future, *running.pop(future))
                    tried.append(done)
                    _write_results(tried, folder)
                listener.tried(done)
    finished = sorted((one for one in tried if one.loss is not None), key=lambda one: one.loss or 0.0)
    if not finished:
        raise ImpsyError(f"no trial was finished; the last one: {tried[-1].why}")
    return finished


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a folder for one sweep."""
    with _written(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = Lock(folder)
    try:
        yield
    finally:
        lock.let_go()


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    """Raise `FileError` where what the sweep itself notes cannot be written."""
    try:
        yield
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}; once it can, the same command goes on with what is left"
        raise FileError(folder, what) from error


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
    """The study of this folder, a new one or the one that was stopped. Raises `ImpsyError` and `OSError`."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    journal = folder / "study.log"
    _mend(journal)
    try:
        storage = JournalStorage(JournalFileBackend(str(journal)))
        study = optuna.create_study(storage=storage, study_name="sweep", load_if_exists=True)
    except (ValueError, KeyError) as error:
        raise FileError(journal, f"is damaged ({error}); name the sweep's file differently to begin anew") from error
    compared = json.loads(msgspec.json.encode([source, plan.search, plan.recipe, plan.seed]))
    if study.trials and study.user_attrs.get("compared") != compared:
        raise ImpsyError(f"{folder}: holds a sweep of other data, values or seed; name the sweep's file differently")
    study.set_user_attr("compared", compared)
    study.sampler = optuna.samplers.TPESampler(seed=plan.seed + len(study.trials))  # not the same draws again
    return study


def _mend(journal: Path) -> None:
    """Cut off a last line that a full disk left half written: with it, Optuna would read no more."""
    with suppress(FileNotFoundError):
        text = journal.read_bytes()
        if not text.endswith(b"\n"):
            os.truncate(journal, text.rfind(b"\n") + 1)


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


def _over(study: Any, folder: Path) -> list[Tried]:
    """The trials of before, those that the sweep had no time or room to note included."""
    from optuna.trial import TrialState

    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        try:
            study.tell(trial.number, held_out_loss(_folder_of(trial, folder)))
        except TrialError:
            study.tell(trial.number, state=TrialState.FAIL)
    return [
        Tried(trial.number, trial.params, _folder_of(trial, folder), trial.value, _why(trial)) for trial in study.trials
    ]


def _why(trial: Any) -> str:
    """Why a trial of before has no loss, where it has none."""
    return "" if trial.value is not None else str(trial.user_attrs.get(_WHY, "it was under way when the sweep ended"))


def _outcome(study: Any, future: Future[None], trial: Any, folder: Path) -> Tried:
    """What became of it, told to the study as well; raises `OSError` where that cannot be written."""
    from optuna.trial import TrialState

    try:
        future.result()
        loss = held_out_loss(folder)
    except (TrialError, OSError) as error:
        why = f"{folder}: {error.strerror or error}" if isinstance(error, OSError) else str(error)
        trial.set_user_attr(_WHY, why)
        study.tell(trial, state=TrialState.FAIL)
        return Tried(trial.number, trial.params, folder, None, why)
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
