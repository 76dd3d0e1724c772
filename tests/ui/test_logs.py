"""Lines of the log: none can be forged, and none floods it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from auditor_ui.logs import InertFormatter, RateLimit

HOSTILE = ("a\nb", "a\r\nb", "\x1b[2Jcleared", "\x9b31m", "\u202eabc", "\u2028", "\ud800", "\x00", "\x08\x08", "\u200b")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def record(words: str, *values: Any, error: BaseException | None = None, name: str = "some.where") -> logging.LogRecord:
    about = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(name, logging.WARNING, __file__, 1, words, values, about)


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as found:
        return found


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_message_is_one_line_that_a_terminal_only_shows(hostile: str) -> None:
    for one in (record("said %s", hostile), record(f"said {hostile}")):
        line = InertFormatter("%(message)s").format(one)
        assert line.isprintable()
        assert line.startswith("said ")
        assert line.encode("ascii")


def test_letters_of_all_languages_stay() -> None:
    assert InertFormatter("%(message)s").format(record("Žofie 김 мария")) == "Žofie 김 мария"


def test_a_message_has_an_end() -> None:
    assert len(InertFormatter("%(message)s").format(record("%s", "x" * 1_000_000))) < 2_000


def test_a_traceback_keeps_its_lines_and_nothing_else_of_the_kind() -> None:
    text = InertFormatter("%(message)s").format(record("failed", error=raised(ValueError("\x1b[31mred\x07"))))
    assert "Traceback (most recent call last):\n" in text
    assert text.replace("\n", "").isprintable()
    assert "\\x1b[31mred\\x07" in text


def test_one_line_a_minute_of_a_kind_whatever_it_is_filled_with() -> None:
    clock = Clock()
    limit, passed = RateLimit(clock=clock), []
    for number in range(1_000):
        one = record("login of %r from %s failed", f"name {number}", "192.0.2.1")
        if limit.filter(one):
            passed.append(one.getMessage())
        clock.now += 0.25
    assert len(passed) == 5
    assert passed[0] == "login of 'name 0' from 192.0.2.1 failed"
    assert passed[1] == "login of 'name 240' from 192.0.2.1 failed (since the last such line, 239 more)"


def test_other_kinds_are_not_held_back() -> None:
    limit = RateLimit(clock=Clock())
    kinds = [
        record("login failed"),
        record("login refused"),
        record("login failed", name="some.where.else"),
        record("Exception", error=raised(ValueError("x"))),
        record("Exception", error=raised(TypeError("x"))),
    ]
    assert [limit.filter(one) for one in kinds * 2] == [True] * len(kinds) + [False] * len(kinds)


def test_what_asyncio_says_of_each_object_is_one_kind() -> None:
    limit = RateLimit(clock=Clock())
    said = [record(f"socket.accept() out of system resource\nsocket: <fd={number}>") for number in range(50)]
    assert sum(map(limit.filter, said)) == 1


def test_the_same_error_at_the_same_place_is_one_kind() -> None:
    limit = RateLimit(clock=Clock())
    assert sum(limit.filter(record("Exception", error=raised(OSError(number)))) for number in range(50)) == 1


def test_kinds_are_few() -> None:
    limit = RateLimit(clock=Clock())
    assert sum(limit.filter(record(f"kind {number}")) for number in range(5_000)) == 1_001
    assert len(limit._seen) == 1_001
