"""The memory of a command and of all the processes that it starts."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import psutil

MIB = 2**20


class Memory:
    """Samples the sum of the proportional set sizes of a process and its descendants.

    Five times a second at most, and so seldom that the sampling takes a fiftieth of a core at most: the kernel walks
    through all pages of a process, which meanwhile gets no new ones.
    """

    def __init__(self, pid: int) -> None:
        self._pid, self._ended, self._most = pid, threading.Event(), 0
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def mib(self) -> int:
        """Return the highest sum so far."""
        return round(self._most / MIB)

    def _watch(self) -> None:
        pause = 0.2
        while not self._ended.wait(pause):
            start = time.perf_counter()
            try:
                root = psutil.Process(self._pid)
                total = sum(process.memory_full_info().pss for process in (root, *root.children(recursive=True)))
            except psutil.Error:  # one of them has just ended
                continue
            self._most = max(self._most, total)
            pause = max(0.2, 50 * (time.perf_counter() - start))


def timed(*words: str) -> dict[str, float]:
    """Run Python with these arguments: the seconds on the clock, and the highest memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL)
    with Memory(process.pid) as memory:
        code = process.wait()
    if code:
        raise SystemExit(f"{' '.join(words)} ended with exit code {code}")
    return {"seconds": round(time.perf_counter() - start, 1), "mib": memory.mib}
