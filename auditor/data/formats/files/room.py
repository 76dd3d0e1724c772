"""Limits on what is read into memory."""

from __future__ import annotations

from auditor.errors import SourceError
from auditor.run.memory import free_memory

_SHARE = 4
"""Divisor of the free memory: one part for a file's contents, the others for reading, checking and storing."""


def room() -> int:
    """Return the most bytes for the contents of a file, by the memory that is free now."""
    return free_memory() // _SHARE


def check_room(taken: int, name: str, most: int) -> None:
    """Refuse contents that are larger than the limit.

    Raises
    ------
    SourceError
    """
    if taken > most:
        raise SourceError(
            f"{name} is too large: unpacked, it takes more than {_in_words(most)}, a quarter of the memory that is"
            " free.",
            "Audit a part of it, or use a machine with more memory.",
        )


def _in_words(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.1f} MB"
