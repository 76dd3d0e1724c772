"""The demo as a newcomer has it: the bundled sample, the default encoder, all three models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_demo_finds_planted_errors(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "auditor", "demo", "--json", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["planted"] == 56
    by_chance = told["planted"] * 100 / told["rows"]
    assert told["planted_found"]["100"] > 3 * by_chance
    assert told["scores"]["consensus"]["accuracy"] > told["scores"]["dummy"]["accuracy"]
    assert Path(told["report"]).is_file()
