"""The export page's API: counts as they will be, files as they are written, pushes that take a login."""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Semaphore

import pytest
from auditor_ui.services import downloads
from auditor_ui.services.corrections import CorrectionMaker
from fastapi import FastAPI
from fastapi.testclient import TestClient

from auditor.correction.decide.corrections import corrections_of
from auditor.correction.decide.policy import Policy
from auditor.correction.decide.summary import summarise
from auditor.errors import ExportError, StorageError
from auditor.review.log.log import DecisionLog
from auditor.run import Run
from tests.review.reviewing import decide
from tests.review.runs import empty_log
from tests.ui.conftest import make_app


@pytest.fixture(scope="module")
def log(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecisionLog]:
    """A log of the tests here."""
    yield from empty_log(run, tmp_path_factory.mktemp("log"))


@pytest.fixture(scope="module")
def app(run: Run, log: DecisionLog) -> FastAPI:
    """The page after some decisions of two people: every verdict, and a tie."""
    app = make_app(run, log)
    reviewed(app)
    return app


def reviewed(app: FastAPI) -> None:
    workspace = app.state.workspace
    given = [workspace.items.label_names[code] for code in workspace.items.given]
    other = {name: next(one for one in workspace.items.label_names if one != name) for name in given}
    for row in (4, 5):
        decide(workspace.verdicts, row, "ann", "relabel", other[given[row]])
    decide(workspace.verdicts, 6, "ann", "exclude")
    decide(workspace.verdicts, 7, "bob", "none_fits", "boredom")
    decide(workspace.verdicts, 8, "bob", "ambiguous", given[8], other[given[8]])
    decide(workspace.verdicts, 9, "bob", "unsure")
    for reviewer, verdict in (("ann", "keep"), ("bob", "exclude")):
        decide(workspace.verdicts, 11, reviewer, verdict)


# -- what would come out --------------------------------------------------------------------------------------------


def test_the_preview_is_the_summary_of_the_corrections(client: TestClient, run: Run, log: DecisionLog) -> None:
    told = client.get("/api/export/preview").json()
    summary = summarise(corrections_of(run, log))
    for name in ("rows", "invalid", "judged", "changed", "suggested", "excluded", "written", "verdicts"):
        assert told[name] == getattr(summary, name), name
    assert (told["judged"], told["changed"], told["excluded"], told["invalid"]) == (7, 2, 2, 1)
    assert told["written"] == told["rows"] - 2 + 1
    assert told["reviewers"] == told["everyone"] == ["ann", "bob"]
    assert told["look"] == {"ambiguous": 1, "unsure": 1, "tie": 1, "stale": 0, "changed": 2, "excluded": 2}
    assert sorted(map(tuple, told["confusions"])) == sorted(summary.confusions)
    assert (told["pairs"], told["coded"]) == (len(summary.confusions), False)
    assert told["certified"]["limit"] is None
    assert "certif" in told["certified"]["sentences"][0]


@pytest.mark.parametrize(
    ("asked", "policy"),
    [
        ("leave_out=", Policy(leave_out=())),
        ("leave_out=&ties=adjudicated-only", Policy(leave_out=(), ties="adjudicated-only")),
        ("leave_out=tie&leave_out=invalid", Policy(leave_out=("tie", "invalid"))),
        ("unreviewed=drop", Policy(unreviewed="drop")),
        ("unreviewed=suggest-above&above=0.5", Policy(unreviewed="suggest-above", above=0.5)),
        ("add_classes=true", Policy(add_classes=True)),
        ("changed_only=true", Policy(changed_only=True)),
        ("verdicts=relabel&verdicts=keep", Policy(verdicts=("relabel", "keep"))),
        ("reviewers=bob", Policy(reviewers=("bob",))),
    ],
)
def test_every_choice_is_the_policys(
    client: TestClient, run: Run, log: DecisionLog, asked: str, policy: Policy
) -> None:
    told = client.get(f"/api/export/preview?{asked}").json()
    summary = summarise(corrections_of(run, log, policy))
    before = client.get("/api/export/preview").json()
    for name in ("judged", "changed", "suggested", "excluded", "written"):
        assert told[name] == getattr(summary, name), name
    assert told["new_classes"] == list(summary.new_classes)
    assert told != before


def test_only_the_rows_of_a_view(client: TestClient, ann: TestClient) -> None:
    found = ann.get("/api/table?given=joy&undecided=me&size=500").json()
    told = ann.get("/api/export/preview", params={"view": "given=joy&undecided=me"}).json()
    assert told["written"] == found["found"] - (7 in {row["row"] for row in found["rows"]})


