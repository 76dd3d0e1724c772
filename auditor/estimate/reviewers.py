"""How far the reviewers can be relied on: each with themselves, with one another, and with what they are shown.

None of this corrects an error rate: M is what these reviewers would not uphold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.arrays import Integers
from auditor.estimate.shares import Difference, Share, difference, share


def agreement(first: Integers, second: Integers, alpha: float = 0.05) -> Share:
    """Share of cards that got the same verdict twice.

    Self-agreement: from the same person, at least 50 cards apart. Second look: from another person, who does not know
    the first verdict.

    Parameters
    ----------
    first, second : (n,) int
        Codes of the two verdicts on each card, the new label included: equal codes are equal verdicts.
    """
    return share(int(np.count_nonzero(first == second)), len(first), alpha)


@dataclass(frozen=True)
class Flagging:
    """How well flags find the labels that people did not uphold.

    Attributes
    ----------
    precision : Share
        Of the flagged cards, those whose label is wrong.
    recall : Share
        Of the cards whose label is wrong, those flagged.
    """

    precision: Share
    recall: Share


def flagging(flagged: npt.NDArray[np.bool_], wrong: npt.NDArray[np.bool_], alpha: float = 0.05) -> Flagging:
    """Measure precision and recall of flags on cards drawn at random.

    Parameters
    ----------
    flagged, wrong : (n,) bool
        Whether each card is flagged, and whether its label is wrong.
    """
    both = int(np.count_nonzero(flagged & wrong))
    parts = (share(both, int(np.count_nonzero(cards)), alpha) for cards in (flagged, wrong))
    return Flagging(*parts)


def anchoring(hidden: npt.NDArray[np.bool_], shown: npt.NDArray[np.bool_], alpha: float = 0.05) -> Difference:
    """How much more often a reviewer rejects the given label when the suggestion is shown.

    Compared are ranked cards, a random tenth of which hide suggestion, reasons and neighbours until the verdict. Cards
    count as they were dealt, not as they were used: a reviewer who looks at what was hidden stays in the hidden group
    (intention to treat). Blind cards are not ranked, so they stay out.

    Parameters
    ----------
    hidden, shown : (n,) bool
        Whether the verdict on each ranked card was an error.

    Returns
    -------
    Difference
        Share of errors, shown minus hidden.
    """
    shares = (share(int(np.count_nonzero(cards)), len(cards), alpha) for cards in (shown, hidden))
    return difference(*shares)
