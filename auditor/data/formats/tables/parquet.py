"""Parquet → Arrow, with a check of its size in memory: two megabytes may expand to twenty gigabytes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as types

from auditor.data.check import check_names
from auditor.data.formats.files.room import check_room, room
from auditor.data.formats.text.sniff import HEAD, check_is_data
from auditor.errors import InputError, SourceError
from auditor.storage import open_file

_ROWS = 1 << 16
"""Rows that are expanded at a time."""
_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 12, "BYTE_ARRAY": 4}


def read_parquet(source: Path | bytes, name: str = "") -> pa.Table:
    """Read a whole file, or its bytes; messages call the latter ``name``.

    Raises
    ------
    SourceError
        If it cannot be read, is not Parquet, or does not fit into memory.
    ColumnError
        If it has too many columns, or several of the same name.
    """
    path = source if isinstance(source, Path) else Path(name)
    try:
        with _opened(source) as stream:
            check_is_data(stream.read(HEAD), path)
        with _opened(source) as stream, pq.ParquetFile(stream) as file:
            most = room()
            check_names(file.schema_arrow.names, path.name)
            check_room(_least(file.metadata), str(path), most)
            _check_unfolded(stream, file.metadata, str(path), most)
            return _read(file, str(path), most)
    except InputError:
        raise
    except MemoryError:
        raise SourceError(
            f"{path} does not fit into memory.", "Audit a part of it, or use a machine with more memory."
        ) from None
    except Exception as error:  # malformed files, and extension types in Python, can raise any error
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise SourceError(f"{path} is not a valid Parquet file: {reason}.", "Re-create or download it again.") from None


def _opened(source: Path | bytes) -> BinaryIO:
    return open_file(source) if isinstance(source, Path) else io.BytesIO(source)


def _read(file: pq.ParquetFile, name: str, most: int) -> pa.Table:
    batches, taken = [], 0
    for batch in file.iter_batches(_rows_at_once(file.metadata, most)):
        taken += batch.nbytes
        check_room(taken, name, most)
        batches.append(batch)
    return pa.Table.from_batches(batches, file.schema_arrow)


def _least(about: pq.FileMetaData) -> int:
    """Return the fewest bytes that all values take, according to the file's metadata."""
    return sum(
        max(column.total_uncompressed_size, column.num_values * width)
        for columns in _columns(about)
        for column, width in columns
    )


def _columns(about: pq.FileMetaData) -> Iterator[list[tuple[pq.ColumnChunkMetaData, int]]]:
    """Yield, for each row group, the columns' metadata and the bytes per value."""
    widths = []
    for place in range(about.num_columns):
        column = about.schema.column(place)
        widths.append(_WIDTHS.get(column.physical_type) or column.length)
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        yield [(group.column(place), width) for place, width in enumerate(widths)]


def _rows_at_once(about: pq.FileMetaData, most: int) -> int:
    width = sum(about.schema.column(place).length or 0 for place in range(about.num_columns))
    return max(1, min(_ROWS, most // max(width, 1)))


def _check_unfolded(stream: BinaryIO, about: pq.FileMetaData, name: str, most: int) -> None:
    """Refuse dictionary-encoded strings that occur in too many rows to fit into memory.

    They are read as dictionaries. Their lengths are summed only if the longest string in all rows would not fit.
    """
    paths = [about.schema.column(place).path for place in range(about.num_columns)]
    file = pq.ParquetFile(stream, read_dictionary=paths, pre_buffer=False)
    taken = 0
    for number, columns in enumerate(_columns(about)):
        for column, _ in columns:
            if column.physical_type != "BYTE_ARRAY" or not _has_dictionary(column):
                continue
            here = {"row_groups": [number], "columns": [column.path_in_schema]}
            first = next(file.iter_batches(1, **here), None)
            if first is None or max(map(_longest, _strings(first.columns)), default=0) * column.num_values <= most:
                continue
            for batch in file.iter_batches(_ROWS, **here):
                taken += sum(map(_unfolded, _strings(batch.columns)))
                check_room(taken, name, most)


def _has_dictionary(column: pq.ColumnChunkMetaData) -> bool:
    return column.has_dictionary_page or any("DICTIONARY" in encoding for encoding in column.encodings)


def _strings(columns: Iterable[pa.Array]) -> Iterator[pa.DictionaryArray]:
    """Yield the dictionary columns, nested ones included."""
    for column in columns:
        if types.is_dictionary(column.type):
            yield column
        elif types.is_map(column.type):
            yield from _strings([column.keys, column.items])
        elif types.is_nested(column.type):
            yield from _strings(column.flatten() if types.is_struct(column.type) else [column.flatten()])


def _longest(strings: pa.DictionaryArray) -> int:
    """Return the bytes of the longest string in the dictionary."""
    return pc.max(pc.binary_length(strings.dictionary)).as_py() or 0


def _unfolded(strings: pa.DictionaryArray) -> int:
    """Return the bytes of all strings without dictionary encoding."""
    lengths = pc.binary_length(strings.dictionary).cast(pa.int64())
    return pc.sum(lengths.take(strings.indices)).as_py() or 0
