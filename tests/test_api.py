"""What an audit gives back, and the verbs that it has."""

from __future__ import annotations

import ast
import inspect
import json
import shutil
from pathlib import Path

import pytest

import auditor
from auditor.cli import VERBS
from auditor.config import AuditConfig
from auditor.correction.decide.policy import Policy
from auditor.correction.patch.patch import read_patch
from auditor.errors import ModelError, RunMissingError
from auditor.review.view.items import Items
from auditor.run import Run
from tests.report.made import EMOTIONS
from tests.review.reviewing import decision
from tests.review.runs import write_run

ROOT = Path(__file__).parents[1]
OF_NO_RUN = {"run", "demo", "runs", "user", "apply", "predict"}
"""Verbs that make a run, need none, or take other things too."""


@pytest.fixture
def audit(tmp_path: Path) -> auditor.Audit:
    """A run with a label that was corrected, and a row that was left out."""
    audit = auditor.Audit(write_run(tmp_path / "run", rows=60))
    items = Items.of(audit.run)
    with audit.log() as log:
        other = next(name for name in EMOTIONS if name != items.label(int(items.given[0])))
        log.append([decision(items, 0, "ann", "relabel", other, run_id=log.run_id)])
        log.append([decision(items, 1, verdict="exclude", run_id=log.run_id)])
    return audit


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


def test_an_audit_is_opened_by_whatever_stands_for_it(audit: auditor.Audit) -> None:
    for same in (audit, audit.run, audit.directory, str(audit.directory)):
        assert auditor.Audit(same).run.directory == audit.directory
    with pytest.raises(RunMissingError):
        auditor.Audit("nothing")


def test_each_verb_of_the_command_line_is_one_of_an_audit() -> None:
    called = {"log": "decisions"}
    for verb in VERBS.keys() - OF_NO_RUN:
        assert hasattr(auditor.Audit, called.get(verb, verb)), verb


def test_commands_reach_a_run_through_an_audit_alone() -> None:
    """They open no run and no log, and correct, push and train nothing by themselves."""
    forbidden = ("find_run", "run_id", "DecisionLog", "corrections_of", "write_export", "write_patch", "write_report")
    for path in sorted((ROOT / "auditor" / "commands").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not {alias.name for alias in node.names} & {*forbidden}, f"{path.name}:{node.lineno}"


def test_every_option_of_a_verb_is_a_keyword_of_its_own() -> None:
    for name, verb in inspect.getmembers(auditor.Audit, inspect.isfunction):
        kinds = {one.kind for one in inspect.signature(verb).parameters.values()}
        assert not kinds & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}, name


def test_decisions_travel_from_one_log_to_another(audit: auditor.Audit, tmp_path: Path) -> None:
    events = audit.decisions()
    assert [event.verdict for event in events] == ["relabel", "exclude"]
    assert audit.export_decisions(tmp_path / "log.jsonl") == 2
    other = auditor.Audit(shutil.copytree(audit.directory, tmp_path / "other"))
    other.run.decisions.unlink()
    assert other.import_decisions(tmp_path / "log.jsonl") == (2, 0)
    assert other.import_decisions(tmp_path / "log.jsonl") == (0, 2)
    assert other.decisions() == events


def test_a_patch_is_listed_and_written(audit: auditor.Audit, tmp_path: Path) -> None:
    changes = audit.patch()
    assert [change.new is None for change in changes] == [False, True]
    assert audit.patch(tmp_path / "patch.jsonl") == changes
    assert tuple(read_patch(tmp_path / "patch.jsonl")) == changes
    assert len(audit.patch(policy=Policy(leave_out=()))) == 1
    assert audit.patch(filter="verdict=exclude") == changes[1:]


def test_an_export_is_the_same_by_either_name(audit: auditor.Audit, tmp_path: Path) -> None:
    one = audit.export(tmp_path / "one.csv", Policy(unreviewed="drop"))
    two = auditor.export(audit, tmp_path / "two.csv", Policy(unreviewed="drop"))
    assert one.summary.changed == 1
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert two.summary == one.summary


def test_without_a_model_there_is_nothing_to_predict_with_or_to_push(audit: auditor.Audit) -> None:
    with pytest.raises(ModelError, match="has no saved model"):
        audit.predict(["so glad"])
    with pytest.raises(ModelError, match="has no saved model that transformers can load"):
        audit.push_model("ann/emotion")


def test_a_run_says_what_it_was_made_of(audit: auditor.Audit) -> None:
    run = Run(audit.directory)
    assert run.dataset.label_names == EMOTIONS
    assert isinstance(run.config, AuditConfig)
    assert run.manifest.dataset == run.dataset
    assert run.manifest.versions["numpy"] == "2.0"
