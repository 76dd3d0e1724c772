"""Caveats of a comparison, in sentences for terminal and page."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.evaluation.comparison.results import Retraining, Setting
from auditor.evaluation.comparison.whole import ENOUGH
from auditor.wording import counted, joined

_SOURCES = {
    "queue": "in the queue",
    "table": "in the table",
    "map": "on the map",
    "group": "by group",
    "random": "in a random sample",
    "repeat": "shown a second time",
    "bulk": "several at once",
    "import": "imported",
}


def caveats(found: Retraining, run: str) -> tuple[str, ...]:
    """Return caveats: changed classes, who chose the rows, whom that favours, what is left out, what is covered.

    Parameters
    ----------
    found : Retraining
    run : str
        The run's directory as it is typed, for a command in the sentences.
    """
    setting = found.setting
    return (
        *_classes(setting),
        _choice_of_rows(setting),
        _bias(found),
        *_models_own_labels(setting),
        *_left_out(setting),
        _blind(found, run),
        _intervals(found),
    )


def _classes(setting: Setting) -> Iterable[str]:
    if setting.class_changes:
        yield (
            f"Classes were changed in both versions alike: {'; '.join(setting.class_changes)}. "
            "So the two differ by verdicts alone, and no difference between them comes from these changes."
        )


def _choice_of_rows(setting: Setting) -> str:
    sources = joined([f"{rows:,} {_SOURCES.get(source, source)}" for source, rows in setting.sources.items()])
    several = "the consensus of " if len(setting.ranked_by) > 1 else ""
    return (
        f"The rows were ranked for review by {several}{joined(setting.ranked_by)}. "
        f"Of {counted(setting.judged, 'row')} judged, reviewers found {sources or 'none'}."
    )


def _bias(found: Retraining) -> str:
    test = found.setting.test
    if not (test.judged or test.changed or test.excluded):
        return (
            f"None of the {test.rows:,} test rows was judged: both versions of them are the same, errors included. "
            "A model that has learned the errors is still rewarded for them."
        )
    sample = next((model.random for model in found.models if model.random), None)
    sample_sentence = (
        f"The {sample.rows:,} test rows of a random sample, which no model chose, are therefore reported separately."
        if sample
        else "No test row of a random sample was judged, so every figure here is affected."
    )
    return (
        f"{test.judged:,} of the {test.rows:,} test rows were judged ({test.changed:,} changed, {test.excluded:,} "
        "left out). A test set cleaned by looking at one model's suspects favours that model: where it disagreed with "
        f"a label, somebody looked; where it agreed with a wrong one, nobody did. {sample_sentence}"
    )


def _models_own_labels(setting: Setting) -> Iterable[str]:
    if setting.policy.get("unreviewed") in ("suggest-above", "suggest"):
        yield (
            "Where the models were sure, rows that nobody judged have the models' own label: on corrected labels, "
            "models are rewarded for agreeing with themselves."
        )


def _left_out(setting: Setting) -> Iterable[str]:
    if setting.test.excluded:
        yield f"Test rows in only one version are left out of the comparison: {setting.test.excluded:,}."
    if setting.leaks:
        yield (
            f"Training rows with an equal or nearly equal text among the test rows are not trained on: "
            f"{setting.leaks:,}."
        )


def _blind(found: Retraining, run: str) -> str:
    """Explain the accuracy on all rows, or what it needs."""
    setting = found.setting
    if any(model.whole for model in found.models):
        return (
            f"No training has seen the rows drawn blind or their duplicates ({setting.not_trained_on:,} training rows "
            "left out), and every other judged row is predicted by a training without it, so the accuracy on all rows "
            "does not reward a version for rows that its own suspects selected."
        )
    if setting.blind >= ENOUGH:
        return (
            "The accuracy on all rows is not estimated: the rows drawn blind and their duplicates are more than half "
            "of the training rows, so they were trained on."
        )
    return (
        f"The accuracy on all rows is not estimated: it needs {ENOUGH} judged blind cards, and there are "
        f"{setting.blind:,}. To read the rest: auditor review {run} --sample {ENOUGH}."
    )


def _intervals(found: Retraining) -> str:
    first = found.models[0].comparison
    seeds = f"{first.seeds} seeds" if first.seeds > 1 else "a single seed"
    return (
        f"Each figure is the mean over {seeds}, each interval covers 95 % of {first.draws:,} draws of test rows and "
        "seeds, the same ones for both sides of a difference."
        + (" So few seeds show only roughly how much a training depends on chance." if first.seeds < 10 else "")
    )
