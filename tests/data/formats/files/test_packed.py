"""Packed files and archives: read like what is in them, and refused before they do any harm."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.config import ReadConfig
from auditor.data import read
from auditor.data.formats.files import packed
from auditor.errors import SourceError

CSV = b"text,label\nso glad,joy\nso sad,sad\n"
TEXTS = {
    ".csv": CSV,
    ".tsv": CSV.replace(b",", b"\t"),
    ".txt": b"so glad;joy\nso sad;sad\n",
    ".ft": b"__label__joy so glad\n__label__sad so sad\n",
    ".jsonl": b'{"text": "so glad", "label": "joy"}\n{"text": "so sad", "label": "sad"}\n',
    ".json": b'[{"text": "so glad", "label": "joy"}, {"text": "so sad", "label": "sad"}]',
}


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


PACKERS: dict[str, Callable[[bytes, str], bytes]] = {
    ".gz": lambda data, name: gzip.compress(data),
    ".bz2": lambda data, name: bz2.compress(data[:20]) + bz2.compress(data[20:]),  # several streams are one file
    ".xz": lambda data, name: lzma.compress(data),
    ".zip": lambda data, name: zipped({name: data}),
}


def refused(path: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(path)
    assert "\n" not in caught.value.what + caught.value.todo
    return caught.value


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("suffix", TEXTS)
def test_every_text_format_is_read_from_every_packing(tmp_path: Path, suffix: str, packing: str) -> None:
    (tmp_path / f"plain{suffix}").write_bytes(TEXTS[suffix])
    (tmp_path / f"a{suffix}{packing}").write_bytes(PACKERS[packing](TEXTS[suffix], f"a{suffix}"))
    plain, found = read(tmp_path / f"plain{suffix}"), read(tmp_path / f"a{suffix}{packing}")
    assert found.table.equals(plain.table)
    assert found.origin.format == plain.origin.format


@pytest.mark.parametrize("packing", PACKERS)
def test_what_is_damaged(tmp_path: Path, packing: str) -> None:
    whole = PACKERS[packing](CSV * 50, "a.csv")
    for number, data in enumerate([CSV, whole[:-9], whole[: len(whole) // 2] + bytes([1]) * 20, b""]):
        (tmp_path / f"{number}.csv{packing}").write_bytes(data)
        assert "is not a valid" in refused(tmp_path / f"{number}.csv{packing}").what or not data


# -- archives -------------------------------------------------------------------------------------------------------


def archive(tmp_path: Path, files: dict[str, bytes], name: str = "tweets.zip") -> Path:
    (tmp_path / name).write_bytes(zipped(files))
    return tmp_path / name


def test_files_of_an_archive_are_splits(tmp_path: Path) -> None:
    files = {
        "tweets/test.csv": CSV.replace(b"so ", b"very "),
        "tweets/train.csv": CSV,
        "tweets/readme.txt": b"about it",
        "__MACOSX/tweets/._train.csv": b"\0",
        "tweets/.DS_Store": b"\0",
        "tweets/notes.pdf": b"%PDF",
    }
    data = read(archive(tmp_path, files))
    assert (data.origin.source, data.origin.format) == ("tweets.zip", "csv")
    assert [str(split) for split in data.splits] == ["test", "test", "train", "train"]
    assert [part["file"] for part in data.origin.options["parts"]] == ["test.csv", "train.csv"]
    assert {part["archive"] for part in data.origin.options["parts"]} == {"tweets.zip"}
    only = read(tmp_path / "tweets.zip", ReadConfig(split=("train",)))
    assert list(only.texts) == ["so glad", "so sad"]


def test_a_single_file_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    for number, name in enumerate(["data.csv", "a/b/data.csv", "data", "train.csv.gz"]):
        data = gzip.compress(CSV) if name.endswith("gz") else CSV
        found = read(archive(tmp_path, {name: data}, f"{number}.csv.zip"))
        assert list(found.texts) == ["so glad", "so sad"], name
    windows = zipped({"a/train.csv": CSV}).replace(b"a/train.csv", b"a\\train.csv")
    (tmp_path / "windows.zip").write_bytes(windows)
    assert {str(split) for split in read(tmp_path / "windows.zip").splits} == {"train"}


def test_parquet_in_an_archive(tmp_path: Path) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"text": ["a", "b"], "label": [0, 1]}), sink)
    assert read(archive(tmp_path, {"a.parquet": sink.getvalue().to_pybytes()})).label_names == ("0", "1")


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({}, "contains no data file: nothing"),
        ({"a.pdf": b"", "b.doc": b""}, "contains no data file: a.pdf, b.doc"),
        ({"a.csv": CSV, "b.jsonl": CSV}, "contains files of several formats: a.csv, b.jsonl"),
        ({"inner.zip": zipped({"a.csv": CSV})}, "contains no data file: inner.zip"),
    ],
)
def test_archives_that_hold_no_data_or_too_many_kinds(tmp_path: Path, files: dict[str, bytes], what: str) -> None:
    error = refused(archive(tmp_path, files))
    assert what in error.what
    assert "Unpack it" in error.todo


@pytest.mark.parametrize("name", ["../a.csv", "a/../../b.csv", "/etc/a.csv", "C:a.csv", "..\\a.csv", "a\x07.csv"])
def test_paths_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    assert "is refused" in refused(archive(tmp_path, {"b.csv": CSV, name: CSV})).what


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices(tmp_path: Path, kind: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        member = zipfile.ZipInfo("a.csv")
        member.create_system, member.external_attr = 3, (kind | 0o777) << 16
        made.writestr(member, "/etc/passwd")
    assert "is a link or a device" in refused(tmp_path / "a.zip").what


def patched(data: bytes, field: int, value: int, size: str = "<H") -> bytes:
    """Change a field of the first file, at its place in the central header, and so in the local one."""
    made = bytearray(data)
    central = data.index(b"PK\x01\x02")
    struct.pack_into(size, made, central + field, value)
    struct.pack_into(size, made, field - 2, value)
    return bytes(made)


def test_encrypted_files_and_strange_ways_of_packing(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(patched(zipped({"a.csv": CSV}), 8, 1))
    assert "is encrypted" in refused(tmp_path / "a.zip").what
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with zipfile.ZipFile(tmp_path / "b.zip", "w", method) as made:
            made.writestr("a.csv", CSV)
        assert "has an unsupported compression" in refused(tmp_path / "b.zip").what
    (tmp_path / "c.zip").write_bytes(patched(zipped({"a.csv": CSV}), 10, 99))
    assert "has an unsupported compression" in refused(tmp_path / "c.zip").what


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_in_it_twice(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        for _ in range(2):
            made.writestr("a.csv", CSV)
    assert "occurs twice" in refused(tmp_path / "a.zip").what


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "room", lambda: 1_000_000)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("packing", PACKERS)
def test_what_unfolds(tmp_path: Path, packing: str) -> None:
    (tmp_path / f"a.csv{packing}").write_bytes(PACKERS[packing](b" " * 30_000_000, "a.csv"))
    assert "is too large" in refused(tmp_path / f"a.csv{packing}").what


@pytest.mark.usefixtures("small")
def test_what_unfolds_in_what_unfolds(tmp_path: Path) -> None:
    inner = gzip.compress(b" " * 30_000_000)
    assert "a.csv.gz in " in refused(archive(tmp_path, {"a.csv.gz": inner})).what


@pytest.mark.usefixtures("small")
def test_sizes_that_are_no_sizes(tmp_path: Path) -> None:
    """What a file claims to take is the most that is unpacked of it."""
    (tmp_path / "less.zip").write_bytes(patched(zipped({"a.csv": b" " * 30_000_000}), 24, 100, "<I"))
    assert "is not a valid zip file" in refused(tmp_path / "less.zip").what
    (tmp_path / "more.zip").write_bytes(patched(zipped({"a.csv": CSV}), 24, 2**31, "<I"))
    assert "is too large" in refused(tmp_path / "more.zip").what


def test_more_files_than_a_dataset_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MOST_FILES", 3)
    assert "contains 4 files" in refused(archive(tmp_path, {f"{number}.csv": CSV for number in range(4)})).what
