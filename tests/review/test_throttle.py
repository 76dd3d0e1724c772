"""Throttle: who guesses waits, who mistypes does not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from auditor.review.throttle import Throttle


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> Throttle:
    return Throttle(clock=clock)


def test_five_tries_are_free_and_then_each_waits_longer(throttle: Throttle, clock: Clock) -> None:
    assert [throttle.attempt("ann") for _ in range(5)] == [0.0] * 5
    waits = []
    for _ in range(12):
        waits.append(throttle.attempt("ann"))
        clock.now += waits[-1]
        assert throttle.attempt("ann") == 0.0  # waited long enough
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_asking_while_one_waits_makes_it_no_longer(throttle: Throttle, clock: Clock) -> None:
    for _ in range(7):
        throttle.attempt("ann")
        clock.now += 10
    throttle.attempt("ann")
    waits = {throttle.attempt("ann") for _ in range(50)}
    assert waits == {8.0}


def test_names_and_addresses_are_counted_apart(throttle: Throttle) -> None:
    for number in range(5):
        assert throttle.attempt(f"name {number}", "address a") == 0.0
    assert throttle.attempt("name new", "address a") > 0  # one address tries many names
    assert throttle.attempt("name 0", "address b") == 0.0
    for number in range(5):
        assert throttle.attempt("name ann", f"address {number}") == 0.0
    assert throttle.attempt("name ann", "address new") > 0  # many addresses try one name


def test_a_right_password_is_no_wrong_try(throttle: Throttle) -> None:
    for _ in range(50):
        assert throttle.attempt("name ann", "address a") == 0.0
        throttle.succeed("name ann", "address a")


def test_a_right_password_does_not_wash_an_address_clean(throttle: Throttle, clock: Clock) -> None:
    for number in range(4):
        throttle.attempt(f"name {number}", "address a")
    throttle.attempt("name mine", "address a")
    throttle.succeed("name mine", "address a")
    assert throttle.attempt("name 4", "address a") == 0.0
    assert throttle.attempt("name mine", "address a") == 1.0
    clock.now += 1
    assert throttle.attempt("name mine", "address a") == 0.0
    throttle.succeed("name mine", "address a")
    assert throttle.attempt("name 5", "address a") == 0.0
    assert throttle.attempt("name 6", "address a") == 2.0


def test_the_quiet_are_forgotten(throttle: Throttle, clock: Clock) -> None:
    for _ in range(5):
        throttle.attempt("ann")
    clock.now += 3601
    assert [throttle.attempt("ann") for _ in range(5)] == [0.0] * 5
    assert throttle.attempt("ann") == 1.0


def test_many_names_do_not_fill_the_memory(throttle: Throttle) -> None:
    for number in range(30_000):
        throttle.attempt(f"name {number}")
    assert len(throttle._tries) <= 10_000
    assert "name 29999" in throttle._tries


def test_tries_at_once_are_all_counted(throttle: Throttle) -> None:
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: throttle.attempt("ann"), range(200)))
    assert waits.count(0.0) == 5
