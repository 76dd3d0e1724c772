"""What the report says of the consensus: how far each expert is trusted, and how often each label is right, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

_POINT, _FACTOR, _LEAST = 0.01, 1.25, 0.002
"""Shares differ noticeably by a point, or by this factor and no less than this."""


@dataclass(frozen=True)
class Expert:
    """One model, or the votes of the nearest rows, and how far it is trusted: its mean exponent, 0 or more."""

    name: str
    weight: float


@dataclass(frozen=True)
class LabelShare:
    """How often a label is given among the judged rows, and how often it would be if all were right, as estimated."""

    label: str
    given: float
    estimated: float

    @property
    def differs(self) -> bool:
        """Whether the two differ so much that it is worth a word."""
        apart, low, high = abs(self.given - self.estimated), *sorted((self.given, self.estimated))
        return apart >= _POINT or (apart >= _LEAST and high >= _FACTOR * low)


@dataclass(frozen=True)
class Trust:
    """All of it: experts by trust, labels by the difference of their shares."""

    experts: tuple[Expert, ...]
    shares: tuple[LabelShare, ...]

    @classmethod
    def of(cls, consensus: Mapping[str, Any], judged: Mapping[str, int]) -> Self:
        """Take it from ``consensus.json``, and from the judged rows of each given label."""
        experts = (Expert(name, weight) for name, weight in consensus["weights"].items())
        all_rows = max(sum(judged.values()), 1)
        shares = (LabelShare(label, rows / all_rows, consensus["shares"][label]) for label, rows in judged.items())
        return cls(
            tuple(sorted(experts, key=lambda expert: (-expert.weight, expert.name))),
            tuple(sorted(shares, key=lambda share: -abs(share.estimated - share.given))),
        )

    @property
    def differing(self) -> tuple[LabelShare, ...]:
        """Labels whose shares differ noticeably, most first."""
        return tuple(share for share in self.shares if share.differs)
