"""`auditor retrain` as its user sees it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import ConfigError, CorrectionError
from auditor.evaluation.comparison.results import Retraining
from auditor.run import Run
from tests.evaluation.judged import judged_run
from tests.review.runs import write_run

pytestmark = pytest.mark.slow

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is drawn elsewhere."""
    monkeypatch.setattr("auditor.report.write_report", lambda directory, db: directory)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Run:
    return judged_run(tmp_path_factory.mktemp("judged") / "[b]diary", tiny_model)


def test_table_caveats_and_places(invoke: Invoke, run: Run) -> None:
    code, out, _ = invoke("retrain", run.directory, "--models", "lexical", "--seeds", 1, "-q")
    assert code == 0
    assert "tested on 80 (2 corrected, 1 left out): the dataset's own splits" in out
    assert len(re.findall(r"^original +│ +[\d.]+ % │ +[\d.]+ % │ +[+-][\d.]+ \[", out, flags=re.MULTILINE)) == 6
    assert len(re.findall(r"^difference +│ +[+-]", out, flags=re.MULTILINE)) == 6
    assert "lexical, on 2 rows of a random sample" in out
    assert "favours that model" in out
    assert f"Saved:  lexical, trained on the corrected labels: {run / 'model' / 'lexical'}" in out
    assert f"Report: {run / 'report.html'}" in out


def test_json_holds_all_of_it(invoke: Invoke, run: Run) -> None:
    code, out, _ = invoke("retrain", run.directory, "--models", "lexical", "--seeds", 1, "-q", "--json")
    assert code == 0
    told = json.loads(out)
    saved, where, page = told.pop("saved"), told.pop("run"), told.pop("report")
    assert told.pop("pushed") is None
    assert Path(saved["lexical"], "auditor.json").is_file()
    assert (where, page) == (str(run.directory), str(run / "report.html"))
    found = Retraining.model_validate_json(json.dumps(told))
    assert found.models[0].comparison.draws == 2_000


def test_what_each_verdict_does_can_be_chosen(invoke: Invoke, run: Run) -> None:
    words = (
        "--models",
        "lexical",
        "--seeds",
        1,
        "-q",
        "--json",
        "--leave-out",
        "",
        "--ties",
        "adjudicated-only",
        "--unreviewed",
        "suggest-above=0.9",
    )
    code, out, _ = invoke("retrain", run.directory, *words)
    assert code == 0
    setting = json.loads(out)["setting"]
    assert setting["excluded"] == 0
    assert (setting["policy"]["above"], setting["policy"]["ties"]) == (0.9, "adjudicated-only")


def test_only_some_reviewers_count(invoke: Invoke, run: Run) -> None:
    code, _, err = invoke("retrain", run.directory, "--models", "lexical", "--reviewer", "bob")
    assert code == CorrectionError.exit_code
    assert "No verdict of 'bob' is in the decision log." in err
    assert "Choose from those who have judged rows: ann." in err


def test_wrong_words_are_told_what_to_do(invoke: Invoke, run: Run, tmp_path: Path) -> None:
    code, _, err = invoke("retrain", run.directory, "--models", "lexical,gpt")
    assert code == ConfigError.exit_code == 2
    assert "Choose from features, lexical, finetuned." in err
    code, _, err = invoke("retrain", "nowhere")
    assert code == 5
    assert "There is no run 'nowhere'" in err
    untouched = write_run(tmp_path / "untouched", rows=60)
    code, _, err = invoke("retrain", untouched.directory, "--models", "lexical")
    assert code == CorrectionError.exit_code
    assert "→ Judge the suspect rows first with `auditor review`." in err


def test_the_fine_tuned_model_is_pushed(invoke: Invoke, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed = []

    def push_model(folder: Path, repo: str, *, private: bool, token: str | None, listener: object) -> str:
        pushed.append((folder, repo, private))
        return f"https://hub.test/{repo}"

    monkeypatch.setattr("auditor.evaluation.saved.publish.push_model", push_model)
    code, out, _ = invoke(
        "retrain", run.directory, "--models", "finetuned", "--seeds", 1, "-q", "--push", "ann/emotion"
    )
    assert code == 0
    assert pushed == [(run / "model" / "finetuned", "ann/emotion", True)]
    assert (pushed[0][0] / "model.safetensors").is_file()
    assert out.rstrip().endswith("Pushed: https://hub.test/ann/emotion")
    code, _, err = invoke("retrain", run.directory, "--models", "lexical", "--push", "ann/emotion")
    assert code == ConfigError.exit_code == 2
    assert "--push publishes the fine-tuned model" in err


def test_ctrl_c_says_how_to_go_on(invoke: Invoke, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*words: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("auditor.api.Audit.retrain", stop)
    code, _, err = invoke("retrain", run.directory)
    assert code == 130
    assert "Run the same command again to continue." in err
