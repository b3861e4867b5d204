"""Stretches of a log become logs of their own, to the digit."""

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from test_collate import START, write_log

from impsy.cli.main import impsy
from impsy.data.trim import cut, read_rows
from impsy.errors import LogError


def trim(log: Path, *arguments: object) -> Result:
    return CliRunner().invoke(impsy, ["trim", str(log), *map(str, arguments)])


def test_a_stretch_is_kept_line_by_line_and_the_log_stays_as_it_was(tmp_path: Path) -> None:
    log = write_log(tmp_path / "logs", [0, 9.999999, 10, 60, 119.5, 120, 130])
    before = log.read_bytes()

    result = trim(log, "--from", "00:10", "--to", "2:00", "-o", tmp_path / "out")

    (piece,) = (tmp_path / "out").iterdir()
    assert result.output.startswith(f"{piece}: 3 rows, 109.5 s")
    assert piece.name == "2026-01-31T20-15-10-3d-mdrnn.log"
    assert piece.read_bytes() == b"".join(before.splitlines(keepends=True)[2:5])
    assert log.read_bytes() == before


def test_a_log_is_split_where_it_is_said_and_names_in_use_get_a_number(tmp_path: Path) -> None:
    log = write_log(tmp_path / "logs", [0, 1, 2, 3, 4])
    for _ in range(2):
        assert trim(log, "--split-at", 3.5, "--split-at", "0:00:02", "-o", tmp_path / "out").exit_code == 0

    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == sorted(
        f"2026-01-31T20-15-{second}{number}-3d-mdrnn.log" for second in ("00", "02", "04") for number in ("", "-2")
    )


def test_pieces_are_collected_as_the_log_would_have_been(tmp_path: Path) -> None:
    log = write_log(tmp_path / "logs", [0, 1, 2, 3, 4])

    trim(log, "--split-at", 2, "-o", tmp_path / "out")

    result = CliRunner().invoke(impsy, ["dataset", "-S", str(tmp_path / "out"), "-O", str(tmp_path)])
    assert "2 performances, 3 interactions" in result.output


def test_rows_of_both_sources_are_kept_and_what_has_no_time_is_told(tmp_path: Path) -> None:
    log = write_log(tmp_path / "logs", [0])
    more = "2026-01-31T20:15:01.000000,rnn,0.25,1.0\r\nnonsense\n\n2026-01-31T20:15:02.000000,interface,0.1"
    log.write_bytes(log.read_bytes() + more.encode())

    result = trim(log, "--from", 1, "-o", tmp_path / "out")

    (piece,) = (tmp_path / "out").iterdir()
    assert piece.read_bytes() == more.replace("nonsense\n\n", "").encode() + b"\n"
    assert "skipped    1 row: unreadable timestamp" in result.output


def test_where_a_clock_went_back_time_stands_still(tmp_path: Path) -> None:
    log = write_log(tmp_path / "logs", [0, 10, 5, 6])

    assert [row.at for row in read_rows(log)[0]] == [0, 10, 10, 11]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from", 9], "has no row in that stretch; it is 4.0 s long"),
        (["--from", 3, "--to", 2], "have to rise"),
        (["--split-at", 3, "--to", 2], "have to rise"),
        (["--split-at", 3, "-o", "x-3d-mdrnn.log"], "name a folder"),
        (["-o", "x-9d-mdrnn.log"], "has to end in -3d-mdrnn.log"),
        (["-o", "file/in"], "cannot be written"),
    ],
)
def test_a_mistake_is_told_in_words_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[object], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    log = write_log(tmp_path / "logs", [0, 1, 4])

    result = trim(log, *arguments)

    assert result.exit_code == 1
    assert told in str(result.exception)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "logs"}


def test_a_file_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    log = write_log(tmp_path / "logs", [0, 1, 4])

    assert isinstance(trim(log, "--to", 2, "-o", log).exception, LogError)
    assert len(log.read_text().splitlines()) == 3


def test_what_is_no_time_is_a_mistake_in_the_command() -> None:
    result = trim(Path("x-3d-mdrnn.log"), "--from", "1:2:3:4")

    assert result.exit_code == 2
    assert "is no time such as" in result.output


@given(
    st.lists(st.floats(0, 100).map(lambda at: round(at, 6)), min_size=1, max_size=30),
    st.lists(st.floats(0.001, 200), max_size=4, unique=True),
)
def test_for_any_splits_every_row_is_in_one_piece_in_order(
    tmp_path_factory: pytest.TempPathFactory, seconds: list[float], splits: list[float]
) -> None:
    log = write_log(tmp_path_factory.mktemp("log"), seconds, START + timedelta(days=1))
    rows, _ = read_rows(log)

    pieces = cut(rows, [0.0, *sorted(splits), float("inf")])

    assert b"".join(row.line for piece in pieces for row in piece) == log.read_bytes()
