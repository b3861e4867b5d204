"""Take the README's picture: a real impsy, played in a real Chromium.

python docs/img/make.py     (needs playwright and chromium; writes play.jpg beside this file)
"""

import math
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
START = HERE.parents[1] / "start_impsy.py"
PAGE = "http://127.0.0.1:5001/"


def play(page: Page) -> None:
    """A phrase on the pad, and a rest in which impsy answers."""
    box = page.locator("#surface").bounding_box()
    assert box is not None
    for phrase in range(2):
        for i in range(60):
            angle = i / 59 * math.tau * 0.8 + phrase
            x = box["x"] + box["width"] * (0.45 + 0.28 * math.cos(angle))
            y = box["y"] + box["height"] * (0.5 + 0.3 * math.sin(2 * angle))
            page.mouse.move(x, y)
            if i == 0:
                page.mouse.down()
            time.sleep(0.016)
        page.mouse.up()
        time.sleep(2.4)


def main() -> None:
    """Start, play, take the picture, stop."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        server = subprocess.Popen([sys.executable, START, "run", "--quiet", "--seed", "3"], cwd=folder)
        chromium = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            time.sleep(2)
            page = chromium.new_page(viewport={"width": 1100, "height": 700})
            page.goto(PAGE)
            time.sleep(0.5)
            play(page)
            page.screenshot(path=HERE / "play.jpg")
        finally:
            chromium.close()
            server.terminate()
            server.wait(5)


if __name__ == "__main__":
    main()
