"""Search: a slow one is given up, and keeps neither other searches nor other requests."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from auditor.errors import FilterError
from auditor.review.filter import search
from auditor.review.filter.expressions import Expressions
from auditor.review.filter.filter import Filter
from auditor.review.filter.plain_text import PlainText
from auditor.review.filter.search import AT_ONCE, EXPRESSIONS, Searches

TEXTS = pa.chunked_array([[f"text {number}" for number in range(1000)]])
SEARCH = {False: PlainText, True: Expressions}


class Held:
    """Searches of one kind stand still until they are let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, regex: bool) -> None:
        self.let_go, self.begun, find = Event(), Semaphore(0), SEARCH[regex].find

        def held(*arguments: Any) -> Any:
            self.begun.release()
            assert self.let_go.wait(60)
            return find(*arguments)

        monkeypatch.setattr(SEARCH[regex], "find", held)
        monkeypatch.setattr(search, "PATIENCE", 120.0)


@pytest.mark.parametrize("regex", [False, True])
def test_searches_of_one_kind_neither_refuse_nor_delay_the_other(monkeypatch: pytest.MonkeyPatch, regex: bool) -> None:
    searches = Searches(TEXTS)
    known = searches.find(Filter(text="7$", regex=regex))
    held = Held(monkeypatch, regex=regex)
    taken, places = Semaphore(0), searches._places[regex].acquire

    def taking(blocking: bool = True) -> bool:
        taken.release()
        return places(blocking=blocking)

    monkeypatch.setattr(searches._places[regex], "acquire", taking)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = [pool.submit(searches.find, Filter(text=f"text {each}", regex=regex)) for each in range(AT_ONCE)]
        try:
            for _ in waiting:
                assert taken.acquire(timeout=60)
            while searches._places[regex]._value:  # type: ignore[attr-defined]
                pass
            with pytest.raises(FilterError, match="Other searches are running"):
                searches.find(Filter(text="one more", regex=regex))
            assert searches.find(Filter(text="7$", regex=regex)) is known
            assert searches.find(Filter(text="text 999", regex=not regex)).sum() == 1
        finally:
            held.let_go.set()
        assert all(future.result().any() for future in waiting)
    assert searches.find(Filter(text="text 999", regex=regex)).sum() == 1  # there is room again


def test_an_expression_does_not_wait_for_a_slow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    searches, held = Searches(TEXTS), Held(monkeypatch, regex=True)
    with ThreadPoolExecutor(EXPRESSIONS) as pool:
        both = [pool.submit(searches.find, Filter(text=text, regex=True)) for text in ("^text 1$", "^text 2$")]
        for _ in both:
            assert held.begun.acquire(timeout=60)
        held.let_go.set()
        assert [np.flatnonzero(future.result()).tolist() for future in both] == [[1], [2]]


def test_who_asks_for_the_same_waits_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    searches, held = Searches(TEXTS), Held(monkeypatch, regex=False)
    with ThreadPoolExecutor(3) as pool:
        all_three = [pool.submit(searches.find, Filter(text="text 7")) for _ in range(3)]
        assert held.begun.acquire(timeout=60)
        held.let_go.set()
        first, *others = [future.result() for future in all_three]
    assert first.sum() == 111
    assert all(other is first for other in others)
    assert not held.begun.acquire(blocking=False)


def test_what_waited_too_long_may_be_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = Searches(TEXTS)
    monkeypatch.setattr(search, "PATIENCE", 0.0)
    with searches._turns[False], pytest.raises(FilterError, match="Other searches are running"):
        searches.find(Filter(text="text"))
    monkeypatch.undo()
    assert searches.find(Filter(text="text")).all()


def test_without_processes_plain_text_is_found_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    searches = Searches(TEXTS)
    with pytest.raises(FilterError, match="process for regular expressions cannot be started") as caught:
        searches.find(Filter(text="7$", regex=True))
    assert "plain text" in caught.value.todo
    assert searches.find(Filter(text="text 7")).sum() == 111
