"""A Hub on this machine, somebody who uses it, and a run to push."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.run import Run
from tests.hub.client import Client, client
from tests.hub.server import Hub, serve
from tests.hub.store import Store
from tests.hub.tweets import TOKENS, judged_run


@pytest.fixture(scope="session")
def hub() -> Iterator[Hub]:
    with serve(Store(people=dict(TOKENS))) as served:
        yield served


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the client keeps its cache, and what it says."""
    return tmp_path_factory.mktemp("client")


@pytest.fixture(scope="session")
def ann(hub: Hub, home: Path) -> Iterator[Client]:
    with client(hub.endpoint, home, "hf_annannann") as started:
        yield started


@pytest.fixture(scope="session")
def pushed_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return judged_run(tmp_path_factory.mktemp("run") / "tweets")


@pytest.fixture
def push(ann: Client, pushed_run: Run) -> Callable[..., dict[str, Any]]:
    """Push the run to a repository: what :func:`auditor.correction.push.push.push` says, or its error."""

    def pushed(repo: str, **options: Any) -> dict[str, Any]:
        answer: dict[str, Any] = ann.ask("push", run=str(pushed_run.directory), repo=repo, **options)
        assert "crash" not in answer, answer
        return answer

    return pushed
