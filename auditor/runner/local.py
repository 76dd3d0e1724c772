"""Parts side by side in processes of this machine."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event, Lock
from typing import Any

from joblib import cpu_count

from auditor.run.memory import free_memory
from auditor.runner.base import Done, Need, Part, Task, done_of, lost
from auditor.runner.worker import START

_WORTH = 20.0
"""Seconds that a part must be expected to take: a process takes some to start."""
_TRIES = 2


class Local:
    """Runs each part in a process of its own.

    Parameters
    ----------
    jobs : int, optional
        Most processes at the same time; 1 runs the parts in the caller's own process. Default: as many as the cores and
        the free memory permit; 1 on a GPU.
    """

    def __init__(self, jobs: int | None = None) -> None:
        self.jobs = jobs

    def at_once(self, parts: int, need: Need) -> int:
        """Return the number of processes; 0 if one would do, or if a part takes less time than its process."""
        if need.uses_all_cores or need.seconds < _WORTH:
            jobs = 1
        elif self.jobs is not None:
            jobs = self.jobs
        elif need.gpus:
            jobs = 1
        else:
            jobs = min(cpu_count() // need.threads, free_memory() // max(need.memory, 1))
        return min(parts, jobs) if min(parts, jobs) > 1 else 0

    def map(
        self, task: Task, parts: Sequence[Part], need: Need, progress: Callable[[int, int, int], None]
    ) -> Generator[tuple[int, Done], None, None]:
        """Run a task on each part; see :meth:`Runner.map`."""
        crew = _Crew(task)
        pool = ThreadPoolExecutor(max(self.at_once(len(parts), need), 1), "auditor-worker")
        try:
            for number, part in enumerate(parts):
                pool.submit(crew.run, number, part)
            left = len(parts)
            while left:
                kind, number, value = crew.next_event()
                if kind == "progress":
                    progress(number, *value)
                elif kind == "log":
                    name, level, message = value
                    logging.getLogger(name).log(level, "%s: %s", parts[number].name, message)
                elif kind == "lost":
                    raise lost(parts[number], value)
                else:
                    left -= 1
                    yield number, done_of({kind: value})
        finally:
            crew.stop()
            pool.shutdown(cancel_futures=True)


class _Crew:
    """The processes. Threads wait for them; the caller hears of everything in its own thread."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._events: SimpleQueue[tuple[str, int, Any]] = SimpleQueue()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped, self._lock = Event(), Lock()

    def next_event(self) -> tuple[str, int, Any]:
        """Wait for a message of any process: its kind, the number of the part, its value."""
        while True:
            with suppress(Empty):  # Windows notices Ctrl-C only between two waits
                return self._events.get(timeout=1.0)

    def run(self, number: int, part: Part) -> None:
        """Run a part in a process, and in a second one if the first is killed."""
        try:
            for _ in range(_TRIES):
                outcome, code = self._run_once(number, part)
                if outcome is not None:
                    break
        except OSError as error:  # there is no room for another process
            outcome, code = ("lost", number, str(error)), 0
        self._events.put(outcome or ("lost", number, _ending(code)))

    def _run_once(self, number: int, part: Part) -> tuple[tuple[str, int, Any] | None, int]:
        with self._lock:
            if self._stopped.is_set():
                return None, 0
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", START],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C reaches the caller alone, which then stops all processes
            )
            self._running.add(process)
        outcome = None
        level = logging.getLogger("auditor").getEffectiveLevel()
        order = {**part.call(self._task), "log": level}
        with suppress(BrokenPipeError, json.JSONDecodeError), process:  # it may be killed in the middle of a line
            assert process.stdin
            assert process.stdout
            search = [entry or os.getcwd() for entry in sys.path]
            process.stdin.write(f"{json.dumps(search)}\n{json.dumps(order)}\n")
            process.stdin.flush()
            for line in process.stdout:
                ((kind, value),) = json.loads(line).items()
                if kind in ("progress", "log"):
                    self._events.put((kind, number, value))
                else:
                    outcome = kind, number, value
        with self._lock:
            self._running.discard(process)
        return outcome, process.returncode

    def stop(self) -> None:
        """Kill all processes; start no more."""
        with self._lock:
            self._stopped.set()
            for process in self._running:
                process.kill()


def _ending(code: int) -> str:
    if code >= 0:
        return f"its process ended with exit code {code}"
    with suppress(ValueError):
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process was ended by signal {-code}"
