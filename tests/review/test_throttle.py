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
    assert [throttle.attempt("ann", "a") for _ in range(5)] == [0.0] * 5
    waits = []
    for _ in range(12):
        waits.append(throttle.attempt("ann", "a"))
        clock.now += waits[-1]
        assert throttle.attempt("ann", "a") == 0.0  # waited long enough
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_asking_while_one_waits_makes_it_no_longer(throttle: Throttle, clock: Clock) -> None:
    for _ in range(7):
        throttle.attempt("ann", "a")
        clock.now += 10
    throttle.attempt("ann", "a")
    waits = {throttle.attempt("ann", "a") for _ in range(50)}
    assert waits == {8.0}


def test_a_name_is_locked_at_the_address_that_guessed_it_alone(throttle: Throttle) -> None:
    for _ in range(5):
        assert throttle.attempt("ann", "a") == 0.0
    assert throttle.attempt("ann", "a") == 1.0
    assert throttle.attempt("ann", "b") == 0.0  # the owner, from elsewhere
    assert throttle.attempt("bob", "a") == 0.0  # a neighbour


def test_many_names_from_one_address_and_many_addresses_for_one_name_are_slowed_a_little(
    throttle: Throttle, clock: Clock
) -> None:
    for number in range(50):
        assert throttle.attempt(f"name {number}", "a") == 0.0
        assert throttle.attempt("ann", f"address {number}") == 0.0
    assert throttle.attempt("new", "a") == throttle.attempt("ann", "new") == 1.0
    clock.now += 1
    for number in range(100, 110):
        assert throttle.attempt(f"name {number}", "a") == 0.0
        assert throttle.attempt("new", "a") == 2.0  # never more
        clock.now += 2


def test_a_right_password_is_no_wrong_try(throttle: Throttle) -> None:
    for _ in range(50):
        assert throttle.attempt("ann", "a") == 0.0
        throttle.succeed("ann", "a")


def test_a_right_password_does_not_wash_an_address_clean(throttle: Throttle) -> None:
    for number in range(49):
        throttle.attempt(f"name {number}", "a")
    throttle.attempt("mine", "a")
    throttle.succeed("mine", "a")
    assert throttle.attempt("name 49", "a") == 0.0
    assert throttle.attempt("mine", "a") == 1.0


def test_the_quiet_are_forgotten(throttle: Throttle, clock: Clock) -> None:
    for _ in range(5):
        throttle.attempt("ann", "a")
    clock.now += 3601
    assert [throttle.attempt("ann", "a") for _ in range(5)] == [0.0] * 5
    assert throttle.attempt("ann", "a") == 1.0


def test_many_names_do_not_fill_the_memory(throttle: Throttle) -> None:
    for number in range(15_000):
        throttle.attempt(f"name {number}", f"address {number}")
    assert len(throttle._tries) <= 10_000
    assert ("name 14999", None) in throttle._tries


def test_tries_at_once_are_all_counted(throttle: Throttle) -> None:
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: throttle.attempt("ann", "a"), range(200)))
    assert waits.count(0.0) == 5
