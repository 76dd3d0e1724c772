"""Throttle: its promise, sentence by sentence; the clock is the tests'."""

from __future__ import annotations

import random
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.access.throttle import Throttle, place_of, twin_of

INVISIBLE = ("\u00ad", "\u034f", "\u115f", "\u180e", "\u200b", "\u200d", "\u2060", "\u3164", "\ufe0f", "\ufeff", "\x00")


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


def right(throttle: Throttle, name: str, place: str, *, familiar: bool = False) -> bool:
    """Whether a right password gets through."""
    if throttle.attempt(name, place, familiar=familiar):
        return False
    throttle.succeed(name, place, familiar=familiar)
    return True


def guess(throttle: Throttle, clock: Clock, seconds: float, name: str, *places: str) -> int:
    """Guesses that are checked while somebody guesses as often as possible, to the second."""
    end, checked = clock.now + seconds, 0
    while True:
        waits = [throttle.attempt(name, place) for place in places]
        checked += waits.count(0.0)
        if 0.0 in waits:
            continue
        clock.now += max(1.0, min(waits))
        if clock.now >= end:
            return checked


# -- slow ------------------------------------------------------------------------------------------------------------


def test_five_tries_are_free_and_then_each_waits_longer(throttle: Throttle, clock: Clock) -> None:
    assert [throttle.attempt("ann", "a") for _ in range(5)] == [0.0] * 5
    waits = []
    for _ in range(12):
        waits.append(throttle.attempt("ann", "a"))
        clock.now += waits[-1]
        assert throttle.attempt("ann", "a") == 0.0  # waited long enough
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_a_day_of_guessing_from_one_address_is_few_guesses(throttle: Throttle, clock: Clock) -> None:
    assert guess(throttle, clock, 86_400, "ann", "a") <= 5 + 9 + 86_400 / 300


def test_a_day_of_guessing_by_a_crowd_is_few_guesses(throttle: Throttle, clock: Clock) -> None:
    crowd = [f"address {number}" for number in range(500)]
    assert sum(throttle.attempt("ann", place) == 0.0 for place in crowd) == 100
    assert guess(throttle, clock, 1_800, "ann", *crowd[:120]) <= 1 + 1_800 / 10


def test_asking_while_one_waits_makes_it_no_longer(throttle: Throttle, clock: Clock) -> None:
    for _ in range(7):
        throttle.attempt("ann", "a")
        clock.now += 10
    throttle.attempt("ann", "a")
    assert {throttle.attempt("ann", "a") for _ in range(50)} == {8.0}


def test_a_browser_that_is_known_guesses_no_faster(throttle: Throttle) -> None:
    assert [throttle.attempt("ann", "browser", familiar=True) for _ in range(6)] == [0.0] * 5 + [1.0]


def test_tries_at_once_are_all_counted(throttle: Throttle) -> None:
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: throttle.attempt("ann", "a"), range(200)))
    assert waits.count(0.0) == 5


# -- right passwords get through -------------------------------------------------------------------------------------


def test_made_up_names_delay_nobody_at_the_same_address(throttle: Throttle, clock: Clock) -> None:
    for number in range(5_000):
        assert throttle.attempt(f"made up {number}", "a") == 0.0
        if number % 100 == 0:
            assert right(throttle, "ann", "a")
        clock.now += 0.01


def test_made_up_names_from_many_threads_delay_nobody(throttle: Throttle) -> None:
    def flood(thread: int) -> None:
        for number in range(500):
            throttle.attempt(f"made up {thread} {number}", "a")

    with ThreadPoolExecutor(4) as pool:
        floods = [pool.submit(flood, thread) for thread in range(4)]
        let_in = [right(throttle, "ann", "a") for _ in range(100)]
        for one in floods:
            one.result()
    assert all(let_in)


def test_a_name_that_is_guessed_at_one_address_gets_in_at_all_others(throttle: Throttle, clock: Clock) -> None:
    for hour in range(48):  # as long as it goes on
        guess(throttle, clock, 3_600, "ann", "a")
        assert right(throttle, "ann", f"other {hour}")
        assert right(throttle, "bob", "a")


def test_a_browser_that_is_known_gets_in_whatever_others_guess(throttle: Throttle, clock: Clock) -> None:
    crowd = [f"address {number}" for number in range(120)]
    for _ in range(5):
        guess(throttle, clock, 600, "ann", "the proxy of all", *crowd)
        assert throttle.attempt("ann", "the proxy of all") > 0
        assert right(throttle, "ann", "browser", familiar=True)


def test_after_an_attack_a_name_gets_in_within_five_minutes(throttle: Throttle, clock: Clock) -> None:
    guess(throttle, clock, 86_400, "ann", "a")
    clock.now += 300
    assert right(throttle, "ann", "a")
    assert throttle.attempt("ann", "a") == 0.0  # and begins anew


