"""Limits on what is read into memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from auditor.errors import SourceError

_SHARE = 4
"""Divisor of the free memory: one part for a file's contents, the others for reading, checking and storing."""


def room() -> int:
    """Return the most bytes for the contents of a file, by the memory that is free now."""
    return min(_free()) // _SHARE


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


def _free() -> Iterator[int]:
    """Yield the free bytes under each limit of the system."""
    yield 1 << 40
    with suppress(OSError, IndexError, ValueError):
        yield int(Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0]) * 1024
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        with suppress(OSError, ValueError):  # a container's limit; "max" if there is none
            folder = Path("/sys/fs/cgroup")
            yield max(int((folder / limit).read_text()) - int((folder / used).read_text()), 0)
    with suppress(ImportError, OSError, IndexError, ValueError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            yield max(most - pages * resource.getpagesize(), 0)
