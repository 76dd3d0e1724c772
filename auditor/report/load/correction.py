"""What people have decided about a run, and what retraining has found it to be worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.correction.decide.corrections import corrections_of
from auditor.correction.decide.policy import Policy, in_words
from auditor.correction.decide.summary import Summary, summarise
from auditor.errors import ExportError, LogError, RunDamagedError
from auditor.evaluation.comparison.results import Retraining, hash_of_labels, read_comparison
from auditor.evaluation.comparison.telling import caveats
from auditor.review.feed.estimate import Estimate, estimate_of
from auditor.review.log.opening import opened_log
from auditor.run import Run


@dataclass(frozen=True)
class ClassRows:
    """Rows of one class before and after; a class that was added had none."""

    label: str
    before: int
    after: int


@dataclass(frozen=True)
class Decisions:
    """What the decisions that stand come to under a policy, told in sentences: in all, and by class.

    ``corrected`` is the hash of the corrected labels.
    """

    policy: tuple[str, ...]
    summary: Summary
    classes: tuple[ClassRows, ...]
    corrected: str


@dataclass(frozen=True)
class Worth:
    """What retraining has found.

    Attributes
    ----------
    found : Retraining
    seconds : float
        That the trainings took.
    caveats : tuple of str
    outdated : bool
        Whether other decisions stand now.
    """

    found: Retraining
    seconds: float
    caveats: tuple[str, ...]
    outdated: bool


@dataclass(frozen=True)
class Correction:
    """All of it.

    Attributes
    ----------
    decisions : Decisions or None
        None while there are none.
    worth : Worth or None
        None before ``auditor retrain``.
    trouble : str or None
        Why the decisions cannot be told.
    estimate : Estimate or None
        How many labels are wrong, as far as the cards drawn at random tell; None while there are no decisions.
    """

    decisions: Decisions | None = None
    worth: Worth | None = None
    trouble: str | None = None
    estimate: Estimate | None = None


def load_correction(run: Run, db: str | None = None) -> Correction | None:
    """Read what there is of it; None if there is nothing.

    Parameters
    ----------
    run : Run
    db : str, optional
        Address of the decision log; ``decisions.db`` in the run's directory by default.

    Raises
    ------
    RunDamagedError
        If an artifact is not the one that was written, or of another version. A log that cannot be read is told, and
        spoils nothing else.
    """
    found = read_comparison(run)
    policy = Policy.model_validate(found.setting.policy) if found else Policy()
    trouble = decisions = estimate = None
    try:
        decisions, estimate = _decisions(run, db, policy)
    except (LogError, RunDamagedError, ExportError) as error:
        trouble = error.what
    worth = _worth(run, found, decisions) if found else None
    return Correction(decisions, worth, trouble, estimate) if decisions or worth or trouble else None


def _decisions(run: Run, db: str | None, policy: Policy) -> tuple[Decisions, Estimate] | tuple[None, None]:
    if db is None and not run.decisions.is_file():
        return None, None
    with opened_log(run, db, read_only=True) as log:
        corrections = corrections_of(run, log.standing(), policy)
        summary = summarise(corrections)
        if not (summary.judged or summary.stale):
            return None, None
        estimate = estimate_of(run, log)
    size = len(corrections.label_names)
    before = np.bincount(corrections.texts.labels, minlength=size).tolist()
    after = np.bincount(corrections.label[corrections.kept], minlength=size).tolist()
    classes = tuple(map(ClassRows, corrections.label_names, before, after))
    return Decisions(tuple(in_words(policy)), summary, classes, hash_of_labels(corrections)), estimate


def _worth(run: Run, found: Retraining, decisions: Decisions | None) -> Worth:
    stages = run.manifest.stages
    seconds = sum(stages[name].seconds for name in found.stages if name in stages)
    then = found.setting.judged, found.setting.corrected
    outdated = decisions is not None and (decisions.summary.judged, decisions.corrected) != then
    return Worth(found, seconds, caveats(found), outdated)