def test_a_decision_counts_at_once(client: TestClient, app: FastAPI) -> None:
    before = client.get("/api/export/preview").json()
    decide(app.state.workspace.verdicts, 40, "ann", "exclude")
    assert client.get("/api/export/preview").json()["excluded"] == before["excluded"] + 1
    decide(app.state.workspace.verdicts, 40, "ann", "keep")
    assert client.get("/api/export/preview").json()["judged"] == before["judged"] + 1
    app.state.workspace.log.undo("ann", "undo-1")
    app.state.workspace.log.undo("ann", "undo-2")
    assert client.get("/api/export/preview").json() == before


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("nonsense=1", "nonsense"),
        ("leave_out=keep", "leave_out"),
        ("unreviewed=maybe", "unreviewed"),
        ("above=2", "above"),
        ("above=", "above"),
        ("verdicts=nonsense", "verdicts"),
        ("view=nonsense%3D1", "nonsense"),
        ("view=given%3Dnobody-has-this", "nobody-has-this"),
        ("format=pickle", "format"),
    ],
)
def test_what_cannot_be_understood_is_said_in_two_lines(ann: TestClient, asked: str, word: str) -> None:
    for path in ("preview", "download"):
        answer = ann.get(f"/api/export/{path}?{asked}")
        assert answer.status_code in {400, 422}
        assert set(answer.json()) == {"what", "todo"}
        assert word in answer.json()["what"]


def test_a_reviewer_who_has_judged_nothing_is_refused(ann: TestClient) -> None:
    for path in ("preview", "download"):
        answer = ann.get(f"/api/export/{path}?reviewers=Bob")
        assert answer.status_code == 409
        assert answer.json()["todo"] == "Choose from those who have judged rows: ann, bob."


def test_rows_are_kept_to_be_opened(ann: TestClient, app: FastAPI) -> None:
    for which, rows in {"changed": [4, 5], "excluded": [6, 7], "tie": [11], "unsure": [9], "stale": []}.items():
        kept = ann.post("/api/export/rows", json={"which": which}).json()
        assert kept["count"] == len(rows)
        found = ann.get(f"/api/table?size=500&selection={kept['selection']}").json()
        assert sorted(row["id"] for row in found["rows"]) == sorted(
            app.state.workspace.items.id_of(row) for row in rows
        )


