"""Throttle: wrong passwords slow down whoever sends them, and nobody else.

It promises:

- **Slow.** From one place, a name can be tried five times without a delay. The next try waits a second, the one after
  it two, then four, up to five minutes. A place is a network address, or a browser in which the name has logged in
  before.
- **Slow for a crowd.** All addresses together can try a name a hundred times, and then once every ten seconds.
- **Correct passwords get through.** Only wrong tries of the same name cause a delay, and only those from the same
  place unless a crowd is guessing. Any number of wrong tries of other names delays nobody. A browser in which the name
  has logged in before is delayed only by its own wrong tries.
- **One name, one counter.** Spellings of a name that look alike (upper case, other forms of the same accent, invisible
  characters) count as one.
- **Little memory.** Memory is bounded, and a flood of made-up names gains no extra tries for a name.
"""

from __future__ import annotations

import hashlib
import ipaddress
import threading
import time
import unicodedata
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from heapq import nsmallest
from typing import TypeVar

_FILLERS = frozenset("\u115f\u1160")  # letters that are invisible
_NETWORK = 48
"""Bits of an IPv6 address that identify a place: whoever has an address owns at least its last 64 bits, often 80."""

_INSTANT = 1e-3
"""Seconds that count as zero; without it, a rounding error could add a delay to a wait that has ended."""

_Key = TypeVar("_Key", bound=Hashable)


@dataclass
class _Tries:
    """Wrong tries of a name, and the time of the next permitted one."""

    count: float
    last: float
    until: float = 0.0


class Throttle:
    """Count the wrong tries of each name in memory, by place and in total; thread-safe.

    Parameters
    ----------
    free : int
        Tries of a name from one place without a delay.
    longest : float
        Seconds of the longest delay.
    crowd : int
        Tries of a name from all addresses together without a delay.
    pace : float
        Seconds between further tries of the crowd.
    memory : float
        Seconds after the last try of a name from a place until its tries are forgotten.
    most : int
        Most pairs of a name and a place that are remembered, and most names.
    clock : callable
        Monotonic clock, in seconds.
    """

    def __init__(
        self,
        free: int = 5,
        longest: float = 300.0,
        crowd: int = 100,
        pace: float = 10.0,
        memory: float = 3600.0,
        most: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free, self._longest = free, longest
        self._crowd, self._pace = crowd, pace
        self._memory, self._most, self._clock = memory, most, clock
        self._tries: dict[tuple[bytes, str], _Tries] = {}
        self._crowds: dict[bytes, _Tries] = {}
        self._lock = threading.Lock()

    def attempt(self, name: str, place: str, *, familiar: bool = False) -> float:
        """Count a try as wrong before its password is checked; this counts concurrent tries too.

        Parameters
        ----------
        name : str
        place : str
            Result of :func:`place_of` for an address, or the id of a browser.
        familiar : bool
            Whether the place is a browser in which the name has logged in before.

        Returns
        -------
        float
            0 if the password may be checked; otherwise the seconds to wait, and the try is not counted.
        """
        key = _key(name), place
        with self._lock:
            now = self._clock()
            tries = self._tries.get(key)
            if tries and now - tries.last >= self._memory:
                tries = None
            if tries and (wait := tries.until - now) > _INSTANT:
                return wait
            if not familiar and (wait := self._join_crowd(key[0], now)):
                return wait
            count = tries.count + 1 if tries else 1
            delay = min(2.0 ** min(count - self._free, 60), self._longest) if count >= self._free else 0.0
            self._tries[key] = _Tries(count, now, now + delay)
            _bound(self._tries, self._most)
            return 0.0

    def succeed(self, name: str, place: str, *, familiar: bool = False) -> None:
        """Forget the wrong tries of a name from a place after a correct password."""
        key = _key(name), place
        with self._lock:
            self._tries.pop(key, None)
            self._leave_crowd(key[0], familiar)

    def withdraw(self, name: str, place: str, *, familiar: bool = False) -> None:
        """Take back a try whose password was never checked."""
        key = _key(name), place
        with self._lock:
            if tries := self._tries.get(key):
                tries.count, tries.until = tries.count - 1, tries.last
            self._leave_crowd(key[0], familiar)

    def _join_crowd(self, name: bytes, now: float) -> float:
        """Count a try of the crowd. Return the seconds to wait; if positive, the try is not counted."""
        crowd = self._crowds.get(name) or _Tries(0.0, now)
        crowd.count, crowd.last = max(0.0, crowd.count - (now - crowd.last) / self._pace), now
        if (wait := (crowd.count - self._crowd + 1) * self._pace) > _INSTANT:
            return wait
        crowd.count += 1
        self._crowds[name] = crowd
        _bound(self._crowds, self._most)
        return 0.0

    def _leave_crowd(self, name: bytes, familiar: bool) -> None:
        if not familiar and (crowd := self._crowds.get(name)):
            crowd.count = max(0.0, crowd.count - 1)


def place_of(address: str) -> str:
    """Return the place of a network address: all addresses that a person can freely choose are one place."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "elsewhere"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        if not found.is_loopback and not found.is_link_local:
            return str(ipaddress.ip_network((int(found), _NETWORK), strict=False))
    return str(found)


def twin_of(name: str) -> str:
    """Return what look-alikes of a name share: no case, no accents, no invisible characters."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return "".join(c for c in letters if unicodedata.category(c)[0] not in "CMZ" and c not in _FILLERS)


def _key(name: str) -> bytes:
    """Return a key, of fixed length, that a name shares with its look-alikes."""
    return hashlib.sha256(twin_of(name).encode("utf-8", "surrogatepass")).digest()[:16]


def _bound(entries: dict[_Key, _Tries], most: int) -> None:
    """Drop a tenth of too many entries, those with the fewest tries: a flood of names displaces itself."""
    if len(entries) > most:
        worth = {key: (tries.count, tries.last) for key, tries in entries.items()}
        for key in nsmallest(max(1, most // 10), worth, key=worth.__getitem__):
            del entries[key]
