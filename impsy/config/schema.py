"""What a configuration may say (formats §11): every key with its type, range, default and meaning.

These Structs are the one source: the loader reads them to check a file, and `reference` to write the manual. Of each
key the `title` completes «must be …» and the `description` says what it does.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct, field

from impsy.core.interaction import LONGEST_DT
from impsy.core.mapping import Button, Mapping
from impsy.core.modes import Mode

Text: TypeAlias = Annotated[str, Meta(title="text in quotes")]
Texts: TypeAlias = Annotated[tuple[str, ...], Meta(title="text in quotes, or a list of such")]
Flag: TypeAlias = Annotated[bool, Meta(title="true or false")]
Port: TypeAlias = Annotated[int, Meta(ge=1, le=65535, title="a port number from 1 to 65535")]
AtLeastZero: TypeAlias = Annotated[float, Meta(ge=0, title="a number, 0 or more")]
MoreThanZero: TypeAlias = Annotated[float, Meta(gt=0, title="a number above 0")]
Name: TypeAlias = Annotated[str, Meta(min_length=1, title="a name in quotes")]
Dimension: TypeAlias = Annotated[int, Meta(ge=2)]
OscAddress: TypeAlias = Annotated[str, Meta(pattern=r"\A/[^\x00-\x20#*,?\[\]{}]*\Z")]
OscAddresses: TypeAlias = Annotated[
    tuple[OscAddress, ...],
    Meta(min_length=1, title='an OSC address in quotes such as "/prediction", or a list of such'),
]
ModeName: TypeAlias = Annotated[Mode, Meta(title="one of " + ", ".join(f'"{mode}"' for mode in Mode))]
MidiBackend: TypeAlias = Literal["auto", "alsa", "jack", "coremidi", "winmm"]
Size: TypeAlias = Literal["xxs", "xs", "s", "m", "l", "xl"]
DeviceMappings: TypeAlias = dict[str, Mapping]  # by the name of the device
ThruMatrix: TypeAlias = dict[str, tuple[str, ...]]  # the name of an input: the outputs it is heard on

MAPPING_RULE = 'a list of entries, one for each control, such as [["note_on", 1], ["control_change", 1, 74]]'
BUTTON_RULE = 'a button such as ["note_on", 10, 36] or ["control_change", 1, 64]'
DEVICES_RULE = "a table of mappings by device name, or one mapping for the only device"


class Interaction(Struct, frozen=True, kw_only=True):
    """How performer and model share the instrument."""

    mode: Annotated[ModeName, Meta(description="Who plays when.")] = Mode.CALLRESPONSE
    threshold: Annotated[
        MoreThanZero, Meta(description="Seconds of your silence after which the model answers, in callresponse.")
    ] = 0.1
    input_thru: Annotated[Flag, Meta(description="Send what you play to the outputs too, at once.")] = False


class Model(Struct, frozen=True, kw_only=True):
    """The model that plays, and how freely it chooses."""

    file: Annotated[
        Name | None,
        Meta(
            title="a path in quotes",
            description="The model, a `.tflite` file, looked for from the working folder and then from the folder of "
            "this file. Without it a random walk plays.",
        ),
    ] = None
    dimension: Annotated[
        Dimension | None,
        Meta(
            title="a whole number, 2 or more",
            description="The number of controls plus one, for time (eight faders: 9). The model file knows it, else "
            "the longest mapping tells it; written here it is checked against the file.",
        ),
    ] = None
    size: Annotated[
        Size | None,
        Meta(
            title='one of "xxs", "xs", "s", "m", "l", "xl"',
            description="The size of the model, known from its file; written here it is checked against it.",
        ),
    ] = None
    sigmatemp: Annotated[
        AtLeastZero,
        Meta(
            description="How far a choice strays from what was predicted: 0 not at all, 1 as learned. Left out, it is "
            "what the card of the model says, which its training found to be most like the performer."
        ),
    ] = 0.01
    pitemp: Annotated[
        MoreThanZero,
        Meta(
            description="How readily a less likely gesture is chosen: near 0 never, 1 as learned, above 1 more often."
        ),
    ] = 1.0
    timescale: Annotated[
        AtLeastZero, Meta(description="Multiplies the time between predictions: 2 is half as fast, 0.5 twice.")
    ] = 1.0
    longest_dt: Annotated[
        MoreThanZero,
        Meta(description="The longest pause, in seconds, that the model is told of. Logs keep true times."),
    ] = LONGEST_DT


class Osc(Struct, frozen=True, kw_only=True):
    """OSC over UDP: for Pure Data, Max, SuperCollider, Wekinator and the like."""

    server_ip: Annotated[
        Text, Meta(description='Where to listen: `"127.0.0.1"` is this machine alone, `"0.0.0.0"` every network.')
    ] = "127.0.0.1"
    server_port: Annotated[
        Port, Meta(description="The port to listen on: send `/interface` and your numbers here.")
    ] = 6000
    client_ip: Annotated[
        Text, Meta(description='Where predictions are sent. `"0.0.0.0"`, `"::"` and `""` mean this machine.')
    ] = "127.0.0.1"
    client_port: Annotated[Port, Meta(description="The port predictions are sent to.")] = 6001
    output_address: Annotated[
        OscAddresses,
        Meta(description='The OSC address of predictions. Patches made for IMPSY up to 1.2.1 expect `"/impsy"`.'),
    ] = ("/prediction",)


class WebSocket(Struct, frozen=True, kw_only=True):
    """WebSocket and the play page: for browsers."""

    server_ip: Annotated[
        Text,
        Meta(
            description='Where to listen: `"127.0.0.1"` is this machine alone, `"0.0.0.0"` phones on your network too.'
        ),
    ] = "127.0.0.1"
    server_port: Annotated[Port, Meta(description="The port; the play page is at `http://127.0.0.1:5001`.")] = 5001
    input: Annotated[
        Mapping | None, Meta(title=MAPPING_RULE, description="The mapping of incoming text messages to controls.")
    ] = None
    output: Annotated[
        Mapping | None, Meta(title=MAPPING_RULE, description="The mapping of predictions to outgoing text messages.")
    ] = None
    origins: Annotated[
        Texts,
        Meta(
            description='Other sites whose pages may connect, such as `"https://example.org"`; `"null"` for pages '
            'opened as files, `"*"` for all.'
        ),
    ] = ()


class Midi(Struct, frozen=True, kw_only=True):
    """MIDI ports."""

    backend: Annotated[
        MidiBackend,
        Meta(
            title='one of "auto", "alsa", "jack", "coremidi", "winmm"',
            description="The MIDI system of this machine to use; `auto` takes the one that works.",
        ),
    ] = "auto"
    virtual: Annotated[
        Flag,
        Meta(
            description="Make ports of our own, `IMPSY In` and `IMPSY Out`, for other programs to connect to "
            "(not on Windows). A mapping that stands by itself is theirs where no device is named."
        ),
    ] = False
    in_device: Annotated[Texts, Meta(description="The inputs to open: a name, or a part of one.")] = ()
    out_device: Annotated[Texts, Meta(description="The outputs to open: a name, or a part of one.")] = ()
    input: Annotated[
        DeviceMappings, Meta(title=DEVICES_RULE, description="What messages of each input set which control.")
    ] = field(default_factory=dict)
    output: Annotated[
        DeviceMappings, Meta(title=DEVICES_RULE, description="What each control sends to each output.")
    ] = field(default_factory=dict)
    thru_matrix: Annotated[
        ThruMatrix,
        Meta(
            title='a table such as "my input" = ["my output"]',
            description="Which outputs hear at once what is played on which input.",
        ),
    ] = field(default_factory=dict)
    feedback_protection: Annotated[
        Flag, Meta(description="Ignore a note that is the echo of the last one sent to the same device.")
    ] = False
    feedback_threshold: Annotated[AtLeastZero, Meta(description="How soon, in seconds, a note counts as an echo.")] = (
        0.02
    )
    panic: Annotated[
        Button | None,
        Meta(title=BUTTON_RULE, description="A message of any input that ends every note and pauses the model."),
    ] = None


class Serial(Struct, frozen=True, kw_only=True):
    """Lines of numbers over a serial port, for microcontrollers."""

    port: Annotated[Name, Meta(description="The serial port, such as `/dev/ttyACM0` or `COM3`.")]
    baudrate: Annotated[int, Meta(gt=0, title="a whole number above 0", description="Bits per second.")] = 115200


class SerialMidi(Struct, frozen=True, kw_only=True):
    """MIDI bytes over a serial port, at 31250 baud."""

    port: Annotated[Name, Meta(description="The serial port, such as `/dev/ttyAMA0`.")]
    input: Annotated[
        Mapping | None, Meta(title=MAPPING_RULE, description="The mapping of incoming messages to controls.")
    ] = None
    output: Annotated[
        Mapping | None, Meta(title=MAPPING_RULE, description="The mapping of predictions to outgoing messages.")
    ] = None
    panic: Annotated[
        Button | None, Meta(title=BUTTON_RULE, description="A message that ends every note and pauses the model.")
    ] = None


class WebUi(Struct, frozen=True, kw_only=True):
    """Ports of IMPSY's web interface: accepted, and not needed here."""

    monitor_port: Annotated[Port | None, Meta(title="a port number", description="Ignored.")] = None
    command_port: Annotated[Port | None, Meta(title="a port number", description="Ignored.")] = None


