"""Certificates: what they promise, and what is true."""

from __future__ import annotations

import numpy as np
import pandas as pd
from ranked_sets import RankedSet

from auditor.estimate.certificate import SIZES, certify, plan_steps

LIMITS = (0.05, 0.1, 0.2)
MISSES = 2
"""Misses with which a set still passes."""
GROUP, GROUP_CARDS = 40, 30
"""Rows of a group, at least, and cards read of it."""


def ladders(every: list[RankedSet], draws: int) -> pd.DataFrame:
    """``--unreviewed suggest --wrong-at-most``: nested sets of rows by the consensus probability of the suggestion.

    The rows are those that the models would label otherwise. How often the set that is changed has more wrong labels
    among its unread rows than was promised.
    """
    rows = []
    for ranked_set in every:
        order = np.argsort(-ranked_set.confidence, kind="stable")
        order = order[ranked_set.confidence[order] > 0.5]
        wrong = ~ranked_set.right[order]
        sizes = [*(size for size in SIZES if size < len(order)), len(order)]
        for limit in LIMITS:
            rng, broken, changed, cards = np.random.default_rng(0), 0, [], []
            steps = plan_steps(sizes, limit, MISSES)
            for _ in range(draws):
                read = np.zeros(len(order), np.bool_)
                last = 0
                for step in steps:
                    unread = np.flatnonzero(~read[: step.size])
                    drawn = rng.choice(unread, min(step.cards, len(unread)), replace=False)
                    read[drawn] = True
                    if not certify(len(unread), len(drawn), int(wrong[drawn].sum())).passes(limit):
                        break
                    last = step.size
                rest = ~read[:last]
                broken += bool(rest.any() and wrong[:last][rest].mean() > limit)
                changed.append(int(rest.sum()))
                cards.append(int(read.sum()))
            rows.append(
                {
                    "set": ranked_set.name,
                    "wrong at most": limit,
                    "rows that the models would change": len(order),
                    "share of them wrong": wrong.mean(),
                    "cards": np.mean(cards),
                    "rows changed unread": np.mean(changed),
                    "more wrong than promised": broken / draws,
                }
            )
    return pd.DataFrame(rows)


def groups(every: list[RankedSet], draws: int) -> pd.DataFrame:
    """Group verdicts: flagged rows of one pair given → suggested, all to get the suggestion."""
    rows = []
    for ranked_set in every:
        pairs = pd.DataFrame(
            {"given": ranked_set.given, "suggested": ranked_set.suggested, "wrong": ~ranked_set.right}
        )[ranked_set.flagged]
        for (given, suggested), group in pairs.groupby(["given", "suggested"]):
            wrong = group["wrong"].to_numpy()
            if len(wrong) < GROUP:
                continue
            rng, broken, bounds = np.random.default_rng(0), 0, []
            for _ in range(draws):
                misses = int(rng.choice(wrong, GROUP_CARDS, replace=False).sum())
                certificate = certify(len(wrong), GROUP_CARDS, misses)
                broken += bool(wrong.sum() > certificate.most)
                bounds.append(certificate.share_at_most)
            rows.append(
                {
                    "set": ranked_set.name,
                    "group": f"{given} → {suggested}",
                    "rows": len(wrong),
                    "share wrong": wrong.mean(),
                    "promised of the rest, mean": np.mean(bounds),
                    "more wrong than promised": broken / draws,
                }
            )
    return pd.DataFrame(rows)
