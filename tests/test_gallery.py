"""A page of the gallery: hostile texts stay texts, and a page without a licence for them quotes none."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

import auditor
from tests.review.runs import write_run

ROOT = Path(__file__).parents[1]
HOSTILE = "<script>alert(1)</script> | [a](javascript:b) `c` *d* # e\n\n## f"


@pytest.fixture(scope="module")
def gallery() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "reports" / "gallery" / "make.py"))


def test_a_cell_is_one_line_without_markup(gallery: dict[str, Any]) -> None:
    cell = gallery["cell"](HOSTILE)
    assert "\n" not in cell
    assert "<" not in cell
    assert r"\| \[a\](javascript:b) \`c\` \*d\* \# e \#\# f" in cell
    assert len(gallery["cell"]("x" * 1000)) < 250


@pytest.mark.parametrize(("name", "quoted"), [("banking77", True), ("tweet_emoji", False)])
def test_a_page_quotes_texts_only_where_it_may(
    name: str, quoted: bool, gallery: dict[str, Any], tmp_path: Path
) -> None:
    audit = auditor.Audit(write_run(tmp_path / "run", rows=60))
    audit.issues["text"] = [f"text number {number}" for number in range(60)]
    page = gallery["page"](name, audit)
    assert ("text number 0" in page) is quoted
    assert "Nobody has judged these rows" in page
    assert f"{audit.health['issues']:,} rows to read again" in page


def test_the_pages_that_the_overview_names_exist(gallery: dict[str, Any]) -> None:
    folder = ROOT / "reports" / "gallery"
    overview = (folder / "README.md").read_text("utf-8")
    pages = {path.stem for path in folder.glob("*.md")} - {"README"}
    assert {name for name in gallery["SETS"] if f"({name}.md)" in overview} == pages
