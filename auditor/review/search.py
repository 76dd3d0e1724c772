"""Search: which texts hold what is searched for, without keeping anybody else from working."""

from __future__ import annotations

import time
from threading import BoundedSemaphore, Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import FilterError
from auditor.review.filter import Filter

Mask = npt.NDArray[np.bool_]

SECONDS = 5.0
"""A search is given up after so long: RE2 takes time linear in the text, but some patterns a thousand times more."""
AT_ONCE = 8
"""Requests that may search or wait for one; each keeps a thread of the server's forty."""
_KEPT = 24
"""Searches whose rows are kept in memory."""
_FIRST, _MOST = 16, 1 << 14
"""Texts that are searched at a time: as many as take no longer than :data:`_BITE` seconds."""
_BITE = 0.1


class Searches:
    """Searches in N texts, one at a time; safe to be used from many threads.

    Parameters
    ----------
    texts : (N,) ChunkedArray of str
    """

    def __init__(self, texts: pa.ChunkedArray) -> None:
        self._texts = texts
        self._places = BoundedSemaphore(AT_ONCE)
        self._searching = Lock()
        self._kept: dict[Filter, Mask | FilterError] = {}

    def find(self, sought: Filter) -> Mask:
        """(N,) bool: the texts that hold ``sought.text``, whatever the case; not to be written to.

        Raises
        ------
        FilterError
            If it is no regular expression, takes too long, or too many others are searching.
        """
        found = self._kept.get(sought)
        if found is None:
            if not self._places.acquire(blocking=False):
                raise _busy()
            try:
                found = self._in_turn(sought)
            finally:
                self._places.release()
        if isinstance(found, FilterError):
            raise FilterError(found.what, found.todo)
        return found

    def _in_turn(self, sought: Filter) -> Mask | FilterError:
        """Wait for the searches before it, then search; both together take no longer than one may."""
        end = time.monotonic() + SECONDS
        waited = not self._searching.acquire(blocking=False)
        if waited and not self._searching.acquire(timeout=max(end - time.monotonic(), 0.0)):
            raise _busy()
        try:
            # The queue, the counts and the table ask for the same search at once: the first does it for all.
            found = self._kept.get(sought)
            if found is None:
                found = _search(self._texts, sought, end)
                if found is None and waited:
                    raise _busy()
                # What took too long is kept too, so that it is not begun again for everyone who asks.
                self._kept[sought] = found = _too_long(sought) if found is None else found
                if len(self._kept) > _KEPT:
                    del self._kept[next(iter(self._kept))]
            return found
        finally:
            self._searching.release()


def _search(texts: pa.ChunkedArray, sought: Filter, end: float) -> Mask | FilterError | None:
    """The texts found; None when there is no time left for them all."""
    match = pc.match_substring_regex if sought.regex else pc.match_substring
    found = np.empty(len(texts), dtype=np.bool_)
    done, size, began = 0, _FIRST, time.monotonic()
    while done < len(texts):
        start = time.monotonic()
        # So slow that a tenth of the texts would not be searched in time: given up early.
        if start > end or (start - began > SECONDS / 5 and done * SECONDS < (start - began) * len(texts) / 10):
            return None
        try:
            bite = match(texts.slice(done, size), sought.text, ignore_case=True)
        except pa.ArrowInvalid as error:
            return _no_expression(sought, error)
        found[done : done + size] = bite.to_numpy()
        done += size
        took = time.monotonic() - start
        size = min(2 * size, _MOST) if took < _BITE / 2 else max(size // 2, 1) if took > _BITE else size
    return found


def _busy() -> FilterError:
    return FilterError("Other searches are running.", "Try again in a moment.")


def _too_long(sought: Filter) -> FilterError:
    return FilterError(
        f"The filter's field text is {sought.text!r:.80}: it takes longer than {SECONDS:.0f} s.",
        "Search for something simpler; large repetitions like {1,90} cost most.",
    )


def _no_expression(sought: Filter, error: pa.ArrowInvalid) -> FilterError:
    why = str(error).removeprefix("Invalid regular expression: ")
    return FilterError(
        f"The filter's field text is {sought.text!r:.80}, which is no regular expression: {why}.",
        "Correct it (RE2's syntax), or search for it as plain text.",
    )
