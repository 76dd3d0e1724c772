"""Turns: a queue of people who wait for their passwords to be checked.

Checking a password takes a fraction of a second of processor time and 32 MiB. Therefore only a few are checked at once,
and the queue of the others is short. It is fair by place: places take turns, and when the queue is full, the place with
the most people in it loses one. However many wait at one place, someone at another place is next.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from concurrent.futures import Future


class Turns:
    """A fair, bounded queue; safe for many threads and event loops.

    Parameters
    ----------
    at_once : int
        Number of people who may have their turn at the same time.
    line : int
        Number of people who may wait.
    """

    def __init__(self, at_once: int = 2, line: int = 64) -> None:
        self._free, self._line = at_once, line
        self._waiting: OrderedDict[str, deque[Future[bool]]] = OrderedDict()
        self._lock = threading.Lock()

    def line_up(self, place: str) -> Future[bool]:
        """Wait for a turn; whoever gets one ends it with :meth:`done`.

        Returns
        -------
        Future of bool
            True once it is their turn, False if the queue is full.
        """
        mine: Future[bool] = Future()
        with self._lock:
            self._waiting.setdefault(place, deque()).append(mine)
            self._call()
            if sum(map(len, self._waiting.values())) > self._line:
                self._give_up(max(self._waiting, key=lambda p: (len(self._waiting[p]), p == place)))
        return mine

    def done(self) -> None:
        """End a turn and start the next one."""
        with self._lock:
            self._free += 1
            self._call()

    def _call(self) -> None:
        """Give turns to the next in the queue while there is room."""
        while self._free and self._waiting:
            place, queue = next(iter(self._waiting.items()))
            first = queue.popleft()
            self._waiting.move_to_end(place)
            if not queue:
                del self._waiting[place]
            if first.set_running_or_notify_cancel():  # false if the caller has given up
                self._free -= 1
                first.set_result(True)

    def _give_up(self, place: str) -> None:
        """Turn away the last in the queue of a place."""
        queue = self._waiting[place]
        last = queue.pop()
        if not queue:
            del self._waiting[place]
        if last.set_running_or_notify_cancel():
            last.set_result(False)
