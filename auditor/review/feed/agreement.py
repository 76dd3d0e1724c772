"""How far the people who judged the same rows agree; a view of the log."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from auditor.access.names import is_model
from auditor.estimate.agreement import ENOUGH, Alpha, Opinions, alpha, pairs, specific
from auditor.estimate.shares import Share, share
from auditor.review.feed.blind import Blind
from auditor.review.feed.served import Served
from auditor.review.view.own import BIT
from auditor.review.view.verdicts import Verdicts

_TO = 256
"""An opinion as one number: the verdict's bit, plus 256 × (1 + the new label's code) for ``relabel``."""


@dataclass(frozen=True)
class People:
    """Agreement of two people: the rows that both have judged, and Cohen's kappa.

    Kappa is None on fewer than ten rows, or if all their verdicts are the same.
    """

    first: str
    second: str
    same: Share
    kappa: float | None


@dataclass(frozen=True)
class Part:
    """Agreement on the rows of one class, or of one day (UTC, of a row's last verdict)."""

    name: str
    same: Share
    alpha: Alpha | None


@dataclass(frozen=True)
class Change:
    """Agreement on relabelling ``given`` to ``new``.

    Attributes
    ----------
    given, new : str
    rows : int
        Rows on which somebody chose so.
    same : float or None
        Probability that another person who judged the row chose so, too; None on fewer than ten rows.
    """

    given: str
    new: str
    rows: int
    same: float | None


@dataclass(frozen=True)
class Agreement:
    """Agreement between reviewers who judged the same rows one by one.

    Verdicts made in bulk, verdicts of models, ``unsure`` and adjudications do not count. Two new labels are two
    opinions; two sets of fitting labels are one.

    Attributes
    ----------
    served : bool
        Whether it rests on rows that the default queue served to several people. False if there are none: then it
        rests on rows that several people chose to judge.
    left_out : int
        Other rows that several people judged.
    same : Share
        Rows on which all say the same.
    alpha : Alpha or None
        Krippendorff's alpha; None on fewer than ten rows, or if there is only one opinion.
    by_people : tuple of People
    by_class, by_day : tuple of Part
    by_change : tuple of Change
        Most frequent first.
    """

    served: bool
    left_out: int
    same: Share
    alpha: Alpha | None
    by_people: tuple[People, ...]
    by_class: tuple[Part, ...]
    by_day: tuple[Part, ...]
    by_change: tuple[Change, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.same.of

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


class Agreements:
    """Measures the agreement in one log.

    Parameters
    ----------
    verdicts : Verdicts
    served : Served
    """

    def __init__(self, verdicts: Verdicts, served: Served) -> None:
        self._verdicts, self._served = verdicts, served
        self._latest: tuple[int, Agreement] | None = None

    def measure(self) -> Agreement:
        """Measure from what stands in the log now. Asking again before anything has changed costs nothing."""
        self._served.catch_up()
        seq, latest = self._verdicts.seq, self._latest
        if latest is None or latest[0] != seq:
            self._latest = latest = seq, self._measure()
        return latest[1]

    def _measure(self) -> Agreement:
        names = [name for name in self._verdicts.reviewers if not is_model(name)]
        everything, was_served = self._opinions(names)
        chosen = everything.take(was_served).shared()
        whole = everything.shared()
        served = bool(chosen.rows)
        found = chosen if served else whole
        return Agreement(
            served=served,
            left_out=whole.rows - found.rows,
            same=_same(found),
            alpha=_alpha(found),
            by_people=tuple(
                People(
                    names[pair.first], names[pair.second], share(pair.same, pair.rows), _enough(pair.rows, pair.kappa)
                )
                for pair in pairs(found)
            ),
            by_class=tuple(self._by_class(found)),
            by_day=tuple(_by_day(found)),
            by_change=tuple(self._by_change(found)),
        )

    def _opinions(self, names: list[str]) -> tuple[Opinions, Any]:
        """Return the one-by-one verdicts that stand, and which of them are on cards of the default queue."""
        parts: dict[str, list[Any]] = defaultdict(list)
        for number, name in enumerate(names):
            own = self._verdicts.of(name)
            rows = np.flatnonzero((own.at > 0) & (own.bits > 0) & (own.bits != BIT["unsure"]))
            parts["row"].append(rows)
            parts["person"].append(np.full(len(rows), number))
            parts["opinion"].append(own.bits[rows] + _TO * own.to[rows].astype(np.int64))
            parts["at"].append(own.at[rows])
            parts["served"].append(np.isin(rows, self._served.to(name)))
        joined = {name: np.concatenate([*arrays, []]) for name, arrays in parts.items()}
        empty = np.empty(0)
        row, person, opinion = (joined.get(name, empty).astype(np.int64) for name in ("row", "person", "opinion"))
        return Opinions(row, person, opinion, joined.get("at", empty)), joined.get("served", empty).astype(np.bool_)

    def _by_class(self, found: Opinions) -> list[Part]:
        given = self._verdicts.items.given[found.row]
        names = self._verdicts.items.label_names
        return [_part(names[code], found.take(given == code)) for code in np.unique(given).tolist()]

    def _by_change(self, found: Opinions) -> list[Change]:
        """Agreement on each pair given → new: opinions are told apart by the given label as well."""
        names, changed = self._verdicts.items.label_names, found.opinion >= _TO
        given = self._verdicts.items.given[found.row].astype(np.int64)
        size = (len(names) + 1) * _TO
        told_apart = np.where(changed, found.opinion + size * (1 + given), found.opinion)
        return [
            Change(
                given=names[change.opinion // size - 1],
                new=names[change.opinion % size // _TO - 1],
                rows=change.rows,
                same=_enough(change.rows, change.same),
            )
            for change in specific(Opinions(found.row, found.person, told_apart, found.at))
            if change.opinion >= size
        ]


def agreement_of(blind: Blind) -> Agreement:
    """Measure the agreement in the decisions on a finished run."""
    return Agreements(blind.verdicts, Served(blind.verdicts, blind)).measure()


def _same(found: Opinions) -> Share:
    return share(found.unanimous, found.rows)


def _part(name: str, found: Opinions) -> Part:
    return Part(name, _same(found), _alpha(found))


def _alpha(found: Opinions) -> Alpha | None:
    return alpha(found) if found.rows >= ENOUGH else None


def _enough(rows: int, measure: float | None) -> float | None:
    """Leave out figures that rest on few rows: a single row would change them by a tenth or more."""
    return measure if rows >= ENOUGH else None


def _by_day(found: Opinions) -> list[Part]:
    """Agreement on the rows whose last verdict was given on each day."""
    if not len(found.row):
        return []
    rows, place = np.unique(found.row, return_inverse=True)
    last = np.zeros(len(rows))
    np.maximum.at(last, place, found.at)
    day = (last // 86_400).astype(np.int64)
    parts = []
    for number in np.unique(day).tolist():
        name = datetime.fromtimestamp(number * 86_400, UTC).date().isoformat()
        parts.append(_part(name, found.take((day == number)[place])))
    return parts
