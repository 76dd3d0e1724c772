"""Argilla: nested and flat records, responses of several users, suggestions, and statuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datasets import Dataset

from auditor.config import ReadConfig
from auditor.data import read
from auditor.data.formats.tools.argilla import Argilla
from auditor.errors import ColumnError
from tests.data.formats.tools.exports import (
    LABELS,
    ODD,
    TEXTS,
    check,
    names,
    refusal,
    replaced,
    there_and_back,
    votes,
    written,
)

ANN, BOB, CID = (f"{number}a1a1a1a-0000-4000-8000-000000000000" for number in (1, 2, 3))


def record(at: int, text: str, *responses: tuple[str, Any], **more: Any) -> dict[str, Any]:
    """A record as ``records.to_json`` writes it."""
    return {
        "id": f"r{at}",
        "fields": {"text": text},
        "metadata": {"source": "web"},
        "suggestions": {"label": {"value": "fear", "score": 0.5, "agent": "bert"}},
        "responses": {"label": [{"value": value, "user_id": user} for user, value in responses]},
        "vectors": {},
        "status": "completed",
        "_server_id": f"5{at}",
        **more,
    }


def records(*users: str) -> list[dict[str, Any]]:
    pairs = zip(TEXTS, LABELS, strict=True)
    return [record(at, text, *((user, label) for user in users)) for at, (text, label) in enumerate(pairs)]


@pytest.mark.parametrize("name", ["records.json", "records.jsonl"])
def test_an_only_response_is_replaced(tmp_path: Path, name: str) -> None:
    rows = records(ANN)
    path = written(tmp_path / name, rows)
    data = read(path)
    assert (list(data.texts), names(data), votes(data)) == (TEXTS, LABELS, [])
    assert "fear" not in data.label_names  # a model's suggestion
    new = check(path, {1: "joy", 2: "awe é"})
    rows[1]["responses"]["label"][0]["value"] = "joy"
    rows[2]["responses"]["label"][0]["value"] = "awe é"
    assert new.read_text() == written(tmp_path / f"expected-{name}", rows, ensure_ascii=False).read_text()


def test_several_responses_stay_and_the_correction_is_the_suggestion(tmp_path: Path) -> None:
    rows = records(ANN, BOB)
    rows[0]["responses"]["label"] += [{"value": "anger", "user_id": CID}]
    rows[1]["suggestions"] = {}
    rows[2]["suggestions"] = None
    path = written(tmp_path / "records.json", rows)
    data = read(path)
    assert names(data) == LABELS
    assert votes(data)[:3] == [(0, ANN, "joy"), (0, BOB, "joy"), (0, CID, "anger")]
    new = json.loads(check(path, {0: "anger", 1: "joy", 2: "anger"}).read_text())
    for at, label in enumerate(["anger", "joy", "anger"]):
        assert new[at]["responses"] == rows[at]["responses"]
        assert new[at]["suggestions"] == {"label": {"value": label, "score": None, "agent": "auditor"}}
    check(written(tmp_path / "again.json", new), {0: "joy", 4: "anger"})


def test_responses_that_were_not_submitted_are_no_labels(tmp_path: Path) -> None:
    rows = records(ANN)
    for at, status in enumerate(["submitted", "discarded", "draft"]):
        rows[at]["responses"]["label"][0]["status"] = status
    rows[3]["responses"] = {}
    data = read(written(tmp_path / "records.json", rows), ReadConfig(drop_invalid=True))
    assert (len(data), data.rejected.num_rows) == (3, 3)


def test_fields_and_questions_that_are_several_are_asked_for(tmp_path: Path) -> None:
    rows = [{**row, "fields": {**row["fields"], "title": "t"}} for row in records(ANN)]
    path = written(tmp_path / "records.json", rows)
    with pytest.raises(ColumnError, match=r"several texts in each record: 'fields\.text', 'fields\.title'"):
        read(path)
    assert names(read(path, ReadConfig(text="fields.text", label="responses"))) == LABELS
    for row in rows:
        row["responses"]["topic"] = [{"value": ["sport"], "user_id": ANN}]
    rows[0]["responses"]["topic"][0]["value"] = ["art"]
    path = written(tmp_path / "two.json", rows)
    with pytest.raises(ColumnError, match="several questions: 'label', 'topic'"):
        read(path, ReadConfig(text="text"))
    new = json.loads(check(path, {1: "art"}, text="text", label="topic").read_text())
    assert new[1]["responses"]["topic"][0]["value"] == ["art"]
    rows[4]["responses"]["topic"][0]["value"] = ["art", "sport"]
    with pytest.raises(ColumnError, match="1 record of 6 has several labels for 'topic'"):
        read(written(path, rows), ReadConfig(text="text", label="topic"))


def test_suggestions_can_be_read_by_their_path(tmp_path: Path) -> None:
    rows = records(ANN)
    for row, label in zip(rows, LABELS, strict=True):
        row["suggestions"]["label"]["value"] = label
        row["responses"] = {}
    path = written(tmp_path / "records.json", rows)
    with pytest.raises(ColumnError, match="no record of this export of Argilla has a label for its whole text"):
        read(path)
    assert names(read(path, ReadConfig(text="fields.text", label="suggestions.label.value"))) == LABELS


# -- flat records ---------------------------------------------------------------------------------------------------


def flat(*users: str) -> list[dict[str, Any]]:
    return [
        {
            "id": f"r{at}",
            "status": "completed",
            "_server_id": f"5{at}",
            "text": text,
            "label.responses": [label for _ in users],
            "label.responses.users": list(users),
            "label.responses.status": ["submitted" for _ in users],
            "label.suggestion": "fear",
            "label.suggestion.score": 0.5,
            "label.suggestion.agent": "bert",
        }
        for at, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))
    ]


@pytest.mark.parametrize("users", [(ANN,), (ANN, BOB)])
def test_flat_records_as_json(tmp_path: Path, users: tuple[str, ...]) -> None:
    path = written(tmp_path / "flat.json", flat(*users))
    assert (names(read(path)), len(votes(read(path)))) == (LABELS, 12 if len(users) > 1 else 0)
    new = json.loads(check(path, {0: "anger"}).read_text())
    if len(users) == 1:
        assert new[0]["label.responses"] == ["anger"]
    else:
        assert new[0]["label.responses"] == ["joy", "joy"]
        assert new[0]["label"] == "anger"  # which records.log takes for a suggestion


@pytest.mark.parametrize("users", [(ANN,), (ANN, BOB)])
def test_flat_records_as_a_dataset(tmp_path: Path, users: tuple[str, ...]) -> None:
    rows = flat(*users)
    rows[5]["label.responses.status"] = ["discarded" for _ in users]
    dataset = Dataset.from_list(rows)
    assert names(read(dataset, ReadConfig(drop_invalid=True))) == LABELS[:5]
    dataset.to_parquet(tmp_path / "flat.parquet")
    before, after, _ = there_and_back(tmp_path / "flat.parquet", {0: "anger"})
    assert names(after) == ["anger", *LABELS[1:5]]
    assert votes(after) == votes(before)


# -- what is not as Argilla writes it -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        ("fields",),
        ("fields", "text"),
        ("responses",),
        ("responses", "label"),
        ("responses", "label", 0),
        ("responses", "label", 0, "value"),
        ("responses", "label", 0, "user_id"),
        ("suggestions",),
        ("suggestions", "label"),
        ("suggestions", "label", "value"),
        ("suggestions", "label", "agent"),
    ],
    ids=str,
)
def test_another_kind_of_value_is_refused_or_no_label(path: tuple[Any, ...]) -> None:
    found = [refusal(Argilla(), replaced(records(ANN)[0], path, value)) for value in ODD]
    assert all(what is None or what.startswith("odd.json, object 2: ") for what in found)
    if path[0] != "suggestions" or len(path) < 3:
        assert any(found)


@pytest.mark.parametrize("key", [*flat(ANN)[0], "label"])
def test_another_kind_of_value_in_a_flat_record(key: str) -> None:
    for value in ODD:
        what = refusal(Argilla(), replaced(flat(ANN)[0], (key,), value))
        assert what is None or what.startswith(f"odd.json, object 2: {key}")


def test_columns_that_no_tool_has_may_hold_anything(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(flat(ANN))
    when = pa.array([2**62 + 1] * len(table), pa.timestamp("ns"))  # Python has no nanoseconds
    for column in (when, pa.StructArray.from_arrays([when], ["at"]), pa.array([b"\xff"] * len(table))):
        data = read(Dataset(table.append_column("inserted_at", column)))
        assert names(data) == LABELS
