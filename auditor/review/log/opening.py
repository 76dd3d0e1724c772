"""Opening: the decision log of a run, wherever it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from auditor.review.log.identity import run_id
from auditor.review.log.log import DecisionLog
from auditor.run import Run


@contextmanager
def opened_log(run: Run, db: str | None = None, *, read_only: bool = False) -> Iterator[DecisionLog]:
    """Open the decision log of a run, and close it.

    Parameters
    ----------
    run : Run
    db : str, optional
        Address of the log. Default: ``decisions.db`` in the run directory.
    read_only : bool
        Create nothing: a missing log reads as an empty one.

    Raises
    ------
    RunDamagedError, LogError
    """
    id = run_id(run, read_only=read_only)
    with closing(DecisionLog(db or run.decisions, id, read_only=read_only)) as log:
        yield log
