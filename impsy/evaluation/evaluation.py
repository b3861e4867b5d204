"""An evaluation: models and baselines judged beside each other on the same performances."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from impsy.core.predictor import ModelSpec, Predictor
from impsy.core.session import Settings
from impsy.errors import ImpsyError
from impsy.evaluation.baselines import BASELINES, Take
from impsy.evaluation.bootstrap import drawn
from impsy.evaluation.hearing import FOLDS, Fit, Fold, Heard, Performances, dealt, fitted, hear_out_folds, parted
from impsy.evaluation.judge import Judgement, Played, judge, let_play, performer_alike, time_steps
from impsy.evaluation.likeness import Likeness, Traits, traits

AS_IT_IS = Settings(sigma_temperature=1.0)  # a model that is not held back, as on a stage it mostly is


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for."""

    folds: int = FOLDS  # that what is fitted is fitted for; with as many as performances each is left out once
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
    scored: tuple[int, ...]  # events of each performance, or piece
    numbers: tuple[int, ...]  # of each in the data
    folds: tuple[tuple[int, ...], ...]  # what is left out together, by indices
    retrained: bool  # whether a model, not only baselines, was fitted for each fold
    controls: int
    max_dt: float
    plan: Plan
    resampled: str  # what the intervals are made of
    entries: tuple[Entry, ...]  # the models, then the baselines
    performer: Likeness | None  # half of the performances beside the other half
    traits: Traits  # the performer's
    sample: Take  # a take as long as a rollout, or the longest
    notes: tuple[str, ...] = ()  # what has to be known of it, for people

    @property
    def events(self) -> int:
        """How many were scored in all."""
        return sum(self.scored)

    @property
    def fitted_on(self) -> str:
        """What the baselines, and a model that is trained for each fold, were fitted to, in words."""
        who = f"{'models and ' if self.retrained else ''}baselines"
        if self.pieces:
            return f"each of {len(self.folds)} parts of the performance is scored by {who} fitted to the others"
        if all(len(fold) == 1 for fold in self.folds):
            return f"each performance is scored by {who} fitted to all the others"
        return f"each of {len(self.folds)} parts of the performances is scored by {who} fitted to the others"


def evaluate(
    models: Mapping[str, Predictor],
    performances: Performances,
    data: str,
    max_dt: float,
    plan: Plan,
    tell: Callable[[str], None],
    *,
    recipes: Mapping[str, Fit] | None = None,
    numbers: Sequence[int] | None = None,
    notes: Sequence[str] = (),
) -> Evaluation:
    """Judge `models`, by their names, and the baselines; `tell` hears whose turn it is.

    `performances` have takes of at least two events, and the `numbers` that they are known by, if not 0, 1, 2 …; a
    single one is judged in pieces, some of which have to be left out for the baselines. `recipes` are fitted for each
    fold, as the baselines are. Raises `ImpsyError` where a model says what is no number, `NotEnoughData` where there
    is too little to fit.
    """
    whole = len(performances)
    performances = parted(performances)
    pieces = 0 if len(performances) == whole else len(performances)
    entries = [
        *_models(models, performances, plan, tell),
        *_fitted(recipes or {}, performances, plan, tell, baselines=False),
        *_fitted(BASELINES, performances, plan, tell, baselines=True),
    ]
    takes = [take for performance in performances for take in performance]
    scores = [np.concatenate([take[1:, 0] for take in takes]) for takes in performances]
    return Evaluation(
        data=data,
        performances=whole,
        pieces=pieces,
        scored=tuple(map(len, scores)),
        numbers=tuple(range(len(performances)) if pieces or numbers is None else numbers),
        folds=tuple(dealt(performances, plan.folds)),
        retrained=bool(recipes),
        controls=performances[0][0].shape[1] - 1,
        max_dt=max_dt,
        plan=plan,
        resampled=drawn(scores),
        entries=tuple(entries),
        performer=performer_alike(performances),
        traits=traits(takes),
        sample=max(takes, key=lambda take: (min(float(take[1:, 0].sum()), plan.seconds), len(take))),
        notes=tuple(notes),
    )


def _models(
    models: Mapping[str, Predictor], performances: Performances, plan: Plan, tell: Callable[[str], None]
) -> Iterator[Entry]:
    for name, predictor in models.items():
        tell(name)
        yield _entry(name, False, [Fold(tuple(range(len(performances))), predictor)], performances, plan)


def _fitted(
    recipes: Mapping[str, Fit], performances: Performances, plan: Plan, tell: Callable[[str], None], *, baselines: bool
) -> Iterator[Entry]:
    for name, fit in recipes.items():
        folds = fitted(fit, performances, plan.folds)
        tell(name)
        yield _entry(name, baselines, folds, performances, plan)


def _entry(name: str, baseline: bool, folds: Sequence[Fold], performances: Performances, plan: Plan) -> Entry:
    heard = hear_out_folds(folds, performances, plan.seed)
    check_numbers(name, heard)
    predictor = folds[0].predictor
    played = let_play(folds, performances, plan.rollouts, plan.seconds, plan.settings, plan.seed)
    seconds = time_steps(predictor, performances[0][0])
    return Entry(name, baseline, predictor.spec, judge(heard, plan.seed), played, seconds)


def check_numbers(name: str, heard: Heard) -> None:
    """Raise `ImpsyError` where a forecast was no number, which has no score."""
    unusable = sum(int(np.isnan(joint).sum()) for joint in heard.joint)
    if unusable:
        events: Sequence[int] = [len(joint) for joint in heard.joint]
        raise ImpsyError(f"{name}: {unusable:,} of its {sum(events):,} predictions are not numbers: train it again")
