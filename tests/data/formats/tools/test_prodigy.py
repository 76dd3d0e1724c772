"""Prodigy: choices and yes-or-no questions, several annotators, reviews."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.config import ReadConfig
from auditor.data import read
from auditor.data.formats.tools.prodigy import Prodigy
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

OPTIONS = [{"id": label, "text": label.title()} for label in ("joy", "anger", "fear")]


def answer(at: int, text: str, *labels: Any, who: str | None = "db-ann", **more: Any) -> dict[str, Any]:
    """A row of ``textcat.manual`` with several labels."""
    return {
        "text": text,
        "meta": {"n": at},
        "_input_hash": -1000 - at,
        "_task_hash": 2000 + at,
        "options": OPTIONS,
        "_view_id": "choice",
        "accept": list(labels),
        "config": {"choice_style": "single"},
        "answer": "accept",
        "_timestamp": 1700000000 + at,
        "_annotator_id": who,
        "_session_id": who,
        **more,
    }


def answers() -> list[dict[str, Any]]:
    return [answer(at, text, label) for at, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_only_answer_is_replaced(tmp_path: Path) -> None:
    rows = [*answers(), answer(6, "skip", "joy", answer="ignore"), answer(7, "bad", "joy", answer="reject")]
    rows.append(answer(8, "nothing"))
    path = written(tmp_path / "db.jsonl", rows, ensure_ascii=False)
    data = read(path, ReadConfig(drop_invalid=True))
    assert (list(data.texts), names(data), votes(data)) == (TEXTS, LABELS, [])
    assert data.rejected["position"].to_pylist() == [6, 7, 8]
    new = check(path, {1: "joy", 2: "fear"})
    rows[1]["accept"], rows[2]["accept"] = ["joy"], ["fear"]
    assert new.read_text() == written(tmp_path / "expected.jsonl", rows, ensure_ascii=False).read_text()


@pytest.mark.parametrize("name", ["db.jsonl", "db.json"])
def test_rows_of_one_text_are_votes_and_a_review_is_appended(tmp_path: Path, name: str) -> None:
    rows = answers()
    rows += [answer(0, TEXTS[0], "anger", who="db-bob"), answer(1, TEXTS[1], "anger", who="db-bob")]
    rows += [answer(0, TEXTS[0], "anger", who="db-cid"), answer(2, TEXTS[2], "joy", who="db-cid", answer="ignore")]
    path = written(tmp_path / name, rows)
    data = read(path)
    assert list(data.texts) == TEXTS
    assert names(data) == ["anger", *LABELS[1:]]
    assert votes(data)[:3] == [(0, "db-ann", "joy"), (0, "db-bob", "anger"), (0, "db-cid", "anger")]
    assert "10 rows are about 6 texts: merged into one row per text." in data.notes
    if name == "db.json":
        _, after, new = there_and_back(path, {0: "joy", 2: "fear", 4: "anger"})
        assert names(after) == ["joy", "anger", "fear", "anger", "anger", "anger"]
        found = json.loads(new.read_text())
    else:
        found = lines(check(path, {0: "joy", 2: "fear", 4: "anger"}))
    assert len(found) == 11
    (review,) = [row for row in found if "versions" in row]
    assert (review["accept"], review["answer"], review["text"]) == (["joy"], "accept", TEXTS[0])
    assert review["sessions"] == ["db-ann", "db-bob", "db-cid"]
    assert [row["accept"] for row in review["versions"]] == [["joy"], ["anger"], ["anger"]]
    kept = [row for row in found if row["_input_hash"] == -1000 and "versions" not in row]
    assert kept == [row for row in rows if row["_input_hash"] == -1000]


def test_a_row_that_is_not_the_last_any_more_ends_with_a_line_break(tmp_path: Path) -> None:
    path = written(tmp_path / "db.jsonl", [*answers(), answer(0, TEXTS[0], "anger", who="db-bob")])
    path.write_bytes(path.read_bytes().rstrip())
    _, _, new = there_and_back(path, {})
    assert sorted(map(str, lines(new))) == sorted(map(str, lines(path)))


def test_a_review_decides(tmp_path: Path) -> None:
    versions = [
        {**answer(0, TEXTS[0], "joy"), "sessions": ["db-ann", "db-cid"]},
        {**answer(0, TEXTS[0], "anger"), "sessions": ["db-bob"]},
    ]
    rows = answers()
    rows[0] = answer(0, TEXTS[0], "anger", who="review-eve", sessions=["db-ann", "db-bob"], versions=versions)
    path = written(tmp_path / "db.jsonl", rows)
    data = read(path)
    assert names(data)[0] == "anger"
    assert votes(data)[:3] == [(0, "db-ann", "joy"), (0, "db-bob", "anger"), (0, "db-cid", "joy")]
    found = lines(check(path, {0: "fear"}))
    assert (len(found), found[0]["accept"], found[0]["versions"]) == (6, ["fear"], versions)
    rows[0] |= {"accept": [], "answer": "ignore"}
    path = written(tmp_path / "ignored.jsonl", rows)
    assert names(read(path))[0] == "joy"  # by two votes to one
    found = lines(check(path, {0: "anger"}))
    assert (found[0]["accept"], found[0]["answer"], found[0]["versions"]) == (["anger"], "accept", versions)


def binary(at: int, text: str, label: str, how: str, who: str = "db-ann") -> dict[str, Any]:
    row = answer(at, text, who=who, label=label, answer=how, _view_id="classification")
    return {key: value for key, value in row.items() if key not in ("accept", "options")}


def test_yes_or_no_to_one_label(tmp_path: Path) -> None:
    hows = ["accept", "reject", "accept", "reject", "ignore", "reject"]
    rows = [binary(at, text, "SPAM", how) for at, (text, how) in enumerate(zip(TEXTS, hows, strict=True))]
    path = written(tmp_path / "db.jsonl", rows)
    data = read(path, ReadConfig(drop_invalid=True))
    assert names(data) == ["SPAM", "not SPAM", "SPAM", "not SPAM", "not SPAM"]
    found = lines(check(path, {0: "not SPAM", 1: "SPAM"}))
    assert [row["answer"] for row in found] == ["reject", "accept", *hows[2:]]
    assert {row["label"] for row in found} == {"SPAM"}
    shared = [*rows, binary(1, TEXTS[1], "SPAM", "reject", who="db-bob")]
    assert votes(read(written(tmp_path / "two.jsonl", shared), ReadConfig(drop_invalid=True)))[1:3] == [
        (1, "db-ann", "not SPAM"),
        (1, "db-bob", "not SPAM"),
    ]
    check(tmp_path / "two.jsonl", {1: "SPAM", 3: "SPAM"})


def test_yes_or_no_to_several_labels(tmp_path: Path) -> None:
    rows = [binary(at, text, label, "accept") for at, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))]
    rows.insert(1, binary(0, TEXTS[0], "anger", "reject"))
    rows.append(binary(9, "neither", "joy", "reject"))
    path = written(tmp_path / "db.jsonl", rows)
    data = read(path, ReadConfig(drop_invalid=True))
    assert (list(data.texts), names(data)) == (TEXTS, LABELS)
    found = lines(check(path, {0: "anger"}))
    assert [(row["label"], row["answer"]) for row in found[:2]] == [("anger", "accept"), ("anger", "reject")]


def test_several_options_are_refused_with_their_number(tmp_path: Path) -> None:
    rows = answers()
    rows[3]["accept"] = ["joy", "anger"]
    with pytest.raises(ColumnError, match="1 text of 6 has several labels for 'label', as 'joy', 'anger' in object 4"):
        read(written(tmp_path / "db.jsonl", rows))


def test_other_keys_that_say_the_same_go_along(tmp_path: Path) -> None:
    many = [answer(at, f"text {at}", LABELS[at % 6]) | {"label_text": LABELS[at % 6].upper()} for at in range(40)]
    many.append({**many[2], "_annotator_id": "db-bob"})
    found = lines(check(written(tmp_path / "db.jsonl", many), {0: "anger", 2: "anger"}))
    assert found[0] == {**many[0], "accept": ["anger"], "label_text": "ANGER"}
    assert found[2:4] == [many[2], many[40]]
    assert (found[4]["accept"], found[4]["label_text"], len(found[4]["versions"])) == (["anger"], "ANGER", 2)


def test_options_may_be_numbered(tmp_path: Path) -> None:
    rows = answers()
    for row in rows:
        row["accept"] = [{"joy": 1, "anger": -1}[row["accept"][0]]]
    path = written(tmp_path / "db.jsonl", rows)
    assert names(read(path)) == ["1", "-1", "1", "-1", "1", "-1"]
    assert lines(check(path, {0: "-1"}))[0]["accept"] == [-1]


KEYS = ["text", "_input_hash", "accept", "answer", "_annotator_id", "_session_id", "versions", "label", "options"]


@pytest.mark.parametrize("key", KEYS)
def test_another_kind_of_value_is_refused_or_no_label(key: str) -> None:
    for row in (answers()[0], binary(0, "x", "SPAM", "accept")):
        found = [refusal(Prodigy(), replaced(row, (key,), value)) for value in ODD]
        assert all(what is None or what.startswith("odd.json, object 2: ") for what in found)
    found = [
        refusal(Prodigy(), replaced({**answers()[0], "versions": [answers()[1]]}, ("versions", 0, key), value))
        for value in [*ODD, 0]
    ]
    assert all(what is None or what.startswith("odd.json, object 2: versions[0].") for what in found)