def test_the_runs_rows_are_read_once_and_never_those_of_a_run_made_again(
    client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    correction_maker: CorrectionMaker = app.state.correction_maker
    first = correction_maker.corrections(Policy()).texts
    assert correction_maker.corrections(Policy(unreviewed="drop")).texts is first
    edition = app.state.workspace.edition
    monkeypatch.setattr(edition, "_opened", edition._opened._replace(rows="another"))
    answer = client.get("/api/export/preview")
    assert answer.status_code == 409
    assert "re-created" in answer.json()["what"]


# -- files ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the server makes temporary folders."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def test_a_download_is_the_export_and_leaves_nothing_behind(ann: TestClient, run: Run, place: Path) -> None:
    answer = ann.get("/api/export/download?format=csv&provenance=true")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="diary-corrected.zip"'
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    assert isinstance(json.loads(answer.headers["Auditor-Notes"]), list)
    files = unpacked(answer.content)
    assert "diary-corrected.csv" in files
    assert len(files) == 3  # the dataset, the rows left out, the record
    record = next(json.loads(text) for name, text in files.items() if name.endswith(".json"))
    assert str(place) not in json.dumps(record)
    assert b"reviewers" in files["diary-corrected.csv"].splitlines()[0]
    assert list(place.iterdir()) == []


def test_the_datasets_file_can_be_had_alone(ann: TestClient, place: Path) -> None:
    alone = ann.get("/api/export/download?format=jsonl&alone=true")
    assert alone.headers["Content-Disposition"] == 'attachment; filename="diary-corrected.jsonl"'
    told = ann.get("/api/export/preview").json()
    assert len(alone.content.splitlines()) == told["written"]
    assert alone.content == unpacked(ann.get("/api/export/download?format=jsonl").content)["diary-corrected.jsonl"]
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("format_", ["source", "tsv", "parquet", "arrow"])
def test_every_format_can_be_downloaded(ann: TestClient, place: Path, format_: str) -> None:
    files = unpacked(ann.get(f"/api/export/download?format={format_}").content)
    assert len(files) > 2
    assert all(not Path(name).is_absolute() and ".." not in Path(name).parts for name in files)
    assert list(place.iterdir()) == []


def test_what_cannot_be_written_is_said_and_leaves_nothing_behind(ann: TestClient, app: FastAPI, place: Path) -> None:
    answer = ann.get("/api/export/download?format=txt")  # a text of the run has two lines
    assert answer.status_code == 409
    assert set(answer.json()) == {"what", "todo"}
    assert str(place) not in answer.text
    assert list(place.iterdir()) == []


def test_paths_of_the_server_are_not_told(place: Path) -> None:
    def failing(folder: Path) -> list[str]:
        raise ExportError(f"{folder}/a.csv and {folder} are in the way.", f"Remove {folder}/a.csv.")

    with pytest.raises(ExportError) as raised:
        downloads.send_files("x", failing)
    assert raised.value.args == ("a.csv and the export are in the way.", "Remove a.csv.")

    def full(folder: Path) -> list[str]:
        raise StorageError(f"{folder} is full.", "Make room.")

    with pytest.raises(ExportError, match="its disk is full"):
        downloads.send_files("x", full)
    assert list(place.iterdir()) == []


def test_few_wait_for_an_export(ann: TestClient, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_waiting", Semaphore(0))
    with downloads._writing:  # for which nobody waits
        assert ann.get("/api/export/download?format=csv").status_code == 409


def test_one_export_is_written_at_a_time(ann: TestClient, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_PATIENCE", 0.01)
    with downloads._writing:
        answer = ann.get("/api/export/download?format=csv")
    assert answer.status_code == 409
    assert "Another export is being written" in answer.json()["what"]
    assert list(place.iterdir()) == []
    assert ann.get("/api/export/download?format=csv").status_code == 200


def test_a_download_takes_a_name(client: TestClient) -> None:
    assert client.get("/api/export/download").status_code == 403


@pytest.mark.parametrize(
    ("name", "safe"),
    [("tweets", "tweets"), ("../../etc", "etc"), ("ä b/ü", "b"), ("...", "dataset"), ("a" * 200, "a" * 80)],
)
def test_names_of_files_are_safe(name: str, safe: str) -> None:
    assert downloads.safe_name(name) == safe
    assert os.path.basename(safe) == safe


def test_classes_are_changed_previewed_and_undone(ann: TestClient, log: DecisionLog) -> None:
    about = {"run": log.run_id, "operation": "merge", "names": ["love"], "to": "joy", "base": None}
    found = ann.post("/api/classes/preview", json=about).json()
    assert found["rows"] > 0
    assert found["changes"] == [["love", "joy", found["rows"]]]
    assert ann.get("/api/classes").json()["changes"] == []
    before = ann.get("/api/progress").json()["estimate"]
    changed = ann.get("/api/export/preview").json()["changed"]
    for _ in range(2):  # sent twice
        made = ann.post("/api/classes", json={**about, "event_id": "c1"}).json()
    assert [line["words"] for line in made["changes"]] == ["love merged into joy"]
    assert ("love" in made["classes"], made["base"]) == (False, "c1")
    session = ann.get("/api/session").json()
    names = dict(zip(session["labels"], session["classes"]["names"], strict=True))
    assert (names["love"], names["joy"]) == ({"name": "joy", "own": False}, {"name": "joy", "own": True})
    assert ann.get("/api/pulse").json()["classes"] == session["classes"]["base"] == "c1"
    assert ann.get("/api/export/preview").json()["changed"] > changed
    assert ann.get("/api/progress").json()["estimate"] == before
    late = ann.post("/api/classes", json={**about, "event_id": "c2"})
    assert (late.status_code, "meanwhile" in late.json()["what"]) == (409, True)
    wrong = ann.post("/api/classes/preview", json={**about, "base": "c1"})
    assert (wrong.status_code, "no class 'love'" in wrong.json()["what"]) == (409, True)
    undone = ann.post("/api/classes/undo", json={"run": log.run_id, "event_id": "u1", "base": "c1"}).json()
    assert undone["changes"] == []
    assert all(
        one == {"name": label, "own": True} for label, one in zip(session["labels"], undone["names"], strict=True)
    )
    assert ann.get("/api/pulse").json()["classes"] is None
    assert ann.get("/api/export/preview").json()["changed"] == changed
