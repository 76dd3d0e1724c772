"""Casting tables, column by column."""

from __future__ import annotations

import pyarrow as pa


def with_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Cast a table to the types and metadata of a schema with the same columns.

    Columns that already have their type are not cast: pyarrow 26 makes lists of objects invalid when it casts them to
    their own type, if one of their keys is null everywhere.

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
