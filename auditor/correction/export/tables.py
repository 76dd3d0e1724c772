"""Tables: the corrected dataset and the excluded rows, with the source's own columns, types and order."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as types

from auditor.correction.decide.corrections import Corrections, Flags
from auditor.correction.export.labels import label_column, mirror_columns, names_column
from auditor.correction.export.provenance import provenance_table
from auditor.data.formats.tables.casting import with_schema
from auditor.data.formats.tables.metadata import class_feature
from auditor.data.formats.tables.nested import push
from auditor.data.labeled_texts import ORIGINAL, Origin
from auditor.data.source import RAW
from auditor.errors import ExportError

if TYPE_CHECKING:
    import datasets

Rows = npt.NDArray[np.int64]
_RAW, _CHANGED = "\0raw", "\0changed"
"""Columns that go along with the source's own for a while; no source has such names."""
_FEATURES, _PANDAS = b"huggingface", b"pandas"


@dataclass(frozen=True)
class SplitTable:
    """One part of the source, a split or a file, corrected.

    Attributes
    ----------
    split : str
    table : pyarrow.Table
        R rows with the part's own columns, in their order and of their types, and its schema's metadata.
    about : dict
        What the source says of the part: ``file``, ``delimiter`` …
    rows : (R,) int64
        Place of each row in the part, as it was read.
    raw : pyarrow.ChunkedArray or None
        (R,) binary: each row as it stands in its text file.
    changed : (R,) bool
        Rows whose cells in the columns ``touched`` are not the source's.
    touched : dict of str to pyarrow.ChunkedArray
        The label column, and those that go with it, by name or by their path within a column.
    own : int
        Number of the columns that the source has; those that an export adds come after them.
    """

    split: str
    table: pa.Table
    about: dict[str, Any]
    rows: Rows
    raw: pa.ChunkedArray | None
    changed: Flags
    touched: dict[str, pa.ChunkedArray]
    own: int


def corrected_tables(
    corrections: Corrections, *, provenance: bool = False, label_names: bool = False
) -> tuple[SplitTable, ...]:
    """Make the corrected dataset, one table for each part of the source, empty ones included.

    A row whose label has not changed is what it was in the source, and rows that the audit set aside are back in
    their places. In the others, the columns that say the same as the label (its mirrors) change with it.

    Parameters
    ----------
    corrections : Corrections
    provenance : bool
        Add the columns that :func:`auditor.correction.export.provenance.provenance_table` describes.
    label_names : bool
        Write the classes' names where the source has numbers.

    Raises
    ------
    ExportError
        If a new class does not fit into the label column.
    """
    with_invalid = corrections.invalid_written > 0
    return _split_tables(corrections, corrections.chosen, with_invalid, provenance, label_names)


def excluded_tables(
    corrections: Corrections, *, provenance: bool = False, label_names: bool = False
) -> tuple[SplitTable, ...]:
    """Make the tables of the rows that are left out, those without any left out."""
    with_invalid = "invalid" in corrections.policy.leave_out
    tables = _split_tables(corrections, ~corrections.kept, with_invalid, provenance, label_names)
    return tuple(part for part in tables if part.table.num_rows)


def excluded_table(corrections: Corrections, *, provenance: bool = False, label_names: bool = False) -> pa.Table | None:
    """Make one table of all rows that are left out; None if there is none."""
    tables = excluded_tables(corrections, provenance=provenance, label_names=label_names)
    return joined(tables) if tables else None


def joined(parts: Sequence[SplitTable]) -> pa.Table:
    """Put the parts one below the other; a column that a part lacks is null there."""
    first = parts[0].table.schema.metadata
    tables = [part.table.replace_schema_metadata(None) for part in parts]
    return pa.concat_tables(tables, promote_options="permissive").replace_schema_metadata(first)


