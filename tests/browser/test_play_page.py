"""The play page in a real Chromium, against a real impsy."""

import json
import math
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from conftest import wait_for
from server import Server

from impsy.adapters.sockets import lan_address
from impsy.wire import osc

pytestmark = [pytest.mark.slow, pytest.mark.browser]

Start = Callable[..., Server]
Visit = Callable[..., Any]

INSET = 18  # pixels between the pad's edge and its outermost values, as pad.js has it

LISTEN = """async () => {  // loudness, and the mean spectrum of half a second
  const { analyser, context } = impsy;
  if (!analyser) return { rms: 0 };
  const power = new Float64Array(analyser.frequencyBinCount), bins = new Float32Array(power.length);
  const wave = new Float32Array(analyser.fftSize);
  let square = 0;
  for (let i = 0; i < 8; i++) {
    await new Promise((done) => setTimeout(done, 70));
    analyser.getFloatFrequencyData(bins);
    analyser.getFloatTimeDomainData(wave);
    bins.forEach((decibels, bin) => (power[bin] += 10 ** (decibels / 10)));
    square += wave.reduce((sum, x) => sum + x * x, 0) / wave.length / 8;
  }
  const hertz = context.sampleRate / analyser.fftSize;
  const total = power.reduce((sum, p) => sum + p, 0);
  return {
    rms: Math.sqrt(square),
    centroid: power.reduce((sum, p, bin) => sum + p * bin * hertz, 0) / total,
    fundamental: power.indexOf(Math.max(...power)) * hertz,
  };
}"""

CUT_OFF = """() => [...document.querySelectorAll("header *, main *, #strip *, #controls *, footer *")].filter((e) => {
  const box = e.getBoundingClientRect();
  return box.width > 1 && (box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1);
}).map((e) => `${e.tagName} ${e.className.baseVal ?? e.className}`)"""


def at(page: Any, x: float, y: float) -> tuple[float, float]:
    """Where on the screen the pad's (x, y) lies."""
    box = page.locator(".pad canvas").bounding_box()
    across, down = (x * (box["width"] - 2 * INSET), (1 - y) * (box["height"] - 2 * INSET))
    return box["x"] + INSET + across, box["y"] + INSET + down


def drag(page: Any, start: tuple[float, float], stop: tuple[float, float], steps: int = 20) -> None:
    """A stroke of the mouse over the pad, ended with the button still down."""
    page.mouse.move(*at(page, *start))
    page.mouse.down()
    for i in range(1, steps + 1):
        part = i / steps
        page.mouse.move(*at(page, *[a + part * (b - a) for a, b in zip(start, stop, strict=True)]))
        time.sleep(0.02)


def cursor(page: Any, name: str) -> Any:
    """The values that the page shows for «you», «guest» or «impsy»; nothing while it has not played."""
    found = page.evaluate(f"impsy.cursors().{name}")
    return found["values"] if math.isfinite(found["at"]) else None


@pytest.mark.parametrize("way", ["loopback", "lan"])
def test_a_drag_is_logged_and_silence_is_answered(start: Start, visit: Visit, way: str) -> None:
    host = "127.0.0.1" if way == "loopback" else lan_address()
    if not host:
        pytest.skip("this machine has no address on a network")
    server = start()
    page = visit(server, host)
    assert page.evaluate("isSecureContext") is (way == "loopback")

    drag(page, (0.1, 0.2), (0.9, 0.8))
    page.mouse.up()

    wait_for(lambda: server.values("interface")[-1:] == [pytest.approx([0.9, 0.8], abs=0.01)])
    played = server.values("interface")
    assert len(played) > 10
    assert played[0] == pytest.approx([0.1, 0.2], abs=0.01)
    wait_for(lambda: cursor(page, "impsy"))
    wait_for(lambda: page.locator("#turn").inner_text() == "impsy answers")
    before = cursor(page, "impsy")
    wait_for(lambda: cursor(page, "impsy") != before)
    assert page.evaluate("impsy.shown('impsy')") > 0
    assert cursor(page, "guest") is None  # what this page played comes back, and is known as its own
    wait_for(lambda: cursor(page, "impsy") in [pytest.approx(row, abs=1e-6) for row in server.values("rnn")])


