"""Names and numbers, formatted for sentences."""

from __future__ import annotations

from collections.abc import Sequence


def listed(names: Sequence[object], most: int = 12) -> str:
    """Join names for a message, the first ``most`` of them."""
    shown = ", ".join(str(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} … ({len(names)} in all)"


def inside(value: float, digits: int = 2) -> str:
    """Format a share in decimals; a value just below 1 or above 0 becomes ``> 0.99`` or ``< 0.01``."""
    shown, least = f"{value:.{digits}f}", 10.0**-digits
    if value < 1 and float(shown) == 1:
        return f"> {1 - least:.{digits}f}"
    return f"< {least:.{digits}f}" if value > 0 and float(shown) == 0 else shown


def counted(number: int, noun: str) -> str:
    """Format a number with its noun: ``1 row``, ``2,000 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
