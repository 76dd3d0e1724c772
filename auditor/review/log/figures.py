"""Figures of the decision log: each reviewer's verdicts, undos and speed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import Connection, func, select

from auditor.review.log.event import LONGEST, Verdict
from auditor.review.log.records import from_microseconds
from auditor.review.log.schema import actions, events, standing


@dataclass(frozen=True)
class ReviewerFigures:
    """Figures of one reviewer.

    Attributes
    ----------
    reviewer : str
    decided : int
        Number of rows on which the reviewer's decision stands.
    undone : int
        Number of decisions that the reviewer has undone.
    first, last : datetime
        Time of the first and last action (a decision or bulk action), UTC.
    median_seconds : float or None
        Median time of the decisions whose time was measured.
    by_verdict : dict
        Number of rows by verdict. Its sum is ``decided``.
    """

    reviewer: str
    decided: int
    undone: int
    first: datetime
    last: datetime
    median_seconds: float | None
    by_verdict: dict[Verdict, int]


def of_reviewers(connection: Connection, run: int) -> list[ReviewerFigures]:
    """Return figures of everyone who has ever decided something, by name."""
    undone = func.coalesce(func.sum(actions.c.size).filter(actions.c.undone_at.is_not(None)), 0)
    totals = (
        select(actions.c.reviewer, func.min(actions.c.at), func.max(actions.c.at), undone)
        .where(actions.c.run == run, actions.c.at.is_not(None))
        .group_by(actions.c.reviewer)
        .order_by(actions.c.reviewer)
    )
    found = []
    for reviewer, first, last, taken_back in connection.execute(totals):
        by_verdict = _count_verdicts(connection, run, reviewer)
        figures = ReviewerFigures(
            reviewer=reviewer,
            decided=sum(by_verdict.values()),
            undone=taken_back,
            first=from_microseconds(first),
            last=from_microseconds(last),
            median_seconds=_median_seconds(connection, run, reviewer),
            by_verdict=by_verdict,
        )
        found.append(figures)
    return found


def _count_verdicts(connection: Connection, run: int, reviewer: str) -> dict[Verdict, int]:
    """Count the reviewer's standing decisions by verdict."""
    found = select(standing.c.verdict, func.count()).where(standing.c.run == run, standing.c.reviewer == reviewer)
    found = found.group_by(standing.c.verdict).order_by(standing.c.verdict)
    return dict(map(tuple, connection.execute(found)))


def _median_seconds(connection: Connection, run: int, reviewer: str) -> float | None:
    """Return the median by walking to the middle of an index: neither database has a fast median."""
    is_timed = (events.c.seconds.is_not(None), events.c.seconds > 0)
    timed = (events.c.run == run, events.c.reviewer == reviewer, *is_timed)
    count = connection.execute(select(func.count()).where(*timed)).scalar_one()
    if not count:
        return None
    in_order = select(events.c.seconds).where(*timed).order_by(events.c.seconds)
    middle = in_order.offset((count - 1) // 2).limit(2 - count % 2)
    return min(float(median(connection.execute(middle).scalars())), LONGEST)
