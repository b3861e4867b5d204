"""What a network knows before its first lesson.

**How playing moves.** The biases of the mixture layer start from the quantiles of dt and from how far controls move.

**A memory of the last interaction.** Controls mostly stand still; which one moves, how far and which way tells most of
what comes next, and recurrent layers are slow to find that out from places alone. So some units of the first layer are
set, and never learn. A unit of memory has its input and output gates open, its forget gate shut, and hears one
control, so small that tanh is a straight line: it holds where the control was. A unit of movement beside it hears the
control now, less that memory. Both are an ordinary LSTM's weights, so files stay what they are (formats §4).

**Times over decades.** The units' ears for dt are drawn of sizes from 1 to 100: dt goes from a millisecond to seconds.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from impsy.model.litert import SCALE
from impsy.training.lessons import Rows, Spans

Floats: TypeAlias = NDArray[np.float32]

DT_CELL = 0.0005  # half of a cell of dt, in seconds, as judged
_CELLS = (0.0005, 1.0 / 254.0)  # the smallest and the largest half of a cell of a control, by its grid
_FLOOR = 0.25  # the smallest deviation, in halves of a cell
_SURPRISED = (0.25, 0.1)  # the smallest deviation of the component that stands for surprises: of dt, of a control
_LEAST_SPREAD = 0.005  # where a deviation starts at least, of a control's range
_OPEN = 8.0  # a gate's bias at which it passes all but a thousandth
_WHISPER = 0.02  # what memory hears of a control: tanh(0.1) is 0.1 to three digits
_MOVEMENT = 4.0  # what movement hears of a difference: a step of MIDI is 0.3, a leap is 1
_SHARE_FREE = 2  # of the units of the first layer, one in so many stays free to learn
_DT_DECADES = np.log(100.0)


def half_cells(lessons_rows: Rows) -> Floats:
    """Halves of the cells that are learned (D,), in the network's units: those of MIDI, or of a finer grid."""
    distinct = [np.unique(control) for control in lessons_rows[:, 1:].T]
    grid = [np.median(np.diff(points)) / SCALE if len(points) > 1 else 1.0 for points in distinct]
    halves = np.concatenate([[DT_CELL], np.clip(0.5 * np.array(grid), *_CELLS)])
    return (halves * SCALE).astype(np.float32)


def way_around(halves: Floats, mixtures: int) -> tuple[Floats, Floats]:
    """Kernel (D, P), which adds controls to means, and bias (P,), which adds its floor to each deviation."""
    d, k = len(halves), mixtures
    to_means = np.eye(d, dtype=np.float32)
    to_means[0, 0] = 0.0  # dt is predicted as it is
    kernel = np.concatenate([np.tile(to_means, k), np.zeros((d, k * (d + 1)), np.float32)], axis=1)
    floors = np.tile(_FLOOR * halves, (k, 1)).astype(np.float32)
    floors[-1, 0], floors[-1, 1:] = (SCALE * floor for floor in _SURPRISED)
    return kernel, np.concatenate([np.zeros(k * d, np.float32), floors.ravel(), np.zeros(k, np.float32)])


def mixture_biases(rows: Rows, learned: Spans, mixtures: int) -> tuple[Floats, Floats]:
    """Biases (K * D,) of means and of deviations (before elu(x) + 1): dt's quantiles, and how far controls move."""
    within = np.concatenate([np.arange(start + 1, stop) for start, stop in learned.tolist()])
    moves = rows[within, 1:] - rows[within - 1, 1:]
    quantiles = np.quantile(rows[within, 0], (np.arange(mixtures) + 0.5) / mixtures)
    means = np.zeros((mixtures, rows.shape[1]), np.float32)
    means[:, 0] = quantiles
    deviations = np.empty_like(means)
    deviations[:, 0] = np.maximum(quantiles, DT_CELL * SCALE)
    deviations[:, 1:] = np.maximum(moves.std(axis=0), _LEAST_SPREAD * SCALE)
    widths = np.where(deviations < 1.0, np.log(np.minimum(deviations, 1.0)), deviations - 1.0)
    return means.ravel(), widths.astype(np.float32).ravel()


def with_memory(weights: list[Floats], rng: np.random.Generator) -> tuple[list[Floats], list[Floats]]:
    """The first layer's kernel, recurrent kernel and bias with ears for dt and units that are set, and what learns.

    The second list is 1 where a weight learns and 0 where it is set. Controls that find no room stay as they are.
    """
    kernel, recurrent, bias = (weight.copy() for weight in weights)  # (D, 4 U), (U, 4 U), (4 U,); gates i, f, c, o
    kernel[0] *= np.exp(rng.uniform(0.0, _DT_DECADES, kernel.shape[1]))
    learns = [np.ones_like(weight) for weight in (kernel, recurrent, bias)]
    units = len(recurrent)
    room = (units - units // _SHARE_FREE) // 2
    controls = min(len(kernel) - 1, room)
    middle = 0.5 * SCALE
    for control in range(controls):
        memory, movement = control, controls + control
        for unit in (memory, movement):
            gates = [gate * units + unit for gate in range(4)]
            kernel[:, gates] = recurrent[:, gates] = 0.0
            bias[gates] = [_OPEN, -_OPEN, 0.0, _OPEN]
            for mask in learns:
                mask[..., gates] = 0.0
        hears, moves = 2 * units + memory, 2 * units + movement
        kernel[1 + control, hears], bias[hears] = _WHISPER, -_WHISPER * middle
        kernel[1 + control, moves], bias[moves] = _MOVEMENT, -_MOVEMENT * middle
        recurrent[memory, moves] = -_MOVEMENT / _WHISPER
    return [kernel, recurrent, bias], learns
