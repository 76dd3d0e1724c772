"""What is done with a finished audit, in Python and on the command line: opens the run and its decision log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from auditor.correction.corrections import Corrections, corrections_of
from auditor.correction.policy import Policy
from auditor.result import Audit
from auditor.review.log import DecisionLog, run_id
from auditor.run import Run, find_run

AnyAudit = Audit | Run | str | Path


@contextmanager
def decision_log(audit: AnyAudit, db: str | None = None) -> Iterator[tuple[Run, DecisionLog]]:
    """Open a run, given by itself, its name or its path, with its decision log: ``decisions.db`` in it, or ``db``."""
    run = audit.run if isinstance(audit, Audit) else audit if isinstance(audit, Run) else find_run(audit)
    with closing(DecisionLog(db or run / "decisions.db", run_id(run))) as log:
        yield run, log


def corrections(audit: AnyAudit, policy: Policy | None = None, *, db: str | None = None) -> Corrections:
    """Apply the decisions on a finished audit.

    Parameters
    ----------
    audit : Audit, Run, str or Path
        Itself, its name or its path.
    policy : Policy, optional
        What each verdict does.
    db : str, optional
        Address of the decision log; ``decisions.db`` in the run's directory by default.

    Raises
    ------
    RunMissingError, RunDamagedError, LogError, ExportError
    """
    with decision_log(audit, db) as (run, log):
        return corrections_of(run, log.standing(), policy)
