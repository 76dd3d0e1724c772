"""A run to review, and a decision log of its own for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auditor.review.filter.selection import Selection
from auditor.review.log.log import DecisionLog
from auditor.review.view.card import Cards
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from tests.postgres import new_database, postgres
from tests.review.events import RUN
from tests.review.runs import empty_log, write_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run; tests read it."""
    return write_run(tmp_path_factory.mktemp("run") / "diary")


@pytest.fixture(scope="session")
def items(run: Run) -> Items:
    return Items.of(run)


@pytest.fixture
def log(run: Run, tmp_path: Path) -> Iterator[DecisionLog]:
    """An empty log of the run's decisions."""
    yield from empty_log(run, tmp_path)


@pytest.fixture
def verdicts(items: Items, log: DecisionLog) -> Verdicts:
    return Verdicts(items, log)


@pytest.fixture
def selection(items: Items, verdicts: Verdicts) -> Selection:
    return Selection(items, verdicts)


@pytest.fixture
def cards(items: Items, verdicts: Verdicts) -> Cards:
    return Cards(items, verdicts)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server, started when it is first asked for."""
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where an empty decision log may be made: a path, or the address of a database."""
    if request.param == "sqlite":
        return tmp_path / "decisions.db"
    return new_database(request.getfixturevalue("server"))


@pytest.fixture
def open_log(place: Path | str) -> Iterator[Callable[..., DecisionLog]]:
    """Opens the log at ``place``, as often as one likes."""
    opened = []

    def open_(run_id: str = RUN) -> DecisionLog:
        opened.append(DecisionLog(place, run_id))
        return opened[-1]

    yield open_
    for log in opened:
        log.close()
