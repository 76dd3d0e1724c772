"""Files packed as their names say, and archives: what is in them is what would stand there unpacked."""

from __future__ import annotations

import bz2
import gzip
import lzma
import time
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from auditor.correction.export.export import write_export
from auditor.correction.export.packing import opened
from auditor.data import read
from auditor.errors import ExportError
from tests.correction.deciding import CONFIG, corrected, relabelled, vote

UNPACK = {
    ".gz": lambda path: gzip.decompress(path.read_bytes()),
    ".bz2": lambda path: bz2.decompress(path.read_bytes()),
    ".xz": lambda path: lzma.decompress(path.read_bytes()),
    ".zip": lambda path: zipfile.ZipFile(path).read(path.stem),
}
SOURCES = {
    ".csv": b'text;"label"\r\n"so; glad";joy \r\n\r\nso sad;"sad"',
    ".tsv": b"text\tlabel\nso glad\tjoy\nso sad\tsad\n",
    ".txt": b"so glad;joy\nso sad;sad\n",
    ".ft": b"__label__joy  so glad\n__label__sad so sad\n",
    ".jsonl": b'{"text":"so glad","label":"joy"}\n{"label":  "sad", "text": "so sad"}\n',
    ".json": b'[ {"text": "so glad", "label": "joy"},\n {"text": "so sad", "label": "sad"} ]\n',
}


@pytest.mark.parametrize("packing", UNPACK)
@pytest.mark.parametrize("suffix", SOURCES)
def test_the_same_bytes_unpacked(tmp_path: Path, suffix: str, packing: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(SOURCES[suffix])
    write_export(corrected(tmp_path / f"a{suffix}"), tmp_path / f"b{suffix}{packing}")
    assert UNPACK[packing](tmp_path / f"b{suffix}{packing}") == SOURCES[suffix]
    write_export(corrected(tmp_path / f"b{suffix}{packing}"), tmp_path / f"c{suffix}")
    assert (tmp_path / f"c{suffix}").read_bytes() == SOURCES[suffix]


@pytest.mark.parametrize("packing", UNPACK)
def test_no_times_or_names_in_them(tmp_path: Path, packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for number, now in enumerate((1.7e9, 1.8e9)):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        (tmp_path / str(number)).mkdir()
        path = tmp_path / str(number) / f"a.csv{packing}"
        with opened(path) as file:
            file.write(b"text,label\n")
        made.append(path.read_bytes())
    assert made[0] == made[1]


def test_an_archive_keeps_the_splits(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for split in ("train", "test"):
            archive.writestr(f"emotion/{split}.csv", SOURCES[".csv"])
    source = read(tmp_path / "a.zip", CONFIG)
    done = write_export(corrected(source), tmp_path / "b.zip")
    made = zipfile.ZipFile(tmp_path / "b.zip")
    assert {name: made.read(name) for name in made.namelist()} == dict.fromkeys(
        ("test.csv", "train.csv"), SOURCES[".csv"]
    )
    assert done.notes == ()
    assert read(tmp_path / "b.zip", CONFIG).table.equals(source.table)
    done = write_export(corrected(source, vote(source, 0, "exclude")), tmp_path / "c.zip")
    assert [path.name for path in done.files] == ["c.zip", "excluded.csv"]
    write_export(corrected(source), tmp_path / "folder")
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == ["export.json", "test.csv", "train.csv"]
    write_export(corrected(source), tmp_path / "d.zip", format="jsonl")
    assert zipfile.ZipFile(tmp_path / "d.zip").namelist() == ["test.jsonl", "train.jsonl"]


def test_the_source_is_never_written_over(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("tweets.csv", SOURCES[".csv"])
    for name in ("a.zip", "tweets.csv"):
        (tmp_path / "tweets.csv").write_bytes(b"mine")
        with pytest.raises(ExportError, match="is the source or a copy of it"):
            write_export(relabelled(tmp_path / "a.zip", {0: "sad"}), tmp_path / name, force=True)


@pytest.mark.parametrize("name", ["a.parquet.zip", "a.parquet.gz", "a.xlsx.zip", "a.zip"])
def test_what_is_not_packed(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]})
    with pytest.raises(ExportError, match="packed"):
        write_export(corrected(frame), tmp_path / name)
