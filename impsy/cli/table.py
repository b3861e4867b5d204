"""Tables on a terminal: figures first, right under one another, and what they are of at the end of the line."""

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as they need to be; the last stands left.

    >>> print(table(["nats", "model"], [["11.4", "mine"], ["9.25", "another"]]))
    nats  model
    11.4  mine
    9.25  another
    """
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header) - 1)]
    return "\n".join(
        "  ".join([*(cell.rjust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]) for line in lines
    )
