from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.data.labeled_texts import LabeledTexts, Origin
from auditor.detection import Evidence, confident_learning, find_flags, issues_table, table
from auditor.detection.kinds import KINDS, find_kinds
from auditor.detection.stability import TIERS, stability, tiers
from auditor.models.scores import floored, losses
from auditor.signals import Loss, measure, signals_for
from auditor.tabular import write_csv
from tests.detection.made import random_rows

NAMES = ("joy", "=love", "fear")
ROWS = 40
TEXTS = ["=cmd|' /C calc'!A0", 'two\nlines, and "quotes"', "nul\0byte", "\tTab", "-1", "<b>hi</b> 😀", "我很高兴"]
FIRST = [
    "id", "split", "text", "given_label", "predicted_label", "suggested_label", "suspicion", "rank", "is_issue",
    "confident_learning", "tier", "kind", "kind_confidence", "stability",
]  # fmt: skip


@pytest.fixture(scope="module")
def made():
    labels, lexical = random_rows(0, ROWS, 3, noise=0.3)
    features = random_rows(1, ROWS, 3)[1]
    lexical[:2] = features[:2] = np.nan
    probabilities = {"lexical": lexical, "features": features}
    texts = TEXTS + [f"text {row}" for row in range(ROWS - len(TEXTS))]
    columns = {"id": [f"r{row}" for row in range(ROWS)], "text": texts, "label": labels, "split": ["train"] * ROWS}
    data = LabeledTexts(pa.table(columns), pa.table({}), NAMES, NAMES, Origin("x", "csv", "text", "label", None, {}))
    near = np.arange(ROWS, dtype=np.int32)
    near[9] = 8
    neighbours = np.tile(np.arange(3, dtype=np.int32), (ROWS, 1))
    evidence = Evidence(labels, NAMES, probabilities, near, near, neighbours)
    judgeable, mean = np.ones(ROWS, dtype=np.bool_), floored((lexical + features) / 2)
    flags = find_flags(labels, mean, judgeable)
    kinds = find_kinds(mean, labels, near, flags.is_issue)
    repeats = [find_flags(labels, model, judgeable) for model in (mean, lexical, features)]
    stable = stability([each.is_issue for each in repeats], [each.predicted >= 0 for each in repeats])
    group = np.where(flags.is_issue, 0, -1).astype(np.int32)
    signals = signals_for(probabilities, NAMES)
    measured = measure(signals, probabilities=probabilities, labels=labels)
    losses_alone = [signal for signal in signals if isinstance(signal, Loss)]
    confident = confident_learning(labels, mean, judgeable)
    return data, flags, confident, kinds, stable, evidence, measured, group, losses_alone


@pytest.fixture(scope="module")
def issues(made):
    return issues_table(*made)


def test_columns(issues):
    models = ["loss_lexical", "loss_features", "probability_given_lexical", "probability_given_features"]
    assert issues.column_names == [
        *FIRST, *models, "margin_lexical", "margin_features", "disagreement", "duplicate_group", "group", "reasons"
    ]  # fmt: skip
    types = {field.name: field.type for field in issues.schema}
    assert types["suspicion"] == types["loss_lexical"] == types["stability"] == pa.float32()
    assert types["rank"] == types["duplicate_group"] == types["group"] == pa.int32()
    assert types["reasons"] == pa.list_(pa.string())


def test_one_row_for_every_row_in_order(made, issues):
    data, flags, confident, _, _, evidence, *_ = made
    assert issues["id"].to_pylist() == data.ids
    assert issues["text"].to_pylist() == data.texts
    assert issues["rank"].to_pylist() == flags.rank.tolist()
    assert issues["given_label"].to_pylist() == [NAMES[code] for code in evidence.labels]
    assert issues["is_issue"].to_pylist() == flags.is_issue.tolist()
    assert issues["confident_learning"].to_pylist() == confident.tolist()
    row = int(np.argmin(flags.rank))
    assert issues["suggested_label"][row].as_py() == NAMES[flags.suggested[row]]


