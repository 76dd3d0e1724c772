"""What the report says of classes whose definitions overlap, typed."""

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
        Contested rows: given the one label, though it might as well be the other.
    symmetry, uncertainty : float
        In [0, 1].
    accuracy, accuracy_merged : float, float or None
        Of the consensus, out of fold, as the classes are and if the two were one.
    examples : tuple of (str, str)
        Texts that are alike, the first given ``label_a``, the second ``label_b``.
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
        """Take them from ``definitions.json``; ``texts_of`` gives the texts of some ids, in their order."""
        ids = [example[side] for entry in entries for example in entry["examples"] for side in ("a", "b")]
        texts = iter(texts_of(ids))
        return tuple(
            cls(**{**entry, "examples": tuple((next(texts), next(texts)) for _ in entry["examples"])})
            for entry in entries
        )

    @property
    def rows(self) -> int:
        """Rows that are taken for the other class, both ways."""
        return self.a_as_b + self.b_as_a

    @property
    def gain(self) -> float | None:
        """What merging the two would add to the accuracy."""
        return None if self.accuracy_merged is None else self.accuracy_merged - self.accuracy
