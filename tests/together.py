"""Processes that begin at the same moment."""

from __future__ import annotations

import subprocess
import sys


def run_together(code: str, *arguments: object, number: int) -> list[str]:
    """Run ``code`` in several processes; what each has written after ``ready``.

    The code prints ``ready``, flushed, and reads a line: each is told to go once all are ready.
    """
    command = [sys.executable, "-c", code, *map(str, arguments)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(number)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    written = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0] * number
    return written
