"""Take pictures of every part of the review page, into figures/: light and dark, on a desktop and on a phone.

auditor demo && python reports/review/screenshots.py    # needs a font with emoji and Chinese characters
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from measure import serving
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
RUN = HERE.parent / "runs" / "demo"
FIGURES = HERE / "figures"
TABS = ("Queue", "Table", "Groups", "Map", "Confusions", "Progress")
DEVICES = {
    "desktop": {"viewport": {"width": 1360, "height": 900}},
    "phone": {
        "viewport": {"width": 390, "height": 800},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}
JUDGED = "sskssaxsskns"


def main() -> None:
    FIGURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        run = Path(folder) / "demo"
        shutil.copytree(RUN, run, ignore=shutil.ignore_patterns("decisions.db*", "run.*"))
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"), args=["--no-sandbox"]
        )
        with serving(run) as url:
            judge(browser, url)
            for device, options in DEVICES.items():
                for scheme in ("light", "dark"):
                    page = opened(browser, url, f"bea {device} {scheme}", color_scheme=scheme, **options)
                    for tab in TABS:
                        page.goto(f"{url}?undecided=me&tab={tab.lower()}")
                        page.wait_for_selector(f'.auditor-page[data-page="{tab.lower()}"] > :not([hidden])')
                        page.wait_for_load_state("networkidle")
                        page.wait_for_timeout(2500 if tab == "Map" else 800)
                        save(page, FIGURES / f"{tab.lower()}-{device}-{scheme}.png")


def judge(browser: Browser, url: str) -> None:
    """Decide a few cards, so that there is some progress to see."""
    page = opened(browser, url, "ada")
    for key in JUDGED:
        page.keyboard.press(key)
        if key == "a":
            page.keyboard.press("1")
            page.keyboard.press("2")
        if key in "an":
            page.keyboard.press("Enter")
        page.wait_for_timeout(700)
    page.wait_for_selector('.au-saved[data-waiting="0"]')


def opened(browser: Browser, url: str, name: str, **options: object) -> Page:
    page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
    page.goto(url)
    page.get_by_label("Your name").fill(name)
    page.keyboard.press("Enter")
    page.locator(".au-card[data-id]:not([data-id=''])").first.wait_for()
    return page


def save(page: Page, path: Path) -> None:
    """Keep the picture in 128 colours, a third of the size."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
