"""How names and numbers are put into sentences."""

from __future__ import annotations

from collections.abc import Sequence


def listed(names: Sequence[object], most: int = 12) -> str:
    """Join names for a message, the first ``most`` of them."""
    shown = ", ".join(str(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} … ({len(names)} in all)"


def counted(number: int, noun: str) -> str:
    """Give a number with its noun: ``1 row``, ``2,000 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
