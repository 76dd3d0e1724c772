"""Learner: the learnt order of a run's rows, brought up to date with the verdicts while people go on judging."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Condition, Thread
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.arrays import Float64, RowIndex
from auditor.estimate.facts import Facts
from auditor.estimate.learning import LearntOrder
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from auditor.run.artifacts import SIGNALS, VECTORS

MOVED = 0.2
"""What verdicts nearby must add to a row's logit for its card to say so: they raise the odds of an error by a fifth."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """What is learnt from some verdicts.

    Attributes
    ----------
    verdicts : int
        How many they are.
    order : (N,) int32
        Rows, the likeliest error first.
    error : (N,) float64
        P(error) of each row.
    follow : float
        Probability with which the next ranked card is the head of this order, not of the static one.
    """

    verdicts: int
    order: RowIndex
    error: Float64
    follow: float


@dataclass(frozen=True)
class Moved:
    """Verdicts on similar texts that have moved a card up.

    Attributes
    ----------
    judged, wrong : int
        The most similar judged texts of the same given label, and how many of those labels were not upheld.
    """

    judged: int
    wrong: int


class Learner:
    """Learns in a thread of its own, so that no card waits for it; the latest verdicts win.

    Parameters
    ----------
    facts : Facts
    verdicts : Verdicts
    """

    def __init__(self, facts: Facts, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._model = LearntOrder(facts)
        self._changed = Condition()
        self._busy = False
        self._behind = False
        self.learnt = self._now(0)

    @classmethod
    def of(cls, run: Run, items: Items, verdicts: Verdicts) -> Self:
        """Load what the model knows of each row before anybody has judged one; signals and vectors may be missing."""
        signals = np.empty((len(items), 0), np.float32)
        if run.has(SIGNALS):
            table = run.load(SIGNALS)
            names = [field.name for field in table.schema if pa.types.is_floating(field.type)]
            signals = np.stack([table.column(name).to_numpy().astype(np.float32) for name in names], axis=1)
        vectors = run.load(VECTORS) if run.has(VECTORS) else None
        return cls(Facts.of(items.rank, items.given, items.suggested, signals, vectors), verdicts)

    def learn(self) -> None:
        """Learn from the verdicts that stand now, unless that is under way."""
        with self._changed:
            self._behind = True
            if not self._busy:
                self._busy = True
                Thread(target=self._work, name="learner", daemon=True).start()

    def wait(self) -> None:
        """Return when everything that has been decided is learnt."""
        with self._changed:
            self._changed.wait_for(lambda: not self._busy)

    def moved(self, row: int) -> Moved | None:
        """Say which verdicts on similar texts have moved a row up; None where they have not, or hardly.

        Nobody waits for what is being learnt: the neighbours may be those of some verdicts ago, how they were judged
        is what stands now.
        """
        nearby = self._model.nearby(row)
        if nearby.shift < MOVED:
            return None
        given = self._verdicts.items.given
        wrong = self._verdicts.outcomes.wrong[nearby.rows[given[nearby.rows] == given[row]]]
        found = Moved(int(np.count_nonzero(wrong >= 0)), int(np.count_nonzero(wrong == 1)))
        return found if found.wrong else None

    def _work(self) -> None:
        try:
            while self._goes_on():
                rows, wrong = self._judged()
                self._model.learn(rows.tolist(), wrong.tolist())
                self.learnt = self._now(len(rows))
        except BaseException:
            with self._changed:  # what was learnt before stays in force
                self._busy = False
                self._changed.notify_all()
            raise

    def _goes_on(self) -> bool:
        with self._changed:
            self._busy = self._behind
            self._behind = False
            self._changed.notify_all()
            return self._busy

    def _judged(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Judged rows in the order of their first verdicts, and whether their labels are wrong."""
        outcomes = self._verdicts.outcomes
        rows = np.flatnonzero(outcomes.wrong >= 0)
        rows = rows[np.lexsort((rows, outcomes.at[rows]))]
        return rows, outcomes.wrong[rows] == 1

    def _now(self, verdicts: int) -> Learnt:
        model = self._model
        return Learnt(verdicts, model.order, model.probabilities, model.gate.chance)
