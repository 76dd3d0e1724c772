"""Typed counts of rows by kind and tier."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Self

import pyarrow as pa

from auditor.report.words import KINDS, TIERS_MEAN


@dataclass(frozen=True)
class KindRows:
    """Rows of one kind; None for rows whose given label is likely right but that some repeat flags."""

    kind: str | None
    by_tier: dict[str | None, int]

    @property
    def rows(self) -> int:
        """Number of rows in all tiers."""
        return sum(self.by_tier.values())


@dataclass(frozen=True)
class Kinds:
    """Rows by kind and tier.

    Attributes
    ----------
    counts : tuple of KindRows
        Counts in display order, without empty kinds.
    has_repeats : bool
        Whether the run measured the stability of flags.
    """

    counts: tuple[KindRows, ...]
    has_repeats: bool

    @classmethod
    def of(cls, issues: pa.Table) -> Self | None:
        """Count the rows of ``issues.parquet``; None without kinds, as in runs of earlier versions."""
        kinds, tiers = issues["kind"].to_pylist(), issues["tier"].to_pylist()
        together = Counter(zip(kinds, tiers, strict=True))
        del together[None, None]
        if not together:
            return None
        entries = [
            KindRows(kind, {tier: together[kind, tier] for tier in (*TIERS_MEAN, None)}) for kind in (*KINDS, None)
        ]
        return cls(tuple(entry for entry in entries if entry.rows), issues["stability"].null_count < len(issues))

    def of_tier(self, tier: str | None) -> int:
        """Return the number of rows of a tier, of any kind."""
        return sum(entry.by_tier[tier] for entry in self.counts)
