"""Decisions on a run, and the gains found by retraining."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

import numpy as np

from auditor.correction.decide.corrections import corrections_of
from auditor.correction.decide.policy import Policy, in_words
from auditor.correction.decide.summary import Summary, summarise
from auditor.errors import ExportError, LogError, RunDamagedError
from auditor.evaluation.comparison.caveats import caveats
from auditor.evaluation.comparison.results import Retraining, hash_of_labels, read_comparison
from auditor.review.feed.agreement import Agreement, agreement_of
from auditor.review.feed.estimate import Estimate, estimate_of
from auditor.review.feed.replay import replay
from auditor.review.log.opening import opened_log
from auditor.run import Run


@dataclass(frozen=True)
class ClassRows:
    """Number of rows of one class before and after; 0 before for an added class."""

    label: str
    before: int
    after: int


@dataclass(frozen=True)
class Decisions:
    """Effect of the standing decisions under a policy (in sentences), in total and by class.

    ``corrected`` is the hash of the corrected labels.
    """

    policy: tuple[str, ...]
    summary: Summary
    classes: tuple[ClassRows, ...]
    corrected: str


@dataclass(frozen=True)
class Gains:
    """Results of retraining.

    Attributes
    ----------
    found : Retraining
    seconds : float
        Duration of the trainings.
    caveats : tuple of str
    outdated : bool
        Whether the decisions have changed since.
    """

    found: Retraining
    seconds: float
    caveats: tuple[str, ...]
    outdated: bool


@dataclass(frozen=True)
class Correction:
    """Decisions and results of retraining.

    Attributes
    ----------
    decisions : Decisions or None
        None without decisions.
    gains : Gains or None
        None before ``auditor retrain``.
    trouble : str or None
        Reason why the decisions cannot be read.
    estimate : Estimate or None
        Estimate of wrong labels from the cards drawn at random; None without decisions.
    agreement : Agreement or None
        How far people agree; None without decisions.
    """

    decisions: Decisions | None = None
    gains: Gains | None = None
    trouble: str | None = None
    estimate: Estimate | None = None
    agreement: Agreement | None = None


def load_correction(run: Run, db: str | None = None) -> Correction | None:
    """Read the decisions and results; None without any.

    Parameters
    ----------
    run : Run
    db : str, optional
        Address of the decision log. Default: ``decisions.db`` in the run directory.

    Raises
    ------
    RunDamagedError
        If an artifact has changed since it was written, or has another version. A log that cannot be read is reported
        as ``trouble`` instead.
    """
    found = read_comparison(run)
    policy = Policy.model_validate(found.setting.policy) if found else Policy()
    trouble = decisions = estimate = agreement = None
    try:
        decisions, estimate, agreement = _decisions(run, db, policy)
    except (LogError, RunDamagedError, ExportError) as error:
        trouble = error.what
    gains = _load_gains(run, found, decisions) if found else None
    return Correction(decisions, gains, trouble, estimate, agreement) if decisions or gains or trouble else None


def _decisions(
    run: Run, db: str | None, policy: Policy
) -> tuple[Decisions, Estimate, Agreement] | tuple[None, None, None]:
    if db is None and not run.decisions.is_file():
        return None, None, None
    with opened_log(run, db, read_only=True) as log:
        corrections = corrections_of(run, log, policy)
        summary = summarise(corrections)
        if not (summary.judged or summary.stale):
            return None, None, None
        found = replay(run, log)
        estimate, agreement = estimate_of(found), agreement_of(found.blind)
    size = len(corrections.label_names)
    before = np.bincount(corrections.texts.labels, minlength=size).tolist()
    after = np.bincount(corrections.label[corrections.kept], minlength=size).tolist()
    classes = tuple(map(ClassRows, corrections.label_names, before, after))
    return Decisions(tuple(in_words(policy)), summary, classes, hash_of_labels(corrections)), estimate, agreement


def _load_gains(run: Run, found: Retraining, decisions: Decisions | None) -> Gains:
    stages = run.manifest.stages
    seconds = sum(stages[name].seconds for name in found.stages if name in stages)
    at_retraining = found.setting.judged, found.setting.corrected, found.setting.class_changes
    outdated = decisions is not None and (
        (decisions.summary.judged, decisions.corrected, decisions.summary.class_changes) != at_retraining
    )
    return Gains(found, seconds, caveats(found, quote(run.directory.name)), outdated)
