"""Throttle: who guesses passwords waits longer and longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class _Tries:
    count: int
    last: float
    until: float


class Throttle:
    """Counts the wrong tries of each name and address, in memory.

    Parameters
    ----------
    free : int
        Wrong tries without a delay. The next waits a second, the one after it two, then four …
    longest : float
        Seconds of the longest delay.
    memory : float
        Seconds after which a name or address that has not tried again is forgotten.
    clock : callable
        Seconds that never run backwards.
    """

    def __init__(
        self,
        free: int = 5,
        longest: float = 300.0,
        memory: float = 3600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free, self._longest, self._memory, self._clock = free, longest, memory, clock
        self._tries: dict[str, _Tries] = {}
        self._lock = threading.Lock()

    def attempt(self, *who: str) -> float:
        """Count a try, before its password is checked; seconds to wait instead, if there are any.

        Tries that come while the first is still being checked are so counted too.
        """
        with self._lock:
            now = self._clock()
            self._forget(now)
            wait = max((self._tries[one].until - now for one in who if one in self._tries), default=0.0)
            if wait > 0:
                return wait
            for one in who:
                count = self._tries[one].count + 1 if one in self._tries else 1
                delay = min(2.0 ** (count - self._free), self._longest) if count >= self._free else 0.0
                self._tries.pop(one, None)  # the latest to try comes last
                self._tries[one] = _Tries(count, now, now + delay)
            return 0.0

    def succeed(self, name: str, *others: str) -> None:
        """Take the try back: it was right. The name starts anew; an address only loses this one try."""
        with self._lock:
            self._tries.pop(name, None)
            for one in others:
                if tries := self._tries.get(one):
                    tries.count, tries.until = tries.count - 1, tries.last

    def _forget(self, now: float) -> None:
        """Drop the oldest: they stand first."""
        while self._tries:
            oldest = next(iter(self._tries))
            if now - self._tries[oldest].last < self._memory and len(self._tries) < 10_000:
                return
            del self._tries[oldest]
