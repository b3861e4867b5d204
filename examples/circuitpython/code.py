"""Two knobs, or anything else that gives a voltage, play impsy over USB; an LED glows with what it answers.

For any CircuitPython board with two analog pins, such as a Raspberry Pi Pico: copy this file to the drive CIRCUITPY,
wire the knobs between 3.3 V and ground with their middles to A0 and A1, and start `impsy run` with a configuration like
configs/microbit.toml, but dimension = 3.

Each way, a line is numbers from 0 to 1 with commas between. Lines that are none, such as what CircuitPython itself
prints when it starts, do no harm: impsy counts and ignores them, and so does this program.
"""

import time

import analogio
import board
import pwmio
import usb_cdc

PINS = board.A0, board.A1
PERIOD = 0.04  # seconds between looks at the knobs
STILL = 0.008  # how far a knob may tremble without having been turned; without it nobody would ever be silent
TOP = 65535  # of what is read from a pin, and of what an LED is given
LONGEST_LINE = 200  # bytes


def line(values):
    """The values as impsy reads them."""
    return (",".join("%.4f" % value for value in values) + "\n").encode()  # noqa: UP031 small boards have no f-strings


def numbers(text):
    """The values of a line; None where it is none."""
    try:
        return [float(number) for number in text.split(b",")]
    except ValueError:
        return None


def has_moved(values, before):
    """Whether a hand did that, and not only the noise of a pin."""
    return any(abs(value - old) > STILL for value, old in zip(values, before))  # noqa: B905 nor zip(strict=...)


def play(serial, knobs, led):
    """Look, tell, listen, glow; for ever."""
    serial.timeout = 0  # reading takes what is there
    serial.write_timeout = PERIOD  # and nobody may be there to read
    told = [-1.0] * len(knobs)
    waiting = b""
    while True:
        values = [knob.value / TOP for knob in knobs]
        if has_moved(values, told):
            serial.write(line(values))
            told = values
        *lines, waiting = (waiting + (serial.read(serial.in_waiting) or b"")).split(b"\n")
        waiting = waiting[-LONGEST_LINE:]
        for text in lines:
            answer = numbers(text)
            if answer:
                led.duty_cycle = int(TOP * min(max(answer[0], 0.0), 1.0))
        time.sleep(PERIOD)


if __name__ == "__main__":
    play(
        usb_cdc.data or usb_cdc.console,  # the second port, if boot.py has switched it on; else that of the console
        [analogio.AnalogIn(pin) for pin in PINS],
        pwmio.PWMOut(board.LED),
    )
