"""Turns: who waits until there is room for one more password to be checked.

Checking a password takes a fraction of a second of a processor, and 32 MiB. So few are checked at once, the others line
up, and the line is short. It is fair by place: places take turns, and where the line is full, the place with the most
in it gives one up. However many wait at one place, somebody at another one is next.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from concurrent.futures import Future


class Turns:
    """A line that is fair and bounded; safe to be used from many threads and event loops.

    Parameters
    ----------
    at_once : int
        Those that may have their turn at the same time.
    line : int
        Those that may wait.
    """

    def __init__(self, at_once: int = 2, line: int = 64) -> None:
        self._free, self._line = at_once, line
        self._waiting: OrderedDict[str, deque[Future[bool]]] = OrderedDict()
        self._lock = threading.Lock()

    def line_up(self, place: str) -> Future[bool]:
        """Wait for a turn; whoever gets one ends it by :meth:`done`.

        Returns
        -------
        Future of bool
            True once it is their turn, False when there is no room in the line.
        """
        mine: Future[bool] = Future()
        with self._lock:
            self._waiting.setdefault(place, deque()).append(mine)
            self._call()
            if sum(map(len, self._waiting.values())) > self._line:
                self._give_up(max(self._waiting, key=lambda one: (len(self._waiting[one]), one == place)))
        return mine

    def done(self) -> None:
        """End a turn; the next one begins."""
        with self._lock:
            self._free += 1
            self._call()

    def _call(self) -> None:
        """Give whoever is next a turn, while there is room."""
        while self._free and self._waiting:
            place, queue = next(iter(self._waiting.items()))
            first = queue.popleft()
            self._waiting.move_to_end(place)
            if not queue:
                del self._waiting[place]
            if first.set_running_or_notify_cancel():  # not if whoever waited has gone
                self._free -= 1
                first.set_result(True)

    def _give_up(self, place: str) -> None:
        """Send the last of a place away."""
        queue = self._waiting[place]
        last = queue.pop()
        if not queue:
            del self._waiting[place]
        if last.set_running_or_notify_cancel():
            last.set_result(False)
