"""A model to a Hub on this machine, with Hugging Face's own client; and back from there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.evaluation.saved.saved import load_model
from tests.evaluation import models
from tests.evaluation.models import config_for
from tests.hub.client import Client, client
from tests.hub.server import Hub, serve
from tests.hub.store import Person, Repository

pytestmark = pytest.mark.slow

TOKEN = "hf_annstoken"


@pytest.fixture(scope="module")
def server() -> Iterator[Hub]:
    with serve() as served:
        served.store.people = {TOKEN: Person("ann"), "hf_reader": Person("ben", "read")}
        yield served


@pytest.fixture(scope="module")
def ann(server: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with client(server.endpoint, tmp_path_factory.mktemp("home"), TOKEN) as started:
        yield started


@pytest.fixture
def hub(server: Hub) -> Hub:
    """The same Hub, with nothing on it."""
    for kept in (server.store.repositories, server.troubles, server.errands, server.asked):
        kept.clear()
    return server


@pytest.fixture(scope="module")
def folder(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = config_for(tiny_model)
    classifier = models.trained_finetuned(config)
    return models.save(classifier, tmp_path_factory.mktemp("saved") / "finetuned", "finetuned", config)


def pushed(hub: Hub, name: str = "ann/mood") -> Repository:
    return hub.store.repositories["model", name]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_push_and_predict(hub: Hub, ann: Client, folder: Path) -> None:
    said = ann.ask("push_model", folder=folder, repo="mood")
    assert said == {"url": f"{hub.endpoint}/ann/mood"}
    repository = pushed(hub)
    assert repository.private
    assert len(repository.commits) == 2
    files = {path: data for path, data in repository.files.items() if path != ".gitattributes"}
    assert files == bytes_of(folder)
    there = ann.ask("predict", model="ann/mood", texts=["so glad", "sad"])
    assert there == load_model(folder, "cpu").predict_proba(["so glad", "sad"]).tolist()


def test_pushing_again_changes_nothing(hub: Hub, ann: Client, folder: Path) -> None:
    ann.ask("push_model", folder=folder, repo="ann/mood")
    before = pushed(hub).files
    assert "url" in ann.ask("push_model", folder=folder, repo="ann/mood")
    assert pushed(hub).files == before


def test_what_others_wrote_into_the_card_stays(hub: Hub, ann: Client, folder: Path, tmp_path: Path) -> None:
    card = "---\nlicense: mit\ntags:\n- mine\n---\n\n# My model\n\nTrained with love.\n"
    hub.store.add("ann/mood", {"README.md": card.encode()}, type="model")
    ann.ask("push_model", folder=folder, repo="ann/mood")
    found = pushed(hub).files["README.md"].decode()
    assert "license: mit" in found
    assert "library_name: transformers" in found
    assert "Trained with love." in found
    newer = Path(shutil.copytree(folder, tmp_path / "newer"))
    (newer / "README.md").write_text((folder / "README.md").read_text("utf-8").replace("60 texts", "61 texts"), "utf-8")
    ann.ask("push_model", folder=newer, repo="ann/mood")
    found = pushed(hub).files["README.md"].decode()
    assert "61 texts" in found
    assert "60 texts" not in found
    assert "Trained with love." in found
    assert not pushed(hub).private


def test_another_model_is_not_overwritten(hub: Hub, ann: Client, folder: Path) -> None:
    hub.store.add("ann/mood", {"model.safetensors": b"theirs"}, type="model")
    said = ann.ask("push_model", folder=folder, repo="ann/mood")
    assert said["error"] == "HubError"
    assert "holds another model" in said["what"]
    assert pushed(hub).files == {"model.safetensors": b"theirs"}


@pytest.mark.parametrize(
    ("kind", "trouble", "error"),
    [
        ("commit", {"status": 403}, "HubRefusedError"),
        ("commit", {"status": 412}, "HubMovedError"),
        ("commit", {"status": 429, "times": 99}, "HubUnreachableError"),
        ("commit", {"cut": True, "times": 99}, "HubUnreachableError"),
        ("upload", {"cut": True, "times": 99}, "HubUnreachableError"),
        ("info", {"status": 500, "times": 99}, "HubUnreachableError"),
    ],
)
def test_trouble_leaves_the_remote_as_it_was(
    hub: Hub, ann: Client, folder: Path, kind: str, trouble: dict[str, Any], error: str
) -> None:
    hub.store.add("ann/mood", {".gitattributes": b"", "auditor.json": b"{}"}, type="model")
    hub.store.large.clear()
    hub.fail(kind, **trouble)
    said = ann.ask("push_model", folder=folder, repo="ann/mood")
    assert said.get("error") == error, said
    assert TOKEN not in json.dumps(said)
    assert pushed(hub).files == {".gitattributes": b"", "auditor.json": b"{}"}
    hub.troubles.clear()
    assert "url" in ann.ask("push_model", folder=folder, repo="ann/mood")
    assert pushed(hub).files["model.safetensors"] == (folder / "model.safetensors").read_bytes()


def test_commit_whose_answer_is_lost_may_be_there(hub: Hub, ann: Client, folder: Path) -> None:
    hub.fail("commit", lost=True)
    said = ann.ask("push_model", folder=folder, repo="ann/mood")
    assert (said["error"], len(pushed(hub).commits)) == ("HubUnreachableError", 2)
    assert "The private model ann/mood was created." in said["todo"]
    assert "may have arrived" in said["todo"]


def test_somebody_is_quicker(hub: Hub, ann: Client, folder: Path) -> None:
    repository = hub.store.add("ann/mood", {"auditor.json": b"{}"}, type="model")
    hub.meanwhile("commit", lambda: repository.commit({"theirs.txt": b"x"}))
    said = ann.ask("push_model", folder=folder, repo="ann/mood")
    assert said["error"] == "HubMovedError"
    assert repository.files == {"auditor.json": b"{}", "theirs.txt": b"x"}


def test_token_that_may_only_read(hub: Hub, ann: Client, folder: Path) -> None:
    said = ann.ask("push_model", folder=folder, repo="ben/mood", token="hf_reader")
    assert said["error"] == "HubRefusedError"
    assert "may only read" in said["what"]
    assert not hub.store.repositories


@pytest.mark.parametrize("name", ["a/b/c", "ann/..", "ann/<b>", ""])
def test_name_that_cannot_be(hub: Hub, ann: Client, folder: Path, name: str) -> None:
    said = ann.ask("push_model", folder=folder, repo=name)
    assert said.get("error") == "HubError", said
    assert not hub.store.repositories


def test_damaged_model_is_not_pushed(hub: Hub, ann: Client, folder: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(folder, tmp_path / "m"))
    (damaged / "config.json").write_text("{}")
    said = ann.ask("push_model", folder=damaged, repo="ann/mood")
    assert said["error"] == "ModelError"
    assert hub.asked == []


def test_model_of_words_is_not_pushed(hub: Hub, ann: Client, tiny_model: Path, tmp_path: Path) -> None:
    config = config_for(tiny_model)
    lexical = models.save(models.trained_lexical(config), tmp_path / "lexical", "lexical", config)
    said = ann.ask("push_model", folder=lexical, repo="ann/mood")
    assert said["error"] == "ModelError"
