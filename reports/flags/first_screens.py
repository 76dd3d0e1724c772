"""Take pictures of what a run says first: its report, the terminal and the page, into figures/.

    python reports/flags/first_screens.py RUN NAME [--auditor PATH]

NAME begins the names of the pictures; PATH is the auditor to ask, so that an older version can be shown too.
"""

from __future__ import annotations

import argparse
import html
import io
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

FIGURES = Path(__file__).parent / "figures"
TERMINAL = """<body style="margin:0;background:#14161f;color:#e8e8f0"><pre style="font:15px/1.45 monospace;
padding:24px;white-space:pre-wrap">{}</pre></body>"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--auditor", default="auditor")
    arguments = parser.parse_args()
    FIGURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        run = Path(folder) / arguments.run.resolve().name
        shutil.copytree(arguments.run, run, ignore=shutil.ignore_patterns("decisions.db*", "run.*"))
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto((run / "report.html").as_uri())
        save(page, f"{arguments.name}-report")
        shown = subprocess.run(
            [arguments.auditor, "issues", run, "--top", "4"], capture_output=True, text=True, check=True
        )
        page.set_content(TERMINAL.format(html.escape(f"$ auditor issues {run.name} --top 4\n{shown.stdout}")))
        save(page, f"{arguments.name}-terminal")
        with reviewing(arguments.auditor, run) as url:
            page.goto(url)
            page.get_by_label("Your name").fill("ada")
            page.keyboard.press("Enter")
            page.locator(".au-card[data-id]:not([data-id=''])").first.wait_for()
            page.wait_for_timeout(1500)
            save(page, f"{arguments.name}-page")


@contextmanager
def reviewing(auditor: str, run: Path) -> Iterator[str]:
    """Serve the page of a run; its address."""
    command = [auditor, "review", run, "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout
        try:
            yield next(found[0] for line in server.stdout if (found := re.search(r"http://\S+", line)))
        finally:
            server.kill()


def save(page: Page, name: str) -> None:
    """Keep the picture in 128 colours, a third of the size."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(128, dither=Image.Dither.NONE).save(FIGURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
