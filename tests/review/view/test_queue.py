from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import FilterError
from auditor.review.filter.filter import QUEUE, Filter
from auditor.review.filter.selection import Selection
from auditor.review.log.log import DecisionLog
from auditor.review.view import queue as queue_module
from auditor.review.view.items import Items
from auditor.review.view.queue import Queue
from auditor.review.view.verdicts import Verdicts
from tests.review.reviewing import decide, decision
from tests.review.runs import ROWS


def pages(queue: Queue, filter: Filter, limit: int, **how: object) -> list[list[int]]:
    found, after = [], None
    while True:
        page = queue.page(filter, after=after, limit=limit, **how)  # type: ignore[arg-type]
        found.append(page.rows)
        if page.next is None:
            return found
        after = page.next


@pytest.mark.parametrize("limit", [1, 7, 50, ROWS, 500])
@pytest.mark.parametrize("looked_at", [1, 10, 1 << 14])
def test_pages_together_are_all_rows_in_order(
    selection: Selection, limit: int, looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_module, "_STRIDE", looked_at)
    queue = Queue(selection)
    for sort in queue.sorts:
        found = pages(queue, QUEUE, limit, sort=sort, seed=3)
        assert [row for page in found for row in page] == selection.rows(QUEUE, sort, seed=3).tolist()
        assert [len(page) for page in found[:-1]] == [limit] * (len(found) - 1)
        assert 1 <= len(found[-1]) <= limit


def test_left_is_what_the_filter_finds_now(selection: Selection, verdicts: Verdicts) -> None:
    queue = Queue(selection)
    first = queue.page(QUEUE, limit=5)
    assert first.left == len(selection.rows(QUEUE))
    decide(verdicts, first.rows[0])
    decide(verdicts, first.rows[1])
    assert queue.page(QUEUE, after=first.next, limit=5).left == first.left - 2


def test_an_empty_queue_is_one_empty_page(selection: Selection) -> None:
    page = Queue(selection).page(Filter(ids=("unknown",)))
    assert (page.rows, page.next, page.left) == ([], None, 0)


acts = st.lists(
    st.tuples(st.integers(1, 30), st.lists(st.tuples(st.integers(0, ROWS - 1), st.booleans()), max_size=12)),
    max_size=12,
)


@given(acts, st.sampled_from(["suspicion", "random", "pair"]), st.sampled_from(["anyone", "me"]))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_deciding_between_pages_neither_repeats_nor_skips_an_undecided_row(
    items: Items,
    tmp_path_factory: pytest.TempPathFactory,
    acts: list[tuple[int, list[tuple[int, bool]]]],
    sort: str,
    undecided: str,
) -> None:
    log = DecisionLog(tmp_path_factory.mktemp("log") / "decisions.db", "run")
    verdicts = Verdicts(items, log)
    selection = Selection(items, verdicts)
    queue = Queue(selection)
    filter = Filter.from_query(f"undecided={undecided}")
    shown: list[int] = []
    decided_by_me: set[int] = set()
    decided: set[int] = set()
    after = None
    for limit, decisions in [*acts, *[(ROWS, [])]]:
        page = queue.page(filter, sort, after, limit, me="ann", seed=1)
        shown += page.rows
        log.append([decision(items, row, "ann" if mine else "bob", run_id="run") for row, mine in decisions])
        verdicts.catch_up()
        decided |= {row for row, _ in decisions}
        decided_by_me |= {row for row, mine in decisions if mine}
        after = page.next
        if after is None:
            break
    log.close()
    hidden = decided if undecided == "anyone" else decided_by_me
    assert len(shown) == len(set(shown))
    assert {*range(ROWS)} - {*shown} <= hidden
    order = selection.orders.of(sort, 1).tolist()
    assert shown == sorted(shown, key=order.index)


def test_going_back_to_the_start_finds_what_was_skipped_or_undone(selection: Selection, verdicts: Verdicts) -> None:
    queue = Queue(selection)
    first = queue.page(QUEUE, limit=5)
    decide(verdicts, first.rows[0], "ann")
    assert queue.page(QUEUE, limit=4).rows == first.rows[1:]
    verdicts.log.undo("ann", "undo")
    verdicts.catch_up()
    assert queue.page(QUEUE, limit=5) == first


@pytest.mark.parametrize("cursor", ["", "-1", "1.5", "x", "²", "9" * 19, "9" * 5000, "١"])
def test_a_cursor_of_somebody_else_is_refused(selection: Selection, cursor: str) -> None:
    with pytest.raises(FilterError, match="not a position in the queue"):
        Queue(selection).page(QUEUE, after=cursor)


def test_a_cursor_beyond_the_end_finds_nothing(selection: Selection) -> None:
    assert Queue(selection).page(Filter(), after="9" * 18).rows == []


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_a_page_has_a_size(selection: Selection, limit: int) -> None:
    with pytest.raises(FilterError, match="rows was requested"):
        Queue(selection).page(QUEUE, limit=limit)
