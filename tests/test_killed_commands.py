"""`auditor retrain` and `auditor push`, killed anywhere: the same command finishes, and nothing saved is lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from auditor import Audit
from auditor.errors import ModelError
from auditor.evaluation.saved.saved import load_model
from auditor.review.log.event import Event
from auditor.run import Run, find_run
from auditor.storage import hash_file
from tests.evaluation.judged import judge, judged_run
from tests.forks import Forks
from tests.hub import tweets
from tests.hub.server import Hub, serve
from tests.hub.store import Repository, Store

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="forks processes that have threads behind them"),
]

Words = tuple[object, ...]
KILLED = -signal.SIGKILL


def decisions(run: Path) -> list[Event]:
    with Audit(run).log() as log:
        return list(log.all_events())


def assert_tidy(run: Path) -> None:
    """Nothing half-written is left."""
    assert not (run / ".work").exists()
    assert not [path for path in run.rglob("*") if path.name.endswith((".partial", "-journal")) or path.name[0] == "."]


# -- retrain --------------------------------------------------------------------------------------------------------

RETRAIN: Words = ("--models", "lexical", "--seeds", 1, "--quiet")


@pytest.fixture(scope="module")
def retraining(auditing: Forks) -> Forks:
    auditing.load("auditor.commands.evaluating", "auditor.evaluation.comparison.retrain", "auditor.report")
    return auditing


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    return judged_run(tmp_path_factory.mktemp("judged") / "diary", tiny_model, models=("lexical",)).directory


def retrain(forks: Forks, run: Path, **order: Any) -> int:
    ended = forks.run("retrain", run, *RETRAIN, drawn=False, **order)
    assert "Traceback" not in ended.output
    assert ended.code in (0, KILLED), ended.output
    return ended.code


def made(run: Path) -> dict[str, str]:
    """Hashes of all that a retraining leaves."""
    files = [path for folder in ("retrain", "model") for path in (run / folder).rglob("*") if path.is_file()]
    return {path.relative_to(run).as_posix(): hash_file(path) for path in files}


def whole_model(run: Path) -> bool:
    """Whether a model is there that can be loaded; one that is half there is told, and never taken."""
    with suppress(ModelError):
        load_model(run / "model" / "lexical", device="cpu")
        return True
    return False


def test_retraining_killed_at_every_border(retraining: Forks, judged: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(judged, tmp_path / "run"))
    retrain(retraining, run)
    judge(Run(run), {6: ("exclude",)})  # so that all is made again, over what is there
    whole = Path(shutil.copytree(run, tmp_path / "whole"))
    retrain(retraining, whole)
    before, borders, begun = decisions(run), tmp_path / "borders.txt", tmp_path / "begun.txt"
    done: dict[str, Any] = {}
    while retrain(retraining, run, borders=borders, begun=begun):
        opened = find_run(run)
        assert decisions(run) == before
        stages = {name: stage for name, stage in opened.manifest.stages.items() if name.startswith("retrain/")}
        for name, stage in stages.items():
            assert done.get(name) in (None, stage) or done[name].key != stage.key
            for artifact in stage.outputs:
                opened.open(artifact)
        assert whole_model(run) or "retrain/lexical-corrected-0" not in stages
        done = stages
    assert {"retrain/comparison: comparison.json", "after retrain/comparison: report.html"} <= {
        *borders.read_text("utf-8").splitlines()
    }
    assert made(run) == made(whole)
    assert whole_model(run)
    assert_tidy(run)


def test_retraining_killed_at_random_moments(retraining: Forks, judged: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(judged, tmp_path / "run"))
    before, moments = decisions(run), random.Random(3)
    for _ in range(4):
        retrain(retraining, run, after=moments.uniform(0.05, 1.0))
        find_run(run)
        assert decisions(run) == before
        whole_model(run)
    assert retrain(retraining, run) == 0
    assert whole_model(run)
    assert_tidy(run)


# -- push -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with serve(Store(people=dict(tweets.TOKENS))) as served:
        yield served


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pushing processes have their temporary files."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def pushing(hub: Hub, reviewed: Path, temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    home = tmp_path_factory.mktemp("pushing")
    environment = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home), "HF_TOKEN": "hf_annannann", "HF_HUB_OFFLINE": "0"}
    with Forks(home, **environment, TMPDIR=str(temporary), NO_PROXY="127.0.0.1") as forks:
        forks.warm_up("push", reviewed, "ann/warm", "--dry-run", "--to", home / "card", "--quiet")
        yield forks


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tweets.judged_run(tmp_path_factory.mktemp("reviewed") / "tweets").directory


MADE_BY_THE_HUB = {".gitattributes"}
MINE = {"README.md": b"# Mine\n"}
"""Files of a repository that is there already."""


def titles(repository: Repository) -> list[str]:
    return [commit.title for commit in repository.commits.values() if commit.title.startswith("Corrected labels")]


@pytest.fixture(scope="module")
def expected(pushing: Forks, hub: Hub, reviewed: Path) -> set[str]:
    """Files of a repository that was made by an undisturbed push."""
    ended = pushing.run("push", reviewed, "ann/whole", "--quiet")
    assert ended.code == 0, ended.output
    return set(hub.store.dataset("ann/whole").files) - MADE_BY_THE_HUB


def check(hub: Hub, name: str, expected: set[str], there: dict[str, bytes]) -> None:
    """The repository is as it was, or has all of the push in one commit."""
    repository = hub.store.repositories.get(("dataset", name))
    files = (set(repository.files) if repository else set()) - MADE_BY_THE_HUB
    if repository and titles(repository):
        assert files == expected | {*there}
        assert len(titles(repository)) == 1
    else:
        assert files == {*there}


@pytest.mark.parametrize(
    ("request_", "there"),
    [("create", {}), ("preupload", {}), ("upload", {}), ("commit", {}), ("upload", MINE), ("commit", MINE)],
)
def test_a_push_killed_during_a_request(
    request_: str,
    there: dict[str, bytes],
    hub: Hub,
    pushing: Forks,
    reviewed: Path,
    expected: set[str],
    temporary: Path,
    tmp_path: Path,
) -> None:
    name = f"ann/{request_}-{len(there)}"
    if there:
        hub.store.add(name, there)
    hub.store.large.clear()
    before = decisions(reviewed)
    fork = pushing.start("push", reviewed, name, "--quiet", output=tmp_path / "output.txt")
    hub.meanwhile(request_, partial(os.kill, fork.pid, signal.SIGKILL))
    code = fork.wait()
    hub.errands.clear()
    assert code == KILLED, (tmp_path / "output.txt").read_text()
    check(hub, name, expected, there)
    assert decisions(reviewed) == before

    for left in temporary.glob("auditor-push-*"):  # as if it had been killed a while ago
        os.utime(left, (0, 0))
    ended = pushing.run("push", reviewed, name, "--quiet")
    assert ended.code == 0, ended.output
    repository = hub.store.dataset(name)
    assert set(repository.files) - MADE_BY_THE_HUB == expected | {*there}
    assert len(titles(repository)) == 1
    assert not list(temporary.glob("auditor-*"))


def test_a_push_killed_at_random_moments(
    hub: Hub, pushing: Forks, reviewed: Path, expected: set[str], temporary: Path
) -> None:
    moments = random.Random(4)
    for _ in range(4):
        ended = pushing.run("push", reviewed, "ann/random", "--quiet", after=moments.uniform(0.05, 1.5))
        assert ended.code in (0, KILLED), ended.output
        check(hub, "ann/random", expected, {})
    assert pushing.run("push", reviewed, "ann/random", "--quiet").code == 0
    assert set(hub.store.dataset("ann/random").files) - MADE_BY_THE_HUB == expected
    assert len(titles(hub.store.dataset("ann/random"))) == 1


def test_a_dry_run_killed_at_random_moments(pushing: Forks, reviewed: Path, tmp_path: Path) -> None:
    moments = random.Random(5)
    words: Words = ("push", reviewed, "ann/dry", "--dry-run", "--to", tmp_path / "card", "--json")
    for _ in range(2):
        pushing.run(*words, after=moments.uniform(0.05, 1.0))
    ended = pushing.run(*words)
    assert ended.code == 0, ended.output
    assert json.loads(ended.output)["folder"] == str(tmp_path / "card")
    assert [path.name for path in tmp_path.iterdir()] == ["card"]
