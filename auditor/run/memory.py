"""Peak memory of a stage."""

from __future__ import annotations

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
