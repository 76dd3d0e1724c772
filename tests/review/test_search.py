"""Search: a slow one is given up, and keeps neither other searches nor other requests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from auditor.errors import FilterError
from auditor.review import search
from auditor.review.filter import Filter
from auditor.review.search import AT_ONCE, Searches

TEXTS = pa.chunked_array([[f"text {number}" for number in range(1000)]])


@pytest.fixture
def blocked(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Searches stand still until this is set."""
    go_on, real = Event(), search.pc.match_substring

    def slow(*arguments: Any, **options: Any) -> Any:
        assert go_on.wait(60)
        return real(*arguments, **options)

    monkeypatch.setattr(search.pc, "match_substring", slow)
    monkeypatch.setattr(search, "SECONDS", 120.0)
    return go_on


def test_more_than_a_few_searches_are_refused_at_once_while_what_is_known_is_answered(
    blocked: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches, taken = Searches(TEXTS), Semaphore(0)
    known = searches.find(Filter(text="7$", regex=True))
    places = searches._places.acquire

    def taking(blocking: bool = True) -> bool:
        taken.release()
        return places(blocking=blocking)

    monkeypatch.setattr(searches._places, "acquire", taking)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = [pool.submit(searches.find, Filter(text=f"text {number}")) for number in range(AT_ONCE)]
        for _ in waiting:
            assert taken.acquire(timeout=60)
        while searches._places._value:  # type: ignore[attr-defined]
            pass
        try:
            with pytest.raises(FilterError, match="Other searches are running"):
                searches.find(Filter(text="one more"))
            assert searches.find(Filter(text="7$", regex=True)) is known
        finally:
            blocked.set()
        assert all(future.result().any() for future in waiting)
    assert searches.find(Filter(text="text 999")).sum() == 1  # there is room again


def test_slow_texts_are_searched_few_at_a_time_and_given_up_early(monkeypatch: pytest.MonkeyPatch) -> None:
    now, sizes, real = [0.0], [], search.pc.match_substring

    def slow(texts: pa.ChunkedArray, *arguments: Any, **options: Any) -> Any:
        sizes.append(len(texts))
        now[0] += 0.1 * len(texts)
        return real(texts, *arguments, **options)

    monkeypatch.setattr(search.pc, "match_substring", slow)
    monkeypatch.setattr(search.time, "monotonic", lambda: now[0])
    with pytest.raises(FilterError, match="it takes longer"):
        Searches(TEXTS).find(Filter(text="slow"))
    assert sizes == [16]
    assert now[0] < search.SECONDS
    sizes.clear()
    assert Searches(TEXTS.slice(0, 40)).find(Filter(text="text")).all()
    assert sizes[:4] == [16, 8, 4, 2]


def test_what_waited_too_long_may_be_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = Searches(TEXTS)
    monkeypatch.setattr(search, "SECONDS", 0.0)
    with searches._searching, pytest.raises(FilterError, match="Other searches are running"):
        searches.find(Filter(text="text"))
    monkeypatch.undo()
    assert searches.find(Filter(text="text")).all()


def test_bites_of_any_size_find_the_same() -> None:
    texts = pa.chunked_array([["ab", "b"] * 9000, ["a"] * 5000])
    found = Searches(texts).find(Filter(text="A.?", regex=True))
    np.testing.assert_array_equal(found, [True, False] * 9000 + [True] * 5000)
