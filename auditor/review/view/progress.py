"""Progress of the review: what is decided, what is left, and how fast it goes."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor.arrays import LabelCodes
from auditor.review.log.event import VERDICTS
from auditor.review.view.own import FOLLOWED, SHOWN, Own
from auditor.review.view.pace import WINDOW, rate_per_hour
from auditor.review.view.tally import Tally, tally
from auditor.review.view.verdicts import Verdicts

PAIRS = 50
"""Maximum number of pairs given → new label listed."""
TIE = "tie"
"""Name, beside the verdicts, for rows whose leading opinions have equally many reviewers."""


def progress(verdicts: Verdicts) -> dict[str, Any]:
    """Return the progress of the review.

    Returns
    -------
    dict
        Counts of rows: ``rows``, ``decided`` (by anyone), ``left``, ``issues_decided`` and ``issues_left``. Rows by
        outcome, with ties apart from the verdicts: ``by_verdict``, ``by_class`` (given label) and ``by_pair`` (given →
        new label, the most frequent). ``together``: ``rows`` judged by several people, those on which all ``agree``,
        and those that are ``tied``.
        Speed: ``rate_per_hour``, decisions of all current reviewers together, and ``seconds_left`` for the remaining
        issues at that rate; see :func:`~auditor.review.view.pace.rate_per_hour`.
        Standing decisions of every reviewer: ``agreement`` with the suggestion shown (``followed`` out ``of`` the rows
        kept or relabelled one by one). ``reviewers``, the figures of each. ``conflicts``, rows whose verdicts differ,
        and ``adjudicated``, those that were settled. ``stale``, the number of decisions on rows
        that have changed since; they count nowhere else.
    """
    items = verdicts.items
    decided = verdicts.bits() > 0
    issues, issues_decided = int(items.is_issue.sum()), int((decided & items.is_issue).sum())
    own = {reviewer: verdicts.of(reviewer) for reviewer in verdicts.reviewers}
    rates = {reviewer: _rate(decisions) for reviewer, decisions in own.items()}
    rate = _together(own, rates)
    outcomes = tally(verdicts)
    return {
        "rows": len(items),
        "decided": int(decided.sum()),
        "left": int(len(items) - decided.sum()),
        "issues_decided": issues_decided,
        "issues_left": issues - issues_decided,
        "rate_per_hour": rate,
        "seconds_left": 3600 * (issues - issues_decided) / rate if rate else None,
        **_by_outcome(outcomes, items.given, items.label_names),
        "by_pair": _by_pair(outcomes, items.given, items.label_names),
        "together": {
            "rows": int(np.count_nonzero(outcomes.judges > 1)),
            "agree": int(np.count_nonzero((outcomes.judges > 1) & (outcomes.opinions == 1))),
            "tied": int(np.count_nonzero(outcomes.verdict < 0)),
        },
        "agreement": _agreement(own),
        "reviewers": _reviewers(verdicts, rates),
        "conflicts": int(np.count_nonzero(verdicts.conflict)),
        "adjudicated": int(np.count_nonzero(verdicts.adjudicated.bits)),
        "stale": verdicts.stale,
    }


def _agreement(own: dict[str, Own]) -> dict[str, int]:
    """Count the decisions that followed the suggestion shown, of those that could."""
    suggestion = sum((np.bincount(mine.suggestion, minlength=3) for mine in own.values()), np.zeros(3, np.int64))
    return {"followed": int(suggestion[FOLLOWED]), "of": int(suggestion[SHOWN] + suggestion[FOLLOWED])}


def _reviewers(verdicts: Verdicts, rates: dict[str, float | None]) -> list[dict[str, Any]]:
    """Return the figures of each reviewer."""
    return [
        {
            "reviewer": figures.reviewer,
            "decided": int(np.count_nonzero(verdicts.of(figures.reviewer).bits)),
            "undone": figures.undone,
            "rate_per_hour": rates.get(figures.reviewer),
            "median_seconds": figures.median_seconds,
        }
        for figures in verdicts.log.reviewers()
    ]


def _rate(own: Own) -> float | None:
    singly = own.at > 0
    return rate_per_hour(own.at[singly], own.seconds[singly])


def _together(own: dict[str, Own], rates: dict[str, float | None]) -> float | None:
    """Sum the rates of reviewers whose last decision is not much older than the newest."""
    last = {reviewer: float(decisions.at.max(initial=0)) for reviewer, decisions in own.items()}
    newest = max(last.values(), default=0)
    current = [rates[reviewer] for reviewer, at in last.items() if at >= newest - WINDOW]
    return sum(rate for rate in current if rate) or None


def _by_outcome(outcomes: Tally, given: LabelCodes, names: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """Count the rows by verdict, and by given label and verdict; ties come last."""
    named = (*VERDICTS, TIE)
    cells = given[outcomes.rows] * np.int64(len(named)) + outcomes.verdict % len(named)  # -1 becomes the last
    counts = np.bincount(cells, minlength=len(names) * len(named)).reshape(len(names), len(named))
    by_verdict = zip(named, counts.sum(axis=0).tolist(), strict=True)
    by_class = zip(names, counts.tolist(), strict=True)
    return {
        "by_verdict": [{"verdict": verdict, "count": count} for verdict, count in by_verdict],
        "by_class": [{"label": label, **dict(zip(named, row, strict=True))} for label, row in by_class],
    }


def _by_pair(outcomes: Tally, given: LabelCodes, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the most frequent pairs given → new label."""
    changed = outcomes.to >= 0
    keys = given[outcomes.rows[changed]] * np.int64(len(names)) + outcomes.to[changed]
    pairs, counts = np.unique(keys, return_counts=True)
    first = np.argsort(-counts, kind="stable")[:PAIRS]
    return [
        {"given": names[pair // len(names)], "to": names[pair % len(names)], "count": count}
        for pair, count in zip(pairs[first].tolist(), counts[first].tolist(), strict=True)
    ]
