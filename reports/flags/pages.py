"""Take pictures of every part of the review page of a run with 150 classes whose names have 50 characters.

    python reports/flags/pages.py [--to FOLDER]

Each part is seen at four sizes, one of them that of a window of 1280 × 720 at a zoom of 200 %.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "review"))

from made import make_run  # noqa: E402
from measure import serving  # noqa: E402

ROWS = 3000
NAMES = [
    f"{number:03} {kind} {method} that somebody asked about"[:50].ljust(50, "x")
    for number in range(150)
    for kind in [("lost", "changed", "declined", "unexpected", "cancelled")[number % 5]]
    for method in [("card payment", "transfer_of_money", "Überweisung", "direct debit")[number % 4]]
]
TEXTS = [
    "هذا النص مكتوب من اليمين إلى اليسار، ويجب أن يبدأ من الجهة اليمنى.",
    "הטקסט הזה נכתב מימין לשמאל, וכך הוא צריך להיראות.",
    "I paid twice, and nobody answers. " * 30,
    "Short.",
    "averyveryverylongwordwithoutanyspaces" * 12,
    "Where is my card? It should have been here on Monday, and it is Friday now; I need it for a journey next week.",
]
TABS = ("Queue", "Table", "Groups", "Map", "Confusions", "Progress", "Export")
SIZES = {
    "1280x720": {"viewport": {"width": 1280, "height": 720}},
    "640x360@2x": {"viewport": {"width": 640, "height": 360}, "device_scale_factor": 2},
    "390x844": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "1440x900": {"viewport": {"width": 1440, "height": 900}},
}


def main(
    to: Annotated[Path, typer.Option()] = HERE / "figures",
    only: Annotated[list[str] | None, typer.Option(help="Sizes and parts; all when none is named.")] = None,
) -> None:
    """Take the pictures."""
    to.mkdir(parents=True, exist_ok=True)
    wanted = {name.lower() for name in only or ()}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        run = make_run(Path(folder) / "banking", ROWS, names=NAMES, extra=TEXTS)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        with serving(run) as url:
            judge(browser, url)
            for size, options in SIZES.items():
                if wanted & SIZES.keys() and size not in wanted:
                    continue
                page = opened(browser, url, f"bea {size}", **options)
                for tab in (*TABS, "Filters"):
                    if not wanted - SIZES.keys() or tab.lower() in wanted:
                        show(page, url, tab)
                        save(page, to / f"{tab.lower()}-{size}.png")


def judge(browser: Browser, url: str) -> None:
    """Decide a few rows under two names, so that there is some progress to see."""
    for name, keys in (("ada", "skssxissk"), ("cyd", "kksixs")):
        page = opened(browser, url, name)
        page.goto(f"{url}?undecided=me&tab=queue")
        card(page)
        for key in keys:
            page.keyboard.press(key)
            page.wait_for_timeout(300)
        page.wait_for_selector('.au-saved[data-waiting="0"]')


def show(page: Page, url: str, tab: str) -> None:
    """Open a part of the page; the filters are shown beside the table."""
    part = "table" if tab == "Filters" else tab.lower()
    page.goto(f"{url}?undecided=me&tab={part}")
    page.wait_for_selector(f'.auditor-page[data-page="{part}"] > :not([hidden])')
    if tab == "Filters":
        page.wait_for_selector(".pg-choice")
        if page.locator(".sidebar:not(.open)").count():
            page.get_by_role("button", name="Filter", exact=True).click()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2500 if tab == "Map" else 800)


def opened(browser: Browser, url: str, name: str, **options: object) -> Page:
    page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
    page.goto(url)
    page.get_by_label("Your name").fill(name)
    page.keyboard.press("Enter")
    card(page)
    return page


def card(page: Page) -> None:
    """Wait for a card."""
    page.locator(".au-card[data-id]:not([data-id=''])").first.wait_for()


def save(page: Page, path: Path) -> None:
    """Keep the picture in 64 colours, and no wider than 1280 pixels."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.thumbnail((1280, 1280))
    image.quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    typer.run(main)
