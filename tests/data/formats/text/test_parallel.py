"""TweetEval's layout: a file of texts beside one of labels, line by line."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from auditor.config import ReadConfig
from auditor.data import read
from auditor.data.formats.text.parallel import find_pairs, other_half
from auditor.errors import InputError, RowError, SourceError

FILES = {
    "mapping.txt": "1\tjoy\n0\tsadness\n2\tanger\n",
    "test_labels.txt": "1\n1\n",
    "test_text.txt": "yes\nyeah",
    "train_labels.txt": "1\r\n0\r\n1\r\n",
    "train_text.txt": "so glad; really\r\nso\x0bsad\u2028\r\n well \r\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "emotion").mkdir()
    for name, text in FILES.items():
        (tmp_path / "emotion" / name).write_bytes(text.encode())
    return tmp_path / "emotion"


def test_a_folder(folder: Path) -> None:
    data = read(folder)
    assert (data.origin.source, data.origin.format) == ("emotion", "parallel")
    assert list(data.texts) == ["yes", "yeah", "so glad; really", "so\x0bsad\u2028", " well "]
    assert data.label_names == ("joy", "sadness", "anger"), "in the order of the mapping"
    assert data.labels.tolist() == [0, 0, 0, 1, 0]
    assert list(data.splits) == ["test"] * 2 + ["train"] * 3
    assert data.notes == ()
    assert list(read(folder, ReadConfig(split=("train",))).splits) == ["train"] * 3


def test_an_archive(folder: Path) -> None:
    with zipfile.ZipFile(folder.parent / "emotion.zip", "w") as archive:
        for name, text in FILES.items():
            archive.writestr(f"emotion/{name}", text)
    assert read(folder.parent / "emotion.zip").table.equals(read(folder).table)


@pytest.mark.parametrize(
    "names",
    [
        ["train_text.txt", "train_labels.txt", "mapping.txt"],
        ["mapping.txt", "train_labels.txt", "train_text.txt"],
        ["train_labels.txt", "train_text.txt"],  # the mapping beside is found
        ["train_text.txt"],
        ["train_labels.txt"],
    ],
)
def test_files_in_any_order(folder: Path, names: list[str]) -> None:
    data = read([folder / name for name in names])
    assert data.label_names == ("joy", "sadness", "anger")
    assert data.labels.tolist() == [0, 1, 0]
    assert list(data.splits) == ["train"] * 3


def test_without_a_mapping_labels_are_what_they_are(folder: Path) -> None:
    (folder / "mapping.txt").unlink()
    assert read(folder).label_names == ("0", "1")
    (folder / "train_labels.txt").write_text("very glad\nsad\nsad\n")
    (folder / "test_labels.txt").write_text("sad\nsad\n")
    assert read(folder).label_names == ("sad", "very glad")


def test_blank_lines_are_rows(folder: Path) -> None:
    (folder / "train_text.txt").write_text("so glad\nso sad\n\n")
    (folder / "test_labels.txt").write_text("\n1\n")
    with pytest.raises(RowError) as caught:
        read(folder)
    assert "row 1 of test_text.txt (missing label), row 3 of train_text.txt (empty text)" in caught.value.what
    data = read(folder, ReadConfig(drop_invalid=True))
    assert list(data.texts) == ["yeah", "so glad", "so sad"]


def test_another_number_of_lines(folder: Path) -> None:
    (folder / "train_labels.txt").write_text("1\n0\n1\n\n")
    with pytest.raises(SourceError) as caught:
        read(folder)
    assert caught.value.what == "train_text.txt has 3 lines, but train_labels.txt 4 lines."


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("train_labels.txt", "1\n7\n0\n", "train_labels.txt, line 2: '7' is not one of the classes in mapping.txt"),
        ("mapping.txt", "0\n1\tjoy\n", "line 1: expected a label and the name of its class, found '0'"),
        ("mapping.txt", "0\t\n1\tjoy\n", "line 1: expected a label and the name of its class, found '0'"),
        ("mapping.txt", "0\tjoy\n1\tjoy\n", "line 2: '1\\tjoy' repeats a class or a label"),
        ("mapping.txt", "0 joy\n0 sad\n", "line 2: '0 sad' repeats a class"),
        ("mapping.txt", "\n", "is empty"),
        ("train_text.txt", "", "is empty"),
    ],
)
def test_what_does_not_fit(folder: Path, name: str, text: str, what: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(InputError) as caught:
        read(folder)
    assert what in caught.value.what
    assert "\n" not in caught.value.what + caught.value.todo


def test_mappings_of_other_kinds(folder: Path) -> None:
    (folder / "mapping.txt").write_text("0   very sad\n\n1\t❤\t_red_heart_\n")
    assert read(folder).label_names == ("very sad", "❤")


def test_halves_without_the_other(folder: Path) -> None:
    (folder / "val_text.txt").write_text("a\n")
    assert {str(split) for split in read(folder).splits} == {"train", "test"}
    with pytest.raises(SourceError, match=r"val_text\.txt cannot be combined with"):
        read([folder / "train_text.txt", folder / "train_labels.txt", folder / "val_text.txt"])
    (folder / "val_text.txt").write_text("a;joy\nb;sad\n")
    assert read(folder / "val_text.txt").origin.format == "lines"


def test_names() -> None:
    assert find_pairs(["b.txt", "a_text.txt", "x-labels.txt", "a_labels.txt", "x-texts.txt", "context.txt"]) == {
        "a": ("a_text.txt", "a_labels.txt"),
        "x": ("x-texts.txt", "x-labels.txt"),
    }
    assert find_pairs(["text.txt", "labels.txt"]) == {"all": ("text.txt", "labels.txt")}
    assert [other_half(name) for name in ("a_text.txt", "A_Labels.txt.gz", "text", "texts.csv")] == [
        *("a_labels.txt", "A_text.txt.gz", "labels", None),
    ]
