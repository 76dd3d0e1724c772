"""Typed trust in each expert of the consensus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Expert:
    """One model, or the votes of the nearest rows, with its trust: the mean exponent, 0 or more."""

    name: str
    weight: float


@dataclass(frozen=True)
class Trust:
    """Experts, most trusted first."""

    experts: tuple[Expert, ...]

    @classmethod
    def of(cls, consensus: Mapping[str, Any]) -> Self:
        """Read trust from ``consensus.json``.

        The estimated shares of the labels there are not shown: on some datasets with known errors, they are further
        from the true shares than those of the given labels (``reports/flags``).
        """
        experts = (Expert(name, weight) for name, weight in consensus["weights"].items())
        return cls(tuple(sorted(experts, key=lambda expert: (-expert.weight, expert.name))))
