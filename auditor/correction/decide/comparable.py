"""Given and corrected labels in the same classes, so that a changed class does not count as a difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auditor.arrays import Codes, Mask


@dataclass(frozen=True)
class Comparable:
    """Labels of N rows before and after the corrections, both in the current classes.

    They differ by verdicts and suggestions alone:

        joy merged into love, row 7 relabelled from joy to anger
        given      row 7 love, every other row of joy love
        corrected  row 7 anger, every other row of joy love

    Attributes
    ----------
    label_names : tuple of K str
        Classes that the dataset has now.
    code_of : dict of str to int
        Code of each class by the name that verdicts use; -1 if the class is left out.
    given, corrected : (N,) int32
        Codes into ``label_names``; -1 where this version lacks the row.
    """

    label_names: tuple[str, ...]
    code_of: dict[str, int]
    given: Codes
    corrected: Codes

    @classmethod
    def of(
        cls, label_names: Sequence[str], names_now: Sequence[str | None], given: Codes, label: Codes, kept: Mask
    ) -> Comparable:
        """Compare labels that are codes into ``label_names``; ``names_now`` has each one's name now, or None."""
        place = {name: code for code, name in enumerate(dict.fromkeys(name for name in names_now if name is not None))}
        codes = [-1 if name is None else place[name] for name in names_now]
        recode = np.array(codes, np.int32)
        return cls(
            tuple(place),
            dict(zip(label_names, codes, strict=True)),
            recode[given],
            np.where(kept, recode[label], np.int32(-1)),
        )
