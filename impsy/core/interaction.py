"""The interaction `[dt, x_1 … x_n]` (formats §1): what holds for it wherever a model hears one."""

LONGEST_DT = 5.0  # seconds; a longer pause says no more: models learn from dt up to this, and are told no more of it
