"""The command that re-creates a run's report."""

from __future__ import annotations

from typing import Annotated

from auditor.api import Audit
from auditor.commands.options import DB, RUN
from auditor.console import say


def report(run: Annotated[str, RUN], db: Annotated[str | None, DB] = None) -> None:
    """Re-create report.html of a run with the decisions made since.

    Example: auditor report tweets
    """
    say(str(Audit(run).report(db=db)))