def test_the_corners_of_the_pad_sound_as_they_lie_and_rest_is_silent(start: Start, visit: Visit) -> None:
    page = visit(start(mode="useronly"))
    assert page.evaluate(LISTEN)["rms"] == 0

    heard = {}
    for corner in [(0, 0), (1, 0), (0, 1), (1, 1)]:
        page.mouse.move(*at(page, *corner))
        page.mouse.down()
        time.sleep(0.8)
        heard[corner] = page.evaluate(LISTEN)
        page.mouse.up()
        time.sleep(1.5)
    time.sleep(2.5)
    rest = page.evaluate(LISTEN)

    print(json.dumps({str(corner): sound for corner, sound in heard.items()}, indent=1), rest)
    assert all(0.03 < sound["rms"] < 0.5 for sound in heard.values())
    for (x, _), sound in heard.items():  # x is pitch: three octaves up from C3
        assert sound["fundamental"] == pytest.approx(130.8 * 2 ** (3 * x), rel=0.06)
    for x in (0, 1):  # y is brightness
        assert heard[x, 1]["centroid"] > 1.3 * heard[x, 0]["centroid"]
    assert rest["rms"] < 1e-5


def test_impsy_is_heard_in_its_own_voice(start: Start, visit: Visit) -> None:
    page = visit(start(mode="battle"))
    wait_for(lambda: cursor(page, "impsy"))
    assert page.evaluate(LISTEN)["rms"] == 0  # nothing sounds before the first touch

    page.mouse.click(*at(page, 0.5, 0.5))
    time.sleep(2)
    loudest = max(page.evaluate(LISTEN)["rms"] for _ in range(4))
    page.locator("#sound").click()
    time.sleep(0.5)

    assert loudest > 0.01
    assert page.evaluate(LISTEN)["rms"] < 1e-4  # muted


def test_two_players_see_each_other_and_the_same_controls(start: Start, visit: Visit) -> None:
    server = start(mode="useronly")
    one, two = visit(server), visit(server)

    drag(one, (0.2, 0.2), (0.7, 0.6))
    one.mouse.up()
    drag(two, (0.8, 0.8), (0.3, 0.9))
    two.mouse.up()

    wait_for(lambda: cursor(one, "guest") == cursor(two, "you") == pytest.approx([0.3, 0.9], abs=0.01))
    assert cursor(two, "guest") == cursor(one, "you") == pytest.approx([0.7, 0.6], abs=0.01)
    one.locator("label", has_text="Polyphony").click()
    wait_for(lambda: two.locator("[value=polyphony]").is_checked())
    two.locator("[name=threshold]").press("ArrowRight")
    wait_for(lambda: one.evaluate("impsy.state().threshold") == two.evaluate("impsy.state().threshold") != 0.3)
    wait_for(lambda: one.locator("output").all_inner_texts() == two.locator("output").all_inner_texts())
    two.locator("[name=panic]").click()
    wait_for(lambda: one.locator("[name=pause]").inner_text() == "Resume")
    one.locator("[name=pause]").click()
    wait_for(lambda: two.evaluate("impsy.state().pause") is False)


def test_holding_still_sends_nothing_and_a_tap_counts(start: Start, visit: Visit) -> None:
    server = start(mode="useronly")
    page = visit(server)

    page.mouse.move(*at(page, 0.4, 0.4))
    page.mouse.down()
    time.sleep(0.6)
    held = len(wait_for(lambda: server.values("interface")))
    page.mouse.up()
    page.mouse.down()  # the same place again is a gesture again
    page.mouse.up()

    assert held == 1
    wait_for(lambda: len(server.values("interface")) == 2)


def test_the_last_finger_rules_the_pad_and_hands_back(start: Start, visit: Visit) -> None:
    server = start(mode="useronly")
    page = visit(server, has_touch=True)
    touch = page.context.new_cdp_session(page)

    def finger(kind: str, number: int, place: tuple[float, float]) -> None:
        point = {**dict(zip("xy", at(page, *place), strict=True)), "id": number}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        time.sleep(0.1)

    low, high = (0.2, 0.2), (0.8, 0.8)
    finger("touchStart", 0, low)
    finger("touchStart", 1, high)
    finger("touchEnd", 1, high)
    finger("touchEnd", 0, low)

    rows = wait_for(lambda: len(rows := server.values("interface")) >= 3 and rows)
    assert rows == [pytest.approx(place, abs=0.01) for place in (low, high, low)]
    assert page.evaluate("impsy.cursors().you.held") is False


