"""doccano: JSON Lines, JSON and CSV, and the columns of its earlier versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditor.config import ReadConfig
from auditor.data import read
from auditor.data.formats.tools.doccano import Doccano
from auditor.errors import ColumnError
from tests.data.formats.tools.exports import LABELS, ODD, TEXTS, check, names, refusal, replaced, written


def examples(text: str = "text", label: str = "label", **more: Any) -> list[dict[str, Any]]:
    more = more or {"source": "web", "Comments": []}
    pairs = enumerate(zip(TEXTS, LABELS, strict=True))
    return [{"id": at + 1, text: words, "source": "a", label: [name], **more} for at, (words, name) in pairs]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"text": "data"},
        {"label": "labels", "meta": {}, "annotation_approver": None},
        {"label": "cats", "Comments": ["odd"]},
    ],
)
@pytest.mark.parametrize("name", ["all.jsonl", "all.json"])
def test_the_label_is_replaced_in_its_list(tmp_path: Path, form: dict[str, Any], name: str) -> None:
    rows = examples(**form)
    key = form.get("label", "label")
    rows.append({**rows[0], "id": 9, key: []})
    path = written(tmp_path / name, rows, ensure_ascii=False, separators=(",", ":"))
    data = read(path, ReadConfig(drop_invalid=True))
    assert (list(data.texts), names(data), data.rejected.num_rows) == (TEXTS, LABELS, 1)
    assert data.notes[0].startswith("Read as an export of doccano, detected from its keys: texts from")
    new = check(path, {0: "anger", 3: "awe é"})
    rows[0][key], rows[3][key] = ["anger"], ["awe é"]
    assert new.read_text() == written(tmp_path / "expected", rows).read_text() or [
        json.loads(new.read_text()) if name == "all.json" else [*map(json.loads, new.read_text().splitlines())]
    ] == [rows]


def test_a_table(tmp_path: Path) -> None:
    frame = pd.DataFrame(examples()).assign(label=LABELS, Comments="").set_index("id")
    frame.to_csv(tmp_path / "all.csv")
    assert names(read(tmp_path / "all.csv")) == LABELS
    new = check(tmp_path / "all.csv", {2: "anger"}).read_text()
    assert new == (tmp_path / "all.csv").read_text().replace("what a day,web,joy", "what a day,web,anger")


def test_several_labels_are_refused_with_their_number(tmp_path: Path) -> None:
    rows = examples()
    rows[0]["label"] = rows[3]["label"] = ["anger", "joy"]
    with pytest.raises(ColumnError, match="2 examples of 6 have several labels for 'label', as 'anger', 'joy'"):
        read(written(tmp_path / "all.jsonl", rows))
    labels = ["anger#joy", "anger", "C#", "anger", "joy", "C#"]
    pd.DataFrame(examples()).assign(label=labels, Comments="").to_csv(tmp_path / "all.csv", index=False)
    with pytest.raises(ColumnError, match="1 example of 6 has several labels"):
        read(tmp_path / "all.csv")
    labels[0] = "joy"
    pd.DataFrame(examples()).assign(label=labels, Comments="").to_csv(tmp_path / "all.csv", index=False)
    assert read(tmp_path / "all.csv").label_names == ("C#", "anger", "joy")


def test_what_doccano_alone_does_not_have_can_be_named(tmp_path: Path) -> None:
    rows = [{"text": text, "label": [label]} for text, label in zip(TEXTS, LABELS, strict=True)]
    path = written(tmp_path / "import.jsonl", rows)
    data = read(path, ReadConfig(tool="doccano"))
    assert (names(data), data.origin.options["tool"]) == (LABELS, "doccano")
    check(path, {0: "anger"}, tool="doccano")


@pytest.mark.parametrize("path", [("text",), ("label",), ("label", 0)], ids=str)
def test_another_kind_of_value_is_refused_or_no_label(path: tuple[Any, ...]) -> None:
    found = [refusal(Doccano(), replaced(examples()[0], path, value)) for value in ODD]
    assert any(found)
    assert all(what is None or what.startswith(f"odd.json, object 2: {path[0]}") for what in found)
