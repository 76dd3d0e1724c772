"""Prodigy's answers: a row that was not accepted has no label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditor.config import ReadConfig
from auditor.data import read
from auditor.errors import RowError

ANSWERS = ["accept", "accept", "reject", "ignore", "reject", "accept", None, "accept"]


def frame(accept: list[Any], answers: list[Any] | None = None) -> pd.DataFrame:
    texts = [f"text {row}" for row in range(len(accept))]
    return pd.DataFrame({"text": texts, "accept": accept, "answer": answers or ANSWERS})


@pytest.mark.parametrize(
    "labels",
    [[["x"], ["y"], ["x", "y"], [], ["x"], ["x"], ["y"], ["y"]], ["x", "y", "x", "x", "x", "x", "y", "y"]],
    ids=["choices", "binary"],
)
def test_only_what_was_accepted_is_labelled(labels: list[Any]) -> None:
    config = ReadConfig(label="accept", drop_invalid=True)
    data = read(frame(labels), config)
    assert [data.label_names[code] for code in data.labels] == ["x", "y", "x", "y"]
    assert data.rejected["original:accept"].to_pylist() == [labels[row] for row in (2, 3, 4, 6)]
    note = "4 rows treated as unlabelled because 'answer' is not 'accept': reject 2, ignore 1, none 1."
    assert note in data.notes
    with pytest.raises(RowError, match=r"4 with missing label.*because 'answer' is not 'accept'"):
        read(frame(labels), ReadConfig(label="accept"))


@pytest.mark.parametrize("answers", [["accept"] * 8, ["accept", "no"] * 4, ["reject"] * 8, list("abcdefgh")])
def test_other_answers_say_nothing(answers: list[str]) -> None:
    data = read(frame([["x"], ["y"]] * 4, answers), ReadConfig(label="accept"))
    assert len(data) == 8


def test_answers_that_are_the_labels(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,answer\na,accept\nb,reject\nc,ignore\n")
    assert read(tmp_path / "a.csv", ReadConfig(label="answer")).label_names == ("accept", "ignore", "reject")
