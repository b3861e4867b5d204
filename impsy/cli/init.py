"""`impsy init`: a folder to play, record and train in."""

import os
from importlib.resources import files
from pathlib import Path

import click

from impsy.data.files import written_whole
from impsy.errors import FileError

FOLDERS = {
    "logs": "what was played: one file a performance, and beside it a record of its settings",
    "datasets": "what `impsy dataset` makes of logs",
    "models": "what `impsy train` makes of datasets",
}


@click.command(help="Make a folder ready to play, record and train in; DIR is made if need be. Keeps what is there.")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=".")
def command(folder: Path) -> None:
    """Scaffold, and say what to do next."""
    try:
        for name in FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        made = _write_new(folder / "config.toml", files("impsy.config").joinpath("default.toml").read_bytes())
    except OSError as error:
        raise FileError(error.filename or folder, f"cannot be made: {error.strerror}") from error
    click.echo(
        f"{'made' if made else 'kept'}  {folder / 'config.toml'}  {'what to listen to, and who plays' if made else ''}"
    )
    for name, purpose in FOLDERS.items():
        click.echo(f"      {folder / name}{os.sep}  {purpose}")
    go = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    click.echo(f"\nNow play: {go}impsy run")


def _write_new(path: Path, content: bytes) -> bool:
    """Write a file whole, or not at all where one is already."""
    if path.exists():
        return False
    with written_whole(path) as aside:
        aside.write_bytes(content)
    return True
