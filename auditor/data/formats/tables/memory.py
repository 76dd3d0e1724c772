"""pandas frames and ``datasets`` in memory → parts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from auditor.data.check import check_names, check_storable
from auditor.data.source import Part
from auditor.errors import AuditorError, ColumnError

if TYPE_CHECKING:
    import pandas as pd

_REFUSALS = (pa.ArrowException, ValueError, TypeError, OverflowError)


def frame_part(frame: pd.DataFrame) -> Part:
    """Convert a pandas frame with any index.

    Raises
    ------
    ColumnError
        If two columns have the same name, or a column's values have no common Arrow type.
    """
    names = [str(name) for name in frame.columns]
    check_names(names, "The frame")
    try:
        # Only pandas' own metadata records that names are numbers.
        plain = frame if frame.columns.inferred_type in ("string", "integer") else frame.set_axis(names, axis=1)
        return Part("all", _with_index(plain), {"alone": True})
    except _REFUSALS:
        raise _refused(frame, names) from None


def _with_index(frame: pd.DataFrame) -> pa.Table:
    """Keep an index that is more than row numbers, if a run can store it."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    try:
        indexed = pa.Table.from_pandas(frame)
        index = indexed.select(index_columns(indexed.schema))
        check_storable(index)
    except (*_REFUSALS, AuditorError):
        return table
    # Periods and intervals are pandas types that `datasets` does not support: an export could not store them.
    return table if any(isinstance(type_, pa.BaseExtensionType) for type_ in index.schema.types) else indexed


def index_columns(schema: pa.Schema) -> list[str]:
    """Return the columns that are a frame's index."""
    about = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    return [name for name in about.get("index_columns", []) if isinstance(name, str) and name in schema.names]


def _refused(frame: pd.DataFrame, names: list[str]) -> ColumnError:
    """Return the error that names the column that Arrow refuses, and why."""
    for place, name in enumerate(names):
        try:
            pa.Array.from_pandas(frame.iloc[:, place])
        except _REFUSALS as error:
            reason = str(error).splitlines()[0].encode("ascii", "backslashreplace").decode()
            return ColumnError(
                f"Column {name!r} of the frame has no single type that can be stored: {reason}.",
                f"Convert it, for example with frame[{name!r}].astype(str), or omit it.",
            )
    return ColumnError("The frame cannot be converted to Arrow.", "Check the types of its columns.")


def dataset_parts(source: Any) -> list[Part]:
    """Convert a ``datasets.Dataset`` or ``DatasetDict``; ``ClassLabel`` names stay in the schema's metadata."""
    import datasets  # takes seconds

    if isinstance(source, datasets.DatasetDict):
        return [Part(str(split), _dataset_table(dataset)) for split, dataset in source.items()]
    # A dataset of parts of splits has a name such as "train+test" or "train[:10%]".
    split = str(source.split or "all")
    split = split if re.fullmatch(r"[\w.-]+", split) else "all"
    return [Part(split, _dataset_table(source), {"alone": True})]


def _dataset_table(dataset: Any) -> pa.Table:
    # Not `dataset.data`, which ignores selecting, filtering and shuffling.
    table = dataset.with_format("arrow")[:] if len(dataset) else dataset.data.table.slice(0, 0)
    return table.replace_schema_metadata(dataset.features.arrow_schema.metadata)
