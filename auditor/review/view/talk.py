"""Talk: notes that are found by their text and author, and those that ask a colleague to look at a row.

``@bob`` in a note asks bob, ``@anyone`` asks everybody but its author. The question is answered once bob, or anybody
else, judges the row after it was asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

ANYONE = "anyone"
"""The name that asks everybody."""


@dataclass(frozen=True)
class Note:
    """A note that stands.

    Attributes
    ----------
    reviewer : str
    row : int
    text : str
    at : float
        Time of its decision, in seconds since 1970.
    """

    reviewer: str
    row: int
    text: str
    at: float


def asks(text: str, name: str) -> bool:
    """Return whether a note addresses somebody: ``@name``, in any case, and not as part of a longer name.

    >>> asks("@bob, is this joy?", "Bob"), asks("@bobby", "bob"), asks("ann@bob.org", "bob")
    (True, False, False)
    """
    return re.search(rf"(?<![\w@.])@{re.escape(name)}(?![\w@-]|\.\w)", text, re.IGNORECASE) is not None


class Talk:
    """The notes that stand. Immutable, so that many threads may read it.

    Parameters
    ----------
    notes : mapping of (str, int) to Note
        By reviewer and row.
    """

    def __init__(self, notes: Mapping[tuple[str, int], Note] | None = None) -> None:
        self._notes = notes or {}
        self._questions = [note for note in self._notes.values() if "@" in note.text]
        self._to: dict[str, list[Note]] = {}

    def changed(self, gone: Collection[tuple[str, int]], new: Mapping[tuple[str, int], Note]) -> Talk:
        """Return the notes without some, and with others."""
        if not new and not any(key in self._notes for key in gone):
            return self
        kept = {key: note for key, note in self._notes.items() if key not in gone}
        return Talk({**kept, **new})

    def found(self, text: str, authors: Collection[str]) -> Iterator[Note]:
        """Yield the notes of some authors, or of all, that hold a text, ignoring case."""
        sought = text.casefold()
        for note in self._notes.values():
            if (not authors or note.reviewer in authors) and sought in note.text.casefold():
                yield note

    def questions(self, me: str) -> list[Note]:
        """Return the notes of others that ask somebody, answered or not."""
        found = self._to.get(me)
        if found is None:
            asked = [note for note in self._questions if asks(note.text, me) or asks(note.text, ANYONE)]
            found = self._to[me] = [note for note in asked if note.reviewer != me]
        return found
