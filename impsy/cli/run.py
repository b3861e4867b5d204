"""`impsy run`: the options of a performance, read before anything heavy is imported."""

import gc
import os
from pathlib import Path

import click

from impsy.core.modes import Mode

# NumPy's linear algebra starts a thread for every core as it is imported, and cannot be told later. Nothing here
# needs them: they cost 40 ms at the start, and on a single core they are in the way of the music for 4 ms at a time.
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@click.command(epilog="An option that is not given, and has no default here, is as the configuration says.")
@click.argument("model", required=False)
@click.option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="The configuration.  [default: config.toml if it is here, else a bundled pad]",
)
@click.option(
    "-l", "--logdir", type=click.Path(path_type=Path), default="logs", show_default=True, help="Where logs go."
)
@click.option(
    "-d", "--dimension", type=int, help="The number of controls plus one for time, which the model must have."
)
@click.option("--mode", type=click.Choice([mode.value for mode in Mode]), help="Who plays when.")
@click.option("--threshold", type=float, help="Seconds of silence before the model answers (callresponse).")
@click.option("--input-thru/--no-input-thru", default=None, help="Send what you play to the outputs, too.")
@click.option("--sigma-temp", type=float, help="How far the model strays from what it predicts: 0 not at all.")
@click.option("--pi-temp", type=float, help="How readily it takes the less likely turn: near 0 never.")
@click.option("--timescale", type=float, help="Stretches the model's time: 2 is half as fast.")
@click.option("--seed", type=click.IntRange(min=0), help="Repeats a performance's choices; drawn and recorded if none.")
@click.option("--host", help="The address to listen on: 0.0.0.0 lets a phone on your network play.")
@click.option("--verbose/--quiet", default=None, help="Print every gesture and prediction / only what goes wrong.")
@click.option("--log-input/--no-log-input", default=None, help="Log what you play.")
@click.option("--log-predictions/--no-log-predictions", default=None, help="Log what the model plays.")
def command(
    model: str | None,
    config_file: Path | None,
    logdir: Path,
    dimension: int | None,
    mode: str | None,
    threshold: float | None,
    input_thru: bool | None,
    sigma_temp: float | None,
    pi_temp: float | None,
    timescale: float | None,
    seed: int | None,
    host: str | None,
    verbose: bool | None,
    log_input: bool | None,
    log_predictions: bool | None,
) -> None:
    """Play: listen, predict, answer, log. MODEL is a .tflite file; without it the configuration's plays."""
    given = {
        "model.file": model,
        "model.dimension": dimension,
        "model.sigmatemp": sigma_temp,
        "model.pitemp": pi_temp,
        "model.timescale": timescale,
        "interaction.mode": mode,
        "interaction.threshold": threshold,
        "interaction.input_thru": input_thru,
        "verbose": verbose,
        "log_input": log_input,
        "log_predictions": log_predictions,
    }
    os.environ |= {name: "1" for name in ONE_THREAD if name not in os.environ}
    gc.disable()  # until all is in place: a tenth of the time that it takes to start
    from impsy.cli.perform import run

    run(config_file, given, logdir, host=host, seed=seed, quiet=verbose is False)
