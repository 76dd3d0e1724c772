"""run_id: the id by which a decision log identifies a run."""

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
    """Read the run's id from ``run.id``, which is created if missing.

    The id stays the same when the run is audited again, renamed or copied.

    Parameters
    ----------
    run : Run
    read_only : bool
        If ``run.id`` is missing and cannot be created, derive an id from the manifest. No log has it.

    Raises
    ------
    RunDamagedError
        If the file has no valid id, or is missing although there is a log.
    LogError
        If the file cannot be read or written.
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
            "Reviewing writes to the run directory: get write access to it, or copy the run to where you have it.",
        ) from error
    except UnicodeDecodeError:
        found = ""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", found):
        raise RunDamagedError(
            f"{path} is damaged: it does not hold the id by which the decision log identifies the run.",
            "Restore it from a backup, or from an exported log: the id is each line's run_id.",
        )
    return found


def _make(path: Path, run: Run) -> None:
    with lock(run / f"{RUN_ID}.lock"):
        if os.path.lexists(path):
            return
        if os.path.lexists(run.decisions):  # under a new id, all decisions would disappear
            raise RunDamagedError(
                f"{path} is missing: it holds the id by which the decision log identifies the run.",
                "Restore it from a backup, or from an exported log: the id is each line's run_id. To start without the"
                " decisions, move decisions.db away.",
            )
        write(path, secrets.token_hex(8).encode() + b"\n", inside=run.directory)
