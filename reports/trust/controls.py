"""Ways of counting that look as good, and must fail: how often each is wrong about the number of errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
from audits import CARDS, Audits, Bools, Floats, Ints, Policy
from ranked_sets import RankedSet
from scipy.special import ndtri

from auditor.estimate.shares import share

FIFTH = 1 / 5
READ_FLAGS = 300
"""Flagged rows that somebody reads to tell the precision of the flags."""
BROKEN = {
    "skips dropped": Policy("skips dropped", blind=FIFTH, skips=0.05, drop_skips=True),
    "bulk counted as judged": Policy("bulk counted as judged", blind=FIFTH, bulk=250, count_bulk=True),
    "leased rows left out": Policy("leased rows left out", blind=1.0, leave_out=250),
}


def measure(every: list[RankedSet], audits: int) -> pd.DataFrame:
    """One row a set, as it is, with careful reviewers."""
    return pd.DataFrame([{"set": ranked_set.name, **_measure(ranked_set, audits)} for ranked_set in every])


def _measure(ranked_set: RankedSet, audits: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    outcome = np.broadcast_to(ranked_set.wrong, (audits, len(ranked_set.wrong)))
    found = {
        "flags × precision": flags_times_precision(ranked_set, audits, rng),
        "ranked and blind pooled": pooled(ranked_set, audits, rng),
        "Wilson at every card": wilson_at_every_card(ranked_set, audits, rng),
    }
    for name, policy in BROKEN.items():
        some = outcome[: max(audits // (10 if policy.leave_out else 4), 50)]
        found[name] = float(Audits(some, policy, seed=2).run().ever_missed.mean())
    return found


def flags_times_precision(ranked_set: RankedSet, audits: int, rng: np.random.Generator) -> float:
    """The number of flags × the share of errors among 300 of them drawn at random, with its Wilson interval."""
    flagged = ranked_set.wrong[ranked_set.flagged]
    read = min(READ_FLAGS, len(flagged))
    missed = 0
    for _ in range(audits):
        precision = share(int(rng.choice(flagged, read, replace=False).sum()), read)
        missed += not precision.low <= ranked_set.wrong.sum() / len(flagged) <= precision.high
    return missed / audits


def pooled(ranked_set: RankedSet, audits: int, rng: np.random.Generator) -> float:
    """Wilson interval of all verdicts of 1,000 cards, one in five of them blind, as if all were a sample."""
    missed = 0
    for _ in range(audits):
        ranked = rng.binomial(CARDS, 1 - FIFTH)
        drawn = rng.choice(np.arange(ranked, len(ranked_set.wrong)), CARDS - ranked, replace=False)
        rate = share(int(ranked_set.wrong[:ranked].sum() + ranked_set.wrong[drawn].sum()), CARDS)
        missed += not rate.low <= ranked_set.rate <= rate.high
    return missed / audits


def wilson_at_every_card(ranked_set: RankedSet, audits: int, rng: np.random.Generator) -> float:
    """Wilson interval of a sample of 1,000 blind cards, looked at after each: wrong at some time."""
    missed = 0
    for _ in range(audits):
        low, high = _wilson(np.cumsum(rng.choice(ranked_set.wrong, CARDS, replace=False)))
        missed += bool(((ranked_set.rate < low) | (ranked_set.rate > high)).any())
    return missed / audits


def _wilson(errors: Ints | Bools) -> tuple[Floats, Floats]:
    """As auditor.estimate.shares, for all sizes 1 … n at once."""
    of, z2 = np.arange(1, len(errors) + 1), ndtri(0.975) ** 2
    centre = (errors + z2 / 2) / (of + z2)
    margin = np.sqrt(z2 * (errors * (of - errors) / of + z2 / 4)) / (of + z2)
    return centre - margin, centre + margin
