"""A usual finished run, made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.report import write_report
from tests.pictures import without_pictures
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


@pytest.fixture
def undrawn() -> Iterator[None]:
    """For one test, so that the report above is drawn whichever test comes first."""
    with without_pictures():
        yield
