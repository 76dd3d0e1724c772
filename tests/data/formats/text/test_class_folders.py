"""A folder a class, and a folder a split above it."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from auditor.config import ReadConfig
from auditor.data import read
from auditor.data.formats.files import packed, tree
from auditor.data.formats.text.class_folders import find_classes
from auditor.errors import InputError, RowError, SourceError


def made(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


PLAIN = {
    "sad/2.txt": b"so sad\n",
    "joy/b.text": b"so glad\r\nreally",
    "joy/a": b"\xef\xbb\xbfyes",
    "joy/deep/c.TXT": b"!",
}
SPLITS = {"train/pos/1.txt": b"good", "train/neg/1.txt": b"bad", "test/pos/1.txt": b"fine", "test/neg/2.txt": b"poor"}


def test_labels_are_the_folders(tmp_path: Path) -> None:
    data = read(made(tmp_path / "reviews", PLAIN))
    assert (data.origin.source, data.origin.format, data.notes) == ("reviews", "folders", ())
    assert data.table["original:file"].to_pylist() == ["joy/a", "joy/b.text", "joy/deep/c.TXT", "sad/2.txt"]
    assert list(data.texts) == ["yes", "so glad\r\nreally", "!", "so sad\n"]
    assert [data.label_names[code] for code in data.labels] == ["joy", "joy", "joy", "sad"]
    assert data.ids == [f"all-{number}" for number in range(4)]
    assert data.table["raw"].to_pylist()[0] == PLAIN["joy/a"]


def test_splits_are_folders_above(tmp_path: Path) -> None:
    files = {**SPLITS, "README": b"x", "imdb.vocab": b"x", "train/urls_pos.txt": b"x", "docs/a/b.txt": b"x"}
    data = read(made(tmp_path / "aclImdb", files))
    assert list(data.splits) == ["test", "test", "train", "train"]
    assert [data.label_names[code] for code in data.labels] == ["neg", "pos", "neg", "pos"]
    assert data.table["original:file"].to_pylist() == sorted(SPLITS)
    assert data.notes == (
        "aclImdb: ignored 4 files, not .txt in a class's folder: .txt (2), no extension (1), .vocab (1).",
    )
    one = read(tmp_path / "aclImdb" / "train")
    assert list(one.splits) == ["train", "train"]
    assert one.table["original:file"].to_pylist() == ["neg/1.txt", "pos/1.txt"]


def test_several_folders(tmp_path: Path) -> None:
    folders = [made(tmp_path / f"20news-{split}", PLAIN) for split in ("train", "test")]
    data = read(folders)
    assert list(dict.fromkeys(data.splits)) == ["20news-train", "20news-test"]
    assert data.table["original:file"].to_pylist()[0] == "20news-train/joy/a"


@pytest.mark.parametrize("files", [PLAIN, SPLITS])
def test_an_archive(tmp_path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(tmp_path / "reviews.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(f"some/where/{name}", data)
    assert read(tmp_path / "reviews.zip").table.equals(read(made(tmp_path / "reviews", files)).table)


def test_hidden_files_links_and_others(tmp_path: Path) -> None:
    folder = made(tmp_path / "reviews", {**PLAIN, "joy/.x.txt": b"x", ".git/a/b.txt": b"x", "sad/a.jpg": b"x"})
    (folder / "sad" / "link.txt").symlink_to(folder / "joy" / "a")
    (folder / "love").symlink_to(folder / "joy")
    (folder / "sad" / "round").symlink_to(folder)
    os.mkfifo(folder / "sad" / "pipe.txt")
    data = read(folder)
    assert len(data) == 4
    assert data.notes == (
        "reviews: skipped 4 links, pipes and devices included: love, sad/link.txt, sad/pipe.txt, sad/round.",
        "reviews: ignored 1 file, not .txt in a class's folder: .jpg (1).",
    )


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    folder = made(tmp_path / "reviews", {**PLAIN, "sad/empty.txt": b" \n"})
    with pytest.raises(RowError, match=r"First: sad/empty\.txt \(empty text\)"):
        read(folder)
    assert read(folder, ReadConfig(drop_invalid=True)).rejected["original:file"].to_pylist() == ["sad/empty.txt"]


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    folder = made(tmp_path / "reviews", {**PLAIN, "sad/x.txt": "café".encode("cp1252")})
    with pytest.raises(SourceError) as caught:
        read(folder)
    assert "sad/x.txt in reviews is not utf-8" in caught.value.what
    assert "caf\u00e9" in read(folder, ReadConfig(encoding="cp1252")).texts


def test_a_name_that_is_no_utf_8(tmp_path: Path) -> None:
    folder = made(tmp_path / "reviews", PLAIN)
    with open(os.fsencode(folder) + b"/sad/\xff.txt", "wb") as file:
        file.write(b"x")
    with pytest.raises(SourceError, match="has a name that is not UTF-8"):
        read(folder)


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path / "reviews", {**PLAIN, "joy/long.txt": b"x" * 1000})
    monkeypatch.setattr("auditor.data.formats.text.class_folders.room", lambda: 900)
    with pytest.raises(SourceError, match="is too large"):
        read(folder)
    monkeypatch.undo()
    monkeypatch.setattr(tree, "MOST_FILES", 4)
    with pytest.raises(SourceError, match="contains more than 4 files"):
        read(folder)
    assert packed.MOST_FILES == 1_000_000


@pytest.mark.parametrize(
    "files",
    [
        {"train.txt": b"a;joy\nb;sad\n", "val.txt": b"c;joy\n"},
        {"emotion/train.txt": b"a;joy\n", "irony/train.txt": b"b;sad\n"},
        {"emotion/train_text.txt": b"a\n", "emotion/train_labels.txt": b"0\n", "irony/val_text.txt": b"a\n"},
        {"data/train.csv": b"text,label\na,b\n"},
        {},
    ],
)
def test_folders_of_something_else(tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(InputError, match="is neither a folder of datasets' save_to_disk"):
        read(made(tmp_path / "data", files))


def test_one_class_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nor a folder with a subfolder of texts for each class"):
        read(made(tmp_path / "reviews", {"joy/1.txt": b"a", "joy/2.txt": b"b"}))


def test_a_class_may_be_called_like_a_split() -> None:
    found = find_classes(["test/1.txt", "exam/1.txt"])
    assert found is not None
    assert (found.at, list(found.splits)) == (0, [""])
