"""Audits of datasets of which no row can be judged: no figure is made up, and the reason is given."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, DatasetDict

import auditor
from auditor.config import AuditConfig, DetectionConfig, EncoderConfig, LexicalConfig
from auditor.run import Run
from auditor.run.artifacts import SCORES
from auditor.storage import hash_file

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_pictures")]
Invoke = Callable[..., tuple[int, str, str]]

TEXTS = ("i feel so happy today", "a sad and lonely morning", "what a surprise that was", "angry with all of them")
ONE_TEXT = (
    "No row could be judged: each label occurs in only one distinct text, and no model can learn it without seeing "
    "that text. Add texts, or merge labels, until labels have at least two distinct texts each; then audit again."
)
OTHER_LABELS = (
    "No row could be judged: no label of the rows of test occurs among those rows of train that have no duplicate "
    "there. Train on a split with the same labels, or cross-validate all rows."
)
SPLIT = {"train_on": ("train",), "audit": ("test",)}


def table(texts: Sequence[str], labels: str) -> Dataset:
    return Dataset.from_dict({"text": list(texts), "label": list(labels)})


DEGENERATE: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a text per label": (table(TEXTS, "abcd"), {}, ONE_TEXT),
    "copies of a text per label": (table([*TEXTS[:2]] * 3, "ababab"), {}, ONE_TEXT),
    "conflicting copies": (table([*TEXTS[:2]] * 2, "abcd"), {}, ONE_TEXT),
    "labels of the audited split alone": (
        DatasetDict(train=table(TEXTS[:2], "ab"), test=table(TEXTS[2:], "cd")),
        SPLIT,
        OTHER_LABELS,
    ),
    "duplicates of the audited rows": (
        DatasetDict(train=table(TEXTS[:3], "abc"), test=table(TEXTS[1:2], "b")),
        SPLIT,
        OTHER_LABELS,
    ),
}


@pytest.fixture(scope="module", params=DEGENERATE.values(), ids=DEGENERATE)
def made(
    request: pytest.FixtureRequest, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[auditor.Audit, str]:
    frame, options, reason = request.param
    config = AuditConfig(
        models=("lexical",),
        cheap_repeats=1,
        encoder=EncoderConfig(name=str(tiny_model)),
        lexical=LexicalConfig(strengths=(1.0,)),
        detection=DetectionConfig(map_neighbours=2),
        device="cpu",
        **options,
    )
    return auditor.audit(frame, config=config, out=tmp_path_factory.mktemp("made") / "run"), reason


def test_files_hold_null(made: tuple[auditor.Audit, str]) -> None:
    audit, _ = made
    assert audit.health["judged"] == 0
    for entry in json.loads((audit.directory / "scores.json").read_text("utf-8")).values():
        assert (entry["rows"], set(entry["f1_by_class"])) == (0, {None})
        assert [entry[name] for name in ("accuracy", "weighted_f1", "macro_f1", "log_loss")] == [None] * 4
        assert not any(map(any, entry["confusion"]))


def test_the_zeros_of_earlier_versions_are_read_as_null(made: tuple[auditor.Audit, str], tmp_path: Path) -> None:
    scores = made[0].scores
    zeros = {"accuracy": 0.0, "weighted_f1": 0.0, "macro_f1": 0.0, "log_loss": 0.0}
    former = {
        name: {**entry, **zeros, "f1_by_class": [0.0] * len(entry["f1_by_class"])} for name, entry in scores.items()
    }
    SCORES.save(tmp_path, former)
    assert SCORES.load(tmp_path / SCORES) == scores


def test_the_reason_is_given(made: tuple[auditor.Audit, str], invoke: Invoke) -> None:
    audit, reason = made
    assert audit.caution == reason
    assert reason in audit._repr_html_()
    code, out, _ = invoke("issues", audit.directory, "--top", 2)
    assert (code, out.splitlines()[0]) == (0, reason)
    assert out.count(" · not judged · ") == 2
    assert "flagged" not in out


def test_the_summary_has_no_share_of_nothing(
    made: tuple[auditor.Audit, str], capsys: pytest.CaptureFixture[str]
) -> None:
    from auditor.commands.running import _print_summary

    audit, reason = made
    _print_summary(audit, as_json=False)
    out = capsys.readouterr().out
    assert out.splitlines()[0] == reason
    assert "0.0%" not in out
    _print_summary(audit, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["caution"] == reason
    assert found["scores"]["consensus"] == {"accuracy": None, "weighted_f1": None}


def test_the_report_has_no_figures(made: tuple[auditor.Audit, str]) -> None:
    audit, reason = made
    page = audit.run.page.read_text("utf-8")
    assert reason in page
    for figure in ("0.0\u202f%", "0.000", "Models that never saw a row"):
        assert figure not in page
    row = "<td>–</td>" * 4 + "<td>0</td>"
    for model in ("dummy", "lexical", "consensus"):
        assert f'<th scope="row">{model}</th>{row}' in page


def test_an_old_run_shows_no_zeros_either(made: tuple[auditor.Audit, str]) -> None:
    run, expected = Run(made[0].directory), made[0].scores
    content = json.dumps(expected).replace("null", "0.0")
    (run / SCORES).write_text(content, "utf-8")
    stages = run.manifest.stages
    for stage in stages.values():
        if SCORES.name in stage.outputs:
            stage.outputs[SCORES.name] = hash_file(run / SCORES)
    run.record(stages=stages)
    audit = auditor.Audit(made[0].directory)
    assert audit.scores == expected
    assert "0.0\u202f%" not in audit.report().read_text("utf-8")
