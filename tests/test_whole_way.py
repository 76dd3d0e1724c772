"""The whole way on the bundled sample: audit, decide, export, push to a Hub, load from there, retrain, predict."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

import auditor
from auditor.actions import decision_log, retrain
from auditor.data import sample
from auditor.evaluation.saved.find import find_model
from auditor.review.log.event import Event, item_hash
from tests.hub.client import client
from tests.hub.server import serve
from tests.hub.store import Store
from tests.hub.tweets import TOKENS

JUDGED = 150

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_pictures")]


@pytest.fixture(scope="module")
def audit(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> auditor.Audit:
    """The sample, audited."""
    frame, _ = sample.load()
    config = auditor.AuditConfig(read={"id": "id"}, models=("features", "lexical"), folds=3)
    out = tmp_path_factory.mktemp("sample") / "run"
    return auditor.audit(frame, "text", "label", config=config, encoder={"name": str(tiny_model)}, out=out)


def decide(audit: auditor.Audit, written: pd.Series) -> None:
    """Judge the most suspect rows by the labels that their writer gave."""
    worst = audit.issues.head(JUDGED)
    with decision_log(audit, read_only=False) as (_, log):
        log.append(
            Event(
                event_id=f"decision-{row.Index}",
                run_id=log.run_id,
                kind="decide",
                item_id=row.id,
                item_hash=item_hash(row.text, row.given_label),
                reviewer="ada",
                verdict="keep" if written[row.id] == row.given_label else "relabel",
                new_labels=() if written[row.id] == row.given_label else (written[row.id],),
                at=datetime.now(UTC),
                source="queue",
            )
            for row in worst.itertuples()
        )


def test_the_whole_way(audit: auditor.Audit, tmp_path: Path) -> None:
    given, planted = sample.load()
    written = sample.written().set_index("id")["label"]
    decide(audit, written)

    auditor.export(audit, tmp_path / "clean.csv", raw=True)
    clean = pd.read_csv(tmp_path / "clean.csv", keep_default_na=False)
    judged = set(audit.issues["id"].head(JUDGED))
    expected = [written[id] if id in judged else label for id, label in zip(given["id"], given["label"], strict=True)]
    pd.testing.assert_frame_equal(clean, given.assign(label=expected), check_dtype=False)
    mended = planted["id"].isin(judged)
    assert 0 < mended.sum() < len(planted)
    assert (clean["label"] != given["label"]).sum() == mended.sum()

    with serve(Store(people=dict(TOKENS))) as hub, client(hub.endpoint, tmp_path, "hf_annannann") as ann:
        pushed = ann.ask("push", run=str(audit.directory), repo="ann/sample")
        assert pushed["url"].endswith("datasets/ann/sample")
        loaded = ann.ask("load", repo="ann/sample", config="corrected")
    (rows,) = loaded["rows"].values()
    assert rows == clean.to_dict("records")

    found = retrain(audit, ("lexical",), seeds=2)
    (lexical,) = found.models
    assert lexical.comparison.trained_on == lexical.comparison.tested_on == ("original", "corrected")
    assert lexical.comparison.rows == found.setting.test.rows
    assert found.setting.judged == JUDGED
    assert found.setting.changed == mended.sum()
    probabilities = find_model(str(audit.directory)).predict_proba(["I am so happy for you", "I miss him so much"])
    assert probabilities.shape == (2, 6)
    page = audit.report().read_text("utf-8")
    assert "Decisions and corrections" in page
