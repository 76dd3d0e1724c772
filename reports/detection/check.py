"""Whether what a peer gives is what its source gives."""

from __future__ import annotations

from typing import Any

import numpy as np

CLOSE = 1e-5
"""Differences below this are those of float32."""

Check = tuple[bool, dict[str, Any]]
"""Whether all agrees, and the figures."""


def check(differences: dict[str, float], **pairs: tuple[Any, Any]) -> Check:
    """From the largest difference from each source, and pairs of what was found and what its source expects."""
    figures: dict[str, Any] = {
        f"largest difference from {source}": f"below {CLOSE}" if value < CLOSE else value
        for source, value in differences.items()
    }
    for what, (found, expected) in pairs.items():
        figures[what.replace("_", " ")] = {"found": found, "expected": expected}
    agrees = all(value < CLOSE for value in differences.values())
    return agrees and all(found == expected for found, expected in pairs.values()), figures


def apart(first: Any, second: Any) -> float:
    """The largest difference of two arrays."""
    return float(np.abs(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)).max())
