"""Search: find texts without blocking other requests."""

from __future__ import annotations

from concurrent.futures import Future
from threading import BoundedSemaphore, Lock

import pyarrow as pa

from auditor.arrays import Mask
from auditor.errors import FilterError
from auditor.review.filter.expressions import Expressions, WrongExpressionError
from auditor.review.filter.filter import Filter
from auditor.review.filter.plain_text import PlainText

SECONDS = 5.0
"""Maximum computing time of a search. Time that a busy machine spends on other work does not count."""
PATIENCE = 20.0
"""Seconds that a search waits for its turn."""
AT_ONCE = 8
"""Requests of one kind that may search or wait. Each occupies one of the server's forty threads."""
EXPRESSIONS = 2
"""Regular expressions searched at a time."""
_KEPT = 24
"""Searches whose results are cached."""


class Searches:
    """Searches in N texts. Safe to use from many threads.

    Plain text and regular expressions do not wait for each other.

    Parameters
    ----------
    texts : (N,) ChunkedArray of str
    """

    def __init__(self, texts: pa.ChunkedArray) -> None:
        self._plain, self._expressions = PlainText(texts), Expressions(texts)
        self._kept: dict[Filter, Future[Mask | FilterError]] = {}
        self._keeping = Lock()
        # Keyed by ``Filter.regex``.
        self._places = {False: BoundedSemaphore(AT_ONCE), True: BoundedSemaphore(AT_ONCE)}
        self._turns = {False: BoundedSemaphore(), True: BoundedSemaphore(EXPRESSIONS)}

    def find(self, sought: Filter) -> Mask:
        """Return the texts that contain ``sought.text``, ignoring case, as a read-only (N,) mask.

        Raises
        ------
        FilterError
            If the expression is invalid, the search takes too long, or too many others are running.
        """
        kept = self._kept.get(sought)
        if kept is not None and kept.done():
            found = kept.result()
        elif not self._places[sought.regex].acquire(blocking=False):
            raise _busy()
        else:
            try:
                found = self._found(sought)
            finally:
                self._places[sought.regex].release()
        if isinstance(found, FilterError):
            raise FilterError(found.what, found.todo)
        return found

    def _found(self, sought: Filter) -> Mask | FilterError:
        """Search once for the queue, the counts and the table, which request the same search together."""
        with self._keeping:
            kept = self._kept.get(sought)
            result: Future[Mask | FilterError] = Future()
            if kept is None:
                self._kept[sought] = result
                if len(self._kept) > _KEPT:
                    del self._kept[next(iter(self._kept))]
        if kept is not None:
            return kept.result()
        try:
            result.set_result(self._in_turn(sought))
        except BaseException as error:
            with self._keeping:
                self._kept.pop(sought, None)
            result.set_exception(error)
        return result.result()

    def _in_turn(self, sought: Filter) -> Mask | FilterError:
        """Wait for earlier searches, then search.

        An error in the search itself is returned and cached, so that later requests do not repeat it.
        """
        turns = self._turns[sought.regex]
        if not turns.acquire(timeout=PATIENCE):
            raise _busy()
        try:
            found = (self._expressions if sought.regex else self._plain).find(sought.text, SECONDS)
        except WrongExpressionError as error:
            return _no_expression(sought, error)
        except OSError as error:
            raise FilterError(
                f"The process for regular expressions cannot be started: {error}.", "Search for plain text."
            ) from None
        finally:
            turns.release()
        return _too_long(sought) if found is None else found


def _busy() -> FilterError:
    return FilterError("Other searches are running.", "Try again in a moment.")


def _too_long(sought: Filter) -> FilterError:
    simpler = "Search for something simpler; large repetitions like {1,90} cost most."
    return FilterError(
        f"The filter's field text is {sought.text!r:.80}: the search takes longer than {SECONDS:.0f} s.",
        simpler if sought.regex else "Search for something shorter.",
    )


def _no_expression(sought: Filter, error: WrongExpressionError) -> FilterError:
    reason = str(error).removeprefix("Invalid regular expression: ")
    return FilterError(
        f"The filter's field text is {sought.text!r:.80}, which is not a regular expression: {reason}.",
        "Correct it (RE2 syntax), or search for it as plain text.",
    )
