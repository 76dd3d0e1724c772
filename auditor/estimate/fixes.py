"""Fixes a minute: how many labels a reviewer who reads a row is expected to put right in the time that it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from auditor.arrays import Float64, Integers, Mask
from auditor.estimate.learning import chances
from auditor.estimate.logistic import fit_plain

USUAL_SECONDS = (4.0, 0.03)
"""Of a card, and of each of its characters, before any verdict."""
_CARDS, _CHARACTERS = 10.0, 100.0
"""The usual seconds count like those of so many cards, of so many characters each, give or take as many."""
_SHORTEST, _LONGEST = 0.5, 300.0
"""Less is a key that was held down, more a pause (as in :mod:`auditor.review.pace`)."""
_SURE, _WEAK = 1e-3, 1e-3
_IMAGINED = np.repeat([-2.0, -1.0, 0.0, 1.0, 2.0], 2)


@dataclass(frozen=True)
class Pace:
    """Seconds of a card = ``base`` + ``per_character`` × characters."""

    base: float
    per_character: float

    def seconds(self, characters: Integers) -> Float64:
        """(n,) expected seconds of texts of such lengths; half a second at least, five minutes at most."""
        expected: Float64 = np.clip(self.base + self.per_character * characters, _SHORTEST, _LONGEST)
        return expected


def learn_pace(characters: Integers, seconds: npt.NDArray[np.floating]) -> Pace:
    """Fit the seconds of judged cards to the lengths of their texts, by least squares.

    The usual seconds count like ten cards of 0 characters and ten of 200. Times that are not credible are left out,
    and a longer text never takes less.

    Parameters
    ----------
    characters : (n,) int
    seconds : (n,) float
        NaN where none was recorded.
    """
    credible = np.isfinite(seconds) & (seconds >= _SHORTEST) & (seconds <= _LONGEST)
    length, taken = characters[credible].astype(np.float64), seconds[credible].astype(np.float64)
    base, per_character = USUAL_SECONDS
    usual = np.array([0.0, 2 * _CHARACTERS])
    length, taken = np.append(length, usual), np.append(taken, base + per_character * usual)
    weight = np.append(np.ones(len(length) - 2), [_CARDS, _CARDS])
    total = weight.sum()
    middle, mean = (weight * length).sum() / total, (weight * taken).sum() / total
    slope = (weight * (length - middle) * (taken - mean)).sum() / (weight * (length - middle) ** 2).sum()
    slope = max(float(slope), 0.0)
    return Pace(float(mean - slope * middle), slope)


def clear_fit(certainty: npt.NDArray[np.floating], rows: Integers, clear: Mask) -> Float64:
    """P(one other label clearly fits), of rows whose given label is wrong.

    logit P = a + b·c, from the verdicts that do not uphold the label: whether each is *relabel*. Here c is the logit of
    the suggestion's share among the other labels. Ten imagined verdicts say that P is that share, which it is before
    anybody has judged.

    Parameters
    ----------
    certainty : (N,) float
        Probability of the suggested label divided by that of all labels but the given one, in [0, 1].
    rows : (n,) int
        Row of each verdict that does not uphold the given label. *Ambiguous* counts as upholding it, as in P(error).
    clear : (n,) bool
        Whether the verdict is *relabel*.
    """
    share = np.clip(certainty.astype(np.float64), _SURE, 1 - _SURE)
    logit = np.log(share / (1 - share))
    certainties = np.concatenate([logit[rows], _IMAGINED])
    verdicts = np.concatenate([clear.astype(np.float64), expit(_IMAGINED)])
    a, b = fit_plain(np.stack([np.ones(len(certainties)), certainties], axis=1), verdicts, _WEAK)
    return chances(a + b * logit)


def fixes_a_minute(error: Float64, clear: Float64, seconds: Float64) -> Float64:
    """P(error) × P(one other label clearly fits) / expected minutes, (N,).

    For example, 0.5 × 0.8 in 6 seconds are 4 fixes a minute.
    """
    fixes: Float64 = error * clear / (seconds / 60)
    return fixes
