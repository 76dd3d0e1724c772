"""What the report says of the rows by kind and tier, typed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Self

import pyarrow as pa

from auditor.report.words import KINDS, TIERS_MEAN


@dataclass(frozen=True)
class KindRows:
    """Rows of one kind; ``kind`` is None for those whose given label is likely right, but which some repeat flags."""

    kind: str | None
    by_tier: dict[str | None, int]

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(self.by_tier.values())


@dataclass(frozen=True)
class Kinds:
    """Rows by kind and tier.

    Attributes
    ----------
    counts : tuple of KindRows
        In the order in which kinds are told; without those that no row has.
    has_repeats : bool
        Whether anything says how stable the flags are.
    """

    counts: tuple[KindRows, ...]
    has_repeats: bool

    @classmethod
    def of(cls, issues: pa.Table) -> Self | None:
        """Count them in ``issues.parquet``; None where it does not tell any, as in runs of former versions."""
        kinds, tiers = issues["kind"].to_pylist(), issues["tier"].to_pylist()
        together = Counter(zip(kinds, tiers, strict=True))
        del together[None, None]
        if not together:
            return None
        every = [
            KindRows(kind, {tier: together[kind, tier] for tier in (*TIERS_MEAN, None)}) for kind in (*KINDS, None)
        ]
        return cls(tuple(one for one in every if one.rows), issues["stability"].null_count < len(issues))

    def of_tier(self, tier: str | None) -> int:
        """Rows of a tier, of any kind."""
        return sum(one.by_tier[tier] for one in self.counts)
