"""Tables of annotations, such as Label Studio's JSON_MIN and CSV: one row per annotation, the label in a column."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from auditor.config import ReadConfig
from auditor.data.columns import find_columns, is_text
from auditor.data.formats.tools.base import Tool
from auditor.data.source import Part, Source
from auditor.errors import ColumnError
from auditor.wording import counted

_SEVERAL = '{"choices"'


def read_table(source: Source, config: ReadConfig, tool: Tool) -> tuple[Source, ReadConfig]:
    """Configure the rows of one task to be read as votes, if there are several.

    Raises
    ------
    ColumnError
        If the label column is ambiguous, or some annotations choose several labels.
    """
    columns = find_columns(source.parts[0].table.schema, source.name, config)
    several = sum(_several(part.table, columns.label) for part in source.parts)
    if several:
        rows = sum(part.table.num_rows for part in source.parts)
        raise ColumnError(
            f"{source.name}: {counted(several, 'row')} of {rows:,} {'has' if several == 1 else 'have'} several labels"
            f" in {columns.label!r}: multi-label data is not supported.",
            "Make one dataset for each label (present, absent), or choose another column with --label.",
        )
    shared = any(map(_repeats, source.parts))
    detected = "" if config.tool else ", detected from its columns"
    note = f"Read as a table of {tool.title}{detected}: one row per {'vote' if shared else 'annotation'}."
    found = replace(source, options={**source.options, "tool": tool.name}, notes=(*source.notes, note))
    if not shared:
        return found, config
    return found, config.model_copy(update={"annotator": "annotator", "id": config.id or "id"})


def _several(table: pa.Table, name: str) -> int:
    """Count the cells with several labels, which are JSON; other cells are plain strings."""
    if name not in table.column_names or not is_text(table[name].type):
        return 0
    return pc.sum(pc.starts_with(table[name].cast(pa.string()), _SEVERAL)).as_py() or 0


def _repeats(part: Part) -> bool:
    """Return whether a task has several rows."""
    if "id" not in part.table.column_names:
        return False
    ids = part.table["id"].drop_null()
    return len(pc.unique(ids)) < len(ids)
