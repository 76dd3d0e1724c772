"""The final ranking of a run comes while its early one is under review: the rows stay and their order is new."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from auditor.errors import RunDamagedError
from auditor.review.log.log import DecisionLog
from auditor.run import Run, find_run
from tests.review.runs import empty_log, write_run
from tests.ui.conftest import browser, make_app

EARLY, FINAL = ("features",), ("features", "lexical")


@pytest.fixture
def served(tmp_path: Path) -> tuple[Run, FastAPI, TestClient]:
    run = write_run(tmp_path / "diary", models=EARLY)
    (log,) = empty_log(run, tmp_path)
    app = make_app(run, DecisionLog(tmp_path / "decisions.db", log.run_id))
    ann = browser(app)
    ann.post("/api/name", json={"name": "ann"})
    return run, app, ann


def order(app: FastAPI) -> list[int]:
    return np.argsort(app.state.workspace.items.rank, kind="stable").tolist()


def test_the_final_ranking_is_taken_and_what_is_in_hand_stays(served: tuple[Run, FastAPI, TestClient]) -> None:
    run, app, ann = served
    log = app.state.workspace.log
    session, before = ann.get("/api/session").json(), order(app)
    held = ann.post("/api/next", json={"run": log.run_id, "held": [], "limit": 3}).json()["cards"]
    find_run(run.directory).record(ranked=False, finished=False)  # the audit begins to rank
    assert decide(ann, log, held[0], "p1") == "saved"
    assert ann.get("/api/pulse").json()["ranking"] == session["run"]["ranking"]
    assert ann.get("/api/export/preview").json()["what"] == "The run is being ranked anew."
    write_run(run.directory, models=FINAL)
    pulse, now = ann.get("/api/pulse").json(), ann.get("/api/session").json()
    assert session["run"]["ranking"] != pulse["ranking"] == now["run"]["ranking"]
    assert (session["models"], now["models"]) == (["consensus", *EARLY], ["consensus", *FINAL])
    assert (order(app) == before, sorted(order(app)) == sorted(before)) == (False, True)
    assert decide(ann, log, held[1], "p2") == "saved"
    (first,), (second,) = (list(log.standing([card["id"]])) for card in held[:2])
    assert first.arm is not None
    assert second.arm is not None  # how it was served is not forgotten
    more = ann.post("/api/next", json={"run": log.run_id, "held": [held[2]["id"]], "limit": 5}).json()["cards"]
    assert not {card["id"] for card in more if not card["hidden"]} & {card["id"] for card in held}
    assert ann.get("/api/export/preview").status_code == 200


def test_a_ranking_that_cannot_be_read_leaves_the_old_one(
    served: tuple[Run, FastAPI, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, app, ann = served
    before, renewal, asked = app.state.workspace, app.state.renewal, []

    def damaged(run: Run) -> None:
        asked.append(run)
        raise RunDamagedError("issues.parquet is damaged.", "Wait.")

    write_run(run.directory, models=FINAL)
    with monkeypatch.context() as patch:
        patch.setattr(renewal, "_open", damaged)
        for _ in range(3):
            assert ann.get("/api/pulse").status_code == 200
    assert (app.state.workspace is before, len(asked)) == (True, 1)  # it is tried again after a pause
    monkeypatch.setattr(renewal, "_not_before", 0.0)
    ann.get("/api/pulse")
    assert app.state.workspace is not before


def test_other_rows_are_refused(served: tuple[Run, FastAPI, TestClient]) -> None:
    run, app, ann = served
    before, log = app.state.workspace, app.state.workspace.log
    card = ann.get("/api/row?row=0").json()
    write_run(run.directory, rows=120)
    answer = ann.post("/api/events", json={"run": log.run_id, "events": [], "held": [card["id"]]})
    assert (answer.status_code, "has been re-created" in answer.json()["what"]) == (409, True)
    assert app.state.workspace is before


def decide(client: TestClient, log: DecisionLog, card: dict[str, str], event_id: str) -> str:
    press = {
        "event_id": event_id,
        "kind": "decide",
        "verdict": "keep",
        "item_id": card["id"],
        "item_hash": card["hash"],
    }
    answer = client.post("/api/events", json={"run": log.run_id, "events": [press]}).json()
    return str(answer["results"][0]["status"])
