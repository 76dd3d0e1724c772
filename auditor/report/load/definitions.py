"""Typed facts on classes whose definitions overlap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Problem:
    """Two classes that people and models cannot tell apart; see :func:`auditor.detection.classes.definitions`.

    Attributes
    ----------
    a_as_b, b_as_a : int
        Number of contested rows: given one label, though the other fits equally well.
    symmetry, uncertainty : float
        Values in [0, 1].
    accuracy, accuracy_merged : float, float or None
        Out-of-fold accuracy of the consensus, now and with the two classes merged.
    examples : tuple of (str, str)
        Pairs of similar texts, the first given ``label_a``, the second ``label_b``.
    """

    label_a: str
    label_b: str
    a_as_b: int
    b_as_a: int
    symmetry: float
    uncertainty: float
    accuracy: float
    accuracy_merged: float | None
    examples: tuple[tuple[str, str], ...]

    @classmethod
    def all_of(cls, entries: Sequence[dict[str, Any]], texts_of: Callable[[list[str]], list[str]]) -> tuple[Self, ...]:
        """Read the problems from ``definitions.json``. ``texts_of`` returns the texts of ids in order."""
        ids = [example[side] for entry in entries for example in entry["examples"] for side in ("a", "b")]
        texts = iter(texts_of(ids))
        return tuple(
            cls(**{**entry, "examples": tuple((next(texts), next(texts)) for _ in entry["examples"])})
            for entry in entries
        )

    @property
    def rows(self) -> int:
        """Number of contested rows of either class."""
        return self.a_as_b + self.b_as_a

    @property
    def gain(self) -> float | None:
        """Gain in accuracy from merging the two classes."""
        return None if self.accuracy_merged is None else self.accuracy_merged - self.accuracy
