"""What the Makefile does with the environment that it is started in."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_python_may_keep_what_it_has_compiled() -> None:
    """pip installs without compiling, so that each process would compile all that it imports."""
    probe = "include Makefile\nprobe: ; @echo [$$PYTHONDONTWRITEBYTECODE]\n"
    done = subprocess.run(
        ["make", "--silent", "-f", "-", "probe"],
        input=probe,
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
