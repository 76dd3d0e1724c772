"""Names and numbers, formatted for sentences."""

from __future__ import annotations

from collections.abc import Sequence


def listed(names: Sequence[object], most: int = 12) -> str:
    """Join names for a message, the first ``most`` of them."""
    shown = ", ".join(str(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} … ({len(names)} in all)"


def joined(names: Sequence[str]) -> str:
    """Join names in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def shorten(text: str, length: int) -> str:
    """Cut a text to at most ``length`` characters, ending in an ellipsis."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def quoted(value: object, length: int = 80) -> str:
    """Format a value as Python writes it, cut to ``length`` characters."""
    return shorten(repr(value), length)


def inside(value: float, digits: int = 2) -> str:
    """Format a share in decimals; a value just below 1 or above 0 becomes ``> 0.99`` or ``< 0.01``."""
    shown, least = f"{value:.{digits}f}", 10.0**-digits
    if value < 1 and float(shown) == 1:
        return f"> {1 - least:.{digits}f}"
    return f"< {least:.{digits}f}" if value > 0 and float(shown) == 0 else shown


def counted(number: int, noun: str) -> str:
    """Format a number with its noun: ``1 row``, ``2,000 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
