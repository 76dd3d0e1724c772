"""Write the report to the run directory."""

from __future__ import annotations

from pathlib import Path

from auditor.report.draw.pictures import draw_pictures
from auditor.report.load.load import load_summary
from auditor.report.page import render_page
from auditor.run.artifacts import FIGURES, REPORT
from auditor.storage import storage_errors, write


def write_report(directory: Path, db: str | None = None) -> Path:
    """Write ``report.html`` and ``figures/*.png`` from the artifacts of a run.

    Parameters
    ----------
    directory : Path
        Directory of a run with all stages done.
    db : str, optional
        Address of the decision log. Default: ``decisions.db`` in the run directory.

    Returns
    -------
    Path
        Path of ``report.html``: a single file that needs no other file, no network and no script.

    Raises
    ------
    RunMissingError
        If the run lacks a stage that the report needs.
    RunDamagedError
        If an artifact has changed since it was written.
    StorageError
        If the files cannot be written.
    """
    summary = load_summary(directory, db)
    pictures = draw_pictures(summary)
    page, figures = directory / REPORT, directory / FIGURES
    with storage_errors(page, "Free some disk space or allow writing there, then re-create the report."):
        for name, data in pictures.files.items():
            write(figures / name, data, inside=directory)
        for name in _existing_pictures(figures) - pictures.files.keys():
            (figures / name).unlink()
        write(page, render_page(summary, pictures).encode("utf-8"), inside=directory)
    return page


def _existing_pictures(figures: Path) -> set[str]:
    """Return pictures that may be outdated: of a model no longer used, or of issues no longer found."""
    names = ("confusion_*", "confusions", "heatmap", "loss_by_class", "health", "map", "gains")
    return {path.name for name in names for path in figures.glob(f"{name}.png")}
