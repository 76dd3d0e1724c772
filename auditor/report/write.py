"""Writing the report into the run's directory."""

from __future__ import annotations

from pathlib import Path

from auditor.errors import StorageError
from auditor.report.draw.pictures import draw_pictures
from auditor.report.load.load import load_summary
from auditor.report.page import render_page
from auditor.storage import write


def write_report(directory: Path, db: str | None = None) -> Path:
    """Write ``report.html`` and ``figures/*.png`` from the artifacts of a run.

    Parameters
    ----------
    directory : Path
        Of the run, all its stages done.
    db : str, optional
        Address of the decision log; ``decisions.db`` in the run's directory by default.

    Returns
    -------
    Path
        Of ``report.html``: one file that needs no other, no network and no script.

    Raises
    ------
    RunMissingError
        If the run has not come far enough.
    RunDamagedError
        If an artifact is not the one that was written.
    StorageError
        If the files cannot be written.
    """
    summary = load_summary(directory, db)
    pictures = draw_pictures(summary)
    page, figures = directory / "report.html", directory / "figures"
    try:
        for name, data in pictures.files.items():
            write(figures / name, data, inside=directory)
        for name in _former(figures) - pictures.files.keys():
            (figures / name).unlink()
        write(page, render_page(summary, pictures).encode("utf-8"), inside=directory)
    except OSError as error:
        raise StorageError(
            f"{error.filename or page} cannot be written: {error.strerror}.",
            "Make room or allow writing there, then make the report again.",
        ) from error
    return page


def _former(figures: Path) -> set[str]:
    """Pictures that this run need not have: of a model that it no longer uses, of issues that it no longer finds."""
    names = ("confusion_*", "confusions", "heatmap", "loss_by_class", "health", "map", "gains")
    return {path.name for name in names for path in figures.glob(f"{name}.png")}
