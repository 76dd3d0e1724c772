"""The source's label column: its ``ClassLabel`` names, and the value of a new class."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import pyarrow.types as types

from auditor.data import LabeledTexts
from auditor.data.columns import is_text
from auditor.data.formats.tables.metadata import class_feature
from auditor.data.labeled_texts import ORIGINAL
from auditor.data.labels.lists import is_list
from auditor.errors import ExportError

Value = str | int | float | bool


def value_of_new_class(texts: LabeledTexts, name: str, code: int) -> Value:
    """Return the value of a new class in the source's label column.

    Parameters
    ----------
    texts : LabeledTexts
    name : str
    code : int
        Code of the new class.

    Raises
    ------
    ExportError
        If the column holds numbers or booleans, and the name is not one.
    """
    column = texts.origin.label
    type_ = texts.table.schema.field(ORIGINAL + column).type
    while is_list(type_) or types.is_dictionary(type_):
        type_ = type_.value_type
    if is_text(type_):
        return name
    if class_names(texts) is not None:
        return code
    if re.fullmatch(r"-?\d{1,18}", name, re.ASCII) and not types.is_boolean(type_):
        return float(name) if types.is_floating(type_) else int(name)
    raise ExportError(
        f"The new class {name!r} does not fit the column {column!r} of type {type_}.",
        "Export without --add-classes; rows that no class fits are then left out.",
    )


def class_names(texts: LabeledTexts) -> Sequence[str] | None:
    """Return the names of the label column's ``ClassLabel``; None without one."""
    about = json.loads(texts.origin.options["schema_metadata"].get("huggingface", "{}"))
    feature = class_feature(about.get("info", {}).get("features", {}), texts.origin.label)
    return None if feature is None else feature["names"]
