"""Leases: a card is on one screen, until its two minutes are over or its page lets go; on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.review.log import leases
from auditor.review.log.log import DecisionLog
from tests.review.events import decide

Open = Callable[..., DecisionLog]


def test_a_card_is_on_one_screen(open_log: Open) -> None:
    one, other = open_log(), open_log()
    assert one.lease("ann", ["a", "b"]) == ["a", "b"]
    assert other.lease("bob", ["b", "c", "c"]) == ["c"]
    assert other.leased("bob") == {"a", "b"}
    assert one.leased("ann") == {"c"}
    assert one.leased("cleo") == {"a", "b", "c"}


def test_a_page_lets_go_of_what_it_no_longer_holds(open_log: Open) -> None:
    log = open_log()
    log.lease("ann", ["a", "b"])
    assert log.lease("ann", ["b"], only=True) == ["b"]
    assert log.lease("bob", ["a", "b"]) == ["a"]
    log.lease("ann", [], only=True)
    assert log.lease("bob", ["b"]) == ["b"]


def test_a_lease_ends_and_is_renewed(open_log: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    log, now = open_log(), 10**15
    monkeypatch.setattr(leases, "_now", lambda: now)
    log.lease("ann", ["a", "b"])
    now += round(60e6)
    log.lease("ann", ["a"])
    now += round(61e6)
    assert log.leased("bob") == {"a"}
    assert log.lease("bob", ["a", "b"]) == ["b"]
    now -= round(10e9)  # a clock that was set back
    assert log.leased("cleo") == set()
    assert log.lease("cleo", ["a", "b"]) == ["a", "b"]


def test_it_is_no_lock_on_deciding_and_no_event(open_log: Open) -> None:
    log = open_log()
    log.lease("ann", ["1"])
    log.append([decide("1", "bob", "exclude")])
    assert [event.reviewer for event in log.all_events()] == ["bob"]
