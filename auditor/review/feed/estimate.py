"""Estimate: how many labels are wrong, how many are left, whether reviewing can stop, and how far to trust that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor import markup
from auditor.arrays import Float64, Mask
from auditor.estimate.calibration import Bin, calibration
from auditor.estimate.interval import ENOUGH_DRAWS, Interval, interval
from auditor.estimate.plan import SECONDS_A_CARD, Plan, SoFar, plan
from auditor.estimate.stopping import Stop, stop
from auditor.estimate.stream import Draws
from auditor.review.feed.blind import Blind
from auditor.review.feed.replay import Replayed
from auditor.review.feed.served import Reviewers, Served
from auditor.review.view.verdicts import Verdicts

POINTS = 60
"""Maximum number of points of the interval over time."""
ASSUMED = 0.05
"""Share of wrong labels that a plan assumes as long as the cards support no point estimate."""


@dataclass(frozen=True)
class Range:
    """An interval, and the point estimate in it.

    Attributes
    ----------
    value : float or None
        None while only the interval is known: :attr:`auditor.estimate.interval.Interval.has_point`.
    low, high : float
    """

    value: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Part:
    """What is known of one class or split.

    Attributes
    ----------
    name : str
    rows, judged, found : int
    blind : int
        Judged blind cards.
    rate : Range or None
        Share of wrong labels, an interval that holds for this part alone; None below ten blind cards.
    """

    name: str
    rows: int
    judged: int
    found: int
    blind: int
    rate: Range | None


@dataclass(frozen=True)
class Estimate:
    """How many of the given labels the people who judge would not uphold.

    Attributes
    ----------
    rows, judged, found : int
        Audited rows; those judged one by one; errors among these.
    blind, pending : int
        Blind cards that were judged, and those that wait for their verdict.
    rate : Range or None
        Share of wrong labels, in [0, 1]. The interval holds at all times together with a probability of 95 %. None
        before the first blind card.
    left : Range or None
        Wrong labels among the rows that nobody has judged, in rows.
    found_at_least : float or None
        Share of all wrong labels that was found, in [0, 1].
    problems : Range or None
        Like ``rate``, ambiguous rows included.
    blind_alone : (float, float) or None
        Ends of the interval of the rate from the blind cards alone, whatever was decided on other cards. It needs the
        assumption that outcomes do not depend on what is shown least, and is wider.
    calibration : tuple of Bin or None
        P(error) against errors found, in three bins of blind cards; None below 200 of them.
    drifted : bool
        Outcomes have changed in a way that no number of errors explains.
    stop : Stop or None
        Whether the rule for stopping is met.
    by_class, by_split : tuple of Part
    trail : tuple of (int, float, float)
        Judged blind cards, and the interval of ``rate`` after them.
    outdated : int
        Blind cards that do not count, since they were drawn from other rows than are audited now.
    reviewers : Reviewers
    assumed : float
        Share of wrong labels that the plan assumes: the point estimate, or without one 5 %, or the end of the interval
        that is nearest to it.
    plan : tuple of Plan
        What more blind cards would tell.
    """

    rows: int
    judged: int
    found: int
    blind: int
    pending: int
    rate: Range | None
    left: Range | None
    found_at_least: float | None
    problems: Range | None
    blind_alone: tuple[float, float] | None
    calibration: tuple[Bin, ...] | None
    drifted: bool
    stop: Stop | None
    by_class: tuple[Part, ...]
    by_split: tuple[Part, ...]
    trail: tuple[tuple[int, float, float], ...]
    outdated: int
    reviewers: Reviewers
    assumed: float
    plan: tuple[Plan, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give everything as JSON values."""
        return asdict(self) | {"stop_reached": bool(self.stop and self.stop.reached)}

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the number in sentences, and a table of the classes."""
        from auditor.review.feed import sentences  # which imports this module

        lines = [sentences.number(self), sentences.outlook(self), sentences.MEANING if self.rate else None]
        lines += sentences.details(self)
        shown = [markup.paragraph(line) for line in lines if line]
        if any(part.rate for part in self.by_class):
            rows = [(part.name, sentences.part(part)) for part in self.by_class]
            shown.append(markup.table(["class", "wrong labels, with a 95 % interval of its own"], rows))
        return "".join(shown)


@dataclass(frozen=True)
class Brief:
    """How reviewing stands, in a few numbers.

    Attributes
    ----------
    unread : int
        Audited rows that nobody has judged one by one.
    blind : int
        Judged blind cards.
    left_at_most : int or None
        Wrong labels among the unread rows, the interval's end. None before the first blind card.
    stop : Stop or None
        Whether the rule for stopping is met.
    exhausted : bool
        A hint: the latest ranked cards found no more wrong labels than the blind ones.
    """

    unread: int
    blind: int
    left_at_most: int | None
    stop: Stop | None
    exhausted: bool


class Estimator:
    """Makes estimates of one log.

    Parameters
    ----------
    verdicts : Verdicts
    blind : Blind

    Attributes
    ----------
    served : Served
        The judged cards of the default queue.
    """

    def __init__(self, verdicts: Verdicts, blind: Blind) -> None:
        self._verdicts, self._blind = verdicts, blind
        self.served = Served(verdicts, blind)
        self._latest: tuple[tuple[int, int, float | None], Float64, Estimate] | None = None

    def estimate(self, chances: Float64, *, seconds_a_card: float | None = None) -> Estimate:
        """Estimate from what stands in the log now; asked again before anything has changed, it costs nothing.

        Parameters
        ----------
        chances : (N,) float
            P(error) of each row, for the point estimate.
        seconds_a_card : float, optional
            How long a card takes, for the plan.
        """
        self._catch_up()
        key, latest = (self._verdicts.seq, len(self._blind), seconds_a_card), self._latest
        if latest is None or latest[0] != key or latest[1] is not chances:
            self._latest = latest = key, chances, self._estimate(chances, seconds_a_card)
        return latest[2]

    def brief(self, chances: Float64) -> Brief:
        """Say how reviewing stands; quick enough to be asked after every verdict. See :meth:`estimate`."""
        self._catch_up()
        found = self._blind.interval(chances)
        blind = len(self._blind.cards)
        hint = self.served.hint()
        return Brief(
            unread=found.unread,
            blind=blind,
            left_at_most=found.left[1] if blind else None,
            stop=stop(found) if blind else None,
            exhausted=hint is not None and hint.exhausted,
        )

    def _catch_up(self) -> None:
        self._blind.catch_up()
        self.served.catch_up()

    def _estimate(self, chances: Float64, seconds_a_card: float | None) -> Estimate:
        found = self._blind.interval(chances)
        blind = len(self._blind.cards)
        some = blind > 0
        assumed = float(np.clip(ASSUMED, *found.rate)) if found.rate_point is None else found.rate_point
        bins = calibration(*self._blind.forecasts())
        return Estimate(
            rows=found.rows,
            judged=found.judged,
            found=found.found,
            blind=blind,
            pending=found.pending,
            rate=_rate(found) if some else None,
            left=Range(found.left_point, *map(float, found.left)) if some else None,
            found_at_least=found.found_at_least if some else None,
            problems=_rate(self._blind.interval(chances, problems=True)) if some else None,
            blind_alone=self._blind.interval_alone().rate if some else None,
            calibration=tuple(bins) if bins else None,
            drifted=found.drifted,
            stop=stop(found) if some else None,
            by_class=self._parts(chances, self._verdicts.items.label_names, self._verdicts.items.given),
            by_split=self._parts(chances, self._verdicts.items.splits, self._verdicts.items.split),
            trail=self._trail(found),
            outdated=self._blind.outdated,
            reviewers=self.served.reviewers(),
            assumed=assumed,
            plan=self._plan(found, assumed, seconds_a_card or SECONDS_A_CARD),
        )

    def _parts(self, chances: Float64, names: Sequence[str], codes: npt.NDArray[np.int32]) -> tuple[Part, ...]:
        if len(names) < 2:
            return ()
        outcomes, rows = self._verdicts.outcomes.wrong, np.flatnonzero(self._blind.population)
        which = (rows, rows[outcomes[rows] >= 0], rows[outcomes[rows] == 1], self._blind.cards)
        counts = [np.bincount(codes[some], minlength=len(names)).tolist() for some in which]
        parts = []
        for code, (name, size, judged, found, drawn) in enumerate(zip(names, *counts, strict=True)):
            enough = drawn >= ENOUGH_DRAWS
            rate = _rate(self._blind.interval(chances, among=codes == code)) if enough else None
            parts.append(Part(name, size, judged, found, drawn, rate))
        return tuple(parts)

    def _plan(self, whole: Interval, rate: float, seconds: float) -> tuple[Plan, ...]:
        if not whole.unread:
            return ()
        draws, judged = self._draws()
        so_far = SoFar(_take(draws, judged), whole.judged, whole.found)
        return tuple(plan(whole.rows, rate, seconds_a_card=seconds, so_far=so_far))

    def _draws(self) -> tuple[Draws, Mask]:
        """Return all draws, and (n,) bool: the first of each judged card, not one that waits for its verdict."""
        draws = self._blind.draws(self._verdicts.outcomes.wrong)
        first = np.zeros(len(draws), np.bool_)
        first[np.unique(self._blind.rows_in_time(), return_index=True)[1]] = True
        return draws, draws.settled & first

    def _trail(self, whole: Interval) -> tuple[tuple[int, float, float], ...]:
        """The interval after some of the draws, evenly spaced, by the outcomes that stand now."""
        draws, cards = self._draws()
        judged = np.cumsum(cards).tolist()
        trail = {}
        for end in np.unique(np.linspace(1, len(draws), POINTS).astype(int)).tolist() if len(draws) else []:
            some, rows = _take(draws, slice(end)), whole.rows
            at = interval(some, rows=rows, judged=int(rows - some.pool[-1]), found=int(some.errors[-1]), q=0.5)
            trail[judged[end - 1]] = at.rate
        return tuple((cards, *rate) for cards, rate in trail.items() if cards)


def estimate_of(found: Replayed) -> Estimate:
    """Estimate from the decisions on a finished run."""
    return Estimator(found.verdicts, found.blind).estimate(found.learnt.error)


def _take(draws: Draws, which: slice | Mask) -> Draws:
    return Draws(draws.errors[which], draws.unknown[which], draws.pool[which], draws.q[which], draws.outcome[which])


def _rate(found: Interval) -> Range:
    return Range(found.rate_point, *found.rate)
