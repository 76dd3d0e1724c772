"""fastText's lines, ``__label__joy so glad`` → Arrow."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.data.formats.text.lines import slices, split_lines
from auditor.data.source import Contents
from auditor.errors import RowError
from auditor.wording import counted

MARK = "__label__"
_FIRST = re.compile(rb"\s*" + MARK.encode())
_LAST = rf"(?:^|[ \t]){MARK}[^ \t\r]+[ \t]*$"
_AT_BEGIN = rf"^[ \t]*{MARK}(?P<label>[^ \t\r]*)(?:[ \t](?P<text>.*))?$"
_AT_END = rf"^(?:(?P<text>.*)[ \t])?{MARK}(?P<label>[^ \t\r]+)[ \t]*$"
_FURTHER = rf"(?:^|[ \t]){MARK}[^ \t\r]"


def is_fasttext(data: bytes) -> bool:
    """Return whether the first line begins with a label, or every line ends with one."""
    if _FIRST.match(data):
        return True
    if MARK.encode() not in data[: data.find(b"\n", len(data) - len(data.lstrip()))]:
        return False
    lines = split_lines(data)[0]
    filled = pc.greater(pc.binary_length(pc.utf8_trim_whitespace(lines)), 0)
    return bool(pc.all(pc.match_substring_regex(lines.filter(filled), _LAST)).as_py())


def read_fasttext(data: bytes, name: str) -> Contents:
    """Read one label and one text per line.

    Parameters
    ----------
    data : bytes
        Valid UTF-8, not blank, in which :func:`is_fasttext` finds labels.
    name : str
        Name of the file in messages.

    Returns
    -------
    Contents
        Two string columns, ``text`` and ``label``; the latter without ``__label__``, and null in lines without a label.
        Details of the file: ``at_end``, whether labels end the lines.

    Raises
    ------
    RowError
        If lines have several labels.
    """
    at_end = not _FIRST.match(data)
    lines, ends = split_lines(data)
    filled = pc.greater(pc.binary_length(pc.utf8_trim_whitespace(lines)), 0).to_numpy(zero_copy_only=False)
    ends = ends[filled]
    rows = lines.filter(pa.array(filled))
    fields = pc.extract_regex(rows, _AT_END if at_end else _AT_BEGIN)
    labels = pc.struct_field(fields, "label")
    texts = pc.if_else(fields.is_valid(), pc.coalesce(pc.struct_field(fields, "text"), ""), rows)
    several = pc.match_substring_regex(texts, _FURTHER)
    if number := pc.sum(several).as_py():
        row = pc.index(several, True).as_py()
        line = int(np.flatnonzero(filled)[row])
        raise RowError(
            f"{name}: {counted(number, 'line')} with several labels; multi-label data is not supported. The first is"
            f" line {line + 1:,}: {rows[row].as_py()[:80]!r}.",
            f"Keep one {MARK}… in each line, or make one file for each label (present, absent).",
        )
    notes = [f"{name}: {counted(blank, 'blank line')} skipped."] if (blank := int((~filled).sum())) else []
    return Contents(
        pa.table([texts, labels], ["text", "label"]),
        pa.chunked_array([slices(data, np.concatenate([[0], ends]))]),
        {"at_end": at_end, "head": "", "tail": data[int(ends[-1]) :].decode()},
        tuple(notes),
    )
