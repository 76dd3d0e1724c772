"""A process that has everything imported and compiled, and forks a process for each command it is given.

A command takes ten seconds to start, of which a fork takes none: so a test can kill a real process a hundred times.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.disk import files_up_to

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",  # threads do not survive a fork
    "NUMBA_NUM_THREADS": "1",
    "NUMBA_THREADING_LAYER": "workqueue",  # the one that allows a fork
}


@dataclass(frozen=True)
class Ended:
    """How a process ended: exit code, or minus the signal that killed it; and what it wrote, on one line."""

    code: int
    output: str


class Forks:
    """The process, as a test sees it.

    Parameters
    ----------
    folder : Path
        For what the forked processes write to standard output and error.
    warm_up : sequence of objects
        Words of a command to run first, in the process itself.
    """

    def __init__(self, folder: Path, *warm_up: object) -> None:
        self._log = folder / "output.txt"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forks", *map(str, warm_up)],
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, *words: object, **order: Any) -> Ended:
        """Run ``auditor <words>``.

        ``borders=file``: SIGKILL after the first renaming that is not in the file yet, and add it, as
        ``stage: artifact``; ``begun=file``: add the name of each stage that begins; ``after=seconds``: SIGKILL then;
        ``largest=bytes``: no file may be larger.
        """
        assert self._process.stdin
        assert self._process.stdout
        order = {**order, "words": [str(word) for word in words], "log": str(self._log)}
        self._process.stdin.write(json.dumps(order, default=str) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process has ended"
        return Ended(int(answer), " ".join(self._log.read_text("utf-8").split()))


def _serve(warm_up: list[str]) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        assert _command(warm_up) == 0
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            _obey(order)
        if "after" in order:
            time.sleep(order["after"])
            os.kill(child, signal.SIGKILL)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _obey(order: dict[str, Any]) -> None:
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    if "begun" in order:
        _watch(Path(order["begun"]), Path(order["borders"]) if "borders" in order else None)
    code = 70
    try:
        with files_up_to(order["largest"]) if "largest" in order else contextlib.nullcontext():
            code = _command(order["words"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _command(words: list[str]) -> int:
    from auditor.cli import main

    sys.argv = ["auditor", *words]
    try:
        main()
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


def _watch(begun: Path, borders: Path | None) -> None:
    """Note each stage that begins; be killed as soon as something new stands in the run under its name."""
    from auditor.run import Run

    seen = set(borders.read_text("utf-8").splitlines()) if borders and borders.exists() else set()
    run_stage, replace = Run.stage, os.replace
    where = "start"

    def watched_replace(source: Path, target: Path, **folders: Any) -> None:
        replace(source, target, **folders)
        border = f"{where}: {Path(target).name}"
        if borders and border not in seen and not border.endswith(".png"):
            _add(borders, border)
            os.kill(os.getpid(), signal.SIGKILL)

    def watched_stage(self: Run, name: str, make: Any, **options: Any) -> bool:
        nonlocal where

        def noted(space: Path) -> None:
            _add(begun, name)
            make(space)

        where = name
        done = run_stage(self, name, noted, **options)
        where = f"after {name}"
        return done

    Run.stage, os.replace = watched_stage, watched_replace  # type: ignore[assignment,method-assign]


def _add(file: Path, line: str) -> None:
    with file.open("a", encoding="utf-8") as lines:
        lines.write(line + "\n")


if __name__ == "__main__":
    _serve(sys.argv[1:])
