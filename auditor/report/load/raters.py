"""Typed facts on several raters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

TENTATIVE = 0.667
"""Smallest alpha for tentative conclusions (Krippendorff 2004, *Content Analysis*, chapter 11)."""


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
    alpha, alpha_low, alpha_high : float or None
        Krippendorff's alpha and its 95 % interval, which earlier runs do not have.
    weighed : bool
        Whether the votes enter the ranking.
    expected_errors : float or None
        Expected number of wrong given labels among rows with votes; None if it cannot be known.
    """

    raters: tuple[Rater, ...]
    votes: int
    rows: int
    alpha: float | None
    alpha_low: float | None
    alpha_high: float | None
    weighed: bool
    expected_errors: float | None

    @classmethod
    def of(cls, health: Mapping[str, Any]) -> Self | None:
        """Read the raters from ``health.json``; None without votes."""
        if "raters" not in health:
            return None
        names, votes = [field.name for field in fields(Rater)], health["votes"]
        alpha, low, expected = votes["alpha"], votes.get("alpha_low"), votes["expected_errors"]
        raters = tuple(Rater(**{name: entry[name] for name in names}) for entry in health["raters"])
        weighed = votes.get("weighed", expected is not None)
        if alpha is None or (alpha if low is None else low) <= 0:  # earlier versions wrote numbers
            raters, expected = tuple(replace(r, agreement=None, quality=None, worst_class=None) for r in raters), None
        return cls(
            raters=raters,
            votes=votes["number"],
            rows=votes["rows"],
            alpha=alpha,
            alpha_low=low,
            alpha_high=votes.get("alpha_high"),
            weighed=weighed,
            expected_errors=expected,
        )

    @property
    def is_tentative(self) -> bool:
        """Whether the votes alone, without a model, allow not even tentative conclusions."""
        return self.alpha is not None and self.alpha < TENTATIVE
