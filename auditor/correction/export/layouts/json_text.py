"""JSON as text: find values and rewrite some of them, keeping all else including spaces."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.correction.export.cells import as_json
from auditor.data.formats.text.jsonl import passed

_DECODER = json.JSONDecoder()
_BETWEEN = re.compile(r"[, \t\r\n]*")
_ALONE = re.compile(r"\[(\s*).*?(\s*)\]\Z", re.DOTALL)
Step = str | int


@dataclass(frozen=True)
class JsonStyle:
    """How a file formats its values."""

    ascii: bool
    slashed: bool

    @classmethod
    def of(cls, about: Mapping[str, Any]) -> JsonStyle:
        """Return the style detected by the reader."""
        return cls(about["ascii"], about["slashed"])

    def dumped(self, value: Any, *, compact: bool = False) -> str:
        """Format a value."""
        separators = (",", ":") if compact else None
        text = json.dumps(value, ensure_ascii=self.ascii, default=as_json, separators=separators)
        return text.replace("/", "\\/") if self.slashed else text

    def written(self, value: Any, like: str) -> str:
        """Format a replacement of a value: integers stay integers, and a list of one keeps its spaces."""
        if isinstance(value, float) and value.is_integer() and not set(like) & set(".eE"):
            value = int(value)
        alone = _ALONE.match(like)
        if isinstance(value, list) and len(value) == 1 and alone:
            return f"[{alone[1]}{self.dumped(value[0])}{alone[2]}]"
        return self.dumped(value, compact=is_compact(like))


def is_compact(text: str) -> bool:
    """Return whether colons are followed directly by values."""
    return '":' in text and '": ' not in text


def find(text: str, place: int, path: str) -> tuple[int, int] | None:
    """Find a value by its key, or path of keys with dots, in the object that begins at ``place``."""
    found = None
    for key, begin, end in members(text, place):
        if key == path:
            found = begin, end
        elif path.startswith(f"{key}.") and text[begin] == "{":
            found = find(text, begin, path[len(key) + 1 :]) or found
    return found


def members(text: str, place: int) -> Iterator[tuple[str, int, int]]:
    """Yield the keys of an object, with start and end of each value."""
    place = passed(text, place + 1)
    while text[place] != "}":
        key, place = _DECODER.raw_decode(text, place)
        begin = passed(text, passed(text, place) + 1)
        _, end = _DECODER.raw_decode(text, begin)
        yield key, begin, end
        place = passed(text, end)
        place = passed(text, place + 1) if text[place] == "," else place


def objects(text: str) -> list[tuple[int, int]]:
    """Return start and end of each object in a sequence, with or without commas between them."""
    found, place = [], _past(text, 0)
    while place < len(text):
        _, end = _DECODER.raw_decode(text, place)
        found.append((place, end))
        place = _past(text, end)
    return found


def put(text: str, begin: int, path: Sequence[Step], value: Any, style: JsonStyle) -> str:
    """Write a value at a path, in the value that begins at ``begin``. Create missing levels.

    A position one past the end of a list appends. Of several values of a key, the last counts, as in parsers.
    """
    step, *rest = path
    if text[begin] != ("{" if isinstance(step, str) else "["):
        _, end = _DECODER.raw_decode(text, begin)
        return text[:begin] + style.dumped(_wrapped(path, value), compact=is_compact(text)) + text[end:]
    found = [span for key, *span in _inside(text, begin) if key == step]
    if not found:
        return _appended(text, begin, step, _wrapped(rest, value), style)
    start, end = found[-1]
    if rest:
        return put(text, start, rest, value, style)
    return text[:start] + style.written(value, text[start:end]) + text[end:]


def _past(text: str, place: int) -> int:
    found = _BETWEEN.match(text, place)
    return found.end() if found else place


def _inside(text: str, begin: int) -> Iterator[tuple[Step, int, int]]:
    """Yield the keys or positions in an object or list, with start and end of each value."""
    if text[begin] == "{":
        yield from members(text, begin)
        return
    place, number = passed(text, begin + 1), 0
    while text[place] != "]":
        _, end = _DECODER.raw_decode(text, place)
        yield number, place, end
        number += 1
        place = _past(text, end)


def _wrapped(path: Sequence[Step], value: Any) -> Any:
    for step in reversed(path):
        value = {step: value} if isinstance(step, str) else [value]
    return value


def _appended(text: str, begin: int, key: Step, value: Any, style: JsonStyle) -> str:
    """Append a value to an object or list, on a separate line if the others are."""
    _, end = _DECODER.raw_decode(text, begin)
    last = len(text[: end - 1].rstrip())
    compact = is_compact(text)
    blank = text[begin + 1 : passed(text, begin + 1)]
    comma = "" if last == begin + 1 else "," + (blank or " " * (not compact))
    name = style.dumped(key) + (":" if compact else ": ") if isinstance(key, str) else ""
    return text[:last] + comma + name + style.dumped(value, compact=compact) + text[last:]
