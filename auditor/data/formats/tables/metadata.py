"""Metadata that ``datasets`` and pandas store with a table, checked before use."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from auditor.data.source import Part
from auditor.errors import ColumnError
from auditor.wording import listed

FEATURES, PANDAS = b"huggingface", b"pandas"


def with_sound_metadata(part: Part) -> Part:
    """Drop malformed metadata and add a note: an export would pass it on."""
    metadata = dict(part.table.schema.metadata or {})
    damaged = [key for key, is_sound in _SOUND.items() if key in metadata and not is_sound(_parsed(metadata[key]))]
    if not damaged:
        return part
    kept = {key: value for key, value in metadata.items() if key not in damaged}
    notes = [f"{part.name}: its {key.decode()} metadata is damaged and was dropped." for key in damaged]
    return replace(part, table=part.table.replace_schema_metadata(kept), notes=(*part.notes, *notes))


def class_feature(features: Mapping[str, Any], column: str) -> dict[str, Any] | None:
    """Return the ``ClassLabel`` of a column, or of its lists, from ``datasets`` features."""
    feature = features.get(column)
    while isinstance(feature, list) or (isinstance(feature, dict) and "feature" in feature):
        feature = feature["feature"] if isinstance(feature, dict) else feature[0] if len(feature) == 1 else None
    return feature if isinstance(feature, dict) and "names" in feature else None


def _features_of(schema: pa.Schema) -> dict[str, Any]:
    about = json.loads((schema.metadata or {}).get(FEATURES, b"{}"))
    return dict(about.get("info", {}).get("features", {}))


def class_names(parts: Sequence[Part], label: str) -> tuple[str, ...] | None:
    """Return the class names in ``datasets`` features for the integers of a column, or of its lists.

    Raises
    ------
    ColumnError
        If they are not distinct names, or differ between parts.
    """
    features = {part.name: class_feature(_features_of(part.table.schema), label) for part in parts}
    names = {part: feature and feature["names"] for part, feature in features.items()}
    different = {None if found is None else _checked(found, part, label) for part, found in names.items()}
    if len(different) > 1:
        first = next(iter(different - {None}))
        raise ColumnError(
            f"Column {label!r} numbers the classes differently in {listed(list(names))};"
            f" in one, they are {listed(first or ())}.",
            "Give all files and splits the same features.",
        )
    return different.pop()


def _checked(names: Any, part: str, label: str) -> tuple[str, ...]:
    wrong = None
    if not isinstance(names, list) or not names:
        wrong = f"are {names!r:.60}, not a list of names"
    elif strange := [name for name in names if not isinstance(name, str) or not name.strip()]:
        wrong = f"include {strange[0]!r:.60}, which is not a name"
    elif repeated := [
        name for name in dict.fromkeys(map(str.strip, names)) if [*map(str.strip, names)].count(name) > 1
    ]:
        wrong = f"include {repeated[0]!r:.60} more than once"
    if wrong:
        raise ColumnError(
            f"The class names of column {label!r}, in the features of {part}, {wrong}.",
            "Give each class of the ClassLabel a unique name, and save the dataset again.",
        )
    return tuple(names)


def _parsed(value: bytes) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _are_features(about: Any) -> bool:
    info = about.get("info") if isinstance(about, dict) else None
    return isinstance(info, dict) and isinstance(info.get("features", {}), dict)


def _is_of_pandas(about: Any) -> bool:
    if not isinstance(about, dict) or not isinstance(about.get("index_columns", []), list):
        return False
    columns = about.get("columns")
    return isinstance(columns, list) and all(isinstance(column, dict) and "field_name" in column for column in columns)


_SOUND = {FEATURES: _are_features, PANDAS: _is_of_pandas}
