"""README.md's examples run, as they stand there, on a small dataset."""

from __future__ import annotations

import csv
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.forks import Forks

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SHELL = re.findall(r"<!-- the tests run this -->\n```sh\n(.*?)```", README, flags=re.DOTALL)
FILES = re.findall(r"<!-- the tests save this as (\w+\.py) -->\n```python\n(.*?)```", README, flags=re.DOTALL)
BESIDE = re.findall(r"<!-- the tests run this beside mine.py -->\n```sh\n(.*?)```", README, flags=re.DOTALL)
PYTHON = re.findall(r"<!-- the tests run this -->\n```python\n(.*?)```", README, flags=re.DOTALL)
QUICK = ("runs", "issues")
"""Verbs that import nothing which takes long: they are started as a reader starts them."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="forks processes that have threads behind them"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the ``tweets.csv`` that README.md speaks of: 30 rows of the bundled sample, three emotions.

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


def give(line: str, folder: Path, forks: Forks, drawn: bool = False) -> None:
    words = shlex.split(line, comments=True)
    if not words:
        return
    assert words[0] == "auditor", line
    if words[1] in QUICK:
        command, environment = [sys.executable, "-m", "auditor", *words[1:]], {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    else:
        ended = forks.run(*words[1:], folder=folder, drawn=drawn)
        assert ended.code == 0, f"{line}\n{ended.output}"


def run(script: Path, forks: Forks) -> None:
    ended = forks.run(script, folder=script.parent, drawn=False)
    assert ended.code == 0, ended.output


def test_the_commands_run(folder: Path, auditing: Forks) -> None:
    assert SHELL
    for line in re.sub(r"\\\n\s*", "", "".join(SHELL)).splitlines():
        give(line, folder, auditing, drawn=True)
    assert (folder / "reports" / "runs" / "tweets" / "report.html").is_file()


def test_the_python_runs(folder: Path, auditing: Forks) -> None:
    assert PYTHON
    (folder / "reader.py").write_text("".join(PYTHON), "utf-8")
    run(folder / "reader.py", auditing)


def test_what_is_brought_along_runs(folder: Path, auditing: Forks) -> None:
    for name, content in FILES:
        (folder / name).write_text(content, "utf-8")
    first, *more = "".join(BESIDE).splitlines()
    give(first, folder, auditing)
    run(folder / "outside.py", auditing)
    assert len(more) == 2
    for line in more:
        give(line, folder, auditing)
    issues = pq.read_table(folder / "reports" / "runs" / "tweets" / "issues.parquet")
    assert {"loss_features", "loss_bayes", "loss_bert", "short"} <= set(issues.column_names)
    np.testing.assert_allclose(issues["loss_bayes"], issues["loss_bert"], atol=1e-4)
