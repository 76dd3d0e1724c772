"""The page while its run is audited anew."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from auditor.config import AuditConfig, EncoderConfig
from auditor.data import sample
from auditor.pipeline import audit
from auditor.review.log.log import DecisionLog, run_id
from auditor.run import find_run
from tests.ui.conftest import browser, make_app

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_pictures")]


def test_an_audit_of_the_same_run_does_not_disturb_who_reviews(tiny_model: Path, tmp_path: Path) -> None:
    frame = sample.written()
    frame = frame[frame["label"].isin(["joy", "sadness"])].head(60)
    config = AuditConfig(models=("lexical",), encoder=EncoderConfig(name=str(tiny_model)), folds=2, cheap_repeats=1)
    place = tmp_path / "run"
    audit(frame, config=config, out=place)
    run = find_run(place)
    with closing(DecisionLog(run / "decisions.db", run_id(run))) as log:
        client = browser(make_app(run, log))
        client.post("/api/name", json={"name": "ann"})
        before = client.get("/api/table?size=60").json()
        decide(client, before["rows"][0]["row"])

        audit(frame, config=config.updated(seed=1), out=place, fresh=True)

        ranked_anew = client.get("/api/table?size=60").json()["rows"]  # the same rows, in their new order
        assert sorted(row["id"] for row in ranked_anew) == sorted(row["id"] for row in before["rows"])
        assert [row["suspicion"] for row in ranked_anew] != [row["suspicion"] for row in before["rows"]]
        decide(client, before["rows"][1]["row"])
        lasso = client.post("/api/selection", json={"run": log.run_id, "rows": [0]})
        assert lasso.status_code == 200

        dataset = find_run(place).dataset
        find_run(place).record(dataset=dataset.model_copy(update={"fingerprint": "of other rows"}))
        body = {"run": log.run_id, "events": [], "held": []}
        answer = client.post("/api/events", json=body)
        assert answer.status_code == 409
        assert "has been re-created" in answer.json()["what"]
        assert "Restart `auditor review`" in answer.json()["todo"]
        lasso = client.post("/api/selection", json={"run": log.run_id, "rows": [0]})
        assert (lasso.status_code, lasso.json()) == (409, answer.json())
        for view in ("facets", "groups", "confusions", "map", "progress"):
            assert client.get(f"/api/{view}").status_code == 200
        find_run(place).record(dataset=dataset)

        again = browser(make_app(find_run(place), log))
        assert again.get("/api/progress").json()["decided"] == 2
        again.post("/api/name", json={"name": "ann"})
        decide(again, before["rows"][2]["row"])
        find_run(place).record(note="anything else")
        decide(again, before["rows"][3]["row"])


def decide(client: Any, row: int) -> None:
    card = client.get(f"/api/row?row={row}").json()
    about = {"item_id": card["id"], "item_hash": card["hash"]}
    press = {"event_id": f"press-{row}", "kind": "decide", "verdict": "keep", **about}
    answer = client.post(
        "/api/events", json={"run": client.get("/api/session").json()["run"]["id"], "events": [press]}
    ).json()
    assert answer["results"] == [{"event_id": f"press-{row}", "status": "saved"}]
