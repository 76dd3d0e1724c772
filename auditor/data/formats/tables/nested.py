"""Nested columns: ``data.text`` names the field ``text`` of the objects in column ``data``."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as types


def with_nested(table: pa.Table, names: tuple[str | None, ...]) -> tuple[pa.Table, list[str]]:
    """Append the nested columns that are named by a path. Return the table and their names."""
    pulled = []
    for name in names:
        if name is not None and name not in table.column_names and (column := _pull(table, name)) is not None:
            table = table.append_column(name, column)
            pulled.append(name)
    return table, pulled


def push(table: pa.Table, path: str) -> pa.Table:
    """Move an extracted column back into its object."""
    column = table[path].combine_chunks()
    whole, *inner = _parts(table.column_names, path)
    outer = table[whole].combine_chunks()
    at = table.column_names.index(whole)
    return table.set_column(at, table.schema.field(at), _replaced(outer, inner, column)).drop_columns([path])


def _pull(table: pa.Table, path: str) -> pa.ChunkedArray | None:
    found = _parts(table.column_names, path)
    if len(found) < 2:
        return None
    column: pa.ChunkedArray = table[found[0]]
    for name in found[1:]:
        if not types.is_struct(column.type) or column.type.get_field_index(name) < 0:
            return None
        column = pc.struct_field(column, name)
    return column


def _parts(names: list[str], path: str) -> list[str]:
    """Split a path at its dots; the first part is a column, whose name may contain dots."""
    columns = [name for name in names if path.startswith(f"{name}.")]
    if not columns:
        return []
    column = max(columns, key=len)
    return [column, *path[len(column) + 1 :].split(".")]


def _replaced(outer: pa.StructArray, inner: list[str], column: pa.Array) -> pa.StructArray:
    """Replace a field at any depth; null objects stay null."""
    fields = list(outer.type)
    children = outer.flatten()
    at = outer.type.get_field_index(inner[0])
    children[at] = column if len(inner) == 1 else _replaced(children[at], inner[1:], column)
    fields[at] = fields[at].with_type(children[at].type)
    return pa.StructArray.from_arrays(children, fields=fields, mask=outer.is_null())
