"""A usual finished run, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.report import write_report
from tests.report.made import make_run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a finished run with its report; tests read it, and write elsewhere."""
    directory = make_run(splits=["train"] * 200 + ["test"] * 100).write(tmp_path_factory.mktemp("finished"))
    write_report(directory)
    return directory


@pytest.fixture(scope="session")
def page(finished: Path) -> str:
    """Its page."""
    return (finished / "report.html").read_text("utf-8")
