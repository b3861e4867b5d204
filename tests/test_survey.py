"""What a survey of recordings finds, and the page that shows it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from test_collate import START, dataset, write_log

from impsy.cli.main import impsy
from impsy.data.collate import Recording
from impsy.data.datasets import save_dataset
from impsy.data.repeats import repeats
from impsy.data.survey import remarks, survey
from impsy.errors import MissingExtra


def _playing(length: int, seed: int = 1, controls: int = 2) -> np.ndarray:
    """Rows of somebody who moves one control at a time, on the grid of MIDI."""
    rng = np.random.default_rng(seed)
    values = np.full((length, controls), 64)
    for row in range(1, length):
        values[row] = values[row - 1]
        values[row, rng.integers(controls)] = rng.integers(128)
    return np.column_stack([rng.gamma(0.5, 0.1, length), values / 127])


def test_sums_quantiles_and_windows_are_of_phrases() -> None:
    rows = _playing(131)
    rows[:, 0] = 0.25
    rows[65, 0] = 60.0  # 65 rows before it, 65 after it

    found = survey([Recording("take", rows)], 5.0, 64)

    assert (found.interactions, found.phrases, found.windows) == (130, 2, 2)
    assert found.seconds == pytest.approx(130 / 4)
    assert found.dt.quantiles[3] == (0.5, 0.25)
    assert (found.recordings[0].silences, found.recordings[0].longest_silence) == (1, 60.0)
    assert survey([Recording("take", rows)], 5.0, 63).windows == 4


def test_a_dead_control_and_one_that_stopped_are_told_apart() -> None:
    takes = [_playing(1000, seed, controls=3) for seed in (1, 2, 3)]
    takes[2][:, 2] = takes[1][-1, 2]  # control 2 moved last in the second take
    for take in takes:
        take[:, 3] = 0.5

    found = survey([Recording(f"take {n}", take) for n, take in enumerate(takes, 1)], 5.0, 64)

    assert [control.dead for control in found.controls] == [False, False, True]
    assert [control.stuck_since for control in found.controls] == [None, "take 2", None]
    assert [control.still_in for control in found.controls] == [0, 1, 3]
    assert found.recordings[2].still == (2, 3)
    told = "\n".join(remarks(found))
    assert "Control 3 never moves" in told
    assert "Control 2 moved last in take 2" in told


def test_a_take_that_is_there_twice_is_found_whole_or_in_part() -> None:
    first, other = _playing(400), _playing(400, seed=2)
    part = np.concatenate([first[100:360], _playing(100, seed=3)]).astype(np.float32)

    assert [(repeat.index, repeat.of) for repeat in repeats([first, other, first])] == [(2, 0)]
    assert [(repeat.index, repeat.of) for repeat in repeats([first, other, part])] == [(2, 0)]
    assert repeats([first, other, first[:20], np.zeros((100, 3)), np.zeros((100, 3))]) == []


def test_clocks_that_were_set_are_suspected() -> None:
    rows = _playing(100)
    rows[50, 0] = 3600.2

    found = survey([Recording("take", rows, steps_back=(0.5, 3599.0))], 5.0, 64)

    told = "\n".join(remarks(found))
    assert "clock of take went back 2 times, by up to 60 min" in told
    assert "take has a silence of 1 h" in told


def test_what_was_found_is_printed_as_json(tmp_path: Path) -> None:
    write_log(tmp_path / "logs", [n / 10 for n in range(100)])

    result = CliRunner().invoke(
        impsy, ["dataset", "-S", str(tmp_path / "logs"), "-O", str(tmp_path), "--json"], catch_exceptions=False
    )

    found = json.loads(result.stdout)
    assert (found["dimension"], found["interactions"], found["windows"]) == (3, 99, 4)
    assert found["controls"][1]["dead"]
    assert found["remarks"] == ["Control 2 never moves: nothing is learned of it."]


@pytest.mark.slow
def test_the_page_shows_every_recording_and_is_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra: pip install -e '.[report]'")
    save_dataset(tmp_path / "old.npz", [_playing(300, seed) for seed in (1, 2, 1)])
    write_log(tmp_path / "logs", [0, 1, 2, 500, 501])

    save_dataset(tmp_path / "logs.npz", [_playing(3)])
    for name in ("one", "two"):
        result = dataset(tmp_path, "-S", tmp_path / "old.npz", "--report", tmp_path / f"{name}.html")
        assert result.exit_code == 0, result.exception

    page = (tmp_path / "one.html").read_text("utf-8")
    assert page == (tmp_path / "two.html").read_text("utf-8")
    assert all(f"old.npz, performance {n}" in page for n in range(3))
    assert "performance 2 repeats" in page
    assert len(re.findall('<figure class="picture">', page)) == 3 + 3
    assert "nan" not in page


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [[0, 0], [0, 1, 100], [0, 3], [0, 0.0001, 0.0002]])
def test_the_smallest_recordings_have_a_page_too(tmp_path: Path, seconds: list[float]) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra: pip install -e '.[report]'")
    write_log(tmp_path / "logs", seconds, START)

    result = dataset(tmp_path, "-S", tmp_path / "logs", "--report", tmp_path / "page.html")

    assert result.exit_code == 0, result.exception
    assert (tmp_path / "page.html").read_text("utf-8").count("<svg") == 4


def test_without_matplotlib_the_command_that_installs_it_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(tmp_path / "logs", [0, 1, 2])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    result = dataset(tmp_path / "out", "-S", tmp_path / "logs", "--report", tmp_path / "page.html")

    assert isinstance(result.exception, MissingExtra)
    assert "[report]'" in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_report_that_cannot_be_written_is_a_named_error(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra: pip install -e '.[report]'")
    write_log(tmp_path / "logs", [0, 1, 2])
    (tmp_path / "file").touch()

    result = dataset(tmp_path / "out", "-S", tmp_path / "logs", "--report", tmp_path / "file" / "page.html")

    assert "page.html: cannot be written" in str(result.exception)
