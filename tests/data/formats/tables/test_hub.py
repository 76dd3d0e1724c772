"""Datasets on the Hub: loaded from a small Hub on this machine, and what goes wrong there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.config import ReadConfig
from auditor.data import read
from auditor.data.formats.tables.hub import hub_error
from auditor.errors import HubError, HubMissingError, HubUnreachableError, SourceError
from tests.hubserver import COMMIT, hub

ROOT = Path(__file__).parents[4]
FILES = {"train.csv": b"tweet,emotion\nso glad,joy\nso sad,sadness\n", "test.csv": b"tweet,emotion\nhow nice,joy\n"}
TWO = b"---\nconfigs:\n- config_name: en\n  data_files: train.csv\n- config_name: de\n  data_files: test.csv\n---\n"
REPOSITORIES = {
    "user/emotion": FILES,
    "user/two": {"README.md": TWO, **FILES},
    "user/empty": {"README.md": b"Nothing here yet."},
    "user/lines": {"train.txt": b"so glad;joy\n"},
    "user/damaged": {"train.parquet": b"PAR1"},
    "user/private": {},
    "user/gated": {},
    "user/down": {},
    "user/script": {"script.py": b"raise SystemExit('code of a dataset was run')", **FILES},
    "user/only-script": {"only-script.py": b"raise SystemExit('code of a dataset was run')"},
}


def outside(files: object) -> dict[str, bytes]:
    """A repository whose card names files that are not in it."""
    return {
        "README.md": f"---\nconfigs:\n- config_name: default\n  data_files: {json.dumps(files)}\n---\n".encode(),
        **FILES,
    }


# What Hugging Face's libraries know of the Hub they read from the environment when they are imported: so the reading
# is done by another process. It says on each line what came of one request.
READER = """
import json, sys
from auditor.config import ReadConfig
from auditor.data import read
from auditor.errors import AuditorError

for name, options in json.loads(sys.argv[1]):
    try:
        data = read(name, ReadConfig(**options))
        answer = {
            "ids": data.ids, "texts": list(data.texts), "labels": [data.label_names[code] for code in data.labels],
            "origin": data.origin.__dict__, "notes": data.notes,
        }
    except AuditorError as error:
        answer = {"error": type(error).__name__, "what": error.what, "todo": error.todo}
    print(json.dumps(answer))
