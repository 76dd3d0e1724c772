"""run_id: the name by which a decision log knows a run."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from auditor.errors import LogError, RunDamagedError
from auditor.run import Run
from auditor.run.artifacts import MANIFEST, RUN_ID
from auditor.storage import lock, read_plain, write


def run_id(run: Run, *, read_only: bool = False) -> str:
    """Read the run's id from its ``run.id``, which is made when it is missing.

    It stays the same when the run is audited afresh, renamed or copied.

    Parameters
    ----------
    run : Run
    read_only : bool
        Where ``run.id`` is missing and cannot be made, derive an id from the manifest: no log knows it.

    Raises
    ------
    RunDamagedError
        If the file holds no id, or is missing beside a log.
    LogError
        If it cannot be read or written.
    """
    path = run / RUN_ID
    try:
        if not os.path.lexists(path):
            _make(path, run)
        found = read_plain(path).decode().strip()
    except OSError as error:
        if read_only and not os.path.lexists(path):
            return hashlib.sha256(read_plain(run / MANIFEST)).hexdigest()[:16]
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


def _make(path: Path, run: Run) -> None:
    with lock(run / f"{RUN_ID}.lock"):
        if os.path.lexists(path):
            return
        if os.path.lexists(run.decisions):  # with another id, all that was decided would be seen no more
            raise RunDamagedError(
                f"{path} is missing: the decision log beside it knows the run by the id in it.",
                "Restore it from a backup; it is the run_id of each line of an exported log. To start without the"
                " decisions, move decisions.db away.",
            )
        write(path, secrets.token_hex(8).encode() + b"\n", inside=run.directory)
