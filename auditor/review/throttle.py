"""Throttle: who guesses passwords waits longer and longer.

Tries are counted by name and address together: guessing a name locks its owner out nowhere else, and locks nobody else
at that address out. A name alone and an address alone have many more tries, and then only short delays: they slow down
who guesses from many addresses, or many names.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_Who = tuple[str | None, str | None]
"""A name and an address; None stands for any."""


_MOST = 10_000
"""Names, addresses and pairs that are remembered; a try is of three of them."""


@dataclass
class _Tries:
    count: int
    last: float
    until: float


class Throttle:
    """Counts the wrong tries of each name at each address, of each name and of each address, in memory.

    Parameters
    ----------
    free : int
        Wrong tries of a name at an address without a delay. The next waits a second, the one after it two, then four …
    longest : float
        Seconds of the longest delay.
    free_alone : int
        Wrong tries without a delay of a name at any addresses, and of an address with any names.
    longest_alone : float
        Seconds of the longest delay of those.
    memory : float
        Seconds after which a name or address that has not tried again is forgotten.
    clock : callable
        Seconds that never run backwards.
    """

    def __init__(
        self,
        free: int = 5,
        longest: float = 300.0,
        free_alone: int = 50,
        longest_alone: float = 2.0,
        memory: float = 3600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._together, self._alone = (free, longest), (free_alone, longest_alone)
        self._memory, self._clock = memory, clock
        self._tries: dict[_Who, _Tries] = {}
        self._lock = threading.Lock()

    def attempt(self, name: str, address: str) -> float:
        """Count a try, before its password is checked; seconds to wait instead, if there are any.

        Tries that come while the first is still being checked are so counted too.
        """
        together: _Who = (name, address)
        everyone: tuple[_Who, ...] = together, (name, None), (None, address)
        with self._lock:
            now = self._clock()
            self._forget(now)
            wait = max((self._tries[one].until - now for one in everyone if one in self._tries), default=0.0)
            if wait > 0:
                return wait
            for one in everyone:
                free, longest = self._together if one == together else self._alone
                count = self._tries[one].count + 1 if one in self._tries else 1
                delay = min(2.0 ** min(count - free, 60), longest) if count >= free else 0.0
                self._tries.pop(one, None)  # the latest to try comes last
                self._tries[one] = _Tries(count, now, now + delay)
            return 0.0

    def succeed(self, name: str, address: str) -> None:
        """Take the try back: it was right. The two together start anew; each alone only loses this one try."""
        alone: tuple[_Who, ...] = (name, None), (None, address)
        with self._lock:
            self._tries.pop((name, address), None)
            for one in alone:
                if tries := self._tries.get(one):
                    tries.count, tries.until = tries.count - 1, tries.last

    def _forget(self, now: float) -> None:
        """Drop the oldest: they stand first."""
        while self._tries:
            oldest = next(iter(self._tries))
            if now - self._tries[oldest].last < self._memory and len(self._tries) <= _MOST - 3:
                return
            del self._tries[oldest]
