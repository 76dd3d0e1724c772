"""What is done with a finished audit, in Python and on the command line: opens the run and its decision log."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.config import AuditConfig
from auditor.console import Listener, Silent
from auditor.correction.decide.corrections import Corrections, Flags, corrections_of
from auditor.correction.decide.policy import Policy
from auditor.errors import ColumnError, InputError
from auditor.result import Audit
from auditor.review.log.log import DecisionLog
from auditor.review.log.opening import opened_log
from auditor.run import Run, find_run
from auditor.vocabulary import MODEL_NAMES, ModelName

if TYPE_CHECKING:
    from auditor.config import ReadConfig
    from auditor.correction.export.export import Exported
    from auditor.correction.patch.apply import Applied
    from auditor.correction.patch.patch import Change
    from auditor.correction.push.push import Pushed
    from auditor.data.read import AnySource
    from auditor.evaluation.comparison.results import Retraining
    from auditor.evaluation.comparison.trials import Trials
    from auditor.models.crossval import Candidate

AnyAudit = Audit | Run | str | Path


@contextmanager
def decision_log(
    audit: AnyAudit, db: str | None = None, *, read_only: bool = True
) -> Iterator[tuple[Run, DecisionLog]]:
    """Open a run, given by itself, its name or its path, with its decision log: ``decisions.db`` in it, or ``db``."""
    run = audit.run if isinstance(audit, Audit) else audit if isinstance(audit, Run) else find_run(audit)
    with opened_log(run, db, read_only=read_only) as log:
        yield run, log


def corrections(
    audit: AnyAudit, policy: Policy | None = None, *, db: str | None = None, filter: str = ""
) -> Corrections:
    """Apply the decisions on a finished audit.

    Parameters
    ----------
    audit : Audit, Run, str or Path
        Itself, its name or its path.
    policy : Policy, optional
        What each verdict does.
    db : str, optional
        Address of the decision log; ``decisions.db`` in the run's directory by default.
    filter : str
        Only of rows that this query of the review page finds, as its address has it.

    Raises
    ------
    RunMissingError, RunDamagedError, LogError, FilterError, ExportError
    """
    with decision_log(audit, db) as (run, log):
        return _corrections(run, log, policy, filter)


def push(
    audit: AnyAudit,
    repo: str,
    *,
    policy: Policy | None = None,
    db: str | None = None,
    filter: str = "",
    **options: Any,
) -> Pushed:
    """Push the corrected labels of a finished audit to the Hub, in one commit.

    Parameters
    ----------
    audit : Audit, Run, str or Path
        Itself, its name or its path.
    repo : str
        ``user/name``, or ``name`` of one's own. It is made if it is not there.
    policy : Policy, optional
        What each verdict does.
    db : str, optional
        Address of the decision log; ``decisions.db`` in the run's directory by default.
    filter : str
        Only rows that this query of the review page finds, as its address has it.
    **options
        ``private``, ``create_pr``, ``config_name``, ``original``, ``provenance``, ``token``, ``dry_run``, ``message``
        and ``listener``: see :func:`auditor.correction.push.push.push`.

    Raises
    ------
    ExportError
        If a name is not allowed, or no row is left.
    HubError
        If the Hub cannot be reached, refuses, or has moved on meanwhile. The repository then is as it was.
    """
    from auditor.correction.push.push import push as push_to_hub

    with decision_log(audit, db) as (run, log):
        corrected = _corrections(run, log, policy, filter)
    return push_to_hub(corrected, repo, run=run, **options)


def export(
    audit: AnyAudit,
    to: str | Path,
    policy: Policy | None = None,
    *,
    db: str | None = None,
    filter: str = "",
    **options: Any,
) -> Exported:
    """Write the corrected dataset, the rows that are left out, and a record of what was done.

    >>> auditor.export(audit, "clean.parquet", auditor.Policy(unreviewed="drop"))  # doctest: +SKIP

    Parameters
    ----------
    audit : Audit, Run, str or Path
        Itself, its name or its path.
    to : str or Path
        A file (``.csv``, ``.tsv``, ``.txt``, ``.jsonl``, ``.xlsx``, ``.parquet`` …), or a folder that keeps the splits.
    policy : Policy, optional
        What each verdict does.
    db : str, optional
        Address of the decision log; ``decisions.db`` in the run's directory by default.
    filter : str
        Only rows that this query of the review page finds, as its address has it.
    **options
        ``format``, ``provenance``, ``raw``, ``guard``, ``label_names``, ``force`` and ``encoding``: see
        :func:`auditor.correction.export.export.write_export`.

    Raises
    ------
    RunMissingError, RunDamagedError, LogError, FilterError, ExportError, StorageError
    """
    from auditor.correction.export.export import write_export

    with decision_log(audit, db) as (run, log):
        found = _corrections(run, log, policy, filter)
        about = {"id": log.run_id, "name": run.directory.resolve().name}
        return write_export(found, to, run=about, **options)


def _corrections(run: Run, log: DecisionLog, policy: Policy | None, filter: str) -> Corrections:
    """Of the rows that a query of the review page finds; of all rows where there is none."""
    found = corrections_of(run, log.standing(), policy)
    return found.only(_rows_found(run, log, filter)) if filter else found


def _rows_found(run: Run, log: DecisionLog, query: str) -> Flags:
    """(N,) bool: the rows that a query of the review page finds."""
    from auditor.review.filter.filter import Filter
    from auditor.review.filter.selection import Selection
    from auditor.review.view.items import Items
    from auditor.review.view.verdicts import Verdicts

    items = Items.of(run)
    verdicts = Verdicts(items, log)
    verdicts.catch_up()
    return Selection(items, verdicts).mask(Filter.from_query(query))


def make_patch(
    audit: AnyAudit, policy: Policy | None = None, *, db: str | None = None, filter: str = ""
) -> tuple[Change, ...]:
    """List what the decisions on a finished audit change; the parameters are those of :func:`corrections`.

    Raises
    ------
    RunMissingError, RunDamagedError, LogError, FilterError, ExportError
    """
    from auditor.correction.patch.patch import make_patch as list_changes

    return list_changes(corrections(audit, policy, db=db, filter=filter))


def apply_patch(
    patch: str | Path | Sequence[str | Path | Change],
    source: AnySource,
    to: str | Path,
    *,
    config: ReadConfig | None = None,
    add_classes: bool = False,
    **options: Any,
) -> tuple[Applied, Exported]:
    """Make the changes of one or several patches on a dataset, and write it.

    >>> auditor.apply_patch("patch.jsonl", "tweets.csv", "clean.csv")  # doctest: +SKIP

    Parameters
    ----------
    patch : str, Path, or sequence of these or of Change
        Files that ``auditor patch`` has written, in any order, or changes themselves.
    source : str, Path, sequence of these, pandas.DataFrame, datasets.Dataset or datasets.DatasetDict
        What :func:`auditor.read` takes: the dataset that the patch was made of, or a newer version of it.
    to : str or Path
        A file (``.csv``, ``.tsv``, ``.txt``, ``.jsonl``, ``.xlsx``, ``.parquet`` …), or a folder that keeps the splits.
    config : ReadConfig, optional
        How the source is read. What is not set in it is taken from the patches, as far as they say it.
    add_classes : bool
        Make changes to classes that the dataset does not have.
    **options
        ``format``, ``raw``, ``guard``, ``label_names``, ``force`` and ``encoding``: see
        :func:`auditor.correction.export.export.write_export`.

    Returns
    -------
    Applied
        What was done, what was there already, and every change that does not fit.
    Exported
        The files.

    Raises
    ------
    PatchError
        If a patch cannot be read, or is of another dataset; if several were made of data that was read differently.
    InputError, HubError
        If the source cannot be read.
    ExportError, StorageError
        If the outcome cannot be written.
    """
    from auditor.config import ReadConfig
    from auditor.correction.export.export import write_export
    from auditor.correction.patch.apply import apply
    from auditor.correction.patch.patch import Change, read_patch, read_reading
    from auditor.correction.patch.reading import combine, described
    from auditor.data import read

    given = [patch] if isinstance(patch, str | Path) else list(patch)
    files = [Path(os.path.expanduser(one)) for one in given if not isinstance(one, Change)]
    patches = [*map(read_patch, files), [one for one in given if isinstance(one, Change)]]
    config, taken = combine([*map(read_reading, files)], config or ReadConfig())
    note = f"Read as the patch says: {described(taken)}." if taken else ""
    try:
        texts = read(source, config)
    except ColumnError as error:
        if not taken:
            raise
        raise ColumnError(error.what, f"{error.todo} {note} Give another value, or '' for none.") from None
    applied = apply(patches, texts, add_classes=add_classes)
    paths = [source] if isinstance(source, str | Path) else source if isinstance(source, list | tuple) else []
    written = write_export(applied.corrections, to, sources=[*paths, *files], patch=applied.about(), **options)
    return applied, replace(written, notes=(*([note] if note else []), *written.notes))


def retrain(
    audit: AnyAudit,
    models: Sequence[ModelName] = (),
    *,
    seeds: int = 3,
    policy: Policy | None = None,
    device: str | None = None,
    db: str | None = None,
    listener: Listener | None = None,
) -> Retraining:
    """Train on the original and on the corrected labels, test on both, and write it into the run and its report.

    Parameters
    ----------
    audit : Audit, Run, str or Path
        Itself, its name or its path.
    models : sequence of str
        Those of the audit by default; of auditor's own alone.
    seeds : int
        Trainings of each model on each version of the labels.
    policy : Policy, optional
        What each verdict does.
    device : str, optional
        Where to train; as in the audit by default.
    db : str, optional
        Address of the decision log; ``decisions.db`` in the run's directory by default.
    listener : Listener, optional
        Hears of the progress.

    Raises
    ------
    CorrectionError
        If the decisions change nothing.
    AuditorError
        As :func:`auditor.audit` does.
    """
    from auditor import report
    from auditor.evaluation.comparison.retrain import compare_trials
    from auditor.evaluation.comparison.trials import Trials, check_changes
    from auditor.models.transformer.weights import find_weights

    listener = listener or Silent()
    with decision_log(audit, db) as (run, log), run.held():
        corrected = corrections_of(run, log.standing(), policy)
        # Chance has drawn these rows, whatever was decided on them since, and wherever.
        drawn = {event.item_id for event in log.all_events() if event.source == "random" and event.item_id}
        check_changes(corrected)
        config = AuditConfig.of(run.manifest)
        config = config.updated(device=device or config.device)
        models = _to_retrain(models, config, listener)
        encoder, base = config.encoder.name, config.finetuned.base_model
        weights = find_weights(encoder), find_weights(base if "finetuned" in models else encoder)
        trials = Trials(run, corrected, config, *weights, seeds)
        for candidate in trials.candidates(models):
            if candidate.name == "finetuned":
                _tell_cost(trials, candidate, listener)
            with listener.task(f"Model {candidate.name}") as progress:
                trials.train(candidate, progress)
        with listener.task("Comparing"):
            found = compare_trials(trials, models, drawn)
        with listener.task("Report"):
            report.write_report(run.directory, db)
    return found


def _to_retrain(wanted: Sequence[str], config: AuditConfig, listener: Listener) -> tuple[ModelName, ...]:
    """Those of ours: a run says where the user's own code was, but code is not run because a file says so."""
    ours = tuple(name for one in wanted or config.models for name in MODEL_NAMES if name == one)
    others = ", ".join(name for name in wanted or config.pooled if name not in ours)
    if not ours or (wanted and others):
        raise InputError(
            f"{others} cannot be retrained: only {', '.join(MODEL_NAMES)} can be trained on corrected labels here.",
            "Name some of them with --models, or train yours on an export of the corrected dataset.",
        )
    if others:
        listener.note(f"Not retrained, since they are not auditor's own: {others}.")
    return ours


def _tell_cost(trials: Trials, candidate: Candidate, listener: Listener) -> None:
    """Say what the fine-tuning that is still to be done will cost, measured on a few batches."""
    from auditor.models.transformer.finetuned import Finetuned
    from auditor.report.display import duration

    if texts := trials.texts_left(candidate):
        config = trials.config
        model = Finetuned(trials.base, config.finetuned, trials.corrections.label_names, config.device)
        seconds = texts * model.seconds_a_text(candidate.inputs)
        listener.note(
            f"Fine-tuning: {texts:,} texts, epochs and trainings counted: about {duration(seconds)}. "
            "Without: --models features,lexical."
        )
