"""What an audit gives back beyond its issues."""

from __future__ import annotations

import json
from pathlib import Path

import auditor
from tests.report.made import EMOTIONS
from tests.review.runs import write_run


def test_definitions_and_consensus_are_what_the_run_has(tmp_path: Path) -> None:
    pair = {"label_a": "joy", "label_b": "love", "a_as_b": 20, "b_as_a": 21}
    audit = auditor.Audit(write_run(tmp_path / "run", rows=60, definitions=[pair]))
    assert audit.definitions == [pair]
    assert audit.consensus == json.loads((tmp_path / "run" / "consensus.json").read_text("utf-8"))
    assert set(audit.consensus["shares"]) == set(EMOTIONS)


def test_a_run_of_a_former_version_has_neither(tmp_path: Path) -> None:
    audit = auditor.Audit(write_run(tmp_path / "run", rows=60, old=True))
    assert (audit.definitions, audit.consensus) == ([], {})
    assert audit.issues["kind"].isna().all()
