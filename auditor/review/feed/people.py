"""People: how much each reviewer has judged, how fast and how consistently; and what the time left would reach."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from auditor.access.names import is_model
from auditor.arrays import RowIndex
from auditor.estimate.plan import SECONDS_A_CARD
from auditor.estimate.shares import Share, share
from auditor.review.feed.agreement import Agreement
from auditor.review.feed.known_answers import KnownAnswers, Qualification
from auditor.review.feed.served import Served
from auditor.review.view.own import FOLLOWED, SHOWN, Own
from auditor.review.view.pace import PAUSE, rate_per_hour
from auditor.review.view.verdicts import Verdicts

DAYS = 7
"""Days on which somebody judged that are shown."""
HOURS = (1, 2, 4, 8)
"""Hours that a budget is made for."""


@dataclass(frozen=True)
class Day:
    """Rows that a person judged on one day (UTC), and the minutes recorded for them."""

    day: str
    judged: int
    minutes: float


@dataclass(frozen=True)
class Person:
    """Figures of one reviewer, from the decisions that stand.

    Attributes
    ----------
    reviewer : str
    judged, bulk : int
        Rows judged one by one, and in bulk.
    undone : int
        Decisions taken back.
    rate_per_hour, median_seconds : float or None
        Speed, from the recorded seconds.
    same : Share
        Verdicts on shared rows that were the same as a colleague's.
    self_agreement : Share
        Cards that were judged in the same way when they came again.
    followed : Share
        Rows kept or relabelled whose suggestion was shown and taken.
    qualification : Qualification or None
        Known answers; None before the reviewer has judged all that are asked for.
    days : tuple of Day
        The last :data:`DAYS` days with verdicts, oldest first.
    """

    reviewer: str
    judged: int
    bulk: int
    undone: int
    rate_per_hour: float | None
    median_seconds: float | None
    same: Share
    self_agreement: Share
    followed: Share
    qualification: Qualification | None
    days: tuple[Day, ...]


@dataclass(frozen=True)
class Budget:
    """What some hours of reviewing would reach.

    Attributes
    ----------
    hours, rows : int
        Rows that can be judged in these hours.
    share : float
        Part of the suspicion of all unread rows that the first ``rows`` of the order hold, in [0, 1].
    """

    hours: int
    rows: int
    share: float


class People:
    """Makes the figures of the people who review one run.

    Parameters
    ----------
    verdicts : Verdicts
    served : Served
    known_answers : KnownAnswers
    """

    def __init__(self, verdicts: Verdicts, served: Served, known_answers: KnownAnswers) -> None:
        self._verdicts, self._served, self._known_answers = verdicts, served, known_answers

    def figures(self, agreement: Agreement) -> list[Person]:
        """Return the figures of everyone who has ever decided something, by name."""
        self._served.catch_up()
        compared, same = Counter[str](), Counter[str]()
        for pair in agreement.by_people:
            for name in (pair.first, pair.second):
                compared[name] += pair.same.of
                same[name] += pair.same.count
        found = []
        for figures in self._verdicts.log.reviewers():
            name = figures.reviewer
            if is_model(name):
                continue
            own, qualification = self._verdicts.of(name), self._known_answers.qualification(name)
            singly = own.at > 0
            shown = np.bincount(own.suggestion, minlength=3)
            found.append(
                Person(
                    reviewer=name,
                    judged=int(np.count_nonzero(singly)),
                    bulk=int(np.count_nonzero((own.bits > 0) & ~singly)),
                    undone=figures.undone,
                    rate_per_hour=rate_per_hour(own.at[singly], own.seconds[singly]),
                    median_seconds=figures.median_seconds,
                    same=share(same[name], compared[name]),
                    self_agreement=self._served.self_agreement(name),
                    followed=share(int(shown[FOLLOWED]), int(shown[SHOWN] + shown[FOLLOWED])),
                    qualification=qualification if qualification and qualification.done else None,
                    days=_days(own),
                )
            )
        return found

    def budgets(self, order: RowIndex, rate: float | None) -> list[Budget]:
        """Return what some hours would reach in the unread rows, in an order, until they reach everything.

        Parameters
        ----------
        order : (N,) int
        rate : float or None
            Rows an hour; of the usual pace if None.
        """
        verdicts = self._verdicts
        unread = order[(verdicts.bits() == 0)[order]]
        expected = np.nan_to_num(verdicts.items.suspicion[unread]).astype(np.float64)
        reached = np.cumsum(expected)
        found: list[Budget] = []
        for hours in HOURS:
            rows = min(round(hours * (rate or 3600 / SECONDS_A_CARD)), len(unread))
            if rows and reached[-1] and not (found and found[-1].share == 1):
                found.append(Budget(hours, rows, float(reached[rows - 1] / reached[-1])))
        return found


def _days(own: Own) -> tuple[Day, ...]:
    rows = np.flatnonzero(own.at > 0)
    day = (own.at[rows] // 86_400).astype(np.int64)
    seconds = own.seconds[rows].astype(np.float64)
    credible = np.where(seconds <= PAUSE, seconds, 0)
    return tuple(
        Day(
            datetime.fromtimestamp(number * 86_400, UTC).date().isoformat(),
            int(np.count_nonzero(day == number)),
            float(credible[day == number].sum() / 60),
        )
        for number in np.unique(day)[-DAYS:].tolist()
    )
