"""`impsy run`: the options of a performance, read before anything heavy is imported."""

import gc
import os
from collections.abc import Mapping
from pathlib import Path

import click

from impsy.cli.wishes import EPILOG, takes_wishes

# NumPy's linear algebra starts a thread for every core as it is imported, and cannot be told later. Nothing here
# needs them: they cost 40 ms at the start, and on a single core they are in the way of the music for 4 ms at a time.
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@click.command(epilog=EPILOG)
@takes_wishes
@click.option(
    "-l", "--logdir", type=click.Path(path_type=Path), default="logs", show_default=True, help="Where logs go."
)
@click.option("--seed", type=click.IntRange(min=0), help="Repeats a performance's choices; drawn and recorded if none.")
def command(
    config_file: Path | None, given: Mapping[str, object], host: str | None, logdir: Path, seed: int | None
) -> None:
    """Play: listen, predict, answer, log. MODEL is a .tflite file; without it the configuration's plays."""
    os.environ |= {name: "1" for name in ONE_THREAD if name not in os.environ}
    gc.disable()  # until all is in place: a tenth of the time that it takes to start
    from impsy.cli.perform import run

    run(config_file, given, logdir, host=host, seed=seed, quiet=given["verbose"] is False)
