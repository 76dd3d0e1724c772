"""Memory: the peak of a stage, what is free, and giving back what is no longer used."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def reset_peak_memory() -> None:
    """Start a new measurement."""
    with suppress(OSError):  # only Linux can; elsewhere no peak is reported
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int | None:
    """Return the stage's peak resident memory in bytes; None where the system does not report it."""
    with suppress(OSError, IndexError):
        return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
    return None


def give_back_memory() -> None:
    """Return the memory that this process has freed to the system.

    glibc keeps it for the next request of the same thread: after encoding, half a gigabyte and more.
    """
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def free_memory() -> int:
    """Return the bytes that are free under every limit of the system."""
    return min(_free())


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
