"""Regular expressions: which texts they match, found in processes that are ended when one takes too long.

RE2 takes time linear in the text, but 50,000 times as much with some expressions as with others, and nothing stops it
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

Mask = npt.NDArray[np.bool_]

_TO_START = 60.0
"""Seconds after which a process that has not started never will."""
_PATIENCE = 4
"""Times as long as it may compute, a search may take on a busy machine."""


class WrongExpressionError(ValueError):
    """It is no regular expression, as RE2 understands them."""


class Expressions:
    """Search in N texts; safe to be used from many threads, each of which then gets a process of its own.

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
        """(N,) bool: the texts that match; None if it takes more computing time, or more memory than there is for it.

        Raises
        ------
        WrongExpressionError
        OSError
            If no process can be started, or there is no room for its copy of the texts.
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
    """Write the texts once, into a file without a name that all processes map into their memory."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # open for as long as there are searches
    with pa.ipc.new_file(file, pa.schema([("text", texts.type)])) as writer:
        writer.write_table(pa.table({"text": texts}))
    file.flush()
    return file


class _Process:
    """One process, which searches until a search takes too long.

    Raises
    ------
    OSError
        If it does not start.
    """

    def __init__(self, texts: IO[bytes]) -> None:
        program, descriptor = Path(__file__).with_name("matcher.py"), texts.fileno()
        self._process = subprocess.Popen(
            # -P: the folder's own queue.py is not Python's.
            [sys.executable, "-P", str(program), f"/dev/fd/{descriptor}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[descriptor],
        )
        self.end = weakref.finalize(self, _end, self._process)
        if self._answer(b"", _TO_START) is None:
            raise OSError("the process that searches does not start")

    @property
    def runs(self) -> bool:
        """Whether nobody has ended it."""
        return self._process.poll() is None

    def ask(self, expression: str, seconds: float) -> npt.NDArray[np.uint8] | None:
        """A bit a text, eight a byte; None if it takes longer, and then the process is ended."""
        answer = self._answer(json.dumps([expression, seconds]).encode() + b"\n", _PATIENCE * seconds)
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
            size_or_why = json.loads(answers.readline())
            if isinstance(size_or_why, str):
                return size_or_why
            return np.frombuffer(answers.read(size_or_why), np.uint8, size_or_why)
        except (BrokenPipeError, ValueError):  # the line, or what follows it, is cut off
            self.end()
            return None
        finally:
            timer.cancel()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    with contextlib.suppress(BrokenPipeError), process:  # closes the pipes, and waits
        pass
    process.wait()
