"""What a notebook shows of a result: escaped, whatever texts and labels hold."""

from __future__ import annotations

import re
from pathlib import Path

import auditor
from auditor import markup
from tests.evaluation.comparison.test_caveats import made
from tests.review.runs import write_run

HOSTILE = "<script>alert('&')</script><img src=x onerror=alert(1)>"


def tags(html: str) -> set[str]:
    return set(re.findall(r"<\s*/?\s*(\w+)", html))


def test_everything_that_is_put_in_is_escaped() -> None:
    html = markup.title(HOSTILE, HOSTILE) + markup.paragraph(HOSTILE) + markup.table([HOSTILE], [[HOSTILE], [1]])
    assert tags(html) == {"p", "b", "table", "thead", "tbody", "tr", "th", "td"}
    assert str(html).count("&lt;script&gt;") == 5


def test_an_audit_shows_its_first_rows(tmp_path: Path) -> None:
    audit = auditor.Audit(write_run(tmp_path / "run", rows=60))
    frame = audit.issues
    frame.loc[0, ["text", "given_label", "suggested_label"]] = [HOSTILE + "x" * 1000, HOSTILE, HOSTILE]
    html = audit._repr_html_()
    assert tags(html) <= {"p", "b", "table", "thead", "tbody", "tr", "th", "td"}
    assert html.count("&lt;script&gt;") == 3
    assert "x" * 300 not in html
    assert f"{audit.health['issues']:,} of 60 rows to read again" in html
    assert html.count("<tr>") == 11


def test_an_estimate_shows_its_sentences(tmp_path: Path) -> None:
    html = auditor.Audit(write_run(tmp_path / "run", rows=60)).estimate()._repr_html_()
    assert html.startswith("<p>How many labels are wrong is not known")


def test_a_comparison_shows_both_versions_and_the_gain() -> None:
    html = made()._repr_html_()
    assert html.count("<tr>") == 4
    for words in ("accuracy on original labels", "accuracy on corrected labels", "lexical", "difference, in points"):
        assert words in html