class Config(Struct, frozen=True, kw_only=True):
    """A whole configuration; a channel that is None is off."""

    title: Annotated[Text, Meta(description="A name for this set-up.")] = ""
    owner: Annotated[Text, Meta(description="Whose it is.")] = ""
    description: Annotated[Text, Meta(description="What it is for.")] = ""
    log_input: Annotated[Flag, Meta(description="Write what you play to the log, to train on.")] = True
    log_predictions: Annotated[Flag, Meta(description="Write what the model plays to the log too.")] = True
    verbose: Annotated[Flag, Meta(description="Print every gesture and every prediction.")] = False
    interaction: Interaction = Interaction()
    model: Model = Model()
    osc: Osc | None = None
    websocket: WebSocket | None = None
    midi: Midi | None = None
    serial: Serial | None = None
    serialmidi: SerialMidi | None = None
    webui: WebUi | None = None
    metadata: dict[str, str] = field(default_factory=dict)  # any other text at the top of the file


SECTIONS: dict[str, type[Struct]] = {
    "interaction": Interaction,
    "model": Model,
    "osc": Osc,
    "websocket": WebSocket,
    "midi": Midi,
    "serial": Serial,
    "serialmidi": SerialMidi,
    "webui": WebUi,
}
TOP = "title", "owner", "description", "log_input", "log_predictions", "verbose"


def lines_of_numbers(config: Config) -> Serial | None:
    """The `[serial]` section, unless `[serialmidi]` has its port (formats §10)."""
    taken = config.serialmidi.port if config.serialmidi else None
    return config.serial if config.serial and config.serial.port != taken else None


def dimension_of_mappings(config: Config) -> int | None:
    """The dimension that the longest mapping asks for, time included; None where nothing is mapped."""
    longest = max((len(mapping) for _, mapping in mappings(config)), default=0)
    return longest + 1 if longest else None


def mappings(config: Config, ways: Sequence[str] = ("input", "output")) -> list[tuple[str, Mapping]]:
    """Every mapping in the configuration, of what is heard and what is sent, with the words a person knows it by."""
    named: list[tuple[str, Mapping | None]] = []
    for name, channel in (("websocket", config.websocket), ("serialmidi", config.serialmidi)):
        if channel is not None:
            named += [(f"[{name}] {way}", getattr(channel, way)) for way in ways]
    if config.midi is not None:
        for way in ways:
            devices: DeviceMappings = getattr(config.midi, way)
            named += [(f'[midi] {way} of "{device}"', mapping) for device, mapping in devices.items()]
    return [(words, mapping) for words, mapping in named if mapping]
