"""Find a run by its name or path."""

from __future__ import annotations

import os
from pathlib import Path

from auditor.errors import RunMissingError
from auditor.run.artifacts import MANIFEST
from auditor.run.store import Run

DEFAULT_PLACE = Path("reports") / "runs"


def is_run(directory: Path) -> bool:
    """Return whether a directory has a manifest, valid or not."""
    return os.path.lexists(directory / MANIFEST)


def find_run(name: str | Path) -> Run:
    """Open a run by its name (under ``reports/runs``) or path; it need not be finished if there is a ranking.

    Raises
    ------
    RunMissingError
        If the run does not exist, or has no ranking yet.
    """
    places = (Path(name), DEFAULT_PLACE / name)
    directory = next((place for place in places if is_run(place)), None)
    if directory is None:
        existing = sorted(path.parent.name for path in DEFAULT_PLACE.glob(f"*/{MANIFEST}"))
        raise RunMissingError(
            f"There is no run {str(name)!r}, neither as a path nor under {DEFAULT_PLACE}.",
            f"Choose from {', '.join(existing)}." if existing else "Create a run with `auditor run FILE`.",
        )
    run = Run(directory)
    if not run.manifest.ranked:
        check_finished(run)
    return run


def check_finished(run: Run) -> None:
    """Refuse a run that is not finished.

    Raises
    ------
    RunMissingError
    """
    if not run.manifest.finished:
        raise RunMissingError(
            f"The run {run.directory} is not finished.",
            "Run its `auditor run` command again; it continues from where it stopped.",
        )
