"""The page's scripts that think, tested by Node's own runner: keys, deck, flow, outbox, markdown."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = sorted((Path(__file__).parent / "static").glob("*.test.mjs"))
NODE = shutil.which("node")


def _is_new_enough() -> bool:
    found = subprocess.run([NODE or "", "--version"], capture_output=True, text=True, check=True).stdout
    return int(found.strip().removeprefix("v").split(".")[0]) >= 20


@pytest.mark.skipif(NODE is None or not _is_new_enough(), reason="takes Node 20")
def test_the_scripts_that_think() -> None:
    assert len(TESTS) >= 5
    assert NODE is not None
    done = subprocess.run([NODE, "--test", *map(str, TESTS)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
