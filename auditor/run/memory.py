"""How much memory a stage takes at its highest."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def reset_peak_memory() -> None:
    """Begin to measure anew."""
    with suppress(OSError):  # only Linux can; elsewhere no peak is told
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int | None:
    """Bytes of resident memory at the stage's highest; None where it cannot be known."""
    with suppress(OSError, IndexError):
        return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
    return None
