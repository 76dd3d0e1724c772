"""Room: how much may be read into memory, and files on which reading cannot wait forever."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from auditor.errors import SourceError

_SHARE = 4
"""Of the memory that is free, one part for a file's contents; reading, checking and storing take the others."""
_KINDS = {stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket", stat.S_ISCHR: "a device", stat.S_ISBLK: "a device"}


def open_file(path: Path) -> BinaryIO:
    """Open a file to be read.

    Raises
    ------
    OSError
        If that fails, or it is a folder, or a pipe, socket or device, from which nothing might ever come.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, f"it is {kind_of(mode)}, not a file", str(path))


def kind_of(mode: int) -> str:
    """What a path is that is neither a file nor a folder."""
    return next((kind for is_such, kind in _KINDS.items() if is_such(mode)), "something else")


def room() -> int:
    """Bytes that the contents of one file may take, by the memory that is free now."""
    return min(_free()) // _SHARE


def check_room(taken: int, name: str, most: int) -> None:
    """Refuse contents that have turned out larger than there is room for.

    Raises
    ------
    SourceError
    """
    if taken > most:
        raise SourceError(
            f"{name} is too large for the memory: unpacked, it takes more than {_in_words(most)}, a quarter of what is"
            " free.",
            "Audit a part of it, or use a machine with more memory.",
        )


def _in_words(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.1f} MB"


def _free() -> Iterator[int]:
    """Bytes that are free by each of the limits that there are."""
    yield 1 << 40
    with suppress(OSError, IndexError, ValueError):
        yield int(Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0]) * 1024
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        with suppress(OSError, ValueError):  # of a container; "max" where there is none
            folder = Path("/sys/fs/cgroup")
            yield max(int((folder / limit).read_text()) - int((folder / used).read_text()), 0)
    with suppress(ImportError, OSError, IndexError, ValueError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            yield max(most - pages * resource.getpagesize(), 0)
