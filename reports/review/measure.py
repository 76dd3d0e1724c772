"""Measure how quick the review page is at 1,000, 100,000 and 1,000,000 rows, and write results.json.

    python reports/review/measure.py [--rows 1000 100000 1000000]

A real server in a process of its own, a real Chromium: times are those of the page, from the press or the click to the
frame that shows what it brings. Sizes that are not named keep what results.json says of them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from made import make_run
from playwright.sync_api import Browser, Page, sync_playwright

from auditor.review.log.log import DecisionLog, run_id
from auditor.run import Run

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
LOADS, PRESSES, BURST = 10, 200, 200
EVERYTHING = "?undecided=anyone"  # the issues alone would be too few at 1,000 rows
FILTERS = (
    {"given": ["joy"]},
    {"given": ["joy"], "suggested": ["love"]},
    {"pair": ['["anger","sadness"]']},
    {"min_suspicion": "0.5"},
    {"issue": "1"},
    {"undecided": "anyone"},
    {"verdict": ["keep"]},
    {"text": "feel"},
    {"text": "^i .*(da|bo)$", "regex": "1"},
    {},
)
WATCH = """() => {
  window.waits = [];
  const card = () => document.querySelector(".au-card").dataset.id;
  let pressed = null, before = null;
  addEventListener("keydown", (event) => { pressed = event.timeStamp; before = card(); }, true);
  addEventListener("keydown", () => requestAnimationFrame(() => setTimeout(() => {
    if (card() !== before) window.waits.push(performance.now() - pressed);
  })));
}"""
FILTER = """async (wanted) => {
  const { store } = await import(new URL("static/store.js", document.baseURI).href);
  const panel = document.querySelector('.auditor-page[data-page="filters"]');
  const start = performance.now();
  store.replaceAll(wanted);
  while (!panel.querySelector('[aria-busy="true"]') && panel.getAttribute("aria-busy") !== "true") {
    if (performance.now() - start > 2000) break;
    await new Promise(requestAnimationFrame);
  }
  while (panel.getAttribute("aria-busy") === "true" || panel.querySelector('[aria-busy="true"]')) {
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - start;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000, 100_000, 1_000_000])
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for rows in parser.parse_args().rows:
            results[str(rows)] = measured(browser, rows)
            print(rows, json.dumps(results[str(rows)]), flush=True)
            RESULTS.write_text(json.dumps(results, indent=1) + "\n")


def measured(browser: Browser, rows: int) -> dict[str, Any]:
    """Everything at one size."""
    with tempfile.TemporaryDirectory() as folder:
        directory = make_run(Path(folder) / "run", rows)
        start = time.perf_counter()
        with serving(directory) as url:
            started = time.perf_counter() - start
            loads = [page_load(browser, url) for _ in range(LOADS)]
            page = opened(browser, url)
            keys = key_to_next_card(page)
            burst = twenty_a_second(page, directory)
            filters = [page.evaluate(FILTER, wanted) for _ in range(2) for wanted in FILTERS]
            return {
                "start_seconds": round(started, 2),
                "page_load_ms": figures(loads),
                "key_to_next_card_ms": figures(keys),
                "filter_to_counts_ms": figures(filters),
                "map_ms": round(map_drawn(page), 1),
                "burst": burst,
            }


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["review", str(directory), "--port", str(port), "--no-open"]
    process = subprocess.Popen([sys.executable, "-m", "auditor", *words], stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/"
    try:
        while True:
            try:
                urllib.request.urlopen(url, timeout=5).read()
                break
            except OSError:
                if process.poll() is not None:
                    raise
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


def opened(browser: Browser, url: str) -> Page:
    """Open the page in a profile of its own, with a reviewer's name."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(url + EVERYTHING)
    page.get_by_label("Your name").fill("ada")
    page.keyboard.press("Enter")
    page.locator(".au-card[data-id]:not([data-id=''])").first.wait_for()
    return page


def page_load(browser: Browser, url: str) -> float:
    """Milliseconds from opening the address, scripts in the browser's cache, to the first card."""
    page = opened(browser, url)
    start = time.perf_counter()
    page.goto(url + EVERYTHING)
    page.locator(".au-card[data-id]:not([data-id=''])").first.wait_for()
    waited = (time.perf_counter() - start) * 1000
    page.context.close()
    return waited


def key_to_next_card(page: Page) -> list[float]:
    """Milliseconds from a press to the frame with the next card."""
    page.evaluate(WATCH)
    for press in range(PRESSES):
        page.keyboard.press("s" if press % 3 else "k")
        page.wait_for_timeout(100)
    waits: list[float] = page.evaluate("window.waits")
    return waits


def twenty_a_second(page: Page, directory: Path) -> dict[str, int]:
    """Press 20 keys a second for ten seconds; what has been pressed, and what the log has of it."""
    page.wait_for_selector('.au-saved[data-waiting="0"]')
    before = decisions(directory)
    shown: list[str] = []
    start = time.perf_counter()
    for press in range(BURST):
        shown.append(page.evaluate("document.querySelector('.au-card').dataset.id"))
        page.keyboard.press("k" if press % 2 else "x")
        time.sleep(max(0.0, start + (press + 1) / 20 - time.perf_counter()))
    seconds = time.perf_counter() - start
    page.wait_for_selector('.au-saved[data-waiting="0"]')
    logged = decisions(directory)[len(before) :]
    expected = [(item, "keep" if press % 2 else "exclude") for press, item in enumerate(shown)]
    return {
        "presses": BURST,
        "seconds": round(seconds, 1),
        "in_the_log": len(logged),
        "on_the_card_shown": sum(a == b for a, b in zip(logged, expected, strict=False)),
    }


def decisions(directory: Path) -> list[tuple[str | None, str | None]]:
    log = DecisionLog(directory / "decisions.db", run_id(Run(directory)))
    found = [(event.item_id, event.verdict) for event in log.all_events() if event.kind == "decide"]
    log.close()
    return found


def map_drawn(page: Page) -> float:
    start = time.perf_counter()
    page.get_by_role("tab", name="Map").click()
    page.locator('.auditor-page[data-page="map"] .js-plotly-plot canvas').first.wait_for(timeout=60_000)
    return (time.perf_counter() - start) * 1000


def figures(milliseconds: list[float]) -> dict[str, float]:
    ordered = sorted(milliseconds)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    return {"median": round(statistics.median(ordered), 1), "p95": round(p95, 1), "number": len(ordered)}


if __name__ == "__main__":
    main()
