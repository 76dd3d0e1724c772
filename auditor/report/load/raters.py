"""What the report says of several raters, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True)
class Rater:
    """One rater; see :func:`auditor.detection.rater_health`. What is not known is None."""

    name: str
    votes: int
    agreement: float | None
    quality: float | None
    worst_class: str | None


@dataclass(frozen=True)
class Raters:
    """All raters of a dataset, the worst first.

    Attributes
    ----------
    raters : tuple of Rater
    votes, rows : int
        Votes, and rows that have one.
    alpha : float or None
        Krippendorff's.
    expected_errors : float or None
        Rows with a vote whose given label is expected to be wrong; None where nobody can be weighed.
    """

    raters: tuple[Rater, ...]
    votes: int
    rows: int
    alpha: float | None
    expected_errors: float | None

    @classmethod
    def of(cls, health: Mapping[str, Any]) -> Self | None:
        """Take them from ``health.json``; None where the dataset has no votes."""
        if "raters" not in health:
            return None
        known, votes = [field.name for field in fields(Rater)], health["votes"]
        return cls(
            raters=tuple(Rater(**{name: entry[name] for name in known}) for entry in health["raters"]),
            votes=votes["number"],
            rows=votes["rows"],
            alpha=votes["alpha"],
            expected_errors=votes["expected_errors"],
        )
