"""The report on a dataset: what is in it, pictured, and what to look at before training."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from impsy.data.collate import Recording
from impsy.data.phrases import split
from impsy.data.survey import ControlSurvey, Survey, remarks
from impsy.data.wording import count, told
from impsy.reports import figures
from impsy.reports.page import Facts, Figure, Notes, Part, Section, Table, Text, page

_ROWS = 60  # recordings in the picture of when was played
_TAKES = 12  # recordings whose controls are pictured: the longest
_CONTROLS = 32  # controls in pictures: more cannot be told apart


def dataset_page(title: str, recordings: Sequence[Recording], survey: Survey) -> str:
    """The page on recordings and what `survey` found in them. Raises `MissingExtra`."""
    lead = (
        f"{count(survey.interactions, 'interaction')} of {count(survey.dimension - 1, 'control')} in "
        f"{count(survey.phrases, 'phrase')}, from {count(len(recordings), 'recording')}. A silence longer than "
        f"{told(survey.max_dt)} ends a phrase."
    )
    names = _short([recording.name for recording in recordings])
    sections = [
        Section("What there is to learn from", _sums(survey)),
        Section("When was played", _when(names, recordings, survey)),
        Section("Times between interactions", _times(recordings, survey)),
        Section("Where the controls stand", _controls(recordings, survey)),
        Section("What was played", _takes(names, recordings, survey.max_dt)),
    ]
    return page(title, lead, sections)


def _short(names: Sequence[str]) -> list[str]:
    """What tells recordings apart, as short as it may be: file names, without what all logs have in common."""
    short = [Path(name).name.removesuffix("-mdrnn.log") for name in names]
    short = short if len(set(short)) == len(short) else list(names)
    return [name if len(name) <= 40 else f"…{name[-39:]}" for name in short]


def _sums(survey: Survey) -> list[Part]:
    facts = Facts(
        [
            ("Playing", told(survey.seconds)),
            ("Interactions", f"{survey.interactions:,}"),
            ("Phrases", f"{survey.phrases:,}"),
            (f"Training windows of {survey.steps}", f"{survey.windows:,}"),
            ("Median dt", told(dict(survey.dt.quantiles)[0.5])),
        ]
    )
    found = remarks(survey)
    return [facts, Notes(found) if found else Text("Nothing looks wrong.")]


def _when(names: list[str], recordings: Sequence[Recording], survey: Survey) -> list[Part]:
    caption = f"Each row is a recording, each bar a phrase, each gap a silence longer than {told(survey.max_dt)}."
    if len(names) > _ROWS:
        caption += f" The first {_ROWS} of {len(names)} recordings."
    drawn = figures.time_line(names[:_ROWS], [recording.rows for recording in recordings[:_ROWS]], survey.max_dt)
    rows = [
        (
            name,
            f"{one.interactions:,}",
            told(one.seconds),
            str(one.phrases),
            told(one.longest_silence) if one.silences else "–",
            f"{one.windows:,}",
            ", ".join(map(str, one.still)) or "–",
        )
        for name, one in zip(names, survey.recordings, strict=True)
    ]
    header = ("Recording", "Interactions", "Length", "Phrases", "Longest silence", "Windows", "Controls at rest")
    below = f"Windows: stretches of up to {survey.steps} interactions that one round of training learns from."
    return [Figure(drawn, caption, "time-line"), Table(header, rows, below, frozenset({0, 6}))]


def _times(recordings: Sequence[Recording], survey: Survey) -> list[Part]:
    dts = np.concatenate([recording.rows[:, 0] for recording in recordings])
    caption = "How many interactions follow the one before after which time; both axes are logarithmic."
    if dts.min() < figures.SHORT:
        caption += f" All below {told(figures.SHORT)} stand at the left end"
        caption += f"; {survey.dt.zero:.1%} have dt 0." if survey.dt.zero else "."
    header = ("Share of interactions", *(f"{share:.0%}" for share, _ in survey.dt.quantiles), "all")
    values = ("dt at most", *(told(dt) for _, dt in survey.dt.quantiles), told(survey.dt.longest))
    return [
        Figure(figures.times_between(dts, survey.max_dt), caption, "dt"),
        Table(header, [values], "Quantiles of dt within phrases."),
    ]


def _controls(recordings: Sequence[Recording], survey: Survey) -> list[Part]:
    tables = [recording.rows[:, : _CONTROLS + 1] for recording in recordings]
    rows = np.concatenate([phrase.rows for phrase in split(tables, survey.max_dt)])
    caption = "How often each control stands where, in steps of 1/32."
    if survey.dimension - 1 > _CONTROLS:
        caption += f" The first {_CONTROLS} of {survey.dimension - 1} controls; the table has all."
    header = (
        "Control",
        "Lowest",
        "Mean",
        "Deviation",
        "Highest",
        "Different values",
        "Moves in",
        "At rest in",
        "State",
    )
    below = (
        "Moves in: share of the interactions in which it is not where it was. "
        f"At rest in: recordings, of {len(recordings)}, in which it never moves."
    )
    cells = [
        (
            str(one.number),
            *(f"{value:.3f}" for value in (one.lowest, one.mean, one.deviation, one.highest)),
            f"{one.different:,}",
            f"{one.moves:.1%}",
            str(one.still_in),
            _state(one),
        )
        for one in survey.controls
    ]
    return [Figure(figures.positions(rows), caption, "controls"), Table(header, cells, below, frozenset({8}))]


def _state(control: ControlSurvey) -> str:
    if control.dead:
        return "dead"
    return "stuck" if control.stuck_since else "alive"


def _takes(names: list[str], recordings: Sequence[Recording], max_dt: float) -> list[Part]:
    longest = sorted(range(len(names)), key=lambda index: -len(recordings[index].rows))[:_TAKES]
    words = (
        f"Each lane is a control, 0 at its foot and 1 at its top, between its least and its most in every "
        f"{figures.BINS}th of the time. Silences are shortened to {told(max_dt)}."
    )
    if len(names) > _TAKES:
        words += f" The {_TAKES} longest of {len(names)} recordings."
    if recordings[0].rows.shape[1] - 1 > _CONTROLS:
        words += f" The first {_CONTROLS} controls."
    drawn = [
        Figure(figures.played(recordings[index].rows[:, : _CONTROLS + 1], max_dt), names[index], f"played-{number}")
        for number, index in enumerate(sorted(longest), 1)
    ]
    return [Text(words), *drawn]
