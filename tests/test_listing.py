"""The ranking as the terminal shows it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from rich.console import Console

from auditor.commands.listing import print_ranking
from tests.review.runs import write_run

ROW: dict[str, Any] = {
    "rank": 1,
    "id": "train-7",
    "given_label": "joy",
    "suggested_label": "love",
    "suspicion": 0.98765,
    "text": "i feel so loved",
    "is_issue": True,
    "kind": "mislabelled",
    "kind_confidence": 0.72,
    "tier": "high",
    "stability": 1.0,
    "reasons": ["All 3 models prefer love.", "Another one."],
}
NOTHING = {"suggested_label": None, "suspicion": None, "kind": None, "kind_confidence": None}


def shown(*rows: dict[str, Any], width: int = 80) -> str:
    out = io.StringIO()
    print_ranking([{**ROW, **row} for row in rows], 3, Console(file=out, width=width, highlight=False))
    return out.getvalue()


def test_a_row_is_some_lines() -> None:
    assert shown({}, {"rank": 2, "is_issue": False}) == (
        "1  joy → love · suspicion 0.9877 · train-7\n"
        "    i feel so loved\n"
        "    The models prefer love · flagged in 3 of 3 repeats\n"
        "    All 3 models prefer love.\n"
        "\n"
        "2  joy → love · suspicion 0.9877 · not flagged · train-7\n"
        "    i feel so loved\n"
        "    The models prefer love · flagged in 3 of 3 repeats\n"
        "    All 3 models prefer love.\n"
    )


def test_a_row_of_which_nothing_is_known() -> None:
    row = {**NOTHING, "tier": None, "stability": None, "reasons": [], "is_issue": False}
    assert shown(row) == "1  joy · not judged · train-7\n    i feel so loved\n"


def test_no_line_is_longer_than_the_terminal_and_nothing_is_obeyed() -> None:
    hostile = "\x1b[31m[bold]red[/bold]\x07 " + "word " * 200
    out = shown({"text": hostile, "id": "i" * 300, "given_label": "g" * 300, "reasons": [hostile]})
    assert max(map(len, out.splitlines())) <= 80
    assert "[bold]red[/bold]" in out
    assert not set(out) & set("\x1b\x07")
    assert len(out.splitlines()) < 15


def test_a_run_of_a_former_version_says_why_nothing_fits(invoke: Any, tmp_path: Path) -> None:
    write_run(tmp_path / "run", rows=60, old=True)
    code, out, _ = invoke("issues", "run", "--kind", "unclear")
    assert code == 0
    assert "has no kinds and tiers" in out
    assert "suspicion" in invoke("issues", "run", "--top", 2)[1]


def test_a_suspicion_is_never_shown_as_certain_unless_it_is() -> None:
    assert "suspicion > 0.9999 · " in shown({"suspicion": 0.99999})
    assert "suspicion < 0.0001 · " in shown({"suspicion": 1e-6})
    assert "suspicion 1.0000 · " in shown({"suspicion": 1.0})
