"""Audit: a finished audit, and everything that the command line can do with it.

Modules that read data or train are imported on use, so that short commands stay fast.
"""

from __future__ import annotations

import importlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from auditor.arguments import checked, with_checked_methods
from auditor.config import CORRECTED, LOCALHOST, TRAININGS, Positive, QueueConfig
from auditor.console import Listener
from auditor.correction.decide.policy import Policy
from auditor.errors import ModelError, ReviewError
from auditor.formats import Format
from auditor.judgements import Judgements
from auditor.modelspecs import LOADABLE, MODELS
from auditor.review.log.parts import Operation
from auditor.run import Run, check_finished
from auditor.run.artifacts import model_file
from auditor.vocabulary import ModelName

if TYPE_CHECKING:
    from auditor.arrays import Probabilities
    from auditor.correction.decide.corrections import Corrections
    from auditor.correction.decide.reclassify import Affected
    from auditor.correction.export.export import Exported
    from auditor.correction.patch.patch import Change
    from auditor.correction.push.push import Pushed
    from auditor.evaluation.comparison.results import Retraining
    from auditor.evaluation.saved.predictor import Predictor
    from auditor.review.log.log import DecisionLog


@with_checked_methods
class Audit(Judgements):
    """A finished audit.

    Properties hold what the audit found, as frames and dicts. Methods do what the commands of the same names do.
    Methods that use decisions share three parameters: ``policy``, what each verdict does (default: :class:`Policy`);
    ``db``, the address of the decision log (default: ``decisions.db`` in the run directory); and ``filter``, a query of
    the review page that chooses rows, as in its URL.

    Parameters
    ----------
    run : Audit, Run, str or Path
        An audit, its run, or the run's name (under ``reports/runs``) or path.

    Raises
    ------
    RunMissingError
        If the run does not exist or has no ranking yet.
    """

    def report(self, *, db: str | None = None) -> Path:
        """Re-create ``report.html`` with the decisions made since. Return its path."""
        from auditor import report

        with self.run.held():
            check_finished(self.run)
            return report.write_report(self.directory, db)

    # -- decisions ----------------------------------------------------------------------------------------------

    def review(
        self,
        *,
        db: str | None = None,
        host: str = LOCALHOST,
        port: Annotated[int, Field(ge=1, le=65535)] | None = None,
        auth: Path | None = None,
        keys: Path | None = None,
        open_browser: bool = True,
        forwarded_allow_ips: str = "",
        queue: QueueConfig | None = None,
        guidelines: Path | None = None,
        lang: Literal["en", "zh"] | None = None,
    ) -> None:
        """Serve the review page until Ctrl-C. The parameters are the options of ``auditor review``.

        Raises
        ------
        ReviewError
            If the page is not installed.
        AuditorError
            If the accounts, the keys, the log or the port cannot be used.
        """
        from auditor.access.accounts import Accounts
        from auditor.review.keys import read_keys

        if auth:  # checks small files before importing the page, which takes seconds
            _ = Accounts(auth).names
        if keys:
            read_keys(keys)
        if guidelines:
            from auditor.review.guidelines import read_guidelines

            read_guidelines(guidelines)
        try:  # the page is outside the library, which imports it only here
            page = importlib.import_module("auditor_ui.serve")
        except ModuleNotFoundError as missing:
            raise ReviewError(
                f"The review page needs {missing.name}, which is not installed.", "pip install 'label-auditor[ui]'"
            ) from None
        page.serve(
            self.run,
            db=db,
            host=host,
            port=port,
            auth=auth,
            keys=keys,
            open_browser=open_browser,
            forwarded_allow_ips=forwarded_allow_ips,
            queue=queue,
            guidelines=guidelines,
            language=lang,
        )

    # -- corrections --------------------------------------------------------------------------------------------

    def corrections(self, policy: Policy | None = None, *, db: str | None = None, filter: str = "") -> Corrections:
        """Apply the decisions to the rows.

        Raises
        ------
        RunDamagedError, LogError, FilterError, ExportError
        """
        with self.log(db, read_only=True) as log:
            return self._corrections(log, policy, filter)

    def _corrections(self, log: DecisionLog, policy: Policy | None, filter: str) -> Corrections:
        from auditor.correction.decide.corrections import corrections_of
        from auditor.review.feed.estimate import estimate_of
        from auditor.review.feed.replay import replay
        from auditor.review.filter.selection import rows_found

        estimate = estimate_of(replay(self.run, log)) if log.draws() else None
        found = replace(corrections_of(self.run, log, policy), estimate=estimate)
        return found.only(rows_found(self.run, log, filter)) if filter else found

    def labels(
        self,
        operation: Operation,
        names: Sequence[str],
        to: str | None = None,
        *,
        write: bool = True,
        reviewer: str = "auditor",
        db: str | None = None,
    ) -> Affected:
        """Rename, merge or delete classes in the corrected dataset. Return the rows that change.

        Parameters
        ----------
        operation : {"rename", "merge", "delete"}
        names : sequence of str
            Classes to change, by the names that they have now.
        to : str, optional
            New name, or the class that the others become. ``delete`` has none, and leaves the rows out.
        write : bool
            Write the change to the decision log; otherwise only preview it.
        reviewer : str
            Who changes them.
        db : str, optional

        Raises
        ------
        DecisionError
            If there is no such class, or the new name is taken or cannot be a name.
        ExportError
            If the label column cannot hold the new name.
        """
        from auditor.correction.decide.classes import Classes
        from auditor.correction.decide.reclassify import preview, write_change

        now = self.corrections(db=db)
        change = Classes(now.texts.label_names, now.label_changes).change(operation, names, to)
        found = preview(now, change)
        if write:
            with self.log(db) as log:
                write_change(log, change, reviewer, secrets.token_urlsafe(16))
        return found

    def undo_labels(self, *, reviewer: str = "auditor", db: str | None = None) -> str:
        """Undo the latest change of the classes. Return it in words.

        Raises
        ------
        DecisionError
            If no change stands.
        """
        from auditor.correction.decide.classes import in_words
        from auditor.correction.decide.reclassify import undo_change

        now = self.corrections(db=db)
        with self.log(db) as log:
            undone = undo_change(log, reviewer, secrets.token_urlsafe(16))
        return in_words(now.texts.label_names, (*now.label_changes[:-1], undone))[-1]

    def export(
        self,
        to: str | Path,
        policy: Policy | None = None,
        *,
        db: str | None = None,
        filter: str = "",
        format: Format | None = None,
        provenance: bool = False,
        raw: bool = False,
        guard: bool = False,
        label_names: bool = False,
        force: bool = False,
        encoding: str | None = None,
    ) -> Exported:
        """Write the corrected dataset, the rows left out, and a record of what was done.

        ``to`` is a file (``.csv``, ``.jsonl``, ``.xlsx``, ``.parquet`` …), or a folder that keeps the splits. For the
        other parameters and errors, see :func:`auditor.correction.export.export.write_export`.
        """
        from auditor.correction.export.export import write_export

        with self.log(db, read_only=True) as log:
            return write_export(
                self._corrections(log, policy, filter),
                to,
                run={"id": log.run_id, "name": self.directory.resolve().name},
                format=format,
                provenance=provenance,
                raw=raw,
                guard=guard,
                label_names=label_names,
                force=force,
                encoding=encoding,
            )

    def patch(
        self,
        to: str | Path | None = None,
        policy: Policy | None = None,
        *,
        db: str | None = None,
        filter: str = "",
        force: bool = False,
    ) -> tuple[Change, ...]:
        """Return what the decisions change, and write it to a file if one is given.

        Raises
        ------
        RunDamagedError, LogError, FilterError, ExportError, StorageError
        """
        from auditor.correction.patch.patch import make_patch, write_patch

        corrections = self.corrections(policy, db=db, filter=filter)
        changes = make_patch(corrections)
        if to is not None:
            sources = corrections.texts.origin.sources()
            write_patch(changes, Path(to), force=force, reading=self.run.config.read.reading(), sources=sources)
        return changes

    def push(
        self,
        repo: str,
        policy: Policy | None = None,
        *,
        db: str | None = None,
        filter: str = "",
        private: bool | None = None,
        create_pr: bool = False,
        config_name: str = CORRECTED,
        original: bool = True,
        provenance: bool = False,
        token: str | None = None,
        dry_run: Path | None = None,
        message: str | None = None,
        listener: Listener | None = None,
    ) -> Pushed:
        """Push the corrected labels to the dataset ``repo`` (``user/name``) on the Hub, in one commit.

        For the other parameters and errors, see :func:`auditor.correction.push.push.push`.
        """
        from auditor.correction.push.push import push

        return push(
            self.corrections(policy, db=db, filter=filter),
            repo,
            run=self.run,
            private=private,
            create_pr=create_pr,
            config_name=config_name,
            original=original,
            provenance=provenance,
            token=token,
            dry_run=dry_run,
            message=message,
            listener=listener,
        )

    # -- what they gain -----------------------------------------------------------------------------------------

    def retrain(
        self,
        models: Sequence[ModelName] = (),
        policy: Policy | None = None,
        *,
        seeds: Positive = TRAININGS,
        device: str | None = None,
        db: str | None = None,
        listener: Listener | None = None,
    ) -> Retraining:
        """Train on the original and the corrected labels, test on both, and add the results to run and report.

        Parameters
        ----------
        models : sequence of str
            Models to train, of auditor's own only. Default: those of the audit.
        policy, db
            See :class:`Audit`.
        seeds : int
            Number of trainings of each model on each version of the labels.
        device : str, optional
            Device to train on. Default: as in the audit.
        listener : Listener, optional
            Receives the progress.

        Raises
        ------
        CorrectionError
            If the decisions change nothing.
        AuditorError
            As :func:`auditor.audit` does.
        """
        from auditor.retraining import retrain

        with self.log(db, read_only=True) as log:
            return retrain(self.run, log, models, policy, seeds=seeds, device=device, db=db, listener=listener)

    def predictor(self, model: ModelName | None = None, *, device: str | None = None) -> Predictor:
        """Load a model that retraining saved: by default the fine-tuned one, if there is one.

        Raises
        ------
        ModelError
            If the run has no such model, or it is damaged.
        """
        from auditor.evaluation.saved.find import model_of

        return model_of(self.run, model, device or self.run.config.device)

    def predict(
        self, texts: Sequence[str], model: ModelName | None = None, *, device: str | None = None
    ) -> Probabilities:
        """Return the (N, K) probabilities of texts by a model that retraining saved; see :meth:`predictor`."""
        return self.predictor(model, device=device).predict_proba(texts)

    def push_model(
        self, repo: str, *, private: bool = True, token: str | None = None, listener: Listener | None = None
    ) -> str:
        """Push the fine-tuned model that retraining saved to the Hub. Return the URL of its page.

        Raises
        ------
        ModelError
            If the run has no such model.
        HubError
        """
        from auditor.evaluation.saved.find import saved_models
        from auditor.evaluation.saved.publish import push_model

        kept = [name for name in saved_models(self.run) if MODELS[name].saved_as == "transformers"]
        if not kept:
            raise ModelError(
                f"The run {self.directory} has no saved model that transformers can load.",
                f"Train one that it can: auditor retrain {quote(str(self.directory))} --models {LOADABLE}.",
            )
        return push_model(self.run / model_file(kept[0]), repo, private=private, token=token, listener=listener)


@checked
def export(audit: Audit | Run | str | Path, to: str | Path, policy: Policy | None = None, **options: Any) -> Exported:
    """Write the corrected dataset of a finished audit. ``options`` are the keywords of :meth:`Audit.export`.

    >>> auditor.export(audit, "clean.parquet", auditor.Policy(unreviewed="drop"))  # doctest: +SKIP
    """
    return Audit(audit).export(to, policy, **options)
