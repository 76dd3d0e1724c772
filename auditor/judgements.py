"""Judgements: a finished audit with the decisions on it, what they tell, and models that judge beside people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from auditor.arguments import with_checked_methods
from auditor.config import Positive
from auditor.console import Listener
from auditor.findings import Findings
from auditor.review.judge.plan import JudgePlan
from auditor.run.artifacts import ISSUES
from auditor.vocabulary import Order

if TYPE_CHECKING:
    import pandas as pd

    from auditor.arrays import RowIndex
    from auditor.review.feed.agreement import Agreement
    from auditor.review.feed.certified import CertificateStatus
    from auditor.review.feed.estimate import Estimate
    from auditor.review.judge.judge import Judged
    from auditor.review.judge.measure import Quality
    from auditor.review.log.event import Event
    from auditor.review.log.log import DecisionLog


@with_checked_methods
class Judgements(Findings):
    """A finished audit with the decisions on it; see :class:`auditor.Audit`."""

    @contextmanager
    def log(self, db: str | None = None, *, read_only: bool = False) -> Iterator[DecisionLog]:
        """Open the decision log. If read-only, a missing log reads as an empty one and is not created."""
        from auditor.review.log.opening import opened_log

        with opened_log(self.run, db, read_only=read_only) as log:
            yield log

    def decisions(self, *, db: str | None = None) -> list[Event]:
        """Return every event of the decision log in order, including undone decisions and their undos."""
        with self.log(db, read_only=True) as log:
            return list(log.all_events())

    def export_decisions(self, file: str | Path, *, db: str | None = None) -> int:
        """Write the decision log as JSON Lines. Return the number of events."""
        from auditor.review.log.jsonl import export_log

        with self.log(db, read_only=True) as log:
            return export_log(log, Path(file))

    def import_decisions(self, file: str | Path, *, db: str | None = None) -> tuple[int, int]:
        """Add the events of a file to the decision log, all or none. Return how many were new and already there."""
        from auditor.review.log.jsonl import import_log

        with self.log(db) as log:
            return import_log(log, Path(file))

    def judge(
        self,
        endpoint: str,
        model: str,
        *,
        agree: Callable[[JudgePlan], bool],
        rows: Literal["queue", "blind", "filter"] = "queue",
        filter: str = "",
        guidelines: Path | None = None,
        most: Positive = 200,
        timeout: Annotated[float, Field(gt=0)] = 60.0,
        price_in: Annotated[float, Field(ge=0)] | None = None,
        price_out: Annotated[float, Field(ge=0)] | None = None,
        db: str | None = None,
        listener: Listener | None = None,
    ) -> Judged | None:
        """Have a model on an OpenAI-compatible server judge rows. The texts leave this computer.

        Its verdicts are events of the reviewer ``model:NAME`` that never count as a person's. The key, if the server
        needs one, is read from the environment variable ``AUDITOR_API_KEY``.

        Parameters
        ----------
        endpoint, model : str
            Address of the API, such as ``http://localhost:11434/v1``, and name of the model there.
        agree : callable
            Called with the plan before the first text is sent; False ends it.
        rows : {"queue", "blind", "filter"}
            Flagged rows without a decision, in the learnt order; rows drawn at random and judged by people; or those
            that ``filter`` finds.
        guidelines : Path, optional
            Text file that the model is instructed with. Default: the guidelines in the decision log, if there are any.
        most : int
            Maximum number of rows.
        timeout : float
            Maximum seconds of each request.
        price_in, price_out : float, optional
            Prices of a million tokens.

        Returns
        -------
        Judged or None
            None if ``agree`` returned False.

        Raises
        ------
        ConfigError, EndpointError, SourceError, FilterError, RunDamagedError, LogError
        """
        from auditor.console import Silent
        from auditor.review.feed.replay import replay
        from auditor.review.judge.endpoint import Endpoint
        from auditor.review.judge.judge import Job, Prices, choose_rows
        from auditor.review.judge.prompt import instruction, read_guidelines

        text = read_guidelines(guidelines) if guidelines else None
        with Endpoint(endpoint, model, timeout=timeout) as server, self.log(db) as log:
            found = replay(self.run, log)
            items, in_log = found.verdicts.items, found.verdicts.guidelines
            chosen = choose_rows(found, rows, filter)
            system = instruction(items.label_names, in_log.text if text is None else text)
            prices = Prices(price_in, price_out)
            version = in_log.version if text is None else None
            job = Job.of(items, log, server, system, chosen, most, prices, guidelines=version)
            if not agree(job.plan):
                return None
            with (listener or Silent()).task(f"Asking {model}") as progress:
                return job.run(progress)

    def judge_quality(self, model: str, *, db: str | None = None) -> Quality:
        """Measure a model's precision, recall and agreement on the cards drawn at random that people judged.

        Raises
        ------
        RunDamagedError, LogError
        """
        from auditor.review.feed.replay import replay_draws
        from auditor.review.judge.measure import measure

        with self.log(db, read_only=True) as log:
            return measure(replay_draws(self.run, log), model)

    def estimate(self, *, db: str | None = None) -> Estimate:
        """Estimate how many labels are wrong from the cards drawn at random and judged one by one.

        The 95 % interval holds at all times together: look as often as you like, and stop when you like. A label counts
        as wrong if the reviewers would not uphold it.

        Raises
        ------
        RunDamagedError, LogError
        """
        from auditor.review.feed.estimate import estimate_of
        from auditor.review.feed.replay import replay

        with self.log(db, read_only=True) as log:
            return estimate_of(replay(self.run, log))

    def agreement(self, *, db: str | None = None) -> Agreement:
        """Measure how far the people who judged the same rows agree: Krippendorff's alpha, Cohen's kappa, by class.

        Raises
        ------
        RunDamagedError, LogError
        """
        from auditor.review.feed.agreement import agreement_of
        from auditor.review.feed.replay import replay_draws

        with self.log(db, read_only=True) as log:
            return agreement_of(replay_draws(self.run, log))

    def certify(
        self,
        wrong_at_most: Annotated[float, Field(gt=0, lt=1)],
        *,
        filter: str | None = None,
        label: str | None = None,
        reviewer: str = "auditor",
        misses_allowed: Annotated[int, Field(ge=0)] = 2,
        db: str | None = None,
    ) -> CertificateStatus:
        """Plan the test of a bulk change, or return the state of the plan that is in force.

        The plan is written to the decision log before its first card is read. `auditor review RUN --certify` serves
        its cards; ``export`` with ``Policy(unreviewed="suggest", wrong_at_most=0.05)`` makes the changes that passed.

        Parameters
        ----------
        wrong_at_most : float
            Largest share of the changed rows that may be wrong.
        filter : str, optional
            Rows of a group that get one verdict. Default: change rows to their suggestions.
        label : str, optional
            Label of the group. Default: all its rows keep their given labels.
        reviewer : str
            Who plans it, and makes the verdict of the group.
        misses_allowed : int
            Number of wrong cards with which a set of rows still passes; more of them need more cards.
        db : str, optional

        Raises
        ------
        DecisionError
            If cards of another test of these rows have been judged, or too few rows are left.
        """
        from auditor.correction.decide.corrections import suggestions_of
        from auditor.data import LabeledTexts
        from auditor.review.feed.certified import status_of
        from auditor.review.feed.planning import plan_group, plan_suggestions
        from auditor.review.feed.replay import replay_draws
        from auditor.review.filter.filter import Filter
        from auditor.review.filter.selection import Selection

        with self.log(db) as log:
            verdicts = replay_draws(self.run, log).verdicts
            options = {"misses_allowed": misses_allowed}
            if filter is None:
                probability = suggestions_of(self.run, LabeledTexts.of(self.run)).probability
                test = plan_suggestions(verdicts, probability, wrong_at_most, reviewer, **options)
            else:
                code = None if label is None else verdicts.items.code_of(label)
                rows = Selection(verdicts.items, verdicts).mask(Filter.from_query(filter))
                test = plan_group(verdicts, rows, code, wrong_at_most, reviewer, **options)
            return status_of(test)

    def certificate(self, plan_id: str, *, db: str | None = None) -> CertificateStatus:
        """Return the state of a test by the id of its plan. If a group has passed, make its verdict.

        Raises
        ------
        DecisionError
            If the log has no such plan, or its rows have changed.
        """
        from auditor.review.feed.certified import find_test, status_of
        from auditor.review.feed.planning import apply_group
        from auditor.review.feed.replay import replay_draws

        with self.log(db) as log:
            verdicts = replay_draws(self.run, log).verdicts
            test = find_test(verdicts, plan_id)
            status = status_of(test)
            apply_group(test, verdicts)
            return status

    def order(self, by: Order = "learnt", *, db: str | None = None) -> RowIndex:
        """Return the N rows in an order, as places in the dataset.

        ``audit.texts.table.take(audit.order("learnt"))`` is the dataset, an Arrow table, in the learnt order.

        Parameters
        ----------
        by : {"static", "learnt", "fixes-per-minute"}
            ``static``: as the audit ranked them. ``learnt``: likeliest error first, as learnt from the verdicts; before
            the tenth, the static order. ``fixes-per-minute``: P(error) × P(one other label clearly fits) / expected
            minutes of reading, largest first; short texts come earlier than in the learnt order.
        db : str, optional

        Raises
        ------
        ConfigError
            If there is no such order.
        RunDamagedError, LogError
        """
        from auditor.review.feed.fixes import Fixes
        from auditor.review.feed.replay import replay
        from auditor.review.view.items import Items
        from auditor.review.view.orders import LEARNT, Orders

        if by == "static":
            return Orders(Items.of(self.run)).of()
        with self.log(db, read_only=True) as log:
            found = replay(self.run, log)
            return found.learnt.order if by == LEARNT else Fixes(found.verdicts).order(found.learnt)

    def issues_by(self, order: Order, *, db: str | None = None) -> pd.DataFrame:
        """Return the frame ``issues`` in an order; see :meth:`order`."""
        rank = self.run.load(ISSUES)["rank"].to_numpy()
        frame: pd.DataFrame = self.issues.iloc[rank[self.order(order, db=db)] - 1].reset_index(drop=True)
        return frame
