"""Exports of annotation tools → parts with columns of texts, labels, and votes if there are several."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import pyarrow as pa

from auditor.config import ReadConfig
from auditor.data.columns import is_text
from auditor.data.formats.tools import TOOLS
from auditor.data.formats.tools.base import Annotated, Object, Place, Tool, Value
from auditor.data.formats.tools.choose import check_single, find_field, find_question
from auditor.data.formats.tools.items import Item, gather_items, given_labels, is_shared, votes_as_json
from auditor.data.formats.tools.table import read_table
from auditor.data.labels.lists import is_list
from auditor.data.source import Part, Source
from auditor.errors import ColumnError, RowError
from auditor.wording import counted

_BATCH = 10_000


class _Names(NamedTuple):
    """Names of the added columns."""

    text: str
    label: str
    votes: str | None


def read_tool(source: Source, config: ReadConfig) -> tuple[Source, ReadConfig]:
    """Read the export of an annotation tool; return any other source unchanged.

    Parameters
    ----------
    source : Source
    config : ReadConfig
        Without ``tool``, the tool is detected from its keys. ``text`` names a field, and ``label`` a question.

    Returns
    -------
    source : Source
        Its parts have one row per text, and the columns that the new configuration names.
    config : ReadConfig

    Raises
    ------
    ColumnError
        If there are several fields or questions and none is named, or texts have several labels.
    RowError
        If a key has a value of another type than the tool writes.
    """
    tool = _find_tool(source, config)
    if tool is None:
        return source, config
    if config.annotator or config.votes:
        option = "--annotator" if config.annotator else "--votes"
        raise ColumnError(
            f"An export of {tool.title} contains its own raters and votes; {option} names a column.",
            f"Omit {option}, or read the columns as they are: --from columns.",
        )
    if all(tool.flat(part.table.column_names) for part in source.parts):
        return read_table(source, config, tool)
    read = [tool.settled(_annotated(part, tool)) for part in source.parts]
    rows = [row for part in read for row in part]
    question = find_question(rows, source, config, tool)
    field = find_field(rows, question, source, config, tool)
    check_single(rows, question, source, tool)
    items = [gather_items(part, field, question) for part in read]
    every = [item for part in items for item in part]
    labels, ties = given_labels(every)
    names = _names(source, tool, field, question, has_votes=any(map(is_shared, every)))
    parts, start = [], 0
    for part, own in zip(source.parts, items, strict=True):
        values = _values(labels[start : start + len(own)], question, source)
        parts.append(_part(part, own, names, values, tool, question))
        start += len(own)
    notes = _notes(every, ties, names, config, tool)
    options = {**source.options, "tool": tool.name}
    found = replace(source, parts=tuple(parts), options=options, notes=(*source.notes, *notes))
    return found, config.model_copy(update=names._asdict())


def _find_tool(source: Source, config: ReadConfig) -> Tool | None:
    """Return the named tool, or the one that is identified by every part."""
    if config.tool == "columns":
        return None
    if config.tool is not None:
        return TOOLS[config.tool]
    if config.annotator or config.votes:
        return None
    firsts = [(part.table.column_names, _first(part)) for part in source.parts]
    for tool in TOOLS.values():
        if all(tool.recognises(names, first) for names, first in firsts):
            return None if _names_a_column(source, config, tool) else tool
    return None


def _names_a_column(source: Source, config: ReadConfig, tool: Tool) -> bool:
    """Return whether the user names a label column other than the tool's."""
    names = source.parts[0].table.column_names
    if config.label is None or tool.flat(names):
        return False
    column, *path = [config.label] if config.label in names else config.label.split(".")
    if column not in names or column in tool.homes(names)[1]:
        return False
    return not path or pa.types.is_struct(source.parts[0].table.schema.field(column).type)


def _first(part: Part) -> Object:
    """Return the first row for detecting the tool; for tables, only which columns contain objects."""
    if _is_json(part):
        with suppress(RecursionError):
            return next(_objects(part), {})
        return {}
    return {field.name: {} for field in part.table.schema if pa.types.is_struct(field.type)}


def _is_json(part: Part) -> bool:
    return part.raw is not None and part.about.get("format") in ("jsonl", "json")


def _objects(part: Part) -> Iterator[Object]:
    """Yield rows as JSON objects, without columns that JSON cannot represent."""
    if part.raw is None or not _is_json(part):
        table = part.table.select([field.name for field in part.table.schema if _has_json(field.type)])
        for start in range(0, table.num_rows, _BATCH):
            yield from table.slice(start, _BATCH).to_pylist()
        return
    for chunk in part.raw.chunks:
        for row in chunk:
            yield json.loads(row.as_py().decode().strip(", \t\r\n"))


