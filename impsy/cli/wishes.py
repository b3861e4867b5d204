"""What the command line may wish otherwise than the configuration: the options that `run` and `config show` share."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path

import click

from impsy.core.modes import Mode

EPILOG = "An option that is not given, and has no default here, is as the configuration says."

KEYS = {  # option: the key of the configuration that it stands for
    "model": "model.file",
    "dimension": "model.dimension",
    "mode": "interaction.mode",
    "threshold": "interaction.threshold",
    "input_thru": "interaction.input_thru",
    "sigma_temp": "model.sigmatemp",
    "pi_temp": "model.pitemp",
    "timescale": "model.timescale",
    "verbose": "verbose",
    "log_input": "log_input",
    "log_predictions": "log_predictions",
}
_OPTIONS = (
    click.argument("model", required=False),
    click.option(
        "-c",
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        help="The configuration.  [default: config.toml if it is here, else a bundled pad]",
    ),
    click.option(
        "-d", "--dimension", type=int, help="The number of controls plus one for time, which the model must have."
    ),
    click.option("--mode", type=click.Choice([mode.value for mode in Mode]), help="Who plays when."),
    click.option("--threshold", type=float, help="Seconds of silence before the model answers (callresponse)."),
    click.option("--input-thru/--no-input-thru", default=None, help="Send what you play to the outputs, too."),
    click.option("--sigma-temp", type=float, help="How far the model strays from what it predicts: 0 not at all."),
    click.option("--pi-temp", type=float, help="How readily it takes the less likely turn: near 0 never."),
    click.option("--timescale", type=float, help="Stretches the model's time: 2 is half as fast."),
    click.option("--host", help="The address to listen on: 0.0.0.0 lets a phone on your network play."),
    click.option("--verbose/--quiet", default=None, help="Print every gesture and prediction / only what goes wrong."),
    click.option("--log-input/--no-log-input", default=None, help="Log what you play."),
    click.option("--log-predictions/--no-log-predictions", default=None, help="Log what the model plays."),
)


def takes_wishes(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options: `config_file`, `host`, and the rest as `given`, by their place in a config."""

    @wraps(command)
    def gathered(**options: object) -> None:
        given = {key: options.pop(name) for name, key in KEYS.items()}
        command(given=given, **options)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered
