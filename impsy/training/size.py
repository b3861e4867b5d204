"""Which size suits so much playing: the one that foresaw best what was held out."""

AUTO = "auto"  # asks for one of them
_LEAST = {  # interactions from which on a size suits: the upper two a guess, see docs/explanation/training.md
    "xl": 5_000_000,
    "l": 1_200_000,
    "m": 300_000,
    "s": 15_000,
    "xs": 2_000,
    "xxs": 0,
}


def fitting_size(interactions: int) -> tuple[str, str]:
    """The size, and why, for people.

    >>> fitting_size(90_000)
    ('s', '90,000 interactions suit size s; m would need 300,000')
    """
    larger = None
    for size, least in _LEAST.items():
        if interactions >= least:
            break
        larger = size
    more = f"; {larger} would need {_LEAST[larger]:,}" if larger else ""
    return size, f"{interactions:,} interactions suit size {size}{more}"
