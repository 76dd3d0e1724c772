"""run_id: the name by which a decision log knows a run."""

from __future__ import annotations

import os
import re
import secrets

from auditor.errors import LogError, RunDamagedError
from auditor.run import Run
from auditor.storage import lock, read_plain, write


def run_id(run: Run) -> str:
    """Read the run's id from its ``run.id``, which is made when it is missing.

    It stays the same when the run is audited afresh, renamed or copied.

    Raises
    ------
    RunDamagedError
        If the file holds no id.
    LogError
        If it cannot be read or written.
    """
    path = run / "run.id"
    try:
        if not os.path.lexists(path):
            with lock(run / "run.id.lock"):
                if not os.path.lexists(path):
                    write(path, secrets.token_hex(8).encode() + b"\n", inside=run.directory)
        found = read_plain(path).decode().strip()
    except OSError as error:
        raise LogError(
            f"{path} cannot be read or written: {error.strerror or error}.",
            "Reviewing writes into the run's directory: see that you may, or copy the run to where you may.",
        ) from error
    except UnicodeDecodeError:
        found = ""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", found):
        raise RunDamagedError(
            f"{path} is damaged: it holds no id, by which the decision log knows the run.",
            "Restore it from a backup; in an exported log, it is each line's run_id.",
        )
    return found