def test_a_few_addresses_are_no_crowd(throttle: Throttle, clock: Clock) -> None:
    few = [f"address {number}" for number in range(7)]
    for _ in range(24):
        guess(throttle, clock, 3_600, "ann", *few)
        assert right(throttle, "ann", "new")


def test_a_right_password_is_no_wrong_try(throttle: Throttle) -> None:
    assert all(right(throttle, "ann", "a") for _ in range(500))


def test_a_try_that_was_never_checked_is_none(throttle: Throttle) -> None:
    for _ in range(500):
        assert throttle.attempt("ann", "a") == 0.0
        throttle.withdraw("ann", "a")
    assert [throttle.attempt("ann", "a") for _ in range(6)] == [0.0] * 5 + [1.0]
    throttle.withdraw("nobody", "a")
    throttle.succeed("nobody", "a")


def test_what_is_withdrawn_does_not_end_the_delay_of_what_was_wrong(throttle: Throttle, clock: Clock) -> None:
    for _ in range(8):
        clock.now += throttle.attempt("ann", "a")
        throttle.attempt("ann", "a")
    throttle.withdraw("ann", "a")
    assert throttle.attempt("ann", "a") == 0.0
    assert throttle.attempt("ann", "a") >= 16


def test_the_quiet_are_forgotten(throttle: Throttle, clock: Clock) -> None:
    for _ in range(5):
        throttle.attempt("ann", "a")
    clock.now += 3_600
    assert [throttle.attempt("ann", "a") for _ in range(6)] == [0.0] * 5 + [1.0]


# -- one name, one counter -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "twins"),
    [
        (
            "josé",
            ["jose\u0301", "JOSÉ", " josé\u3000", "j\u200bosé", "josé\ufe0f", "\uff4aosé", "jo\x00sé", "Jos\u00e9\t"],
        ),
        ("straße", ["STRASSE", "straſſe", "\uff53trasse"]),
        ("İpek", ["ipek", "i\u0307pek"]),
        ("김", ["\u1100\u1175\u11b7", "김\u3164", "\uffa0김"]),
        ("anne marie", ["anne\u00a0marie", "annemarie", "ANNE  MARIE"]),
        ("\ud800", ["", "\u200b"]),
    ],
)
def test_twins_share_their_tries(throttle: Throttle, name: str, twins: list[str]) -> None:
    tries = [name, *twins, *[name] * 6]
    assert [throttle.attempt(one, "a") for one in tries[:6]] == [0.0] * 5 + [1.0]
    assert {throttle.attempt(one, "a") for one in tries} == {1.0}


@given(st.text(max_size=30), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_no_spelling_escapes(name: str, chance: random.Random) -> None:
    letters = list(name)
    for one in INVISIBLE:
        letters.insert(chance.randint(0, len(letters)), one)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert twin_of(unicodedata.normalize(form, name)) == twin_of(name)
    assert twin_of("".join(letters)) == twin_of(f" {name}\u2003") == twin_of(name)
    assert twin_of(twin_of(name)) == twin_of(name)


def test_other_names_are_no_twins() -> None:
    names = ["ann", "anna", "bob", "김", "금", "мария", "李", "ann1", "ann-b", "ann.b"]
    assert len({twin_of(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    "addresses",
    [
        ["192.0.2.7", "::ffff:192.0.2.7"],
        ["2001:db8:1::1", "2001:db8:1:ffff:ffff:ffff:ffff:ffff", "2001:DB8:0001::2"],
        ["nonsense", "", "1.2.3.4.5", "x" * 70_000, "\x1b[31m"],
        ["::1", "0:0:0:0:0:0:0:1"],
    ],
)
def test_addresses_that_one_person_has_are_one_place(addresses: list[str]) -> None:
    assert len({place_of(address) for address in addresses}) == 1


def test_addresses_of_several_people_are_several_places() -> None:
    addresses = [
        "192.0.2.7",
        "192.0.2.8",
        "2001:db8:1::1",
        "2001:db8:2::1",
        "::1",
        "127.0.0.1",
        "fe80::1%eth0",
        "fe80::2",
    ]
    assert len({place_of(address) for address in addresses}) == len(addresses)


# -- little memory ---------------------------------------------------------------------------------------------------


def test_many_names_fill_no_memory_and_win_no_tries(clock: Clock) -> None:
    throttle = Throttle(clock=clock, most=1_000, memory=1e9, pace=1e9)
    assert sum(throttle.attempt("ann", "a") == 0.0 for _ in range(20)) == 5
    for number in range(5_000):
        throttle.attempt(f"made up {number}", f"address {number}")
    assert len(throttle._tries) <= 1_000
    assert len(throttle._crowds) <= 1_000
    assert throttle.attempt("ann", "a") == 1.0
    assert sum(throttle.attempt("ann", f"address {number}") == 0.0 for number in range(200)) == 95
