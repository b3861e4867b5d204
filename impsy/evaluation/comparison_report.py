"""The report on a comparison: which of two models is better, by how much, and in what."""

from collections.abc import Sequence

from impsy import __version__
from impsy.data.wording import count
from impsy.evaluation.comparison import Comparison
from impsy.evaluation.looks import WIDE
from impsy.evaluation.telling import difference_table, signed, verdict
from impsy.reports.drawing import INK, SERIES, as_svg, canvas
from impsy.reports.page import Facts, Figure, Notes, Part, Section, Table, Text, page

_CONTROLS = 32  # in the picture; the table has all


def comparison_page(
    compared: Comparison, first: str, second: str, data: str, seed: int, notes: Sequence[str] = ()
) -> str:
    """The page on what `first` and `second`, files, cost on `data`; `notes` come first. Raises `MissingExtra`."""
    lead = f"A: {first}. B: {second}. Both heard {count(compared.events, 'event')} of {data}."
    caption = (
        "What B costs more than A, in nats per event, with 95 % intervals: on the left of the line B is better, on the "
        "right A, and where an interval reaches over it nobody can tell. Of the whole (all), and of dt and each "
        "control by its marginal forecast. The score is −log of the probability of the cell of an event (x ± 1/254, "
        f"dt ± 0.5 ms); a paired bootstrap draws {compared.resampled} again."
    )
    if len(compared.parts) - 1 > _CONTROLS:
        caption += f" The first {_CONTROLS} of {len(compared.parts) - 1} controls; the table has all."
    header, rows = difference_table(compared)
    facts = [
        ("Difference (B − A)", f"{compared.whole.mean:+.3f} nats"),
        ("Its interval (95 %)", signed(compared.whole)),
        ("Events", f"{compared.events:,}"),
        ("Seed", str(seed)),
        ("impsy", __version__),
    ]
    found = verdict(compared, first, second)
    table = Table(
        ["Of", *header[:-1]],
        [[row[-1], *row[:-1]] for row in rows],
        "Nats per event of A and B, and their paired difference with its interval.",
    )
    drawn = Figure(_differences(compared), caption, "difference")
    words = Text(f"{found[0].upper()}{found[1:]}.")
    parts: list[Part] = [*([Notes(notes)] if notes else []), Facts(facts), words, drawn, table]
    return page("Comparison of two models", lead, [Section("Which is better", parts)])


def _differences(compared: Comparison) -> str:
    """The difference of the whole and of each part, below one another, beside a line at 0."""
    differences = [compared.whole, *compared.parts[: _CONTROLS + 1]]
    names = ["all", "dt", *(f"control {number}" for number in range(1, len(differences) - 1))]
    rows = range(len(differences))
    with canvas(WIDE, 0.9 + 0.3 * len(differences)) as (figure, axes):
        ax = axes[0, 0]
        ax.axvline(0.0, color=INK, linewidth=0.8, linestyle="--")
        for row, found in zip(rows, differences, strict=True):
            ax.plot([found.low, found.high], [row, row], color=SERIES[0], linewidth=2.0)
            ax.plot([found.mean], [row], "o" if row else "D", color=SERIES[0])
        ax.set_yticks(rows, names)
        ax.set_ylim(len(differences) - 0.5, -0.5)
        ax.set_xlabel("B − A (nats per event; below 0 B is better)")
        ax.grid(visible=False, axis="y")
        beside = ax.secondary_yaxis("right")
        beside.set_yticks(rows, [f"{found.mean:+.3f}  ({signed(found)})" for found in differences])
        beside.tick_params(length=0.0)
        beside.spines["right"].set_visible(False)
    return as_svg(figure)