def test_every_finger_has_its_own_fader(start: Start, visit: Visit) -> None:
    server = start(dimension=9, mode="useronly")
    page = visit(server, has_touch=True, viewport={"width": 360, "height": 740})
    touch = page.context.new_cdp_session(page)
    boxes = [page.locator(".groove").nth(i).bounding_box() for i in (1, 5)]

    def fingers(kind: str, *values: float) -> None:
        points = [
            {"x": box["x"] + box["width"] / 2, "y": box["y"] + (1 - value) * box["height"], "id": i}
            for i, (box, value) in enumerate(zip(boxes, values, strict=False))
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        time.sleep(0.1)

    fingers("touchStart", 0.5, 0.5)
    fingers("touchMove", 0.9, 0.1)
    fingers("touchEnd")

    rows = wait_for(lambda: len(rows := server.values("interface")) >= 3 and rows)
    assert rows[-1] == pytest.approx([0.5, 0.9, 0.5, 0.5, 0.5, 0.1, 0.5, 0.5], abs=0.02)


def test_who_comes_late_finds_the_faders_where_they_stand(start: Start, visit: Visit) -> None:
    server = start(dimension=9, mode="useronly")

    def tap(page: Any, fader: int, height: float) -> None:
        box = page.locator(".groove").nth(fader).bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + (1 - height) * box["height"])

    tap(visit(server), 1, 0.9)
    wait_for(lambda: server.values("interface"))
    late = visit(server)
    wait_for(lambda: late.evaluate("impsy.cursors().you.values[1]") > 0.8)
    tap(late, 5, 0.1)

    rows = wait_for(lambda: len(rows := server.values("interface")) >= 2 and rows)
    assert rows[-1] == pytest.approx([0.5, 0.9, 0.5, 0.5, 0.5, 0.1, 0.5, 0.5], abs=0.02)


def test_keys_play_too(start: Start, visit: Visit) -> None:
    server = start(mode="useronly")
    page = visit(server)

    page.locator(".pad canvas").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowUp")

    rows = wait_for(lambda: len(rows := server.values("interface")) == 2 and rows)
    assert rows == [pytest.approx([0.6, 0.5]), pytest.approx([0.6, 0.52])]
    assert page.locator(".pad canvas").get_attribute("aria-valuetext") == "pitch 60 %, brightness 52 %"


def test_a_lost_server_is_said_and_found_again(start: Start, visit: Visit) -> None:
    server = start()
    page = visit(server, tolerant=True)  # the browser itself reports every failed connection

    server.stop()
    page.locator("#lost").wait_for(state="visible")
    assert page.locator("[name=panic]").is_disabled()
    server.start()

    page.locator("#lost").wait_for(state="hidden", timeout=15_000)
    assert page.locator("#turn").inner_text() == "Your turn"


@pytest.mark.parametrize("size", [(360, 740), (740, 360), (320, 568), (1280, 800), (1920, 1080)])
@pytest.mark.parametrize("dimension", [2, 3, 9, 33])
def test_nothing_is_cut_off(start: Start, visit: Visit, dimension: int, size: tuple[int, int]) -> None:
    page = visit(start(dimension), viewport={"width": size[0], "height": size[1]})

    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("[...document.querySelectorAll('.fader:not([hidden])')].every((f) => f.clientWidth >= 30)")
    assert page.evaluate("document.querySelector('#surface').clientHeight") > 0.3 * size[1]


def test_the_page_and_impsy_read_osc_alike(start: Start, visit: Visit) -> None:
    page = visit(start(mode="useronly"))
    page.evaluate("import('./osc.js').then((osc) => { window.osc = osc; })")
    packets = [
        osc.encode("/monitor/out", [0.25, 0.5, 1.0]),
        osc.encode("/impsy/mode", ["callresponse"]),
        osc.encode("/all", [1, 2.5, "é", True, False, 2**40]),
        osc.encode("/none"),
        osc.encode_bundle([osc.Message("/a", (1,)), osc.Message("/b", ("x", 0.5))]),
    ]
    rng = random.Random(7)
    for _ in range(600):
        bent = bytearray(rng.choice(packets[:5]))
        for _ in range(rng.randint(1, 3)):
            bent[rng.randrange(len(bent))] = rng.choice((0, 1, 4, 47, 44, 105, 255, rng.randrange(256)))
        packets.append(bytes(bent[: rng.choice((len(bent), rng.randrange(len(bent) + 1)))]))

    heard = page.evaluate("(all) => all.map((bytes) => osc.parse(new Uint8Array(bytes).buffer))", [*map(list, packets)])

    for packet, messages in zip(packets, heard, strict=True):
        assert told(packet) == (messages and [(m["address"], [*map(plain, m["values"])]) for m in messages]), packet
    sent = page.evaluate("[...osc.message('/interface', 'ffis', [0.1, 1, -7, 'pad'])]")
    assert osc.decode(bytes(sent))[0][1] == osc.Message("/interface", (pytest.approx(0.1), 1.0, -7, "pad"))


def told(packet: bytes) -> list[tuple[str, list[object]]] | None:
    """What impsy itself reads in a packet, in the page's words."""
    try:
        return [(message.address, [*map(plain, message.arguments)]) for _, message in osc.decode(packet)]
    except osc.OscError:
        return None


def plain(value: object) -> object:
    """A value that compares across languages: every number a double, as JavaScript has it."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return repr(float(value)) if number else value  # as text, where NaN equals NaN
