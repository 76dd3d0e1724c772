"""Texts to predict: a file or a stream, a part at a time; one text a line, or a column of a table."""

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
from auditor.errors import SourceError

PART = 1024
"""Texts that are predicted together."""


@dataclass(frozen=True)
class Texts:
    """Texts in their order.

    Attributes
    ----------
    items : iterable of (str or None)
        None where there is no text: an empty cell.
    total : int or None
        How many there are; None where only the end will tell.
    """

    items: Iterable[str | None]
    total: int | None = None

    def parts(self) -> Iterator[list[str | None]]:
        """Cut them into parts of at most ``PART``."""
        items = iter(self.items)
        while part := list(islice(items, PART)):
            yield part


def texts_of_file(
    path: Path, *, text: str | None = None, delimiter: str | None = None, encoding: str = "utf-8"
) -> Texts:
    """Read a file: one text a line of ``.txt``, else a column of CSV, TSV, JSON Lines, Parquet or a saved dataset.

    Parameters
    ----------
    path : Path
    text : str, optional
        Name of the column; when not given the only one, or guessed from the usual names.
    delimiter : str, optional
        Of CSV; found when not given.
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
    """Read one text a line as they come; a byte order mark and line ends are no part of it.

    Raises
    ------
    SourceError
        When a line is reached that is not in ``encoding``.
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
        raise SourceError(
            f"There is no text encoding {encoding!r}.", "Name another with --encoding, such as utf-8 or cp1252."
        ) from None
    except UnicodeError as error:
        raise SourceError(
            f"{name} is not {encoding}, somewhere after line {done}: {error}.", "Name another with --encoding."
        ) from None
