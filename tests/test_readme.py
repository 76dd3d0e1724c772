"""The examples of README.md and of the pages under docs/ run, as they stand there, on a small dataset."""

from __future__ import annotations

import csv
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.forks import Forks

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TUTORIAL = DOCS / "tutorial.md"
QUICK = ("runs", "issues")
"""Verbs that import nothing which takes long: they are started as a reader starts them."""

running = pytest.mark.skipif(sys.platform != "linux", reason="forks processes that have threads behind them")


def blocks(page: Path, language: str, marker: str = "the tests run this") -> list[str]:
    """Return the code blocks of a page that follow a marker."""
    pattern = rf"^<!-- {re.escape(marker)} -->\n```{language}\n(.*?)```"
    return re.findall(pattern, page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def code(page: Path) -> list[str]:
    """Return all code blocks of a page, without comments."""
    found = re.findall(r"^```(?:sh|python)\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [re.sub(r"[ \t]+#.*$", "", block, flags=re.MULTILINE) for block in found]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the ``tweets.csv`` that the pages speak of: 30 rows of the bundled sample, three emotions.

    The examples share it, as a reader's would: what one has trained, the next finds.
    """
    folder = tmp_path_factory.mktemp("reader")
    with (ROOT / "auditor" / "data" / "sample" / "written.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "tweets.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for label in ("joy", "sadness", "anger"):
            writer.writerows([row["text"], label] for row in [row for row in rows if row["label"] == label][:10])
    return folder


def give(lines: str, folder: Path, forks: Forks, drawn: bool = False) -> None:
    """Give the commands of a block, line by line."""
    for line in re.sub(r"\\\n\s*", "", lines).splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        assert words[0] == "auditor", line
        if words[1] in QUICK:
            command, environment = (
                [sys.executable, "-m", "auditor", *words[1:]],
                {**os.environ, "PYTHONPATH": str(ROOT)},
            )
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        else:
            ended = forks.run(*words[1:], folder=folder, drawn=drawn)
            assert ended.code == 0, f"{line}\n{ended.output}"


def run(script: Path, forks: Forks) -> None:
    ended = forks.run(script, folder=script.parent, drawn=False)
    assert ended.code == 0, ended.output


@pytest.mark.slow
@running
def test_the_commands_run(folder: Path, auditing: Forks) -> None:
    first, *others = blocks(ROOT / "README.md", "sh")
    give(first, folder, auditing, drawn=True)
    for page in (DOCS / "how-to" / "results.md", DOCS / "how-to" / "stop.md"):
        others += blocks(page, "sh")
    assert len(others) == 2
    give("".join(others), folder, auditing)
    assert (folder / "reports" / "runs" / "tweets" / "report.html").is_file()


@pytest.mark.slow
@running
def test_the_python_runs(folder: Path, auditing: Forks) -> None:
    (found,) = blocks(DOCS / "reference" / "python.md", "python")
    (folder / "reader.py").write_text(found, "utf-8")
    run(folder / "reader.py", auditing)


@pytest.mark.slow
@running
def test_the_tutorial_runs(folder: Path, auditing: Forks) -> None:
    """On the run that the README's commands have left, by the name of the demo."""
    runs = folder / "reports" / "runs"
    shutil.copytree(runs / "tweets", runs / "demo", ignore=shutil.ignore_patterns("run.*", "decisions.db*"))
    snippets = blocks(TUTORIAL, "python")
    assert len(snippets) == 4
    (folder / "tutorial.py").write_text("".join(snippets), "utf-8")
    run(folder / "tutorial.py", auditing)
    give("".join(blocks(TUTORIAL, "sh")), folder, auditing)
    judge(runs / "demo", folder / "decisions.jsonl")
    give("auditor log import demo decisions.jsonl", folder, auditing)
    after = blocks(TUTORIAL, "sh", "the tests run this after judging")
    assert len(after) == 3
    give("".join(after), folder, auditing)
    assert (folder / "patch.jsonl").read_text("utf-8").count('"decided_at"') == 3


def judge(directory: Path, file: Path) -> None:
    """Write decisions that relabel the first three rows of a run, as ``auditor log import`` reads them."""
    import auditor
    from auditor.review.log.event import item_hash

    audit = auditor.Audit(directory)
    with audit.log() as log:
        run_id = log.run_id
    lines = []
    for number, row in enumerate(audit.issues.head(3).itertuples()):
        decision = {"verdict": "relabel", "new_labels": [row.suggested_label], "source": "import"}
        judged = {"item_id": row.id, "item_hash": item_hash(row.text, row.given_label)}
        log_entry = {"event_id": f"d{number}", "run_id": run_id, "kind": "decide", "at": "2026-01-01T00:00:00Z"}
        lines.append(json.dumps({**log_entry, **judged, **decision, "reviewer": "ada"}))
    file.write_text("\n".join(lines), "utf-8")


@pytest.mark.slow
@running
def test_what_is_brought_along_runs(folder: Path, auditing: Forks) -> None:
    page = DOCS / "how-to" / "own-models.md"
    for name in ("mine.py", "outside.py"):
        (found,) = blocks(page, "python", f"the tests save this as {name}")
        (folder / name).write_text(found, "utf-8")
    (beside,) = blocks(page, "sh", "the tests run this beside mine.py")
    first, *more = beside.splitlines()
    give(first, folder, auditing)
    run(folder / "outside.py", auditing)
    assert len(more) == 2
    give("\n".join(more), folder, auditing)
    issues = pq.read_table(folder / "reports" / "runs" / "tweets" / "issues.parquet")
    assert {"loss_features", "loss_bayes", "loss_bert", "short"} <= set(issues.column_names)
    np.testing.assert_allclose(issues["loss_bayes"], issues["loss_bert"], atol=1e-4)


def test_every_marked_block_is_run() -> None:
    """A page whose examples should run is one that a test above reads."""
    read = {ROOT / "README.md", TUTORIAL, DOCS / "reference" / "python.md"}
    read |= {DOCS / "how-to" / name for name in ("results.md", "stop.md", "own-models.md")}
    marked = {
        page for page in (ROOT / "README.md", *DOCS.rglob("*.md")) if "<!-- the tests " in page.read_text("utf-8")
    }
    assert marked == read


def test_the_claim_is_what_was_measured() -> None:
    words = runpy.run_path(str(ROOT / "reports" / "detection" / "headline.py"))["in_words"]()
    peer, mean, low, high = re.fullmatch(r"(.*): \+(.*) \[\+(.*), \+(.*)\]", words).groups()
    assert peer == "Datalab (all models)"
    assert f"**{mean} (95 %: {low} to {high})**" in (ROOT / "README.md").read_text("utf-8")


def test_translations_have_the_same_code() -> None:
    for english, chinese in ((ROOT / "README.md", ROOT / "README.zh.md"), (TUTORIAL, DOCS / "zh" / "tutorial.md")):
        assert code(chinese) == code(english)
