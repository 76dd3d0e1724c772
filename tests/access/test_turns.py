"""Turns: few at once, the others in a line that is fair and short."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

from auditor.access.turns import Turns


def called(waiting: list[Future[bool]]) -> list[int]:
    """Who has been called so far."""
    return [number for number, one in enumerate(waiting) if one.done() and not one.cancelled() and one.result()]


def sent_away(waiting: list[Future[bool]]) -> list[int]:
    return [number for number, one in enumerate(waiting) if one.done() and not one.cancelled() and not one.result()]


def test_few_have_their_turn_at_once() -> None:
    turns = Turns(at_once=2)
    waiting = [turns.line_up("a") for _ in range(5)]
    assert called(waiting) == [0, 1]
    for number in range(2, 5):
        turns.done()
        assert called(waiting) == list(range(number + 1))
    turns.done()
    turns.done()
    assert called([turns.line_up("b"), turns.line_up("b"), turns.line_up("b")]) == [0, 1]


def test_places_take_turns_however_many_wait_at_one() -> None:
    turns = Turns(at_once=1)
    many = [turns.line_up("a") for _ in range(30)]
    one = turns.line_up("b")
    two = [turns.line_up("c") for _ in range(2)]
    for _ in range(3):
        turns.done()
    assert called([one]) == [0]
    assert called(two) == [0]
    assert len(called(many)) == 2
    for _ in range(2):
        turns.done()
    assert called(two) == [0, 1]


def test_a_full_line_makes_room_for_another_place() -> None:
    turns = Turns(at_once=1, line=10)
    crowd = [turns.line_up("a") for _ in range(40)]
    assert sent_away(crowd) == list(range(11, 40))
    others = [turns.line_up(place) for place in "bcd"]
    assert sent_away(others) == []
    assert sent_away(crowd) == list(range(8, 40))
    for _ in range(4):
        turns.done()
    assert called(others) == [0, 1, 2]


def test_a_line_full_of_places_is_full() -> None:
    turns = Turns(at_once=1, line=10)
    waiting = [turns.line_up(f"place {number}") for number in range(20)]
    assert sent_away(waiting) == list(range(11, 20))
    assert len(turns._waiting) == 10


def test_whoever_has_gone_is_passed_over() -> None:
    turns = Turns(at_once=1)
    waiting = [turns.line_up(place) for place in "abcd"]
    assert waiting[1].cancel()
    turns.done()
    assert called(waiting) == [0, 2]
    turns.done()
    assert called(waiting) == [0, 2, 3]
    turns.done()
    assert called([turns.line_up("e")]) == [0]


def test_a_flood_from_one_address_keeps_nobody_else_out() -> None:
    turns = Turns(at_once=2, line=4)
    over = threading.Event()
    at_work, most = [], []

    def check(place: str) -> bool:
        if not turns.line_up(place).result(60):
            return False
        try:
            at_work.append(place)
            most.append(len(at_work))
            at_work.remove(place)
        finally:
            turns.done()
        return True

    def flood() -> None:
        while not over.is_set():
            check("a")

    with ThreadPoolExecutor(8) as pool:
        floods = [pool.submit(flood) for _ in range(8)]
        try:
            let_in = [check("b") for _ in range(30)]
        finally:
            over.set()
        for one in floods:
            one.result()
    assert all(let_in)
    assert max(most) <= 2
    assert not turns._waiting
