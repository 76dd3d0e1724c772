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

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SHELL = re.findall(r"<!-- the tests run this -->\n```sh\n(.*?)```", README, flags=re.DOTALL)
FILES = re.findall(r"<!-- the tests save this as (\w+\.py) -->\n```python\n(.*?)```", README, flags=re.DOTALL)
BESIDE = re.findall(r"<!-- the tests run this beside mine.py -->\n```sh\n(.*?)```", README, flags=re.DOTALL)
PYTHON = re.findall(r"<!-- the tests run this -->\n```python\n(.*?)```", README, flags=re.DOTALL)
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the ``tweets.csv`` that README.md speaks of: 90 rows of the bundled sample, three emotions.

    The examples share it, as a reader's would: what one has trained, the next finds.
    """
    folder = tmp_path_factory.mktemp("reader")
    with (ROOT / "auditor" / "data" / "sample" / "written.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "tweets.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for label in ("joy", "sadness", "anger"):
            writer.writerows([row["text"], label] for row in [row for row in rows if row["label"] == label][:30])
    return folder


def give(line: str, folder: Path) -> None:
    words = shlex.split(line, comments=True)
    if not words:
        return
    assert words[0] == "auditor", line
    command = [sys.executable, "-m", "auditor", *words[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.slow
def test_the_commands_run(folder: Path) -> None:
    assert SHELL
    for line in re.sub(r"\\\n\s*", "", "".join(SHELL)).splitlines():
        give(line, folder)
    assert (folder / "reports" / "runs" / "tweets" / "report.html").is_file()


@pytest.mark.slow
def test_the_python_runs(folder: Path) -> None:
    assert PYTHON
    done = subprocess.run(
        [sys.executable, "-c", "".join(PYTHON)], cwd=folder, capture_output=True, text=True, env=ENVIRONMENT
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_what_is_brought_along_runs(folder: Path) -> None:
    for name, content in FILES:
        (folder / name).write_text(content, "utf-8")
    first, *more = "".join(BESIDE).splitlines()
    give(first, folder)
    done = subprocess.run([sys.executable, "outside.py"], cwd=folder, capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    assert len(more) == 2
    for line in more:
        give(line, folder)
    issues = pq.read_table(folder / "reports" / "runs" / "tweets" / "issues.parquet")
    assert {"loss_features", "loss_bayes", "loss_bert", "short"} <= set(issues.column_names)
    np.testing.assert_allclose(issues["loss_bayes"], issues["loss_bert"], atol=1e-4)
