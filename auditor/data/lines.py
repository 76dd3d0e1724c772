"""``text;label`` lines without a header → Arrow."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.data.columns import LABEL_NAMES, TEXT_NAMES, plain
from auditor.errors import RowError, SourceError

COLUMNS = ("text", "label")


def read_lines(data: bytes, name: str, delimiter: str | None = None) -> tuple[pa.Table, bool, int]:
    """Read one text and one label a line, cut at the **last** delimiter; nothing is quoted.

    A first line of two usual column names (``text;label``, ``tweet;emotion``) is a header, not a text.

    Parameters
    ----------
    data : bytes
        Valid UTF-8, not blank.
    name : str
        What messages call the file.
    delimiter : str, optional
        ``;`` when None.

    Returns
    -------
    table : pyarrow.Table
        Two string columns, ``text`` and ``label`` or as the header names them.
    header : bool
        Whether there is a header.
    blank : int
        Blank lines, which are skipped.

    Raises
    ------
    RowError
        If a line has no delimiter.
    SourceError
        If there are no rows.
    """
    delimiter = delimiter or ";"
    lines = _split_lines(data)
    filled = pc.greater(pc.binary_length(pc.utf8_trim_whitespace(lines)), 0)
    blank = len(lines) - pc.sum(filled).as_py()
    fields = pc.split_pattern(lines.filter(filled), delimiter, max_splits=1, reverse=True)
    whole = pc.equal(pc.list_value_length(fields), 2)
    if not pc.all(whole).as_py():
        row = pc.index(whole, False).as_py()
        line = int(np.flatnonzero(filled.to_numpy(zero_copy_only=False))[row])
        raise RowError(
            f"{name}, line {line + 1}: no {delimiter!r} between text and label; the line begins"
            f" {lines[line].as_py()[:60]!r}.",
            "Write a text, the delimiter and a label on each line, or name another delimiter with --delimiter.",
        )
    names = tuple(fields[0].as_py())
    header = is_header(*names)
    fields = fields.slice(int(header))
    if not len(fields):
        raise SourceError(f"{name} has a header, but no rows.", "Name a file with labelled texts.")
    table = pa.table([pc.list_element(fields, 0), pc.list_element(fields, 1)], names if header else COLUMNS)
    return table, header, blank


def is_header(text: str, label: str) -> bool:
    """Whether a first line of these two is taken for column names."""
    return plain(text) in TEXT_NAMES and plain(label) in LABEL_NAMES


def _split_lines(data: bytes) -> pa.LargeStringArray:
    """Cut at LF and CR LF, without copying or looping over the lines."""
    if not data.endswith(b"\n"):
        data += b"\n"
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
    offsets = np.concatenate([[0], ends]).astype(np.int64)
    lines = pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))
    return pc.utf8_rtrim(lines, "\r\n")
