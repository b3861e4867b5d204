"""An evaluation: models and baselines judged beside each other on the same performances."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from impsy.core.predictor import ModelSpec, Predictor
from impsy.core.session import Settings
from impsy.errors import ImpsyError
from impsy.evaluation.baselines import BASELINES, Fit, Take
from impsy.evaluation.bootstrap import drawn
from impsy.evaluation.hearing import FOLDS, Heard, Performances, hear_out, hear_out_others, parted
from impsy.evaluation.judge import Judgement, Played, judge, let_play, performer_alike, time_steps
from impsy.evaluation.likeness import Likeness, Traits, traits

AS_IT_IS = Settings(sigma_temperature=1.0)  # a model that is not held back, as on a stage it mostly is


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for."""

    folds: int = FOLDS  # that the baselines are fitted for; with as many as performances each is left out once
    rollouts: int = 8
    seconds: float = 60.0  # of each
    settings: Settings = AS_IT_IS
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """What came of one model, or one baseline."""

    name: str
    baseline: bool
    spec: ModelSpec
    judgement: Judgement
    played: Played
    step_seconds: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of all, and what it rests on."""

    data: str
    performances: int
    pieces: int  # that the only performance was cut into; 0 where there were several
    events: int  # that were scored
    controls: int
    max_dt: float
    plan: Plan
    resampled: str  # what the intervals are made of
    entries: tuple[Entry, ...]  # the models, then the baselines
    performer: Likeness | None  # half of the performances beside the other half
    traits: Traits  # the performer's
    sample: Take  # a take as long as a rollout, or the longest

    @property
    def fitted_on(self) -> str:
        """What the baselines were fitted to, in words."""
        if self.pieces:
            return f"each of {self.pieces} pieces of the performance is scored by baselines fitted to the others"
        if self.plan.folds >= self.performances:
            return "each performance is scored by baselines fitted to all the others"
        return "each fifth of the performances is scored by baselines fitted to the others"


def evaluate(
    models: Mapping[str, Predictor],
    performances: Performances,
    data: str,
    max_dt: float,
    plan: Plan,
    tell: Callable[[str], None],
) -> Evaluation:
    """Judge `models`, by their names, and the baselines; `tell` hears whose turn it is.

    `performances` have takes of at least two events; a single one is judged in pieces, some of which have to be left
    out for the baselines. Raises `ImpsyError` where a model says what is no number.
    """
    whole = len(performances)
    performances = parted(performances)
    entries = [*_models(models, performances, plan, tell), *_baselines(performances, plan, tell)]
    takes = [take for performance in performances for take in performance]
    scores = [np.concatenate([take[1:, 0] for take in takes]) for takes in performances]
    return Evaluation(
        data=data,
        performances=whole,
        pieces=0 if len(performances) == whole else len(performances),
        events=sum(map(len, scores)),
        controls=performances[0][0].shape[1] - 1,
        max_dt=max_dt,
        plan=plan,
        resampled=drawn(scores),
        entries=tuple(entries),
        performer=performer_alike(performances),
        traits=traits(takes),
        sample=max(takes, key=lambda take: (min(float(take[1:, 0].sum()), plan.seconds), len(take))),
    )


def _models(
    models: Mapping[str, Predictor], performances: Performances, plan: Plan, tell: Callable[[str], None]
) -> Iterator[Entry]:
    for name, predictor in models.items():
        tell(name)
        heard = hear_out(predictor, performances, plan.seed)
        check_numbers(name, heard)
        yield _entry(name, False, predictor, heard, performances, plan)


def _baselines(performances: Performances, plan: Plan, tell: Callable[[str], None]) -> Iterator[Entry]:
    for name, fit in BASELINES.items():
        tell(name)
        heard = hear_out_others(fit, performances, plan.folds, plan.seed)
        yield _entry(name, True, _fitted(fit, performances), heard, performances, plan)


def _fitted(fit: Fit, performances: Performances) -> Predictor:
    return fit(take for takes in performances for take in takes)


def _entry(
    name: str, baseline: bool, predictor: Predictor, heard: Heard, performances: Performances, plan: Plan
) -> Entry:
    played = let_play(predictor, performances, plan.rollouts, plan.seconds, plan.settings, plan.seed)
    seconds = time_steps(predictor, performances[0][0])
    return Entry(name, baseline, predictor.spec, judge(heard, plan.seed), played, seconds)


def check_numbers(name: str, heard: Heard) -> None:
    """Raise `ImpsyError` where a forecast was no number, which has no score."""
    unusable = sum(int(np.isnan(joint).sum()) for joint in heard.joint)
    if unusable:
        events: Sequence[int] = [len(joint) for joint in heard.joint]
        raise ImpsyError(f"{name}: {unusable:,} of its {sum(events):,} predictions are not numbers: train it again")
