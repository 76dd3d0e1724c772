"""One row a vote: read as one row a text."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from auditor.config import ReadConfig
from auditor.data import LabeledTexts, read
from auditor.errors import ColumnError, InputError, RowError

ROWS = """tweet,label,rater,source,seconds
so glad,joy,ann,web,1
so glad,love,bob,web,2
so sad,sadness,ann,app,3
so glad,joy,cid,web,4
so sad,sadness,bob,app,5
well,joy,dan,app,6
"""


def frame_of(rows: str = ROWS) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(rows), keep_default_na=False)


def gathered(frame: Any, **options: Any) -> LabeledTexts:
    return read(frame, ReadConfig(annotator="rater", **options))


def voted(data: LabeledTexts) -> list[tuple[str, str, str]]:
    """Text, rater and label of each vote."""
    assert data.votes is not None
    votes, texts = data.votes, data.texts
    triples = zip(votes.row.tolist(), votes.rater.tolist(), votes.label.tolist(), strict=True)
    return [(texts[row], votes.raters[rater], data.label_names[label]) for row, rater, label in triples]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "frame", "dataset"])
def test_one_row_a_text_with_the_label_of_most(kind: str, tmp_path: Path) -> None:
    frame, path = frame_of(), tmp_path / f"votes.{kind}"
    source: Any = path
    if kind == "csv":
        path.write_text(ROWS, "utf-8")
    elif kind == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    elif kind == "parquet":
        frame.to_parquet(path)
    else:
        source = frame if kind == "frame" else datasets.Dataset.from_pandas(frame)
    data = gathered(source)
    assert (data.texts, data.ids) == (["so glad", "so sad", "well"], ["all-0", "all-1", "all-2"])
    assert data.label_names == ("joy", "love", "sadness")
    assert data.labels.tolist() == [0, 2, 0]
    assert voted(data) == [
        *[("so glad", "ann", "joy"), ("so glad", "bob", "love"), ("so glad", "cid", "joy")],
        *[("so sad", "ann", "sadness"), ("so sad", "bob", "sadness"), ("well", "dan", "joy")],
    ]
    assert data.table["original:source"].to_pylist() == ["web", "app", "app"]
    assert {"original:rater", "original:seconds"}.isdisjoint(data.table.column_names)
    notes = " ".join(data.notes)
    assert "6 votes of 4 raters on 3 texts" in notes
    assert "differ between votes on a text: 'seconds'." in notes
    assert "never the majority label: 'love'." in notes


def test_ties_are_counted() -> None:
    frame = frame_of().iloc[[0, 1, 2]]
    assert any(note.startswith("On 1 text several labels have the most votes") for note in gathered(frame).notes)
    assert not any("several labels" in note for note in gathered(frame_of()).notes)


def test_the_last_vote_of_a_rater_counts() -> None:
    again = pd.DataFrame([["so glad", "love", " ann ", "web", 7]], columns=list(frame_of()))
    data = gathered(pd.concat([frame_of(), again], ignore_index=True))
    assert data.labels.tolist() == [1, 2, 0]
    assert data.table["original:label"].to_pylist() == ["love", "sadness", "joy"]
    assert "1 vote replaced by the same rater's later vote on the same text." in data.notes


def test_rows_of_one_id_are_one_text() -> None:
    frame = frame_of().assign(tweet_id=[7, 7, 8, 9, 8, 10])
    data = gathered(frame, id="tweet_id")
    assert data.ids == ["7", "8", "9", "10"]
    assert data.texts == ["so glad", "so sad", "so glad", "well"]


def test_raters_may_be_numbers_and_there_may_be_one() -> None:
    frame = frame_of().iloc[[0, 2]].assign(rater=[1.0, 1.0])
    data = gathered(frame)
    assert data.votes is not None
    assert data.votes.raters == ("1",)
    assert "2 votes of 1 rater on 2 texts" in " ".join(data.notes)
    assert "No text has two votes" in " ".join(data.notes)


def test_texts_stay_in_their_split(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(ROWS, "utf-8")
    (tmp_path / "test.csv").write_text(ROWS.replace("so glad,joy", "so glad,sadness"), "utf-8")
    data = gathered([tmp_path / "train.csv", tmp_path / "test.csv"])
    assert data.ids == [f"{split}-{row}" for split in ("train", "test") for row in range(3)]
    assert [part["rows"] for part in data.origin.options["parts"]] == [3, 3]
    assert data.labels.tolist() == [0, 2, 0, 2, 2, 0]


@pytest.mark.parametrize(
    ("rows", "options", "error", "what"),
    [
        (ROWS, {"annotator": "who"}, ColumnError, "no column 'who'"),
        (ROWS, {"annotator": "rater", "votes": "source"}, ColumnError, "cannot both hold votes"),
        (
            ROWS,
            {"annotator": "tweet"},
            ColumnError,
            "no column has a usual name of texts but 'tweet', which is named for",
        ),
        (
            ROWS,
            {"votes": "label"},
            ColumnError,
            "no column has a usual name of labels but 'label', which is named for the raters",
        ),
        (ROWS, {"annotator": "tweet", "text": "tweet"}, ColumnError, "cannot hold both the texts and the raters"),
        (ROWS, {"annotator": "label", "label": "label"}, ColumnError, "cannot hold both the labels and the raters"),
        (ROWS.replace("ann", " "), {"annotator": "rater"}, RowError, "2 rows of 6 cannot be audited: 2 with missing"),
        (ROWS.replace("so sad", ""), {"annotator": "rater"}, RowError, "2 with empty text. First: row 3"),
        (ROWS, {"annotator": "rater", "id": "source"}, RowError, "'app' to 'so sad' and to 'well'"),
        (ROWS.replace("web", ""), {"annotator": "rater", "id": "source"}, RowError, "has no id in 3 rows: row 1 of"),
    ],
)
def test_what_cannot_be_read(rows: str, options: dict[str, Any], error: type[InputError], what: str) -> None:
    with pytest.raises(error) as caught:
        read(frame_of(rows), ReadConfig(**options))
    assert what in caught.value.what
    assert "\n" not in caught.value.what + caught.value.todo


def test_raters_are_no_lists() -> None:
    with pytest.raises(ColumnError, match="expected names of raters: strings or whole numbers"):
        gathered(frame_of().assign(rater=[["ann"]] * 6))


def test_invalid_votes_can_be_left_out() -> None:
    data = gathered(frame_of(ROWS.replace("ann", " ").replace("well", "")), drop_invalid=True)
    assert (data.texts, data.labels.tolist()) == (["so glad", "so sad"], [0, 2])
    assert "3 votes without a text or a rater omitted." in data.notes
    with pytest.raises(RowError, match="no row with both a text and a label"):
        gathered(frame_of().assign(rater=""), drop_invalid=True)


@pytest.mark.parametrize("word", ["", "nan", "abstain", "-1", "N/A"])
def test_a_row_without_a_label_is_no_vote(word: str) -> None:
    data = gathered(frame_of(ROWS.replace("love", word).replace("well,joy", f"well,{word}")))
    assert [vote[:2] for vote in voted(data)] == [
        ("so glad", "ann"),
        ("so glad", "cid"),
        ("so sad", "ann"),
        ("so sad", "bob"),
    ]
    assert (data.label_names, data.texts) == (("joy", "sadness"), ["so glad", "so sad"])
    assert data.rejected.select(["reason", "original:tweet", "original:label"]).to_pylist() == [
        {"reason": "missing label", "original:tweet": "well", "original:label": word}
    ]
    how = repr(word) if word else "blank"
    assert f"2 abstentions ({how}) are not counted as votes." in data.notes
    assert "1 text without a vote set aside; exports bring such rows back." in data.notes


def test_minus_one_is_no_vote_beside_numbered_classes() -> None:
    frame = pd.DataFrame({"text": list("aabb"), "label": [0, -1, 1, -1], "rater": [1, 2, 1, 2]})
    dataset = datasets.Dataset.from_pandas(frame).cast_column("label", datasets.ClassLabel(names=["no", "yes"]))
    for source in (dataset, frame.assign(label=[0, -1, 2, -1]), frame.assign(label=["no", "-1", "yes", "-1"])):
        data = gathered(source)
        assert (data.num_classes, len(data.votes or ())) == (2, 2)
        assert "2 abstentions ('-1') are not counted as votes." in data.notes


def test_columns_of_lists_are_compared_too() -> None:
    frame = frame_of().assign(tags=[["a"], ["a"], [], ["a"], [], None], words=[["a"], ["b"], [], ["a"], [], []])
    data = gathered(frame)
    assert data.table["original:tags"].to_pylist() == [["a"], [], None]
    assert "original:words" not in data.table.column_names


def test_what_is_missing_in_all_votes_on_a_text_stays_so() -> None:
    frame = frame_of().assign(place=[None, None, "x", None, "x", None], time=[None, "x", "x", None, "x", "x"])
    data = gathered(frame)
    assert data.table["original:place"].to_pylist() == [None, "x", None]
    assert "original:time" not in data.table.column_names


def test_numbered_classes_keep_their_names() -> None:
    frame = pd.DataFrame({"text": list("aabb"), "label": [0, 0, 1, 1], "rater": [1, 2, 1, 2]})
    dataset = datasets.Dataset.from_pandas(frame).cast_column("label", datasets.ClassLabel(names=["no", "yes", "?"]))
    data = gathered(dataset)
    assert (data.label_names, data.labels.tolist()) == (("no", "yes", "?"), [0, 1])


def test_the_fingerprint_knows_the_votes(tmp_path: Path) -> None:
    data, other = gathered(frame_of()), gathered(frame_of(ROWS.replace("dan", "ann")))
    assert data.texts == other.texts
    assert data.labels.tolist() == other.labels.tolist()
    assert data.fingerprint() != other.fingerprint()
    data.write(tmp_path / "dataset.parquet", tmp_path / "rejected.parquet")
    again = LabeledTexts.load(*(tmp_path / f"{name}.parquet" for name in ("dataset", "rejected", "votes")))
    assert again.fingerprint() == data.fingerprint()
    assert voted(again) == voted(data)


def test_two_million_votes_take_seconds() -> None:
    rows, raters = 100_000, 20
    rng = np.random.default_rng(0)
    row = np.tile(np.arange(rows), raters)
    table = pa.table(
        {
            "text": pa.array([f"text {one}" for one in range(rows)]).take(pa.array(row)),
            "label": pa.array(["joy", "love", "fear"]).take(pa.array(rng.integers(0, 3, len(row)))),
            "rater": pa.array(np.repeat(np.arange(raters), rows)),
        }
    )
    start = time.perf_counter()
    data = gathered(datasets.Dataset(table))
    assert time.perf_counter() - start < 60
    assert (len(data), len(data.votes or ())) == (rows, rows * raters)
