"""The process that searches for regular expressions, so that it can be ended when one takes too long.

It is run by its path, without the rest of auditor, and so starts quickly. It is given an Arrow file of texts. A search
is a line of JSON: the expression, and the seconds of computing after which the process is to end. The answer is a line
of JSON: the number of bytes that follow (a bit a text), or what is wrong with the expression. The first answer, without
a search, says that the process has started.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_MEMORY = 1 << 30
"""Bytes that the process may take, the texts apart: far more than RE2 does."""


def main(path: str) -> None:
    """Answer searches until there are no more."""
    _limit_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    texts = pa.ipc.open_file(pa.memory_map(path)).read_all()["text"]
    answers = sys.stdout.buffer
    answers.write(b"0\n")
    answers.flush()
    for line in sys.stdin.buffer:
        expression, seconds = json.loads(line)
        if hasattr(signal, "setitimer"):  # elsewhere, the parent's clock alone ends it
            signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            found = pc.match_substring_regex(texts, expression, ignore_case=True)
        except pa.ArrowInvalid as error:
            answers.write(json.dumps(str(error)).encode() + b"\n")
        else:
            bits = np.packbits(found.to_numpy()).tobytes()
            answers.write(b"%d\n" % len(bits) + bits)
        answers.flush()


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # not every system can
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))


if __name__ == "__main__":
    main(sys.argv[1])