"""

Request = tuple[str, dict[str, Any]]


def ask(endpoint: str, home: Path, *requests: Request, offline: bool = False) -> list[dict[str, Any]]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": str(int(offline)),
        "NO_PROXY": "127.0.0.1",
    }
    command = [sys.executable, "-c", READER, json.dumps(requests)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def answers(home: Path) -> Iterator[dict[str, dict[str, Any]]]:
    """All answers of one process to one Hub."""
    requests: dict[str, Request] = {
        "all": ("user/emotion", {}),
        "split": ("user/emotion", {"split": ["test"], "drop_invalid": True}),
        "revision": ("user/emotion", {"revision": COMMIT}),
        "config": ("user/two", {"config": "en"}),
        "no split": ("user/emotion", {"split": ["dev"]}),
        "no revision": ("user/emotion", {"revision": "v9"}),
        "no config": ("user/two", {"config": "fr"}),
        "which config": ("user/two", {}),
        "missing": ("user/nothing", {}),
        "missing, without a user": ("nothing", {}),
        "private": ("user/private", {}),
        "gated": ("user/gated", {}),
        "empty": ("user/empty", {}),
        "lines": ("user/lines", {}),
        "damaged": ("user/damaged", {}),
        "down": ("user/down", {}),
        "script": ("user/script", {}),
        "only a script": ("user/only-script", {}),
    }
    secret = home / "secret.csv"
    secret.write_bytes(FILES["train.csv"])
    elsewhere = {
        "absolute": str(secret),
        "address": f"file://{secret}",
        "pattern": f"{home}/s*.csv",
        "above": "/".join([".."] * 30) + str(secret),
        "mixed": ["train.csv", str(secret)],
        "split": [{"split": "test", "path": str(secret)}],
        "other": "hf://datasets/user/emotion@main/train.csv",
    }
    repositories = {**REPOSITORIES, **{f"user/{name}": outside(files) for name, files in elsewhere.items()}}
    requests |= {f"outside: {name}": (f"user/{name}", {}) for name in elsewhere}
    with hub(repositories) as endpoint:
        yield dict(zip(requests, ask(endpoint, home, *requests.values()), strict=True))


def test_dataset_is_loaded_with_all_its_splits(answers: dict[str, Any]) -> None:
    data = answers["all"]
    assert data["ids"] == ["train-0", "train-1", "test-0"]
    assert data["texts"] == ["so glad", "so sad", "how nice"]
    assert data["labels"] == ["joy", "sadness", "joy"]
    assert data["notes"] == ["Columns guessed: text='tweet', label='emotion'."]
    assert (data["origin"]["source"], data["origin"]["format"]) == ("user/emotion", "hub")
    assert data["origin"]["options"]["commit"] == COMMIT


def test_revision_and_configuration_are_asked_for(answers: dict[str, Any]) -> None:
    assert answers["revision"]["ids"] == answers["all"]["ids"]
    assert answers["revision"]["origin"]["options"]["revision"] == COMMIT
    assert answers["config"]["texts"] == ["so glad", "so sad"]
    assert answers["config"]["origin"]["options"]["config"] == "en"


def test_split_is_selected(answers: dict[str, Any]) -> None:
    assert answers["split"]["error"] == "ColumnError"
    assert "only one class, 'joy'" in answers["split"]["what"]


@pytest.mark.parametrize(
    ("request_", "error", "what", "todo"),
    [
        ("no split", "HubMissingError", "has no split 'dev'; it has train, test", "--split"),
        ("no revision", "HubMissingError", "no revision 'v9'; it has main", "--revision"),
        ("no config", "HubMissingError", "no configuration 'fr'; it has en, de", "--config"),
        ("which config", "HubMissingError", "several configurations; it has en, de", "--config"),
        ("missing", "HubMissingError", "no dataset user/nothing, or it is private", "hf auth login"),
        (
            "missing, without a user",
            "HubMissingError",
            "no dataset nothing",
            "There is no local file or folder of that name",
        ),
        ("private", "HubMissingError", "no dataset user/private, or it is private", "hf auth login"),
        ("gated", "HubMissingError", "user/gated is gated", "Request access"),
        ("empty", "HubMissingError", "user/empty has no data files", "another dataset"),
        ("lines", "SourceError", "user/lines has text files", "Download"),
        ("damaged", "SourceError", "user/damaged cannot be read: Parquet", "another dataset"),
        ("down", "HubUnreachableError", "status 503", "try again"),
    ],
)
def test_what_is_not_there_is_said(answers: dict[str, Any], request_: str, error: str, what: str, todo: str) -> None:
    answer = answers[request_]
    assert answer.get("error") == error
    assert what in answer["what"]
    assert todo in answer["todo"]
    assert "\n" not in answer["what"] + answer["todo"]


@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize("how", ["absolute", "address", "pattern", "above", "mixed", "split", "other"])
def test_files_that_are_not_in_the_repository_are_not_read(answers: dict[str, Any], how: str) -> None:
    answer = answers[f"outside: {how}"]
    assert answer["error"] == ("HubError" if how == "above" else "SourceError")
    assert "data file" in answer["what"].casefold()
    assert "\n" not in answer["what"] + answer["todo"]


def test_code_of_a_dataset_is_not_run(answers: dict[str, Any]) -> None:
    for which in ("script", "only a script"):
        assert answers[which]["error"] == "SourceError"
        assert "scripts are no longer supported" in answers[which]["what"]


def test_unreachable_hub_is_told_from_a_missing_dataset(home: Path) -> None:
    (closed,) = ask("http://127.0.0.1:9", home, ("user/nothing", {}))
    assert closed["error"] == "HubUnreachableError"
    assert "http://127.0.0.1:9" in closed["what"]
    assert "refused" in closed["what"]
    assert "network" in closed["todo"]


@pytest.mark.usefixtures("answers")
def test_offline_the_cache_is_read_and_said_so(home: Path) -> None:
    cached, exact, other = ask(
        "http://127.0.0.1:9",
        home,
        ("user/emotion", {}),
        ("user/emotion", {"revision": COMMIT}),
        ("user/emotion", {"revision": "v9"}),
        offline=True,
    )
    assert cached["ids"] == exact["ids"] == ["train-0", "train-1", "test-0"]
    assert f"was read from the local cache (commit {COMMIT})" in " ".join(cached["notes"])
    assert other["error"] == "HubUnreachableError", "the cached commit may be another one than was asked for"


def test_offline_without_a_copy_is_unreachable() -> None:
    with pytest.raises(HubUnreachableError, match="HF_HUB_OFFLINE prevents") as caught:
        read("user/nothing")
    assert "Unset HF_HUB_OFFLINE" in caught.value.todo


@pytest.mark.parametrize("name", ["csv", "parquet", "text"])
def test_readers_of_datasets_are_no_datasets(name: str) -> None:
    with pytest.raises(SourceError, match=f"{name} does not exist"):
        read(name)


def test_other_errors_of_the_hub() -> None:
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    def answered(status: int) -> HfHubHTTPError:
        response = httpx2.Response(status, request=httpx2.Request("GET", "https://huggingface.co/api"))
        return HfHubHTTPError("Sorry.", response=response)

    def meaning(error: Exception) -> type:
        return type(hub_error(error, "user/name", ReadConfig()))

    assert meaning(answered(429)) is HubUnreachableError
    assert meaning(answered(500)) is HubUnreachableError
    assert meaning(answered(418)) is HubError
    assert meaning(httpx2.ReadTimeout("too slow")) is HubUnreachableError
    assert meaning(TimeoutError()) is HubUnreachableError
    assert meaning(RuntimeError("Dataset scripts are no longer supported, but found x.py")) is SourceError
    assert not issubclass(HubUnreachableError, HubMissingError)
    wrapped = RuntimeError("while loading")
    wrapped.__cause__ = httpx2.ConnectError("refused")
    assert meaning(wrapped) is HubUnreachableError
