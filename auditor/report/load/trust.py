"""What the report says of the consensus: how far each expert is trusted, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Expert:
    """One model, or the votes of the nearest rows, and how far it is trusted: its mean exponent, 0 or more."""

    name: str
    weight: float


@dataclass(frozen=True)
class Trust:
    """Experts by trust, the most trusted first."""

    experts: tuple[Expert, ...]

    @classmethod
    def of(cls, consensus: Mapping[str, Any]) -> Self:
        """Take it from ``consensus.json``.

        Its estimated shares of the labels are not shown: on some sets with known errors they are further from the true
        shares than the given ones (``reports/flags``).
        """
        experts = (Expert(name, weight) for name, weight in consensus["weights"].items())
        return cls(tuple(sorted(experts, key=lambda expert: (-expert.weight, expert.name))))
