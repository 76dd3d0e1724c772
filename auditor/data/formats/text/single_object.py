"""A JSON file with a single object, which holds the rows in it."""

from __future__ import annotations

import json
from typing import Any

from auditor.data.formats.files.room import check_room, room
from auditor.errors import SourceError
from auditor.wording import counted, listed

_UNFOLDED = 32
"""Most bytes of Python objects per character of JSON."""


def check_single(data: bytes, name: str) -> None:
    """Refuse a file that is one JSON object with rows in it, on one line or several, and say where they are.

    Raises
    ------
    SourceError
    """
    check_room(_UNFOLDED * len(data), name, room())
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(whole, dict) and (todo := _todo(whole, name)):
        what = f"{name} is a single JSON object with {listed([repr(key) for key in whole], most=4)}"
        raise SourceError(f"{what}; expected one object per row.", todo)


def _todo(whole: dict[str, Any], name: str) -> str | None:
    """Return how to write the rows of an object; None if it holds none, and may be a row itself."""

    def rows(values: Any) -> bool:
        return isinstance(values, list) and len(values) > 1 and all(isinstance(value, dict) for value in values)

    if lists := {key: values for key, values in whole.items() if rows(values)}:
        key = max(lists, key=lambda key: len(lists[key]))
        return f"Write the {counted(len(lists[key]), 'object')} in {key!r} alone, as with jq '.[{json.dumps(key)}]'."
    values = list(whole.values())
    if {*whole} >= {"columns", "data"}:
        return _pandas(name, "split")
    if len(values) > 1 and all(isinstance(value, dict) for value in values):
        fields = {*values[0]}
        if all(fields == {*value} for value in values) and len(fields) > len(values):
            return _pandas(name, "columns")
        return "Write its values alone, one object per row, as with jq '[.[]]'."
    if len(values) > 1 and all(isinstance(value, list) for value in values):
        return f"Write its lists as rows, as with {_call(name, 'columns')}."
    return None


def _pandas(name: str, orient: str) -> str:
    return f"It is what pandas writes with orient={orient!r}; write one object per row, with {_call(name, orient)}."


def _call(name: str, orient: str) -> str:
    read = f"pandas.read_json({name!r}, orient={orient!r})"
    return f"{read}.to_json('rows.jsonl', orient='records', lines=True)"
