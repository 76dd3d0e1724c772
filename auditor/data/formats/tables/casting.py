"""Casting tables, column by column."""

from __future__ import annotations

import pyarrow as pa


def with_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give a table the types and the metadata of a schema with the same columns.

    Columns that have their type already are left alone: pyarrow 26 makes lists of objects invalid when it casts them
    to what they are, if a key of theirs is null everywhere.

    Raises
    ------
    pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError
        If a column cannot be cast.
    """
    columns = [
        column if column.type == field.type else column.cast(field.type)
        for column, field in zip(table.columns, schema, strict=True)
    ]
    return pa.table(columns, schema=schema)
