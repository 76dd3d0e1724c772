"""Typed facts on several raters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True)
class Rater:
    """One rater; see :func:`auditor.detection.rater_health`. Unknown values are None."""

    name: str
    votes: int
    agreement: float | None
    quality: float | None
    worst_class: str | None


@dataclass(frozen=True)
class Raters:
    """All raters of a dataset, worst first.

    Attributes
    ----------
    raters : tuple of Rater
    votes, rows : int
        Number of votes, and of rows with a vote.
    alpha : float or None
        Krippendorff's alpha.
    expected_errors : float or None
        Expected number of wrong given labels among rows with votes; None if no rater can be weighted.
    """

    raters: tuple[Rater, ...]
    votes: int
    rows: int
    alpha: float | None
    expected_errors: float | None

    @classmethod
    def of(cls, health: Mapping[str, Any]) -> Self | None:
        """Read the raters from ``health.json``; None without votes."""
        if "raters" not in health:
            return None
        names, votes = [field.name for field in fields(Rater)], health["votes"]
        return cls(
            raters=tuple(Rater(**{name: entry[name] for name in names}) for entry in health["raters"]),
            votes=votes["number"],
            rows=votes["rows"],
            alpha=votes["alpha"],
            expected_errors=votes["expected_errors"],
        )
