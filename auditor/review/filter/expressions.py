"""Regular expressions: search in processes that are killed when a search takes too long.

RE2 takes time linear in the text, but some expressions take 50,000 times as long as others, and nothing interrupts RE2
within one text.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path
from threading import Lock, Timer
from typing import IO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.arrays import Mask

_START_SECONDS = 60.0
"""Seconds after which a process is assumed unable to start."""
_SLOWDOWN = 4
"""Elapsed time that a search may take on a busy machine, as a multiple of its computing time."""


class WrongExpressionError(ValueError):
    """The text is not a regular expression in RE2's syntax."""


class Expressions:
    """Search in N texts. Safe to use from many threads; each concurrent search gets its own process.

    Parameters
    ----------
    texts : (N,) ChunkedArray of str
    """

    def __init__(self, texts: pa.ChunkedArray) -> None:
        self._texts = texts
        self._file: IO[bytes] | None = None
        self._idle: list[_Process] = []
        self._lock = Lock()

    def find(self, expression: str, seconds: float) -> Mask | None:
        """Return the texts that match as an (N,) mask; None if the search exceeds its time or memory.

        Raises
        ------
        WrongExpressionError
        OSError
            If no process can be started, or the disk has no space for its copy of the texts.
        """
        process = self._process()
        try:
            bits = process.ask(expression, seconds)
        finally:
            if process.end.alive:
                self._idle.append(process)
        return None if bits is None else np.unpackbits(bits, count=len(self._texts)).view(np.bool_)

    def _process(self) -> _Process:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.runs:
                    return process
            if self._file is None:
                self._file = _written(self._texts)
                weakref.finalize(self, self._file.close)
        return _Process(self._file)


def _written(texts: pa.ChunkedArray) -> IO[bytes]:
    """Write the texts once to an unnamed file that all processes map into memory."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # stays open while there are searches
    with pa.ipc.new_file(file, pa.schema([("text", texts.type)])) as writer:
        writer.write_table(pa.table({"text": texts}))
    file.flush()
    return file


class _Process:
    """A process that serves searches until one takes too long.

    Raises
    ------
    OSError
        If the process does not start.
    """

    def __init__(self, texts: IO[bytes]) -> None:
        program, descriptor = Path(__file__).with_name("matcher.py"), texts.fileno()
        self._process = subprocess.Popen(
            # -P keeps the script's folder off the import path.
            [sys.executable, "-P", str(program), f"/dev/fd/{descriptor}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[descriptor],
        )
        self.end = weakref.finalize(self, _end, self._process)
        if self._answer(b"", _START_SECONDS) is None:
            raise OSError("the search process does not start")

    @property
    def runs(self) -> bool:
        """Whether the process is running."""
        return self._process.poll() is None

    def ask(self, expression: str, seconds: float) -> npt.NDArray[np.uint8] | None:
        """Return one bit per text, eight per byte; None if the search takes longer, which ends the process."""
        answer = self._answer(json.dumps([expression, seconds]).encode() + b"\n", _SLOWDOWN * seconds)
        if isinstance(answer, str):
            raise WrongExpressionError(answer)
        return answer

    def _answer(self, line: bytes, seconds: float) -> npt.NDArray[np.uint8] | str | None:
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        timer = Timer(seconds, self._process.kill)
        timer.start()
        try:
            requests.write(line)
            requests.flush()
            size_or_error = json.loads(answers.readline())
            if isinstance(size_or_error, str):
                return size_or_error
            return np.frombuffer(answers.read(size_or_error), np.uint8, size_or_error)
        except (BrokenPipeError, ValueError):  # the answer is cut off
            self.end()
            return None
        finally:
            timer.cancel()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    with contextlib.suppress(BrokenPipeError), process:  # closes the pipes and waits
        pass
    process.wait()
