"""Search: which texts hold what is searched for, without keeping anybody else from working."""

from __future__ import annotations

from concurrent.futures import Future
from threading import BoundedSemaphore, Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.errors import FilterError
from auditor.review.filter.expressions import Expressions, WrongExpressionError
from auditor.review.filter.filter import Filter
from auditor.review.filter.plain_text import PlainText

Mask = npt.NDArray[np.bool_]

SECONDS = 5.0
"""A search is given up after so long; the time in which a busy machine does other things is not counted."""
PATIENCE = 20.0
"""Seconds that a search waits for its turn."""
AT_ONCE = 8
"""Requests that may search for plain text or wait for it; each keeps a thread of the server's forty."""
EXPRESSIONS = 2
"""Regular expressions that are searched for at a time."""
_KEPT = 24
"""Searches whose rows are kept in memory."""


class Searches:
    """Searches in N texts; safe to be used from many threads.

    Plain text and regular expressions do not wait for each other.

    Parameters
    ----------
    texts : (N,) ChunkedArray of str
    """

    def __init__(self, texts: pa.ChunkedArray) -> None:
        self._plain, self._expressions = PlainText(texts), Expressions(texts)
        self._kept: dict[Filter, Future[Mask | FilterError]] = {}
        self._keeping = Lock()
        # By whether it is an expression.
        self._places = {False: BoundedSemaphore(AT_ONCE), True: BoundedSemaphore(AT_ONCE)}
        self._turns = {False: BoundedSemaphore(), True: BoundedSemaphore(EXPRESSIONS)}

    def find(self, sought: Filter) -> Mask:
        """(N,) bool: the texts that hold ``sought.text``, whatever the case; not to be written to.

        Raises
        ------
        FilterError
            If it is no regular expression, takes too long, or too many others are searching.
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
        """Search; the queue, the counts and the table ask for the same at once, and the first does it for all."""
        with self._keeping:
            kept = self._kept.get(sought)
            mine: Future[Mask | FilterError] = Future()
            if kept is None:
                self._kept[sought] = mine
                if len(self._kept) > _KEPT:
                    del self._kept[next(iter(self._kept))]
        if kept is not None:
            return kept.result()
        try:
            mine.set_result(self._in_turn(sought))
        except BaseException as error:
            with self._keeping:
                self._kept.pop(sought, None)
            mine.set_exception(error)
        return mine.result()

    def _in_turn(self, sought: Filter) -> Mask | FilterError:
        """Wait for the searches before it, then search.

        What is wrong with the search itself is returned, and kept: it is not begun again for everyone who asks.
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
                f"No process can be started that searches for regular expressions: {error}.", "Search for plain text."
            ) from None
        finally:
            turns.release()
        return _too_long(sought) if found is None else found


def _busy() -> FilterError:
    return FilterError("Other searches are running.", "Try again in a moment.")


def _too_long(sought: Filter) -> FilterError:
    simpler = "Search for something simpler; large repetitions like {1,90} cost most."
    return FilterError(
        f"The filter's field text is {sought.text!r:.80}: it takes longer than {SECONDS:.0f} s.",
        simpler if sought.regex else "Search for something shorter.",
    )


def _no_expression(sought: Filter, error: WrongExpressionError) -> FilterError:
    why = str(error).removeprefix("Invalid regular expression: ")
    return FilterError(
        f"The filter's field text is {sought.text!r:.80}, which is no regular expression: {why}.",
        "Correct it (RE2's syntax), or search for it as plain text.",
    )
