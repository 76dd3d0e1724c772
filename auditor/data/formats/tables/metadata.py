"""Metadata: what ``datasets`` and pandas have written beside a table; none of it is believed before it is looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from auditor.data.source import Part, listed
from auditor.errors import ColumnError

FEATURES, PANDAS = b"huggingface", b"pandas"


def with_sound_metadata(part: Part) -> Part:
    """Leave out what is not as its writer writes it, and say so: an export would hand it on."""
    metadata = dict(part.table.schema.metadata or {})
    damaged = [key for key, is_sound in _SOUND.items() if key in metadata and not is_sound(_parsed(metadata[key]))]
    if not damaged:
        return part
    kept = {key: value for key, value in metadata.items() if key not in damaged}
    notes = [f"{part.name}: its {key.decode()} metadata is damaged, and left out." for key in damaged]
    return replace(part, table=part.table.replace_schema_metadata(kept), notes=(*part.notes, *notes))


def class_feature(features: Mapping[str, Any], column: str) -> dict[str, Any] | None:
    """Find the ``ClassLabel`` of a column, or of the lists in it, in features as ``datasets`` writes them."""
    feature = features.get(column)
    while isinstance(feature, list) or (isinstance(feature, dict) and "feature" in feature):
        feature = feature["feature"] if isinstance(feature, dict) else feature[0] if len(feature) == 1 else None
    return feature if isinstance(feature, dict) and "names" in feature else None


def _features_of(schema: pa.Schema) -> dict[str, Any]:
    about = json.loads((schema.metadata or {}).get(FEATURES, b"{}"))
    return dict(about.get("info", {}).get("features", {}))


def class_names(parts: Sequence[Part], label: str) -> tuple[str, ...] | None:
    """Find the names that ``datasets`` features give to the integers of a column, or of the lists in it.

    Raises
    ------
    ColumnError
        If they are no distinct names, or not the same in all parts.
    """
    features = {part.name: class_feature(_features_of(part.table.schema), label) for part in parts}
    names = {part: feature and feature["names"] for part, feature in features.items()}
    different = {None if each is None else _checked(each, part, label) for part, each in names.items()}
    if len(different) > 1:
        first = next(iter(different - {None}))
        raise ColumnError(
            f"Column {label!r} does not number the classes alike in {listed(list(names))};"
            f" in one they are {listed(first or ())}.",
            "Give all files and splits the same features.",
        )
    return different.pop()


def _checked(names: Any, part: str, label: str) -> tuple[str, ...]:
    wrong = None
    if not isinstance(names, list) or not names:
        wrong = f"are {names!r:.60}, not a list of names"
    elif strange := [name for name in names if not isinstance(name, str) or not name.strip()]:
        wrong = f"have {strange[0]!r:.60} among them, which is no name"
    elif repeated := [
        name for name in dict.fromkeys(map(str.strip, names)) if [*map(str.strip, names)].count(name) > 1
    ]:
        wrong = f"have {repeated[0]!r:.60} among them more than once"
    if wrong:
        raise ColumnError(
            f"The class names of column {label!r}, in the features of {part}, {wrong}.",
            "Give the ClassLabel a name of its own for each class, and save the dataset again.",
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
    return isinstance(columns, list) and all(isinstance(one, dict) and "field_name" in one for one in columns)


_SOUND = {FEATURES: _are_features, PANDAS: _is_of_pandas}
