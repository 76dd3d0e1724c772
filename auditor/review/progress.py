"""Progress: how far the reviewing has come, what was decided, and how fast it goes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.review.event import VERDICTS
from auditor.review.verdicts import BIT, FOLLOWED, SHOWN, Verdicts

Counts = npt.NDArray[np.int64]

PAIRS = 50
"""Pairs given → new label that are told, at most."""
PAUSE = 300.0
"""Seconds without a decision after which somebody was doing something else."""
WINDOW = 1800.0
"""Seconds of activity, back from the last decision, that a rate is measured over."""
_FEWEST = 5
"""Decisions that a rate needs."""


def progress(verdicts: Verdicts) -> dict[str, Any]:
    """Say how far the reviewing has come.

    Returns
    -------
    dict
        Rows: ``rows``, ``decided`` (by anyone), ``left``, and of the issues ``issues_decided`` and ``issues_left``.
        Speed: ``rate_per_hour`` of everybody together, and ``seconds_left`` until no issue is left at that rate; see
        :func:`rate_per_hour`. Decisions that stand, everyone's on the same row counted: ``by_verdict``, ``by_class``
        of the given label, ``by_pair`` given → new label (the most frequent), ``agreement`` with the suggestion where
        one was shown (``followed`` out ``of`` those kept or relabelled one by one). ``reviewers``, each with their
        figures. ``stale``, decisions on what has changed since, which count nowhere else.
    """
    items = verdicts.items
    decided = verdicts.bits() > 0
    issues, issues_decided = int(items.is_issue.sum()), int((decided & items.is_issue).sum())
    own = {reviewer: verdicts.of(reviewer) for reviewer in verdicts.reviewers}
    times = {reviewer: one.at[one.at > 0] for reviewer, one in own.items()}
    rate = rate_per_hour(np.concatenate([np.empty(0), *times.values()]))
    by_class = _by_class(verdicts)
    suggestion = sum((np.bincount(one.suggestion, minlength=3) for one in own.values()), np.zeros(3, np.int64))
    return {
        "rows": len(items),
        "decided": int(decided.sum()),
        "left": int(len(items) - decided.sum()),
        "issues_decided": issues_decided,
        "issues_left": issues - issues_decided,
        "rate_per_hour": rate,
        "seconds_left": 3600 * (issues - issues_decided) / rate if rate else None,
        "by_verdict": [
            {"verdict": verdict, "count": count}
            for verdict, count in zip(VERDICTS, by_class.sum(axis=0).tolist(), strict=True)
        ],
        "by_class": [
            {"label": label, **dict(zip(VERDICTS, counts, strict=True))}
            for label, counts in zip(items.label_names, by_class.tolist(), strict=True)
        ],
        "by_pair": _by_pair(verdicts),
        "agreement": {"followed": int(suggestion[FOLLOWED]), "of": int(suggestion[SHOWN] + suggestion[FOLLOWED])},
        "reviewers": [
            {
                "reviewer": figures.reviewer,
                "decided": int(np.count_nonzero(verdicts.of(figures.reviewer).bits)),
                "undone": figures.undone,
                "rate_per_hour": rate_per_hour(times.get(figures.reviewer, np.empty(0))),
                "median_seconds": figures.median_seconds,
            }
            for figures in verdicts.log.reviewers()
        ],
        "stale": verdicts.stale,
    }


def rate_per_hour(times: npt.NDArray[np.float64]) -> float | None:
    """Measure how many decisions an hour were taken lately, by one reviewer or by several together.

    Each decision counts the seconds since the one before it, unless that was a pause of more than five minutes. Going
    back from the last decision, they add up to half an hour at most (and one decision more): the rate is their number
    over their sum.

    Parameters
    ----------
    times : (T,) float64
        Seconds since 1970 of decisions that stand and were taken one by one, in any order.

    Returns
    -------
    float or None
        None from fewer than five decisions, or where no time has passed.
    """
    waits = np.diff(np.sort(times))[::-1]
    waits = waits[waits <= PAUSE]
    active = np.cumsum(waits)
    counted = int(np.searchsorted(active, WINDOW)) + 1
    waits = waits[:counted]
    total = float(waits.sum())
    return 3600 * len(waits) / total if len(waits) + 1 >= _FEWEST and total > 0 else None


def _by_class(verdicts: Verdicts) -> Counts:
    """(K, V) decisions by given label and verdict."""
    items = verdicts.items
    counts = np.zeros((len(items.label_names), len(VERDICTS)), dtype=np.int64)
    for reviewer in verdicts.reviewers:
        bits = verdicts.of(reviewer).bits
        for place, verdict in enumerate(VERDICTS):
            counts[:, place] += np.bincount(items.given[bits == BIT[verdict]], minlength=len(counts))
    return counts


def _by_pair(verdicts: Verdicts) -> list[dict[str, Any]]:
    """The most frequent pairs given → new label."""
    names, given = verdicts.items.label_names, verdicts.items.given
    keys = [np.empty(0, np.int64)]
    for reviewer in verdicts.reviewers:
        to = verdicts.of(reviewer).to
        rows = np.flatnonzero(to)
        keys.append(given[rows] * np.int64(len(names)) + to[rows] - 1)
    pairs, counts = np.unique(np.concatenate(keys), return_counts=True)
    first = np.argsort(-counts, kind="stable")[:PAIRS]
    return [
        {"given": names[pair // len(names)], "to": names[pair % len(names)], "count": count}
        for pair, count in zip(pairs[first].tolist(), counts[first].tolist(), strict=True)
    ]
