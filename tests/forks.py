"""A process that has everything imported and compiled, and forks a process for each command it is given.

A command takes ten seconds to start, of which a fork takes none: so a test can kill a real process a hundred times.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import runpy
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Self

from tests.disk import files_up_to

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "OMP_NUM_THREADS": "1",  # threads do not survive a fork
    "NUMBA_NUM_THREADS": "1",
    "NUMBA_THREADING_LAYER": "workqueue",  # the one that allows a fork
}
_PAUSE = 0.01
"""Seconds between two looks at whether a process has ended."""


@dataclass(frozen=True)
class Ended:
    """How a process ended: exit code, or minus the signal that killed it; and what it wrote, on one line."""

    code: int
    output: str


class Forks:
    """The process, as a test sees it; its seed of hashes is another than the test's.

    Parameters
    ----------
    folder : Path
        For what the forked processes write to standard output and error.
    **environment
        Variables that it has beside the test's.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        self._log = folder / "output.txt"
        seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forks"],
            cwd=ROOT,
            env={**ENVIRONMENT, **environment, "PYTHONHASHSEED": seed},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def load(self, *modules: str) -> None:
        """Import modules in the process itself, for all commands that follow."""
        self.ask({"load": modules})

    def warm_up(self, *words: object) -> None:
        """Run ``auditor <words>`` in the process itself: what it compiles need not be compiled again."""
        assert self.ask({"warm": [str(word) for word in words]}) == 0

    def start(self, *words: object, output: Path, errors: Path | None = None, **order: Any) -> Fork:
        """Start ``auditor <words>``, or a script if the first is a path that ends in ``.py``.

        Parameters
        ----------
        output, errors : Path
            Files that standard output and error are added to; both to the first if there is one alone.
        **order
            ``folder=path``: work there. ``borders=file``: SIGKILL after the first renaming that is not in the file
            yet, and add it, as ``stage: artifact``. ``begun=file``: add the name of each stage that begins.
            ``largest=bytes``: no file may be larger. ``files=number``: no more may be open. ``drawn=False``: reports
            have empty frames in the place of pictures.
        """
        order = {**order, "words": [str(word) for word in words], "output": output, "errors": errors or output}
        return Fork(self, self.ask(order))

    def run(self, *words: object, after: float | None = None, **order: Any) -> Ended:
        """Run a command as :meth:`start` does, to its end; ``after=seconds``: SIGKILL then."""
        self._log.unlink(missing_ok=True)
        fork = self.start(*words, output=self._log, **order)
        if after is not None:
            time.sleep(after)
            fork.kill()
        return Ended(fork.wait(), " ".join(self._log.read_text("utf-8").split()))

    def ask(self, order: dict[str, Any]) -> Any:
        """Give the process an order; its answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order, default=str) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process has ended"
        return json.loads(answer)


class Fork:
    """A process that was forked; as much of :class:`subprocess.Popen` as tests need."""

    def __init__(self, forks: Forks, pid: int) -> None:
        self._forks = forks
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Exit code, or minus the signal that killed it; None as long as it runs."""
        if self.returncode is None:
            self.returncode = self._forks.ask({"ended": self.pid})
        return self.returncode

    def wait(self) -> int:
        """Wait for its end; its exit code."""
        while (code := self.poll()) is None:
            time.sleep(_PAUSE)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it with SIGKILL, as a power cut would."""
        self.send_signal(signal.SIGKILL)


def _serve() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        order = json.loads(line)
        answers.write(json.dumps(_answer(order)) + "\n")
        answers.flush()


def _answer(order: dict[str, Any]) -> Any:
    if "load" in order:
        for module in order["load"]:
            importlib.import_module(module)
        return None
    if "warm" in order:
        return _command(order["warm"])
    if "hash" in order:
        return hash(order["hash"])
    if "ended" in order:
        pid, status = os.waitpid(order["ended"], os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None
    gc.freeze()  # what is loaded stays: a fork that looked through it for garbage would copy its memory
    return os.fork() or _obey(order)


def _obey(order: dict[str, Any]) -> NoReturn:
    code = 70
    try:
        _become(order)
        with contextlib.ExitStack() as stack:
            if "largest" in order:
                stack.enter_context(files_up_to(order["largest"]))
            if not order.get("drawn", True):
                from tests.pictures import without_pictures  # imports matplotlib

                stack.enter_context(without_pictures())
            code = _command(order["words"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _become(order: dict[str, Any]) -> None:
    """Be a process of its own, as a test has ordered it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored where the tests run in the background
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream, path in ((1, order["output"]), (2, order["errors"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    if "folder" in order:
        os.chdir(order["folder"])
    if "files" in order:
        resource.setrlimit(resource.RLIMIT_NOFILE, (order["files"], order["files"]))
    if "begun" in order:
        _watch(Path(order["begun"]), Path(order["borders"]) if "borders" in order else None)


def _command(words: list[str]) -> int:
    """Run ``auditor <words>``, or the script that the first word names."""
    from auditor.cli import main

    try:
        if words[0].endswith(".py"):
            sys.argv, sys.path = words, [str(Path(words[0]).parent), *sys.path]
            runpy.run_path(words[0], run_name="__main__")
        else:
            sys.argv = ["auditor", *words]
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

        def noted(space: Path, read: Any) -> None:
            _add(begun, name)
            make(space, read)

        where = name
        done = run_stage(self, name, noted, **options)
        where = f"after {name}"
        return done

    Run.stage, os.replace = watched_stage, watched_replace  # type: ignore[assignment,method-assign]


def _add(file: Path, line: str) -> None:
    with file.open("a", encoding="utf-8") as lines:
        lines.write(line + "\n")


if __name__ == "__main__":
    _serve()