def _has_json(type_: pa.DataType) -> bool:
    """Return whether JSON can represent a type: no dates, no bytes."""
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    if pa.types.is_struct(type_) or is_list(type_):
        return all(_has_json(type_.field(at).type) for at in range(type_.num_fields))
    plain = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_null)
    return is_text(type_) or any(is_plain(type_) for is_plain in plain)


def _annotated(part: Part, tool: Tool) -> list[Annotated]:
    number, read = 0, []
    try:
        for number, row in enumerate(_objects(part), start=1):
            read.append(tool.annotated(row, Place(tool.title, part.name, number)))
    except RecursionError:
        raise RowError(
            f"{part.name}, object {number + 1:,}: its lists and objects are nested too deeply.",
            f"Fix the object, or export it from {tool.title} again.",
        ) from None
    return read


def _names(source: Source, tool: Tool, field: str, question: str, *, has_votes: bool) -> _Names:
    """Return names for the new columns: the field and the question, unless these names are taken."""
    taken = {name for part in source.parts for name in part.table.column_names}
    home, label_home = tool.homes(source.parts[0].table.column_names)
    text, label = field, question
    if home is not None:
        text = f"{home}.{field}" if field in taken else field
        label = f"{min(label_home)}.{question}" if question in taken or question == text else question
    return _Names(text, label, _free(f"{label}.votes", {*taken, text, label}) if has_votes else None)


def _values(labels: Sequence[Value | None], question: str, source: Source) -> pa.Array:
    kinds = {type(label) for label in labels if label is not None}
    if len(kinds) > 1:
        raise ColumnError(
            f"{source.name}: some labels for {question!r} are numbers, others are text.",
            "Give all of them the same type.",
        )
    return pa.array(labels, pa.int64() if kinds == {int} else pa.string())


def _part(part: Part, items: Sequence[Item], names: _Names, labels: pa.Array, tool: Tool, question: str) -> Part:
    """Return the part with one row per text, and what an export needs to rewrite the rows."""
    table, raw = part.table, part.raw
    columns = {names.text: pa.array([item.text for item in items], pa.string()), names.label: labels}
    if names.votes:
        columns[names.votes] = pa.array(map(votes_as_json, items), pa.string())
    if len(items) < table.num_rows:
        table = table.take(pa.array([item.rows[0] for item in items]))
        table = table.drop_columns([name for name in table.column_names if name in tool.of_one_vote])
        raw = None if raw is None else _gathered(raw, items, part.about)
    for name, column in columns.items():
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, column)
        else:
            table = table.append_column(name, column)
    about = {**part.about, "tool": {"name": tool.name, "question": question, "label": names.label}}
    about["tool"]["columns"] = sorted(_own_columns(part.table.column_names, tool))
    if strange := about.get("json_columns"):
        about["json_columns"] = {name: why for name, why in strange.items() if name not in columns}
    return replace(part, table=table, raw=raw, about=about)


def _gathered(raw: pa.ChunkedArray, items: Sequence[Item], about: dict[str, Any]) -> pa.ChunkedArray:
    """Concatenate the rows of each text, as they appear in the file."""
    rows = raw.to_pylist()
    if about.get("format") == "jsonl" and not rows[-1].endswith(b"\n"):
        rows[-1] += b"\n"  # it may no longer be the last row
    return pa.chunked_array([[b"".join(rows[at] for at in item.rows) for item in items]], pa.large_binary())


def _own_columns(names: Sequence[str], tool: Tool) -> set[str]:
    """Return the columns in which the tool stores labels."""
    homes = tool.homes(names)[1]
    inside = {name for name in names if name.startswith(tuple(f"{home}." for home in homes))}
    return {*names} & (homes | tool.of_one_vote) | inside


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _notes(items: Sequence[Item], ties: int, names: _Names, config: ReadConfig, tool: Tool) -> list[str]:
    detected = "" if config.tool else ", detected from its keys"
    notes = [f"Read as an export of {tool.title}{detected}: texts from {names.text!r}, labels from {names.label!r}."]
    if gathered := sum(len(item.rows) - 1 for item in items):
        rows, texts = counted(gathered + len(items), "row"), counted(len(items), "text")
        notes.append(f"{rows} are about {texts}: merged into one row per text.")
    if final := sum(any(vote.final for vote in item.votes) and len(item.votes) > 1 for item in items):
        notes.append(
            f"On {counted(final, tool.unit)} with several votes, the vote marked as correct is the given label."
        )
    if ties:
        notes.append(
            f"On {counted(ties, tool.unit)}, several labels have the most votes: ties go to the raters who agree more"
            " with the others elsewhere, else to the more frequent label."
        )
    return notes
