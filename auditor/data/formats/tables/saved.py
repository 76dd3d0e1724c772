"""Folders of datasets' ``save_to_disk`` → parts; their contents are checked before loading."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor.data.formats.tables.memory import dataset_parts
from auditor.data.formats.text.sniff import HEAD, check_is_data
from auditor.data.source import Part
from auditor.errors import SourceError
from auditor.storage import hash_file, open_file

SAVED = ("dataset_info.json", "dataset_dict.json")
_MOST_BYTES = 1 << 26
"""Most bytes of a JSON file."""
_DICTIONARY = 2
"""Message header types by Arrow's numbers."""


def saved_parts(path: Path) -> list[Part]:
    """Load a folder with its own splits.

    Raises
    ------
    SourceError
        If it is incomplete, or names files outside it.
    """
    import datasets  # takes seconds

    try:
        for folder in _folders(path):
            for file in _data_files(folder):
                _check_stream(file)
        parts = dataset_parts(datasets.load_from_disk(str(path)))
    except SourceError:
        raise
    except Exception as error:  # malformed files can raise any error
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise SourceError(f"{path} is not a valid save_to_disk folder: {reason}.", "Save the dataset again.") from None
    return [replace(part, about={**part.about, "folder": path.name, **_state(path, part)}) for part in parts]


def _folders(path: Path) -> Iterator[Path]:
    """Yield the folders of the splits."""
    if not (path / SAVED[1]).is_file():
        yield path
        return
    for split in _read(path / SAVED[1])["splits"]:
        yield _within(path, split)


def _data_files(folder: Path) -> Iterator[Path]:
    _read(folder / SAVED[0])
    for file in _read(folder / "state.json")["_data_files"]:
        yield _within(folder, file["filename"])


def _read(path: Path) -> Any:
    with open_file(_within(path.parent, path.name)) as file:
        return json.loads(file.read(_MOST_BYTES))


def _within(folder: Path, name: str) -> Path:
    """Return the path of an entry in a folder; refuse paths and links that lead outside."""
    path = folder / name
    if name != path.name or not path.resolve().is_relative_to(folder.resolve()):
        raise SourceError(
            f"{folder} is a save_to_disk folder that names {name!r:.80}, which is not in it.",
            "Save the dataset again on the machine that has the file.",
        )
    return path


def _check_stream(path: Path) -> None:
    """Check every value: Arrow trusts a file's offsets, and decompresses without limit."""
    with open_file(path) as start:
        check_is_data(start.read(HEAD), path)
    with pa.memory_map(str(path)) as file:
        for message in pa.ipc.MessageReader.open_stream(file):
            if message.type in ("record batch", "dictionary") and _is_packed(message.metadata.to_pybytes()):
                raise ValueError(f"{path.name} is compressed, but save_to_disk never compresses")
        file.seek(0)
        for batch in pa.ipc.open_stream(file):
            batch.validate(full=True)


def _is_packed(message: bytes) -> bool:
    """Return whether a record batch, or a dictionary's, is compressed: field 3 of its flatbuffer."""
    root = _follow(message, 0)
    batch = _table(message, root, 2)
    if message[_field(message, root, 1) or 0] == _DICTIONARY:
        batch = _table(message, batch, 1)
    return _field(message, batch, 3) is not None


def _field(buffer: bytes, table: int, number: int) -> int | None:
    """Return the position of a flatbuffer table's field; None if it is absent."""
    entries = table - struct.unpack_from("<i", buffer, table)[0]
    entry, size = 4 + 2 * number, struct.unpack_from("<H", buffer, entries)[0]
    offset = struct.unpack_from("<H", buffer, entries + entry)[0] if size > entry else 0
    return table + offset if offset else None


def _table(buffer: bytes, table: int, number: int) -> int:
    """Return the position of the table that a field refers to."""
    place = _field(buffer, table, number)
    if place is None:
        raise ValueError("a message without a header")
    return _follow(buffer, place)


def _follow(buffer: bytes, place: int) -> int:
    return place + int(struct.unpack_from("<I", buffer, place)[0])


def _state(path: Path, part: Part) -> dict[str, str]:
    """Return the hash of the small file that identifies a saved dataset."""
    states = [path / "state.json", path / part.split / "state.json"]
    return next(({"sha256": hash_file(state)} for state in states if state.is_file()), {})
