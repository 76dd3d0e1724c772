"""Tables: the corrected dataset and the excluded rows, with the source's columns, types and order."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.types as types

from auditor.arrays import Mask, RowIndex
from auditor.correction.decide.corrections import Corrections
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

_RAW, _CHANGED = "\0raw", "\0changed"
"""Temporary columns, with names that no source has."""
_FEATURES, _PANDAS = b"huggingface", b"pandas"


@dataclass(frozen=True)
class SplitTable:
    """One part of the source, a split or a file, corrected.

    Attributes
    ----------
    split : str
    table : pyarrow.Table
        R rows with the part's columns, order, types and schema metadata.
    about : dict
        Facts on the part: ``file``, ``delimiter`` …
    rows : (R,) int64
        Position of each row in the part as it was read.
    raw : pyarrow.ChunkedArray or None
        (R,) binary: the bytes of each row in its text file.
    changed : (R,) bool
        Rows whose cells in the columns ``touched`` differ from the source.
    touched : dict of str to pyarrow.ChunkedArray
        The label column and its mirrors, by name or by path within a column.
    own : int
        Number of the source's columns. Columns added by an export follow them.
    """

    split: str
    table: pa.Table
    about: dict[str, Any]
    rows: RowIndex
    raw: pa.ChunkedArray | None
    changed: Mask
    touched: dict[str, pa.ChunkedArray]
    own: int


def corrected_tables(
    corrections: Corrections, *, provenance: bool = False, label_names: bool = False
) -> tuple[SplitTable, ...]:
    """Make the corrected dataset, one table per part of the source, including empty ones.

    A row whose label has not changed equals its source row, and rows set aside by the audit are back in place. In the
    other rows, columns that repeat the label (its mirrors) change with it.

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
    """Make the tables of the rows left out. Omit empty tables."""
    with_invalid = "invalid" in corrections.policy.left_out
    tables = _split_tables(corrections, ~corrections.kept, with_invalid, provenance, label_names)
    return tuple(part for part in tables if part.table.num_rows)


def excluded_table(corrections: Corrections, *, provenance: bool = False, label_names: bool = False) -> pa.Table | None:
    """Make one table of all rows left out; None if there are none."""
    tables = excluded_tables(corrections, provenance=provenance, label_names=label_names)
    return joined(tables) if tables else None


def joined(parts: Sequence[SplitTable]) -> pa.Table:
    """Concatenate the parts. A column that a part lacks is null there."""
    first = parts[0].table.schema.metadata
    tables = [part.table.replace_schema_metadata(None) for part in parts]
    return pa.concat_tables(tables, promote_options="permissive").replace_schema_metadata(first)


def as_dataset_dict(tables: Sequence[SplitTable]) -> datasets.DatasetDict:
    """Make a ``DatasetDict`` whose features are the source's: a ``ClassLabel`` stays one.

    Dictionary-encoded columns, which ``datasets`` does not support, become plain ones. Names of splits are changed to
    what it allows: letters, digits, underscores and single dots.

    Raises
    ------
    ExportError
        If ``datasets`` has no counterpart of a column's type.
    """
    import datasets  # importing takes seconds

    dataset = datasets.DatasetDict()
    for name, part in zip(split_names([part.split for part in tables]), tables, strict=True):
        table = _without_dictionaries(part.table)
        try:
            features = datasets.Features.from_arrow_schema(table.schema)
            # The schema is set explicitly: the metadata may mention columns that the table lacks.
            dataset[name] = datasets.Dataset(
                with_schema(table, features.arrow_schema),
                info=datasets.DatasetInfo(features=features),
                split=datasets.NamedSplit(name),
            )
        except (pa.ArrowException, ValueError, TypeError, NotImplementedError) as error:
            raise ExportError(
                f"The datasets library cannot hold the columns of split {part.split!r}: {str(error).splitlines()[0]}.",
                "Export to Parquet: --to NAME.parquet, or --format parquet for a folder.",
            ) from None
    return dataset


def split_names(splits: Sequence[str]) -> list[str]:
    """Make distinct names that ``datasets`` and file systems allow: ``train`` stays, ``a/b`` becomes ``a_b``."""
    names: list[str] = []
    for split in splits:
        plain = re.sub(r"\W+", "_", split).strip("_")[:100] or "split"
        name, number = plain, 2
        while name.casefold() in {other.casefold() for other in names}:
            name, number = f"{plain}_{number}", number + 1
        names.append(name)
    return names


def _split_tables(
    corrections: Corrections, chosen: Mask, with_invalid: bool, provenance: bool, label_names: bool
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
            _with_column(rows, origin.label, names_column(rows, corrections)) for rows in (table, rejected)
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
    # An annotation tool's export has names already, and rewriting a row may append to it.
    renamed = label_names and "tool" not in origin.options
    changed = np.ones(len(texts), bool) if renamed else corrections.label != texts.labels
    table = table.append_column(_CHANGED, pa.array(changed))
    rejected = rejected.append_column(_CHANGED, pa.array(np.zeros(rejected.num_rows, bool)))
    places = texts.table["position"].to_numpy()
    apart = texts.rejected["position"].to_numpy()[: rejected.num_rows]
    split_tables, start = [], 0
    for about in origin.options["parts"]:
        end = start + about["rows"]
        kept_slice, rejected_slice = (
            slice(*np.searchsorted(places, [start, end])),
            slice(*np.searchsorted(apart, [start, end])),
        )
        part, rows = table.slice(kept_slice.start, kept_slice.stop - kept_slice.start), places[kept_slice]
        if not chosen[kept_slice].all():  # otherwise filtering would only copy it
            part, rows = part.filter(pa.array(chosen[kept_slice])), rows[chosen[kept_slice]]
        if rejected_slice.stop > rejected_slice.start:
            part, rows = _put_back(
                part,
                rows,
                rejected.slice(rejected_slice.start, rejected_slice.stop - rejected_slice.start),
                apart[rejected_slice],
            )
        extra = {name: part[name] for name in (_CHANGED, *[_RAW] * has_raw)}
        touched = {name: part[name] for name in corrected}
        part = _as_in_source(part.drop_columns([*extra]), about, corrections, label_names)
        split_tables.append(
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
    return tuple(split_tables)


def _originals(table: pa.Table) -> pa.Table:
    """Return the source's columns under their own names."""
    names = [name for name in table.column_names if name.startswith(ORIGINAL)]
    return table.select(names).rename_columns([name.removeprefix(ORIGINAL) for name in names])


def _with_column(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def _put_back(table: pa.Table, rows: RowIndex, rejected: pa.Table, apart: RowIndex) -> tuple[pa.Table, RowIndex]:
    """Put rows that were set aside back in place."""
    rows = np.concatenate([rows, apart])
    order = np.argsort(rows, kind="stable")
    return pa.concat_tables([table, rejected], promote_options="default").take(pa.array(order)), rows[order]


def _as_in_source(table: pa.Table, about: Mapping[str, Any], corrections: Corrections, label_names: bool) -> pa.Table:
    """Restore the columns, types and metadata that a part had before all parts were joined."""
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
    """Return the schema of a part as it was read; None in runs of versions that did not store it."""
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
            f"Column {field.name!r} of {part} of type {field.type} cannot hold the new values:"
            f" {str(error).splitlines()[0]}.",
            "Export without --add-classes, or with --label-names.",
        ) from None


def _metadata(
    metadata: Mapping[bytes, bytes], corrections: Corrections, label_names: bool
) -> dict[bytes, bytes] | None:
    """Return the schema's metadata with new classes, or without the label's entry if its names are written."""
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
