"""The site of the documentation builds, every link leads somewhere, and what is generated is complete."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from auditor import errors
from auditor.cli import VERBS

ROOT = Path(__file__).parents[1]
EXTRA = ("mkdocs", "material", "mkdocstrings", "mkdocs_jupyter")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    missing = [name for name in EXTRA if not find_spec(name)]
    if missing:
        why = f"{missing[0]} is not installed; the extra `docs` has it"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_the_site_builds_and_every_page_is_there_as_markdown(site: Path) -> None:
    listed = re.findall(r"^- \[.*?\]\((.*?)\): \S", (site / "llms.txt").read_text("utf-8"), flags=re.MULTILINE)
    assert len(listed) > 30
    for page in listed:
        assert (site / page).read_text("utf-8").startswith("# "), page
        assert (site / page).with_suffix(".html").is_file()
    assert (site / "notebook.html").is_file()


@pytest.mark.slow
def test_the_reference_has_every_command_and_error(site: Path) -> None:
    commands = (site / "reference" / "commands.md").read_text("utf-8")
    assert re.findall(r"^## auditor (\w+)$", commands, flags=re.MULTILINE) == list(VERBS)
    assert "`--probabilities FILE`" in commands
    tree = (site / "reference" / "errors.md").read_text("utf-8")
    for name, error in vars(errors).items():
        if isinstance(error, type) and issubclass(error, errors.AuditorError):
            assert f"`{name}` | {error.exit_code} |" in tree


@pytest.mark.slow
def test_pages_fetch_nothing_from_elsewhere(site: Path) -> None:
    for page in (site / "index.html", site / "reference" / "python.html"):
        fetched = re.findall(r'<(?:link|script|img)[^>]+(?:href|src)="(https?:[^"]+)"', page.read_text("utf-8"))
        assert [url for url in fetched if "canonical" not in url] == []


@pytest.mark.parametrize("page", ["README.md", "README.zh.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_links_of_the_projects_own_pages_lead_to_files(page: str) -> None:
    links = [link for link in LINK.findall((ROOT / page).read_text("utf-8")) if not re.match(r"[a-z]+:", link)]
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_readme_is_short_and_its_picture_small() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 130
    assert (ROOT / "reports" / "pictures" / "queue.webp").stat().st_size < 3_000_000
