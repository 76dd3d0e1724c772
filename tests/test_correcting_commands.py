"""The commands that give a corrected dataset back, as their user sees them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import auditor
from auditor.errors import ExportError
from auditor.review.log.log import DecisionLog, run_id
from auditor.review.view.items import Items
from auditor.run import Run
from tests.review.reviewing import decision
from tests.review.runs import write_run

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = write_run(tmp_path_factory.mktemp("made") / "diary")
    items = Items.of(run)
    with closing(DecisionLog(run / "decisions.db", run_id(run))) as log:
        kinds = [("keep",), ("exclude",), ("none_fits", "awe"), ("unsure",)]
        events = [decision(items, row, "ann", *words, run_id=log.run_id) for row, words in enumerate(kinds)]
        suggested = [items.label(items.suggested[row]) for row in (4, 5)]
        events += [decision(items, 4, "ann", "relabel", suggested[0], run_id=log.run_id)]
        events += [decision(items, 5, "bob", "relabel", suggested[1], run_id=log.run_id)]
        log.append(events)
    return run


@pytest.fixture
def run(made: Run, tmp_path: Path) -> Run:
    """A run under the usual name, with six decisions."""
    return Run(shutil.copytree(made.directory, tmp_path / "reports" / "runs" / "diary"))


def exported(invoke: Invoke, *words: object) -> dict[str, object]:
    code, out, err = invoke("export", "diary", *words, "--json")
    assert (code, err) == (0, "")
    return dict(json.loads(out))


def test_export(invoke: Invoke, run: Run, tmp_path: Path) -> None:
    code, out, err = invoke("export", "diary", "--to", "clean.csv")
    assert (code, err) == (0, "")
    assert "Policy: relabel changes the label, keep changes nothing. Left out: exclude, none_fits." in out
    assert "6 of 240 rows judged by ann, bob: relabel 2, keep 1, exclude 1, none_fits 1, unsure 1." in out
    assert "2 labels changed, 2 rows left out, 239 written." in out
    assert "Unchanged, unsure: train-3." in out
    assert "Written: excluded.csv" in out
    assert json.loads((tmp_path / "clean.csv.export.json").read_text())["run"]["name"] == "diary"
    code, _, err = invoke("export", "diary", "--to", "clean.csv")
    assert code == 8
    assert "clean.csv, excluded.csv, clean.csv.export.json already exist." in err
    assert invoke("export", "diary", "--to", "clean.csv", "--force")[0] == 0


def test_what_is_chosen(invoke: Invoke, run: Run, tmp_path: Path) -> None:
    def rows(*words: object) -> int:
        return (
            pq.read_table(tmp_path / "out.parquet").num_rows
            if exported(invoke, "--to", "out.parquet", "--force", *words)
            else 0
        )

    assert rows() == 239
    assert rows("--leave-out", "") == 241
    assert rows("--leave-out", "exclude,none_fits,unsure,invalid") == 237
    assert rows("--unreviewed", "drop") == 5, "the row that was set aside among them"
    assert rows("--verdicts", "keep,relabel") == 3
    assert rows("--changed-only") == 2
    assert rows("--changed-only", "--reviewer", "bob") == 1
    assert rows("--filter", "verdict=keep") == 1
    assert rows("--add-classes") == 240


def test_patch_of_the_rows_that_a_filter_finds(invoke: Invoke, run: Run) -> None:
    def changes(*words: str) -> int:
        code, out, _ = invoke("patch", "diary", "--force", "--json", *words)
        assert code == 0
        return int(json.loads(out)["changes"])

    assert changes() == 4
    assert changes("--filter", "verdict=relabel") == 2


def test_suggestions_only_above_a_probability(invoke: Invoke, run: Run) -> None:
    def changed(*words: object) -> tuple[object, object]:
        told = exported(invoke, *words, "--to", "out.parquet", "--force")
        summary, policy = told["summary"], told["policy"]
        assert isinstance(summary, dict)
        assert isinstance(policy, dict)
        return summary["suggested"], policy["above"]

    assert changed() == (0, 0.99)
    few, above = changed("--unreviewed", "suggest-above", "0.9")
    assert above == 0.9
    assert changed("--unreviewed", "suggest-above=0.9") == (few, 0.9)
    assert changed("--unreviewed", "suggest-above", "0.5")[0] > few > 0  # type: ignore[operator]


def test_provenance_and_names(invoke: Invoke, run: Run, tmp_path: Path) -> None:
    exported(invoke, "--to", "out", "--format", "parquet", "--provenance", "--label-names")
    table = pq.read_table(tmp_path / "out" / "train.parquet")
    assert table.column_names[:3] == ["text", "label", "given_label"]
    assert table["reviewers"][0].as_py() == ["ann"]
    assert table["suspicion"].null_count < len(table)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "The option --to is missing."),
        (("--to", "x.csv", "--format", "xls"), 2, "--format is 'xls', which is unknown."),
        (("--to", "x.csv", "--leave-out", "keep"), 2, "--leave-out names 'keep', which is unknown."),
        (("--to", "x.csv", "--verdicts", "maybe"), 2, "--verdicts names 'maybe', which is unknown."),
        (("--to", "x.csv", "--unreviewed", "guess"), 2, "--unreviewed is 'guess', which is unknown."),
        (("--to", "x.csv", "--unreviewed", "suggest-above=high"), 2, "high is not a valid threshold"),
        (("--to", "x.csv", "--unreviewed", "suggest-above", "1.5"), 2, "1.5 is not a valid threshold"),
        (("0.5", "--to", "x.csv"), 2, "0.5 is not a valid threshold for --unreviewed keep"),
        (("--to", "x.csv", "--filter", "nonsense=1"), 7, "The filter has no field 'nonsense'"),
        (("--to", "x.csv", "--verdicts", "ambiguous"), 8, "No row would be written"),
    ],
)
def test_refusals(invoke: Invoke, run: Run, tmp_path: Path, words: tuple[str, ...], code: int, message: str) -> None:
    found, out, err = invoke("export", "diary", *words)
    assert (found, out) == (code, "")
    assert message in err
    assert [path.name for path in tmp_path.iterdir()] == ["reports"]


@pytest.mark.parametrize(
    "words",
    [
        ("export", "--to", "x.csv"),
        ("patch", "--to", "x.jsonl"),
        ("push", "me/clean", "--dry-run", "--to", "x"),
        ("retrain", "--models", "lexical"),
    ],
)
def test_a_reviewer_who_has_judged_nothing_is_refused(
    invoke: Invoke, run: Run, tmp_path: Path, words: tuple[str, ...]
) -> None:
    command, *rest = words
    code, out, err = invoke(command, "diary", *rest, "--reviewer", "Ann", "--reviewer", "bob")
    assert (code, out) == (8, "")
    assert "No verdict of 'Ann' is in the decision log." in err
    assert "→ Choose from those who have judged rows: ann, bob." in err
    assert [path.name for path in tmp_path.iterdir()] == ["reports"]


def test_a_reviewer_is_refused_in_python_and_where_nobody_has_judged(run: Run) -> None:
    with pytest.raises(ExportError, match="No verdict of 'nobody' is in the decision log"):
        auditor.Audit(run).corrections(auditor.Policy(reviewers=("nobody",)))
    run.decisions.unlink()
    with pytest.raises(ExportError, match="Nobody has judged a row yet"):
        auditor.Audit(run).corrections(auditor.Policy(reviewers=("ann",)))


def test_in_python(run: Run, tmp_path: Path) -> None:
    done = auditor.export(run, tmp_path / "clean.parquet", auditor.Policy(changed_only=True))
    assert pq.read_table(done.files[0]).num_rows == 2
    again = auditor.export(
        auditor.Audit(run), tmp_path / "clean", filter="verdict=exclude&verdict=keep", format="jsonl"
    )
    assert [path.name for path in again.files] == ["train.jsonl", "excluded.jsonl"]
    assert again.summary.written == 1


def test_ties_are_left_out_until_they_are_adjudicated_and_the_record_says_so(
    run: Run, tmp_path: Path, invoke: Invoke
) -> None:
    items = Items.of(run)
    with closing(DecisionLog(run / "decisions.db", run_id(run))) as log:
        for row in (0, 1):  # Ann has kept the first, and excluded the second
            log.append([decision(items, row, "bob", "exclude" if row == 0 else "keep", run_id=log.run_id)])
        log.append([decision(items, 1, "eva", "keep", run_id=log.run_id, adjudication=True)])
    for ties, left_out in (("keep", 1), ("adjudicated-only", 2)):
        code, _, err = invoke("export", "diary", "--to", "clean.csv", "--ties", ties, "--force")
        assert (code, err) == (0, "")
        record = json.loads((tmp_path / "clean.csv.export.json").read_text())
        assert record["policy"]["ties"] == ties
        assert ("A tie is left out until it is adjudicated." in record["policy_in_words"]) == (left_out == 2)
        assert record["summary"]["excluded"] == left_out
        assert record["summary"]["adjudicated"] == 1
    changes = [json.loads(line) for line in _lines(invoke, tmp_path)]
    assert items.id_of(1) not in {change.get("id") for change in changes}, "the adjudication keeps it"
    assert invoke("export", "diary", "--to", "clean.csv", "--ties", "coin")[0] == 2


def _lines(invoke: Invoke, folder: Path) -> list[str]:
    assert invoke("patch", "diary", "--to", "patch.jsonl", "--ties", "adjudicated-only")[0] == 0
    return (folder / "patch.jsonl").read_text("utf-8").splitlines()
