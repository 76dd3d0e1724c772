"""README.md's examples run, as they stand there, on a small dataset."""

from __future__ import annotations

import csv
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SHELL = re.findall(r"<!-- the tests run this -->\n```sh\n(.*?)```", README, flags=re.DOTALL)
PYTHON = re.findall(r"<!-- the tests run this -->\n```python\n(.*?)```", README, flags=re.DOTALL)
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the ``tweets.csv`` that README.md speaks of: 90 rows of the bundled sample, three emotions."""
    with (ROOT / "auditor" / "data" / "sample" / "written.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (tmp_path / "tweets.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for label in ("joy", "sadness", "anger"):
            writer.writerows([row["text"], label] for row in [row for row in rows if row["label"] == label][:30])
    return tmp_path


@pytest.mark.slow
def test_the_commands_run(folder: Path) -> None:
    assert SHELL
    for line in re.sub(r"\\\n\s*", "", "".join(SHELL)).splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        assert words[0] == "auditor", line
        command = [sys.executable, "-m", "auditor", *words[1:]]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=ENVIRONMENT)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    assert (folder / "reports" / "runs" / "tweets" / "report.html").is_file()


@pytest.mark.slow
def test_the_python_runs(folder: Path) -> None:
    assert PYTHON
    done = subprocess.run(
        [sys.executable, "-c", "".join(PYTHON)], cwd=folder, capture_output=True, text=True, env=ENVIRONMENT
    )
    assert done.returncode == 0, done.stderr
