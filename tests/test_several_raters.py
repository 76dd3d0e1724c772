"""A whole audit of votes: read, weigh, rank, report, resume, export."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import auditor
from auditor.config import AuditConfig, DetectionConfig, EncoderConfig, LexicalConfig
from auditor.data import sample
from auditor.errors import RunMismatchError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_pictures")]

RATERS = ("ann", "bob", "cid")
Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def votes() -> pd.DataFrame:
    """One row a vote on 90 messages; cid is careless."""
    frame = sample.written()
    frame = frame[frame["label"].isin(["joy", "sadness", "anger"])].head(90).reset_index(drop=True)
    rng = np.random.default_rng(0)
    made = []
    for rater in RATERS:
        errs = rng.random(len(frame)) < (0.5 if rater == "cid" else 0.1)
        label = np.where(errs, rng.choice(["joy", "sadness", "anger"], len(frame)), frame["label"])
        made.append(pd.DataFrame({"text": frame["text"], "label": label, "rater": rater, "row": frame.index}))
    return pd.concat(made).sort_values(["row", "rater"], ignore_index=True)


@pytest.fixture(scope="module")
def config(tiny_model: Path) -> AuditConfig:
    return AuditConfig(
        folds=3,
        models=("features", "lexical"),
        encoder=EncoderConfig(name=str(tiny_model)),
        lexical=LexicalConfig(strengths=(1.0, 10.0)),
        detection=DetectionConfig(map_neighbours=5),
        device="cpu",
    )


@pytest.fixture(scope="module")
def audited(votes: pd.DataFrame, config: AuditConfig, tmp_path_factory: pytest.TempPathFactory) -> auditor.Audit:
    return auditor.audit(votes, annotator="rater", config=config, out=tmp_path_factory.mktemp("raters"))


def test_raters_and_models_order_the_queue(audited: auditor.Audit, votes: pd.DataFrame) -> None:
    issues = audited.issues
    assert len(issues) == votes["text"].nunique()
    np.testing.assert_allclose(issues["suspicion"], issues["annotators"], atol=1e-6)
    flagged = int(issues["is_issue"].sum())
    assert issues["is_issue"].head(flagged).all(), "the head of the ranking"
    assert 0 < flagged <= (issues["predicted_label"] != issues["given_label"]).sum()
    assert issues["stability"].notna().all()
    assert issues["tier"][issues["is_issue"]].isin(["high", "medium"]).all()
    doubted = issues[issues["predicted_label"] == issues["suggested_label"]]
    assert doubted["reasons"].str[0].str.contains("raters and models together give").all()


def test_the_careless_rater_is_found(audited: auditor.Audit) -> None:
    assert audited.health["raters"][0]["name"] == "cid"
    assert 0.2 < audited.health["votes"]["alpha"] < 0.8
    assert 'id="raters"' in (audited.directory / "report.html").read_text("utf-8")


def test_the_votes_are_kept_with_the_run(audited: auditor.Audit, votes: pd.DataFrame) -> None:
    kept = pq.read_table(audited.directory / "votes.parquet").to_pandas()
    assert list(kept.columns) == ["row", "annotator", "label"]
    assert len(kept) == len(votes)
    assert audited.texts.fingerprint() == audited.run.dataset.fingerprint


def test_another_vote_is_another_dataset(audited: auditor.Audit, votes: pd.DataFrame, config: AuditConfig) -> None:
    before = audited.run.manifest.stages
    again = auditor.audit(votes, annotator="rater", config=config, out=audited.directory)
    assert again.run.manifest.stages == before
    changed = votes.assign(rater=votes["rater"].where(votes.index != 0, "dan"))
    with pytest.raises(RunMismatchError):
        auditor.audit(changed, annotator="rater", config=config, out=audited.directory)


def test_how_raters_are_weighed_is_looked_at_by_the_last_stage_alone(
    audited: auditor.Audit, votes: pd.DataFrame, config: AuditConfig
) -> None:
    before = audited.run.manifest.stages
    other = config.updated(detection={"raters": "crowdlab"})
    after = auditor.audit(votes, annotator="rater", config=other, out=audited.directory).run.manifest.stages
    assert {name for name in after if after[name] != before[name]} == {"detect"}
    assert auditor.audit(votes, annotator="rater", config=config, out=audited.directory).health == audited.health


def test_the_export_is_one_row_a_text(audited: auditor.Audit, votes: pd.DataFrame, tmp_path: Path) -> None:
    auditor.export(audited, tmp_path / "clean.parquet")
    clean = pd.read_parquet(tmp_path / "clean.parquet")
    assert list(clean.columns) == ["text", "label", "row"]
    assert clean["text"].tolist() == votes["text"].drop_duplicates().tolist()
    labels = votes.groupby("text", sort=False)["label"].agg(list)
    given = dict(zip(clean["text"], clean["label"], strict=True))
    assert all(label.count(given[text]) == max(map(label.count, label)) for text, label in labels.items())


def test_a_column_of_votes_from_the_command_line(
    invoke: Invoke, votes: pd.DataFrame, tiny_model: Path, tmp_path: Path
) -> None:
    rows = votes.groupby("row").agg(text=("text", "first"), label=("label", "first"), votes=("label", "|".join))
    rows.iloc[0, 2] = ""
    rows.to_csv(tmp_path / "tweets.csv", index=False)
    words = ["--models", "lexical", "--encoder", tiny_model, "--folds", 2]
    code, _, err = invoke("run", "tweets.csv", "--votes", "votes", *words, "--json")
    assert code == 0
    assert "267 votes of 3 raters in column 'votes'." in err
    run = tmp_path / "reports" / "runs" / "tweets"
    issues = pq.read_table(run / "issues.parquet").to_pandas()
    assert issues["annotators"].isna().tolist() == [True] + [False] * 89
    assert issues["suspicion"].notna().all(), "the models alone judge the row without a vote"
    assert len(json.loads((run / "health.json").read_text("utf-8"))["raters"]) == 3
    assert invoke("export", "tweets", "--to", "clean.csv")[0] == 0
    assert (tmp_path / "clean.csv").read_bytes() == (tmp_path / "tweets.csv").read_bytes()
    code, _, err = invoke("run", "tweets.csv", "--annotator", "rater", *words)
    assert code == 3
    assert "no column 'rater'" in err


def test_one_vote_a_text_changes_nothing(votes: pd.DataFrame, config: AuditConfig, tmp_path: Path) -> None:
    one = votes.drop_duplicates("text").assign(rater=lambda frame: np.where(frame.index % 2, "ann", "bob"))
    config = config.model_copy(update={"models": ("lexical",)})
    with_votes = auditor.audit(one, annotator="rater", config=config, out=tmp_path / "with").issues
    without = auditor.audit(one.drop(columns="rater"), config=config, out=tmp_path / "without").issues
    assert with_votes["annotators"].isna().all()
    pd.testing.assert_frame_equal(with_votes.drop(columns="annotators"), without)
