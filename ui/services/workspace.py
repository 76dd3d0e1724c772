"""Workspace: a run and its decision log, opened for review. Every request works on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from auditor.config import QueueConfig
from auditor.correction.decide.policy import Policy
from auditor.review.batches import split_rows
from auditor.review.feed.agreement import Agreements
from auditor.review.feed.blind import Blind
from auditor.review.feed.estimate import Estimate, Estimator
from auditor.review.feed.feed import Feed
from auditor.review.feed.fixes import Fixes
from auditor.review.feed.known_answers import KnownAnswers, read_answers
from auditor.review.feed.learner import Learner
from auditor.review.feed.people import People
from auditor.review.filter.filter import QUEUE
from auditor.review.filter.selection import Selection
from auditor.review.keys import DEFAULT_KEYS
from auditor.review.log.log import DecisionLog
from auditor.review.view.card import Cards
from auditor.review.view.items import Items
from auditor.review.view.orders import FIXES, LEARNT
from auditor.review.view.queue import Queue
from auditor.review.view.verdicts import Verdicts
from auditor.run import Run
from auditor.run.artifacts import DEFINITIONS
from auditor.vocabulary import LEFT_OUT, VERDICTS

from .certificates import Certificates
from .classes import CurrentClasses
from .edition import Edition
from .overlaps import overlapping


@dataclass(frozen=True)
class Workspace:
    """All parts of a review, created once and shared by many threads.

    Attributes
    ----------
    items : Items
    log : DecisionLog
    verdicts : Verdicts
    selection : Selection
    queue : Queue
    cards : Cards
    feed : Feed
        Cards that the default queue serves.
    estimator : Estimator
    agreements : Agreements
    known_answers : KnownAnswers
        Rows whose answers are known, and how reviewers have judged them.
    people : People
        Figures of each reviewer.
    edition : Edition
    classes : CurrentClasses
    certificates : Certificates
        Tests of bulk changes, in words.
    overlaps : list of dict
        Pairs of labels whose texts are hard to tell apart, with examples; see :func:`overlapping`.
    about : dict
        What ``GET session`` returns to every reviewer.
    """

    items: Items
    log: DecisionLog
    verdicts: Verdicts
    selection: Selection
    queue: Queue
    cards: Cards
    feed: Feed
    estimator: Estimator
    agreements: Agreements
    known_answers: KnownAnswers
    people: People
    edition: Edition
    classes: CurrentClasses
    certificates: Certificates
    overlaps: list[dict[str, Any]]
    about: dict[str, Any]

    def estimate(self, seconds_a_card: float | None = None) -> Estimate:
        """Estimate how many labels are wrong from the decisions that stand now."""
        return self.estimator.estimate(self.feed.learner.learnt.error, seconds_a_card=seconds_a_card)

    @classmethod
    def of(
        cls,
        run: Run,
        log: DecisionLog,
        keys: Mapping[str, str] | None = None,
        mix: QueueConfig | None = None,
        names: Sequence[str] = (),
    ) -> Self:
        """Load a run's rows and the decisions on them. ``names`` are those of the accounts."""
        mix = mix or QueueConfig()
        items = Items.of(run)
        verdicts = Verdicts(items, log)
        learner = Learner.of(run, items, verdicts)
        blind = Blind(verdicts)
        estimator = Estimator(verdicts, blind)
        answers = read_answers(mix.gold, items) if mix.gold else {}
        known_answers = KnownAnswers(verdicts, estimator.served, answers, mix.gold_cards if mix.gold else 0)
        feed = Feed(items, verdicts, blind, learner, mix, known_answers)
        verdicts.catch_up()
        learner.learn()
        fixes = Fixes(verdicts)
        learnt = {LEARNT: lambda: learner.learnt.order, FIXES: lambda: fixes.order(learner.learnt)}
        selection = Selection(items, verdicts, learnt)
        if mix.assign is not None:
            feed.batches = selection.batches = split_rows(items, names, mix.assign, mix.overlap, selection.mask)
        queue = Queue(selection)
        edition = Edition(run)
        about = {
            "run": {
                "id": log.run_id,
                "name": items.name,
                "source": items.source,
                "rows": len(items),
                "judged": int(np.count_nonzero(~np.isnan(items.suspicion))),
                "issues": int(np.count_nonzero(items.is_issue)),
                "flagged_to": items.flagged_to,
                "ranking": edition.ranking,
            },
            "labels": items.label_names,
            "models": items.models,
            "splits": items.splits,
            "verdicts": VERDICTS,
            "left_out": {"choices": LEFT_OUT, "default": Policy().leave_out},
            "sorts": queue.sorts,
            "default_sort": "learnt" if mix.order == "learnt" else "suspicion",
            "keys": dict(keys or DEFAULT_KEYS),
            "has": {
                "map": items.map is not None,
                "kinds": bool((items.kind >= 0).any()),
                "batches": bool(selection.batches),
            },
            "default_query": QUEUE.to_query(),
        }
        cards = Cards(items, verdicts, open=mix.open)
        cards.card(0)  # loads lazy artifacts now: later, an audit may be replacing the run's files
        return cls(
            items=items,
            log=log,
            verdicts=verdicts,
            selection=selection,
            queue=queue,
            cards=cards,
            feed=feed,
            estimator=estimator,
            agreements=Agreements(verdicts, estimator.served),
            known_answers=known_answers,
            people=People(verdicts, estimator.served, known_answers),
            edition=edition,
            classes=CurrentClasses(verdicts),
            certificates=Certificates(verdicts),
            overlaps=overlapping(run, items) if run.has(DEFINITIONS) else [],
            about=about,
        )
