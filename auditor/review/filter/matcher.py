"""Process that searches for regular expressions, so that a slow search can be killed.

It runs by its path, without the rest of auditor, so that it starts quickly. Its argument is an Arrow file of texts. A
search is a line of JSON: the expression, and the seconds of computing time after which the process ends itself. The
answer is a line of JSON: the number of bytes that follow (one bit per text), or the error in the expression. A first
answer, without a search, shows that the process has started.
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
"""Maximum bytes that the process may use besides the texts: far more than RE2 needs."""


def main(path: str) -> None:
    """Answer searches until there are no more."""
    _limit_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    texts = pa.ipc.open_file(pa.memory_map(path)).read_all()["text"]
    answers = sys.stdout.buffer
    answers.write(b"0\n")
    answers.flush()
    for line in sys.stdin.buffer:
        expression, seconds = json.loads(line)
        if hasattr(signal, "setitimer"):  # elsewhere, only the parent's clock ends it
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
    with contextlib.suppress(ImportError, ValueError, OSError):  # not every system supports this
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))


if __name__ == "__main__":
    main(sys.argv[1])
