"""Texts to classify, from a file or a stream, in parts: one text per line, or a column of a table."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from auditor.config import ReadConfig
from auditor.data.columns import find_text
from auditor.data.formats.files.parts import format_of, read_paths
from auditor.data.formats.text.delimited import read_delimited
from auditor.data.formats.text.encoding import read_utf8
from auditor.errors import ConfigError, SourceError

PART = 1024
"""Number of texts classified together."""


@dataclass(frozen=True)
class Texts:
    """Texts in their order.

    Attributes
    ----------
    items : iterable of (str or None)
        Texts; None for an empty cell.
    total : int or None
        Number of texts; None if unknown until the end.
    """

    items: Iterable[str | None]
    total: int | None = None

    def parts(self) -> Iterator[list[str | None]]:
        """Yield parts of at most ``PART`` texts."""
        items = iter(self.items)
        while part := list(islice(items, PART)):
            yield part


def texts_of_file(
    path: Path, *, text: str | None = None, delimiter: str | None = None, encoding: str = "utf-8"
) -> Texts:
    """Read a file: one text per line of ``.txt``, or a column of CSV, TSV, JSON Lines, Parquet or a saved dataset.

    Parameters
    ----------
    path : Path
    text : str, optional
        Name of the column. Default: the only column, or guessed from usual names.
    delimiter : str, optional
        Delimiter of CSV. Default: detected.
    encoding : str

    Raises
    ------
    SourceError, ColumnError, RowError
    """
    format_ = format_of(path)
    if format_ == "lines":
        data = read_utf8(path, encoding).data
        return Texts(_lines(io.BytesIO(data), path.name, "utf-8"), data.count(b"\n") + (not data.endswith(b"\n")))
    if format_ in ("csv", "tsv"):
        tables = [read_delimited(read_utf8(path, encoding).data, path.name, delimiter, fewest=1).table]
    else:
        tables = [part.table for part in read_paths([path], ReadConfig(encoding=encoding)).parts]
    columns = [table[find_text(table.schema, path.name, text)] for table in tables]
    items = (value.as_py() for column in columns for value in column)
    return Texts(items, sum(map(len, columns)))


def texts_of_stream(stream: IO[bytes], name: str, encoding: str = "utf-8") -> Texts:
    """Read one text per line as lines arrive, without byte order mark and line ends.

    Raises
    ------
    SourceError
        On reaching a line that is not in ``encoding``.
    """
    return Texts(_lines(stream, name, encoding))


def _lines(stream: IO[bytes], name: str, encoding: str) -> Iterator[str]:
    done = 0
    try:
        lines = io.TextIOWrapper(stream, encoding="utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding)
        for line in lines:
            yield line.removesuffix("\n")
            done += 1
    except LookupError:
        raise ConfigError(
            f"The text encoding {encoding!r} does not exist.", "Name another with --encoding, such as utf-8 or cp1252."
        ) from None
    except UnicodeError as error:
        raise SourceError(
            f"{name} is not {encoding} after line {done}: {error}.", "Name another with --encoding."
        ) from None
