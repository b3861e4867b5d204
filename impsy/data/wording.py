"""How numbers of things, and times, are told to people."""


def count(number: int, what: str) -> str:
    """A number of things in words.

    >>> count(1, "row"), count(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def told(seconds: float) -> str:
    """A time in the unit that suits it.

    >>> told(0.00234), told(1.5), told(600), told(7200)
    ('2.34 ms', '1.5 s', '10 min', '2 h')
    """
    if seconds < 1.0:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 120.0:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7200.0 else f"{seconds / 3600:.3g} h"