def as_dataset_dict(tables: Sequence[SplitTable]) -> datasets.DatasetDict:
    """Make a ``DatasetDict`` whose features are the source's: a ``ClassLabel`` stays one.

    Dictionary-encoded columns, which ``datasets`` does not know, become plain ones. Names of splits become such as it
    allows: letters, digits, underscores and single dots.

    Raises
    ------
    ExportError
        If ``datasets`` has no counterpart of a column's type.
    """
    import datasets  # takes seconds

    made = datasets.DatasetDict()
    for name, part in zip(split_names([part.split for part in tables]), tables, strict=True):
        table = _without_dictionaries(part.table)
        try:
            features = datasets.Features.from_arrow_schema(table.schema)
            # Not the constructor alone: the metadata may speak of columns that the table has not.
            made[name] = datasets.Dataset(
                with_schema(table, features.arrow_schema),
                info=datasets.DatasetInfo(features=features),
                split=datasets.NamedSplit(name),
            )
        except (pa.ArrowException, ValueError, TypeError, NotImplementedError) as error:
            raise ExportError(
                f"The datasets library cannot hold the columns of split {part.split!r}: {str(error).splitlines()[0]}.",
                "Export to Parquet: --to NAME.parquet, or --format parquet for a folder.",
            ) from None
    return made


def split_names(splits: Sequence[str]) -> list[str]:
    """Make names that ``datasets`` and file systems allow, all different: ``train`` stays, ``a/b`` is ``a_b``."""
    names: list[str] = []
    for split in splits:
        plain = re.sub(r"\W+", "_", split).strip("_")[:100] or "split"
        name, number = plain, 2
        while name.casefold() in {other.casefold() for other in names}:
            name, number = f"{plain}_{number}", number + 1
        names.append(name)
    return names


def _split_tables(
    corrections: Corrections, chosen: Flags, with_invalid: bool, provenance: bool, label_names: bool
) -> tuple[SplitTable, ...]:
    texts, origin = corrections.texts, corrections.texts.origin
    table, rejected = _originals(texts.table), _originals(texts.rejected)
    if not with_invalid:
        rejected = rejected.slice(0, 0)
    corrected = {origin.label: label_column(corrections), **mirror_columns(corrections)}
    for name, column in corrected.items():
        table = _with_column(table, name, column)
    if label_names:
        table, rejected = (
            _with_column(each, origin.label, names_column(each, corrections)) for each in (table, rejected)
        )
    source_columns = table.num_columns
    if provenance:
        for name, column in provenance_table(corrections, taken=table.column_names).items():
            table = table.append_column(name, column)
    added = table.num_columns - source_columns
    has_raw = RAW in texts.table.column_names
    if has_raw:
        table = table.append_column(_RAW, texts.table[RAW])
        rejected = rejected.append_column(_RAW, texts.rejected[RAW].slice(0, rejected.num_rows))
    # What an annotation tool exported has names already, and what is written again may be appended.
    renamed = label_names and "tool" not in origin.options
    changed = np.ones(len(texts), bool) if renamed else corrections.label != texts.labels
    table = table.append_column(_CHANGED, pa.array(changed))
    rejected = rejected.append_column(_CHANGED, pa.array(np.zeros(rejected.num_rows, bool)))
    places = texts.table["position"].to_numpy()
    apart = texts.rejected["position"].to_numpy()[: rejected.num_rows]
    made, start = [], 0
    for about in origin.options["parts"]:
        end = start + about["rows"]
        here, there = slice(*np.searchsorted(places, [start, end])), slice(*np.searchsorted(apart, [start, end]))
        part, rows = table.slice(here.start, here.stop - here.start), places[here]
        if not chosen[here].all():  # else it would only be copied
            part, rows = part.filter(pa.array(chosen[here])), rows[chosen[here]]
        if there.stop > there.start:
            part, rows = _put_back(part, rows, rejected.slice(there.start, there.stop - there.start), apart[there])
        extra = {name: part[name] for name in (_CHANGED, *[_RAW] * has_raw)}
        touched = {name: part[name] for name in corrected}
        part = _as_in_source(part.drop_columns([*extra]), about, corrections, label_names)
        made.append(
            SplitTable(
                split=about["split"],
                table=part,
                about=dict(about),
                rows=rows - start,
                raw=extra.get(_RAW),
                changed=extra[_CHANGED].to_numpy(),
                touched=touched,
                own=part.num_columns - added - bool(origin.options.get("label_added")),
            )
        )
        start = end
    return tuple(made)