def test_the_loss_is_in_nats_and_the_signal_of_the_same_name_does_not_replace_it(made, issues):
    probabilities, labels = made[5].probabilities["lexical"], made[5].labels
    column = issues["loss_lexical"].to_numpy()
    assert np.array_equal(column, losses(probabilities, labels), equal_nan=True)
    assert np.allclose(np.exp(-column[2:]), issues["probability_given_lexical"].to_numpy()[2:], rtol=1e-4)


def test_kinds_and_tiers_go_by_name(made, issues):
    _, flags, _, kinds, stable, *_ = made
    names = [KINDS[kind] if kind >= 0 else None for kind in kinds.kind]
    assert issues["kind"].to_pylist() == names
    assert {"mislabelled", "duplicate_conflict", None} <= {*names}
    np.testing.assert_array_equal(issues["kind_confidence"].to_numpy(), kinds.confidence)
    assert issues["kind_confidence"].is_valid().to_pylist() == [name is not None for name in names]
    assert issues["tier"].to_pylist() == [TIERS[tier] if tier >= 0 else None for tier in tiers(flags.is_issue, stable)]
    assert {*issues["tier"].to_pylist()} == {*TIERS, None}
    np.testing.assert_array_equal(issues["stability"].to_numpy(), stable)


def test_what_is_not_known_is_null(made, issues):
    group, judged = made[7], np.arange(ROWS) >= 2
    for name in ("suspicion", "stability", "predicted_label", "suggested_label", "loss_lexical", "margin_features"):
        assert issues[name].is_valid().to_pylist() == judged.tolist()
    assert issues["duplicate_group"].to_pylist() == [8 if row in (8, 9) else None for row in range(ROWS)]
    assert issues["group"].is_valid().to_pylist() == (group >= 0).tolist()


def test_reasons_are_given_for_issues_and_the_first_ranks(made, monkeypatch):
    flags = made[1]
    judged = flags.predicted >= 0
    assert [bool(reasons) for reasons in issues_table(*made)["reasons"].to_pylist()] == judged.tolist()
    monkeypatch.setattr(table, "REASONS_TO", 3)
    some = [bool(reasons) for reasons in issues_table(*made)["reasons"].to_pylist()]
    assert some == (flags.is_issue | (flags.rank <= 3)).tolist()


def test_goes_through_parquet(issues, tmp_path):
    pq.write_table(issues, tmp_path / "issues.parquet")
    assert pq.read_table(tmp_path / "issues.parquet").equals(issues)


def test_csv_is_by_rank_and_reads_back(issues, tmp_path):
    write_csv(issues.sort_by("rank"), tmp_path / "issues.csv")
    with (tmp_path / "issues.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["rank"]) for row in rows] == list(range(1, ROWS + 1))
    by_id = {row["id"]: row for row in rows}
    assert by_id["r0"]["text"] == "'" + TEXTS[0]
    assert by_id["r1"]["text"] == TEXTS[1]
    assert by_id["r2"]["text"] == "nul\ufffdbyte"
    assert by_id["r3"]["text"] == "'\tTab"
    assert by_id["r4"]["text"] == "'-1"
    assert by_id["r5"]["text"] == TEXTS[5]
    assert by_id["r0"]["suspicion"] == ""
    assert by_id["r5"]["reasons"] == "; ".join(issues["reasons"][5].as_py())
    assert {row["given_label"] for row in rows} == {"joy", "'=love", "fear"}
    assert list(rows[0]) == issues.column_names


def test_no_cell_of_the_csv_is_a_formula(issues, tmp_path):
    write_csv(issues.sort_by("rank"), tmp_path / "issues.csv")
    frame = pd.read_csv(tmp_path / "issues.csv", dtype=str, keep_default_na=False)
    assert len(frame) == ROWS
    for name in frame.columns:
        if pa.types.is_string(issues.schema.field(name).type):
            assert not frame[name].str.match(r"[=+\-@\t\r]").any()
