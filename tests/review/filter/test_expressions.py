"""Regular expressions: whatever the expression and the text, the limit holds, and the next search goes on."""

from __future__ import annotations

import pyarrow as pa
import pytest

from auditor.review.filter.expressions import Expressions, WrongExpressionError

LONG = "".join("abcdefgh ij"[number * number % 11] for number in range(2_000_000))
SLOW = [r"(?:.{1,90}){11}[qz]", r"\pL{1,300}\pN{1,100}q"]


@pytest.fixture(scope="module")
def expressions() -> Expressions:
    return Expressions(pa.chunked_array([["so glad", "so sad"], [], [LONG, "", "ünï"]], pa.string()))


@pytest.mark.parametrize("slow", SLOW)  # each would run for minutes
def test_a_slow_one_is_ended_within_one_text_and_the_next_goes_on(expressions: Expressions, slow: str) -> None:
    assert expressions.find(slow, 0.3) is None
    found = expressions.find("^SO|^Ü..$", 120.0)
    assert found is not None
    assert found.tolist() == [True, True, False, False, True]


def test_a_process_searches_again_and_again(expressions: Expressions) -> None:
    for _ in range(3):
        with pytest.raises(WrongExpressionError, match="missing"):
            expressions.find("(", 120.0)
        found = expressions.find("\n|^$", 120.0)
        assert found is not None
        assert found.tolist() == [False, False, False, True, False]
        assert len(expressions._idle) == 1


def test_a_process_that_has_died_is_replaced(expressions: Expressions) -> None:
    assert expressions.find("so", 120.0) is not None
    (process,) = expressions._idle
    process._process.kill()
    process._process.wait()
    assert expressions.find("so", 120.0) is not None