def _originals(table: pa.Table) -> pa.Table:
    """The source's columns, under their own names."""
    names = [name for name in table.column_names if name.startswith(ORIGINAL)]
    return table.select(names).rename_columns([name.removeprefix(ORIGINAL) for name in names])


def _with_column(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def _put_back(table: pa.Table, rows: Rows, rejected: pa.Table, apart: Rows) -> tuple[pa.Table, Rows]:
    """Put rows that were set aside back in their places."""
    rows = np.concatenate([rows, apart])
    order = np.argsort(rows, kind="stable")
    return pa.concat_tables([table, rejected], promote_options="default").take(pa.array(order)), rows[order]


def _as_in_source(table: pa.Table, about: Mapping[str, Any], corrections: Corrections, label_names: bool) -> pa.Table:
    """Give a part the columns, types and metadata that it had, before all parts were joined."""
    origin = corrections.texts.origin
    for path in origin.options.get("nested", ()):
        table = push(table, path)
    schema = _schema_of(about, origin)
    if schema is None:
        metadata = {name.encode(): value.encode() for name, value in origin.options["schema_metadata"].items()}
        return table.replace_schema_metadata(_metadata(metadata, corrections, label_names))
    nested = len(origin.options.get("nested", ()))
    added = table.column_names[len(_originals(corrections.texts.table).column_names) - nested :]
    fields, columns = [], []
    for field in schema:
        column = table[field.name]
        if field.name == origin.label and label_names:
            field = pa.field(field.name, column.type)
        fields.append(field)
        columns.append(_cast(column, field, part=str(about.get("file", about["split"]))))
    fields += [table.schema.field(name) for name in added]
    columns += [table[name] for name in added]
    return pa.table(columns, pa.schema(fields, _metadata(schema.metadata or {}, corrections, label_names)))


def _schema_of(about: Mapping[str, Any], origin: Origin) -> pa.Schema | None:
    """Schema of a part as it was read; None in runs made before it was kept."""
    kept = about.get("schema")
    return None if kept is None else pa.ipc.read_schema(pa.py_buffer(base64.b64decode(kept)))


def _cast(column: pa.ChunkedArray, field: pa.Field, part: str) -> pa.ChunkedArray:
    if column.type == field.type:
        return column
    if types.is_null(field.type):
        return pa.chunked_array([pa.nulls(len(column))])
    try:
        return column.cast(field.type)
    except pa.ArrowInvalid as error:
        raise ExportError(
            f"Column {field.name!r} of {part} is of type {field.type} and cannot hold what it should:"
            f" {str(error).splitlines()[0]}.",
            "Export without --add-classes, or with --label-names.",
        ) from None


def _metadata(
    metadata: Mapping[bytes, bytes], corrections: Corrections, label_names: bool
) -> dict[bytes, bytes] | None:
    """The schema's metadata, with the classes that are new, or without the label's where its names are written."""
    label, kept = corrections.texts.origin.label, dict(metadata)
    if _FEATURES in kept and (label_names or corrections.new_classes):
        about = json.loads(kept[_FEATURES])
        features = about.get("info", {}).get("features", {})
        if label_names:
            features.pop(label, None)
        elif (feature := class_feature(features, label)) is not None:
            feature["names"] = list(corrections.label_names)
        kept[_FEATURES] = json.dumps(about).encode()
    if _PANDAS in kept and label_names:
        about = json.loads(kept[_PANDAS])
        about["columns"] = [column for column in about["columns"] if column["field_name"] != label]
        kept[_PANDAS] = json.dumps(about).encode()
    return kept or None


def _without_dictionaries(table: pa.Table) -> pa.Table:
    plain = [
        field.with_type(field.type.value_type) if types.is_dictionary(field.type) else field for field in table.schema
    ]
    return with_schema(table, pa.schema(plain, table.schema.metadata))
