"""Record the review queue as animated pictures, in English and Chinese, and keep the run's map.

auditor demo && python reports/pictures/record.py [--run DIR]

On the real page in Chromium, a reviewer judges some cards of the sample by keyboard, as its authors labelled them. Each
key is a frame; the band below says what it does. Needs fonts with Chinese characters and emoji, such as those of the
Debian packages fonts-noto-cjk and fonts-noto-color-emoji.
"""

from __future__ import annotations

import argparse
import io
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page, sync_playwright

from auditor.data import sample

HERE = Path(__file__).parent
SIZE, WIDTH = {"width": 1180, "height": 800}, 900
"""Of the window, and of the picture."""
CARDS = 9
SHOWN, PRESSED = 1600, 700
"""Milliseconds that a card, and the name of a key, stay."""
LANGUAGES = {"en": ("queue.webp", "keep", "take"), "zh": ("queue.zh.webp", "保留", "采纳")}
"""Name of the picture, and the words for two keys."""
BAND = 52
"""Height of the band below, which names the key."""
LIMIT = 3_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=HERE.parent / "runs" / "demo")
    run = parser.parse_args().run
    truth = dict(sample.written()[["id", "label"]].itertuples(index=False))
    with sync_playwright() as playwright:
        program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for language in LANGUAGES:
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder) / "demo"
                shutil.copytree(run, copy, ignore=shutil.ignore_patterns("decisions.db*", "run.*"))
                with serving(copy, language) as url:
                    page = browser.new_page(viewport=SIZE, color_scheme="light")
                    page.goto(url)
                    page.get_by_role("dialog").get_by_role("textbox").fill("ada")
                    page.keyboard.press("Enter")
                    page.locator(".au-card[data-id]:not([data-id=''])").first.wait_for()
                    page.wait_for_timeout(1500)
                    save(record(page, truth, language), HERE / LANGUAGES[language][0])
    with Image.open(run / "figures" / "map.png") as map_picture:
        small = map_picture.convert("RGB").resize((1000, round(map_picture.height * 1000 / map_picture.width)))
        small.quantize(64, dither=Image.Dither.NONE).save(HERE / "map.png", optimize=True)


@contextmanager
def serving(run: Path, language: str) -> Iterator[str]:
    """Serve the page with the most suspect rows first, and one card in five drawn at random."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    options = ["--port", port, "--no-open", "--order", "static", "--blind", "1/5", "--lang", language]
    process = subprocess.Popen(
        [sys.executable, "-m", "auditor", "review", str(run), *options], stdout=subprocess.DEVNULL
    )
    try:
        while process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


def record(page: Page, truth: dict[str, str], language: str) -> list[tuple[Image.Image, int]]:
    """Judge some cards by the truth; the frames, and how many milliseconds each stays."""
    frames: list[tuple[Image.Image, int]] = []
    _, keep, take = LANGUAGES[language]
    for _ in range(CARDS):
        card_id = str(page.locator(".au-card").first.get_attribute("data-id"))
        card = page.evaluate("async (id) => (await fetch(`api/card?id=${encodeURIComponent(id)}`)).json()", card_id)
        label, hidden = truth[card_id], page.locator(".au-card.au-alone").count() > 0
        if label == card["given"]:
            key, meaning = "k", f"{keep} {label}"
        elif label == card["suggested"] and not hidden:
            key, meaning = "s", f"{take} {label}"
        else:
            key, meaning = str(1 + sorted(set(truth.values())).index(label)), label
        frames.append((named(shot(page), ""), SHOWN))
        frames.append((named(shot(page), f"{key}   {meaning}"), PRESSED))
        page.keyboard.press(key)
        page.wait_for_selector('.au-saved[data-waiting="0"]')
        page.wait_for_timeout(2500)  # the filter counts anew
    frames.append((named(shot(page), ""), SHOWN))
    return frames


def shot(page: Page) -> Image.Image:
    """Take a picture of the window."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)


def named(image: Image.Image, text: str) -> Image.Image:
    """Add a band that names the key."""
    whole = Image.new("RGB", (image.width, image.height + BAND), (30, 35, 48))
    whole.paste(image)
    draw, font = ImageDraw.Draw(whole), ImageFont.truetype("NotoSansCJK-Regular.ttc", 24)
    left = (whole.width - draw.textlength(text, font=font)) / 2
    draw.text((left, image.height + 11), text, font=font, fill="white")
    return whole


def save(frames: list[tuple[Image.Image, int]], path: Path) -> None:
    """Write the frames as an animated WebP that repeats."""
    first, *others = (image for image, _ in frames)
    durations = [duration for _, duration in frames]
    first.save(path, save_all=True, append_images=others, duration=durations, loop=0, quality=72, method=6)
    if path.stat().st_size > LIMIT:
        raise SystemExit(f"{path} has {path.stat().st_size:,} bytes; expected {LIMIT:,} at most.")


if __name__ == "__main__":
    main()
