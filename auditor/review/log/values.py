"""Values: what is read from a log's database is of the kind that the log writes, or is refused.

SQLite keeps a text where a number should be, and a database may come from anywhere. Values are checked in columns, as
sets, which takes next to no time; what becomes an :class:`~auditor.review.log.event.Event` is checked as such.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar

from auditor.errors import LogError
from auditor.review.log.event import SOURCES, VERDICTS

T = TypeVar("T")
Check = Callable[[Any], bool]

LATEST = 253_402_300_799_000_000
"""Microseconds from 1970 to the last second of the year 9999: Python knows no later time."""
_LAST = 2**53
"""No log has as many events, and none overflows below."""


def is_text(value: object) -> bool:
    """Whether it is a text of UTF-8."""
    return type(value) is str


def is_text_or_none(value: object) -> bool:
    """Whether it is a text, or missing."""
    return value is None or type(value) is str


def is_count(value: object) -> bool:
    """Whether it is a whole number, 0 or more."""
    return type(value) is int and 0 <= value <= _LAST


def is_time(value: object) -> bool:
    """Whether it is a time as the log stores it."""
    return type(value) is int and -LATEST <= value <= LATEST


def is_seconds(value: object) -> bool:
    """Whether it is a number of seconds."""
    return type(value) in (int, float) and 0 <= value < math.inf  # type: ignore[operator]


def is_seconds_or_none(value: object) -> bool:
    """Whether it is a number of seconds, or missing."""
    return value is None or is_seconds(value)


def is_verdict(value: object) -> bool:
    """Whether it is one of the verdicts."""
    return value in VERDICTS


def is_source(value: object) -> bool:
    """Whether it is one of the sources."""
    return value in SOURCES


def is_texts(value: object) -> bool:
    """Whether it is a JSON array of texts."""
    if value == "[]":
        return True
    try:
        found = json.loads(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RecursionError):
        return False
    return type(found) is list and set(map(type, found)) <= {str}


def checked(value: T, check: Check, what: str) -> T:
    """Give a value back that is as it should be.

    Raises
    ------
    LogError
        If it is not; ``what`` says what it was to be.
    """
    if not check(value):
        raise broken(what, value)
    return value


def all_checked(values: Iterable[T], check: Check, what: str) -> list[T]:
    """Give values back that all are as they should be."""
    found = list(values)
    for value in set(found):
        checked(value, check, what)
    return found


def columns_checked(rows: Sequence[Any], checks: Collection[tuple[str, Check]]) -> Sequence[Any]:
    """Give rows back whose columns all are as they should be."""
    for (what, check), column in zip(checks, zip(*rows, strict=True), strict=bool(rows)):
        all_checked(column, check, what)
    return rows


def broken(what: str, value: object) -> LogError:
    """An error that says what cannot be read."""
    return LogError(
        f"The decision log holds {what} that cannot be read: {value!r:.80}.",
        "Something else has written to it: restore it from a backup.",
    )
