"""What holds for all tests: no network, nobody's cache, no colours, the same examples every time.

The environment is set before anything of Hugging Face's is imported, since it is read at import.
"""

from __future__ import annotations

import atexit
import hashlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.forks import Forks

_HOME = tempfile.mkdtemp(prefix="auditor-tests-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)

os.environ.update(
    HF_HOME=_HOME,
    HF_HUB_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_DISABLE_XET="1",
    TOKENIZERS_PARALLELISM="false",
    MPLBACKEND="Agg",
    NO_COLOR="1",
    COLUMNS="120",
)
for library in ("OMP", "OPENBLAS", "NUMBA"):  # a worker for each core: more threads would only wait for each other
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
for name in ("HF_ENDPOINT", "HF_TOKEN", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
    os.environ.pop(name, None)

# Deadlines measure the machine, not the code. On CI the examples are the same every time; elsewhere they are new ones.
settings.register_profile("dev", deadline=None)
settings.register_profile(
    "ci", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_xdist_auto_num_workers() -> int:
    """Four workers for two cores: those that drive a browser or wait for a process leave theirs idle.

    Many cores have a worker each: one takes up to two gigabytes.
    """
    from joblib import cpu_count  # imports NumPy, which reads the environment

    return max(cpu_count(), min(4, 2 * cpu_count()))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny BERT, to encode with and to fine-tune."""
    from tests.tiny import make_tiny_model  # imports transformers, which most tests do without

    return make_tiny_model(tmp_path_factory.mktemp("tiny-model"))


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """A process that forks another for each command, which takes no time to start."""
    from tests.forks import Forks  # only where processes can be forked

    with Forks(tmp_path_factory.mktemp("forks")) as forks:
        yield forks


@pytest.fixture(scope="session")
def reviewing(request: pytest.FixtureRequest) -> Forks | None:
    """Such a process that has imported the review page; None where no process with threads can be forked."""
    if sys.platform != "linux":
        return None
    forks: Forks = request.getfixturevalue("forks")
    forks.load("auditor_ui.serve", "auditor.commands.reviewing")
    return forks


@pytest.fixture(scope="session")
def auditing(forks: Forks, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Forks:
    """Such a process that has imported and compiled all that an audit needs."""
    from auditor.data import sample

    folder = tmp_path_factory.mktemp("warm-up")
    sample.load()[0].head(60).to_csv(folder / "messages.csv", index=False)
    forks.load("auditor.commands.running", "auditor.models.transformer.finetuned")
    forks.warm_up(
        *("run", folder / "messages.csv", "--models", "features,lexical", "--folds", 2),
        *("--encoder", tiny_model, "--device", "cpu", "--out", folder / "run"),
    )
    return forks


@pytest.fixture(scope="module")
def no_pictures() -> Iterator[None]:
    """Reports with empty frames in the place of pictures, which take as long as a small audit."""
    from tests.pictures import without_pictures  # imports matplotlib

    with without_pictures():
        yield


@pytest.fixture(scope="module")
def quick_hashes() -> Iterator[Callable[..., bytes]]:
    """Passwords hashed at no cost, while what is asked of scrypt and stands in the file stays; the costly scrypt."""
    scrypt = hashlib.scrypt

    def quick(data: bytes, **options: Any) -> bytes:
        return scrypt(data, **{**options, "n": 2})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashlib, "scrypt", quick)
        yield scrypt


@pytest.fixture
def invoke(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """Give a command in an empty folder, with what is typed: exit code, standard output, standard error."""
    from auditor.cli import main

    monkeypatch.chdir(tmp_path)

    def call(*words: object, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["auditor", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err or {"-v", "--verbose"} & {*words}
        return int(stopped.value.code or 0), out, err

    return call


LONGEST = (
    "test_resume.py",
    "test_pipeline.py",
    "test_readme.py",
    "test_notebook.py",
    "browser/test_queue_outages.py",
    "models/transformer/test_finetuned.py",
    "report/test_write.py",
    "detection/neighbours/test_neighbours.py",
    "browser/test_map.py",
    "browser/test_queue.py",
    "browser/test_filters.py",
    "browser/test_export.py",
    "browser/test_queue_keys.py",
    "browser/test_table.py",
    "review/test_processes.py",
    "test_bring_your_own.py",
    "test_cli.py",
    "test_whole_way.py",
    "review/log/test_jsonl.py",
    "review/test_undo_redo.py",
    "detection/consensus/test_consensus.py",
)
"""Files that take ten to a hundred seconds of processor time, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no worker is left alone with one at the end."""
    here = Path(__file__).parent
    at = {here / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: at.get(item.path, len(at)))
