"""Comparison of models trained on, and tested on, several versions of the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from auditor.arrays import Float64, LabelCodes
from auditor.errors import InputError
from auditor.evaluation.comparison.bootstrap import Draws, resample

DRAWS = 2_000
LEVEL = 0.95


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Estimate(_Frozen):
    """A number with its 95 % bootstrap interval (percentiles)."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes zero; meaningful for a difference."""
        return self.low > 0 or self.high < 0


class Measures(_Frozen):
    """Metrics in [0, 1], or their differences in [-1, 1]: means over the seeds.

    Attributes
    ----------
    accuracy, weighted_f1, macro_f1 : Estimate
    f1_by_class : tuple of Estimate or None
        F1 of K classes; None for a class without a test row.
    """

    accuracy: Estimate
    weighted_f1: Estimate
    macro_f1: Estimate
    f1_by_class: tuple[Estimate | None, ...]


class Cell(_Frozen):
    """Measures for one version trained on and one tested on."""

    trained_on: str
    tested_on: str
    measures: Measures


class Difference(_Frozen):
    """Second of two cells minus the first. They share the version trained on, or the one tested on."""

    trained_on: tuple[str, str]
    tested_on: tuple[str, str]
    measures: Measures


class Comparison(_Frozen):
    """All versions trained on × all versions tested on.

    Attributes
    ----------
    label_names : tuple of str
        K names.
    rows, left_out : int
        Number of test rows compared, and of those missing from some version.
    seeds, draws : int
    support : dict of str to tuple of int
        Number of rows of each of the K classes, by version tested on.
    cells : tuple of Cell
    differences : tuple of Difference
        Differences between versions trained on, for each tested on; then the reverse.
    """

    label_names: tuple[str, ...]
    rows: int
    left_out: int
    seeds: int
    draws: int
    support: dict[str, tuple[int, ...]]
    cells: tuple[Cell, ...]
    differences: tuple[Difference, ...]

    @property
    def trained_on(self) -> tuple[str, ...]:
        """Names of the versions trained on, in order."""
        return tuple(dict.fromkeys(cell.trained_on for cell in self.cells))

    @property
    def tested_on(self) -> tuple[str, ...]:
        """Names of the versions tested on, in order."""
        return tuple(self.support)

    def cell(self, trained_on: str, tested_on: str) -> Measures:
        """Return the measures of one cell; KeyError without one."""
        return {(cell.trained_on, cell.tested_on): cell.measures for cell in self.cells}[trained_on, tested_on]

    def gain(self, before: str, after: str, tested_on: str) -> Measures:
        """Return training on ``after`` minus training on ``before``, in their order; KeyError without one."""
        return self._differences[(before, after), (tested_on, tested_on)]

    def shift(self, trained_on: str, before: str, after: str) -> Measures:
        """Return testing on ``after`` minus testing on ``before``, in their order; KeyError without one."""
        return self._differences[(trained_on, trained_on), (before, after)]

    @property
    def _differences(self) -> dict[tuple[tuple[str, str], tuple[str, str]], Measures]:
        return {(difference.trained_on, difference.tested_on): difference.measures for difference in self.differences}


def compare(
    probabilities: Mapping[str, npt.NDArray[np.floating]],
    tested_on: Mapping[str, LabelCodes],
    label_names: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Comparison:
    """Compare models by version trained on, using test rows that every version of the labels has.

    Parameters
    ----------
    probabilities : mapping of str to (S, T, K) float
        Predictions for T test rows by version trained on, from S models (one per seed, in the same order).
    tested_on : mapping of str to (T,) int
        Codes of the test rows' labels by version tested on; -1 for a missing row.
    label_names : sequence of K str
    draws : int
        Number of bootstrap draws of rows and seeds, the same for every cell.
    seed : int
        Seed of the bootstrap.

    Raises
    ------
    InputError
        If no test row is left.
    """
    labels = np.stack(list(tested_on.values()))
    common = np.asarray((labels >= 0).all(axis=0))
    if not common.any():
        raise InputError(
            f"None of {len(common):,} test rows is in every version of the labels, so nothing can be compared.",
            "Leave fewer rows out.",
        )
    labels = labels[:, common]
    predicted = np.stack([p.argmax(axis=-1) for p in probabilities.values()])[..., common]
    drawn = resample(predicted, labels, len(label_names), draws, seed)
    trained, tested = list(probabilities), list(tested_on)
    cells = {(v, t): drawn.of(a, b) for a, v in enumerate(trained) for b, t in enumerate(tested)}
    pairs = [((v, t), (w, t)) for v, w in combinations(trained, 2) for t in tested]
    pairs += [((v, t), (v, u)) for t, u in combinations(tested, 2) for v in trained]
    return Comparison(
        label_names=tuple(label_names),
        rows=int(common.sum()),
        left_out=int((~common).sum()),
        seeds=predicted.shape[1],
        draws=draws,
        support={
            name: tuple(np.bincount(codes, minlength=len(label_names)).tolist())
            for name, codes in zip(tested, labels, strict=True)
        },
        cells=tuple(Cell(trained_on=v, tested_on=t, measures=_measures(of)) for (v, t), of in cells.items()),
        differences=tuple(
            Difference(
                trained_on=(before[0], after[0]),
                tested_on=(before[1], after[1]),
                measures=_measures(cells[after].minus(cells[before])),
            )
            for before, after in pairs
        ),
    )


def _measures(drawn: Draws) -> Measures:
    """Return estimates from the (1 + B,) draws of one cell or difference."""
    return Measures(
        accuracy=_estimate(drawn.accuracy),
        weighted_f1=_estimate(drawn.weighted_f1),
        macro_f1=_estimate(drawn.macro_f1),
        f1_by_class=tuple(_estimate(f1) if np.isfinite(f1[0]) else None for f1 in drawn.f1_by_class.T),
    )


def _estimate(values: Float64) -> Estimate:
    """Return the first value with the interval of the others. Ignore NaN: draws without the class."""
    drawn = values[1:][np.isfinite(values[1:])]
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail]) if len(drawn) else (values[0], values[0])
    return Estimate(value=float(values[0]), low=float(low), high=float(high))
