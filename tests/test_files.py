"""Files that are written whole or not at all."""

from contextlib import suppress
from pathlib import Path

from impsy.data.files import written_whole


def test_a_file_appears_when_it_is_whole_and_takes_the_place_of_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    for text in ("one", "two"):
        with written_whole(path) as aside:
            aside.write_text(text)
            assert not path.exists() or path.read_text() == "one"

        assert path.read_text() == text
        assert list(path.parent.iterdir()) == [path]


def test_what_fails_on_the_way_leaves_the_older_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("one")

    with suppress(ZeroDivisionError), written_whole(path) as aside:
        aside.write_text("t")
        1 / 0  # noqa: B018 something goes wrong

    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]
