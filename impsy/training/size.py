"""Which size suits so much playing: the largest that what was held out still gained from."""

AUTO = "auto"  # asks for one of them
_LEAST = {  # interactions from which on a size suits; measured on eight faders, see docs/explanation/training.md
    "xl": 4_000_000,
    "l": 1_000_000,
    "m": 200_000,
    "s": 4_000,
    "xs": 1_000,
    "xxs": 0,
}


def fitting_size(interactions: int) -> tuple[str, str]:
    """The size, and why, for people.

    >>> fitting_size(90_000)
    ('s', '90,000 interactions suit size s; m would need 200,000')
    """
    larger = None
    for size, least in _LEAST.items():
        if interactions >= least:
            break
        larger = size
    more = f"; {larger} would need {_LEAST[larger]:,}" if larger else ""
    return size, f"{interactions:,} interactions suit size {size}{more}"
