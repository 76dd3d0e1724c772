"""Replay: verdicts, blind draws and the learnt order as a decision log gives them now."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.review.feed.blind import Blind
from auditor.review.feed.learner import Learner, Learnt
from auditor.review.log.log import DecisionLog
from auditor.review.view.items import Items
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run


@dataclass(frozen=True)
class Replayed:
    """A decision log, replayed.

    Attributes
    ----------
    verdicts : Verdicts
    blind : Blind
    learnt : Learnt
        What all its verdicts teach.
    """

    verdicts: Verdicts
    blind: Blind
    learnt: Learnt


def replay(run: Run, log: DecisionLog) -> Replayed:
    """Replay the decisions on a finished run, and learn from all of them.

    Raises
    ------
    RunDamagedError, LogError
    """
    blind = replay_draws(run, log)
    learner = Learner.of(run, blind.verdicts.items, blind.verdicts)
    learner.learn()
    learner.wait()
    return Replayed(blind.verdicts, blind, learner.learnt)


def replay_draws(run: Run, log: DecisionLog) -> Blind:
    """Replay the decisions and the blind draws of a finished run."""
    verdicts = Verdicts(Items.of(run), log)
    verdicts.catch_up()
    blind = Blind(verdicts)
    blind.catch_up()
    return blind
