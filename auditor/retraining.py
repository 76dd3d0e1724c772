"""All steps of a retraining: corrections → trainings → comparison → report."""

from __future__ import annotations

from collections.abc import Sequence

from auditor import report
from auditor.config import TRAININGS, AuditConfig
from auditor.console import Listener, Silent
from auditor.correction.decide.corrections import corrections_of
from auditor.correction.decide.policy import Policy
from auditor.errors import InputError
from auditor.evaluation.comparison.results import Retraining
from auditor.evaluation.comparison.retrain import compare_trials
from auditor.evaluation.comparison.trials import Trials, check_changes
from auditor.models.crossval import Candidate
from auditor.models.transformer.finetuned import Finetuned
from auditor.models.transformer.weights import find_weights
from auditor.modelspecs import CHEAP, specs_of
from auditor.review.feed.replay import replay_draws
from auditor.review.log.log import DecisionLog
from auditor.run import Run, check_finished
from auditor.vocabulary import MODEL_NAMES, ModelName
from auditor.wording import duration


def retrain(
    run: Run,
    log: DecisionLog,
    models: Sequence[str] = (),
    policy: Policy | None = None,
    *,
    seeds: int = TRAININGS,
    device: str | None = None,
    db: str | None = None,
    listener: Listener | None = None,
) -> Retraining:
    """Run :meth:`auditor.Audit.retrain` with an open decision log."""
    listener = listener or Silent()
    with run.held():
        check_finished(run)
        corrected = corrections_of(run, log, policy)
        # These rows were drawn at random, whatever was decided on them since.
        by_chance = (e.item_id for e in log.all_events() if e.source == "random" or e.kind == "serve")
        drawn = {item_id for item_id in by_chance if item_id}
        check_changes(corrected)
        config = run.config.updated(device=device or run.config.device, threads=None)  # one training at a time
        chosen = to_retrain(models, config, listener)
        encoder = find_weights(config.encoder.name)
        has_base = any(spec.has_base for spec in specs_of(chosen))
        base = find_weights(config.finetuned.base_model) if has_base else encoder
        blind = replay_draws(run, log) if log.draws() else None
        trials = Trials(run, corrected, config, encoder, base, seeds, blind)
        for candidate in trials.candidates(chosen):
            if candidate.has_base:
                _report_cost(trials, candidate, listener)
            with listener.task(f"Model {candidate.name}") as progress:
                trials.train(candidate, progress)
        with listener.task("Comparing"):
            found = compare_trials(trials, chosen, drawn)
        with listener.task("Report"):
            report.write_report(run.directory, db)
    return found


def to_retrain(wanted: Sequence[str], config: AuditConfig, listener: Listener) -> tuple[ModelName, ...]:
    """Return auditor's own models among those wanted. Code that a run names is never run.

    Raises
    ------
    InputError
        If a model given is not auditor's own, or none is left.
    """
    own = tuple(spec.name for spec in specs_of(wanted or config.models))
    foreign = ", ".join(name for name in wanted or config.pooled if name not in own)
    if not own or (wanted and foreign):
        raise InputError(
            f"{foreign} cannot be retrained: only {', '.join(MODEL_NAMES)} can be trained on corrected labels.",
            "Choose from these with --models, or train yours on an export of the corrected dataset.",
        )
    if foreign:
        listener.note(f"Not retrained, because they are not auditor's own: {foreign}.")
    return own


def _report_cost(trials: Trials, candidate: Candidate, listener: Listener) -> None:
    """Report how long the remaining fine-tuning will take, measured on a few batches."""
    if texts := trials.texts_left(candidate):
        model = candidate.make(lambda done, total: None)
        assert isinstance(model, Finetuned)
        seconds = texts * model.cost(candidate.inputs).training
        listener.note(
            f"Fine-tuning: {texts:,} texts over all epochs and trainings, about {duration(seconds)}. "
            f"To skip it: --models {CHEAP}."
        )
