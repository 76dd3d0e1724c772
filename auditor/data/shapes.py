"""Shapes: which keys each JSON object has, in which order, and which of its numbers are floats.

A table keeps none of these: a missing key becomes null, and 1 beside 2.5 becomes 1.0.
"""

from __future__ import annotations

import base64
import json
import zlib
from array import array
from collections.abc import Mapping
from typing import Any

_MOST = 4096
"""Shapes of one file that are kept; in one of more, keys are hardly columns."""
_FLOAT, _OTHER = 1, 0


class Shapes:
    """Collects the shapes of objects, row by row."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._of_row = array("H")

    def add(self, row: Mapping[str, Any]) -> None:
        """Take the next row."""
        if len(self._numbers) <= _MOST:
            self._of_row.append(self._numbers.setdefault(_shape(row), len(self._numbers)))

    def about(self) -> dict[str, Any]:
        """What :func:`read_shapes` reads, as JSON has it; empty if there are too many shapes."""
        if len(self._numbers) > _MOST:
            return {}
        packed = base64.b85encode(zlib.compress(self._of_row.tobytes())).decode()
        return {"shapes": [json.dumps(_as_json(shape)) for shape in self._numbers], "shape_of_row": packed}


def read_shapes(about: Mapping[str, Any]) -> tuple[list[Any], array[int]] | None:
    """Read the shapes, and the number of each row's; None if they are not known."""
    if "shapes" not in about:
        return None
    of_row = array("H", zlib.decompress(base64.b85decode(about["shape_of_row"])))
    return [json.loads(shape) for shape in about["shapes"]], of_row


def restore(value: Any, shape: Any) -> Any:
    """Give a value from a table the shape that it had."""
    if isinstance(shape, dict) and value is not None:
        return {key: restore(value.get(key), inner) for key, inner in shape.items()}
    if isinstance(value, list):
        known = shape if isinstance(shape, list) else [shape]
        inner = known * len(value) if len(known) == 1 else known
        return [restore(each, of_each) for each, of_each in zip(value, inner, strict=True)]
    if shape == _OTHER and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return ("{", *((key, _shape(inner)) for key, inner in value.items()))
    if isinstance(value, list):
        shapes = [_shape(inner) for inner in value]
        different = set(shapes)
        if different <= {_OTHER}:
            return _OTHER
        return ("[", *(different if len(different) == 1 else shapes))
    return _FLOAT if isinstance(value, float) else _OTHER


def _as_json(shape: Any) -> Any:
    if isinstance(shape, int):
        return shape
    kind, *inner = shape
    return {key: _as_json(each) for key, each in inner} if kind == "{" else [_as_json(each) for each in inner]
