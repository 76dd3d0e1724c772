"""Progress: how far the reviewing has come, what was decided, and how fast it goes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.review.log.event import VERDICTS
from auditor.review.view.pace import WINDOW, rate_per_hour
from auditor.review.view.tally import Tally, tally
from auditor.review.view.verdicts import FOLLOWED, SHOWN, Own, Verdicts

PAIRS = 50
"""Pairs given → new label that are told, at most."""
TIE = "tie"
"""Stands beside the verdicts for rows on which as many reviewers say one thing as another."""


def progress(verdicts: Verdicts) -> dict[str, Any]:
    """Say how far the reviewing has come.

    Returns
    -------
    dict
        Rows: ``rows``, ``decided`` (by anyone), ``left``, and of the issues ``issues_decided`` and ``issues_left``. By
        what stands for a row, a tie being none of the verdicts: ``by_verdict``, ``by_class`` of the given label and
        ``by_pair`` given → new label (the most frequent). ``together``: the ``rows`` that several people have judged,
        those on which all ``agree``, and those at which they are ``tied``.
        Speed: ``rate_per_hour`` in decisions, of all who review now together, and ``seconds_left`` until no issue is
        left at that rate; see :func:`~auditor.review.view.pace.rate_per_hour`.
        Decisions that stand, everyone's on the same row counted: ``agreement`` with the suggestion where one was shown
        (``followed`` out ``of`` those kept or relabelled one by one). ``reviewers``, each with their figures.
        ``stale``, decisions on what has changed since, which count nowhere else.
    """
    items = verdicts.items
    decided = verdicts.bits() > 0
    issues, issues_decided = int(items.is_issue.sum()), int((decided & items.is_issue).sum())
    own = {reviewer: verdicts.of(reviewer) for reviewer in verdicts.reviewers}
    rates = {reviewer: _rate(one) for reviewer, one in own.items()}
    rate = _together(own, rates)
    stands = tally(verdicts)
    by_class = _by_class(stands, items.given, len(items.label_names))
    suggestion = sum((np.bincount(one.suggestion, minlength=3) for one in own.values()), np.zeros(3, np.int64))
    named = (*VERDICTS, TIE)
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
            for verdict, count in zip(named, by_class.sum(axis=0).tolist(), strict=True)
        ],
        "by_class": [
            {"label": label, **dict(zip(named, counts, strict=True))}
            for label, counts in zip(items.label_names, by_class.tolist(), strict=True)
        ],
        "by_pair": _by_pair(stands, items.given, items.label_names),
        "together": {
            "rows": int(np.count_nonzero(stands.judges > 1)),
            "agree": int(np.count_nonzero((stands.judges > 1) & (stands.opinions == 1))),
            "tied": int(np.count_nonzero(stands.verdict < 0)),
        },
        "agreement": {"followed": int(suggestion[FOLLOWED]), "of": int(suggestion[SHOWN] + suggestion[FOLLOWED])},
        "reviewers": [
            {
                "reviewer": figures.reviewer,
                "decided": int(np.count_nonzero(verdicts.of(figures.reviewer).bits)),
                "undone": figures.undone,
                "rate_per_hour": rates.get(figures.reviewer),
                "median_seconds": figures.median_seconds,
            }
            for figures in verdicts.log.reviewers()
        ],
        "stale": verdicts.stale,
    }


def _rate(own: Own) -> float | None:
    singly = own.at > 0
    return rate_per_hour(own.at[singly], own.seconds[singly])


def _together(own: dict[str, Own], rates: dict[str, float | None]) -> float | None:
    """The rates of all whose last decision is not much older than anybody's, added up."""
    last = {reviewer: float(one.at.max(initial=0)) for reviewer, one in own.items()}
    newest = max(last.values(), default=0)
    now = [rates[reviewer] for reviewer, at in last.items() if at >= newest - WINDOW]
    return sum(rate for rate in now if rate) or None


def _by_class(stands: Tally, given: npt.NDArray[np.int32], classes: int) -> npt.NDArray[np.intp]:
    """(K, V + 1) rows by given label and verdict, those at a tie last."""
    places = len(VERDICTS) + 1
    cells = given[stands.rows] * np.int64(places) + stands.verdict % places  # -1 becomes the last
    return np.bincount(cells, minlength=classes * places).reshape(classes, places)


def _by_pair(stands: Tally, given: npt.NDArray[np.int32], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The most frequent pairs given → new label."""
    changed = stands.to >= 0
    keys = given[stands.rows[changed]] * np.int64(len(names)) + stands.to[changed]
    pairs, counts = np.unique(keys, return_counts=True)
    first = np.argsort(-counts, kind="stable")[:PAIRS]
    return [
        {"given": names[pair // len(names)], "to": names[pair % len(names)], "count": count}
        for pair, count in zip(pairs[first].tolist(), counts[first].tolist(), strict=True)
    ]
