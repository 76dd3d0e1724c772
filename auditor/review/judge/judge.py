"""Judge: have a model label some rows, one request each, and write its verdicts to the log as they come."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any, Literal, get_args

from auditor.access.names import model_reviewer
from auditor.arrays import Mask
from auditor.errors import EndpointError, InputError
from auditor.review.feed.replay import Replayed
from auditor.review.filter.filter import Filter
from auditor.review.filter.selection import Selection
from auditor.review.judge.endpoint import Endpoint, Reply
from auditor.review.judge.plan import JudgePlan
from auditor.review.judge.prompt import hash_of, tokens_about
from auditor.review.log.event import Event
from auditor.review.log.log import DecisionLog
from auditor.review.log.parts import ModelAnswer
from auditor.review.view.items import Items

Which = Literal["queue", "blind", "filter"]
"""Rows that a model may be asked about."""
SECONDS_A_ROW = 2.0
"""Assumed seconds of a request before any has been made."""
FAILURES = 5
"""Number of requests in a row without a usable answer after which the model is not asked any more."""


@dataclass(frozen=True)
class Prices:
    """Price of a million tokens, in any currency; None where unknown."""

    tokens_in: float | None = None
    tokens_out: float | None = None

    def cost(self, tokens_in: int, tokens_out: int) -> float | None:
        """Return the cost of some tokens; None if a price is unknown."""
        if self.tokens_in is None or self.tokens_out is None:
            return None
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / 1_000_000


@dataclass(frozen=True)
class Judged:
    """What a model has answered.

    Attributes
    ----------
    asked, judged : int
        Requests, and rows that got a verdict.
    without : dict of str to int
        Number of requests without a verdict, by reason.
    tokens_in, tokens_out : int
    cost : float or None
    seconds : float
    """

    asked: int
    judged: int
    without: dict[str, int]
    tokens_in: int
    tokens_out: int
    cost: float | None
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Job:
    """Rows that a model is to judge.

    Attributes
    ----------
    items : Items
    log : DecisionLog
    endpoint : Endpoint
    instruction : str
    rows : sequence of int
        In the order of asking, without those judged before.
    plan : JudgePlan
    prices : Prices
    """

    items: Items
    log: DecisionLog
    endpoint: Endpoint
    instruction: str
    rows: Sequence[int]
    plan: JudgePlan
    prices: Prices

    @classmethod
    def of(
        cls,
        items: Items,
        log: DecisionLog,
        endpoint: Endpoint,
        instruction: str,
        chosen: Sequence[int],
        most: int,
        prices: Prices,
        *,
        guidelines: str | None = None,
    ) -> Job:
        """Plan to ask about at most ``most`` of the chosen rows, without those judged before."""
        before = log.judged(model_reviewer(endpoint.model))
        done = {
            (event.item_id, event.item_hash)
            for event in before
            if event.origin and event.origin.instruction == hash_of(instruction)
        }
        left = [row for row in chosen if (items.id_of(row), items.hash_of(row)) not in done]
        rows = left[:most]
        tokens = [tokens_about(instruction, items.text_of(row)) for row in rows]
        tokens_in, tokens_out = (sum(part) for part in zip(*tokens, strict=True)) if tokens else (0, 0)
        a_row = median([event.seconds for event in before if event.seconds is not None] or [SECONDS_A_ROW])
        plan = JudgePlan(
            model=endpoint.model,
            host=endpoint.host,
            is_local=endpoint.is_local,
            rows=len(rows),
            judged_before=len(chosen) - len(left),
            more=len(left) - len(rows),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost=prices.cost(tokens_in, tokens_out),
            seconds=len(rows) * a_row,
            guidelines=guidelines,
        )
        return cls(items, log, endpoint, instruction, rows, plan, prices)

    def run(self, progress: Callable[[int, int], None]) -> Judged:
        """Ask about every row. Each verdict is in the log before the next request.

        Parameters
        ----------
        progress : callable
            Called with the rows done and all rows.

        Raises
        ------
        EndpointError
            If the server cannot be used, or has given no usable answer several times in a row.
        """
        replies: list[Reply] = []
        for number, row in enumerate(self.rows, start=1):
            reply = self.endpoint.ask(self.instruction, self.items.text_of(row), self.items.label_names)
            replies.append(reply)
            if reply.label is not None:
                self.log.append([self._event(row, reply, reply.label)])
            elif len(replies) >= FAILURES and not any(late.label for late in replies[-FAILURES:]):
                raise EndpointError(
                    f"{self.endpoint.model} has given no usable answer {FAILURES} times in a row: "
                    f"{', '.join(sorted({late.status for late in replies[-FAILURES:]}))}.",
                    "Choose another model, or more time with --timeout. The verdicts so far are in the log.",
                )
            progress(number, len(self.rows))
        tokens_in, tokens_out = sum(r.tokens_in for r in replies), sum(r.tokens_out for r in replies)
        return Judged(
            asked=len(replies),
            judged=sum(reply.label is not None for reply in replies),
            without=dict(Counter(reply.status for reply in replies if reply.label is None)),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost=self.prices.cost(tokens_in, tokens_out),
            seconds=sum(reply.seconds for reply in replies),
        )

    def _event(self, row: int, reply: Reply, label: str) -> Event:
        items = self.items
        keeps = label == items.label_names[items.given[row]]
        return Event(
            event_id=secrets.token_urlsafe(16),
            run_id=self.log.run_id,
            kind="judge",
            item_id=items.id_of(row),
            item_hash=items.hash_of(row),
            reviewer=model_reviewer(self.endpoint.model),
            verdict="keep" if keeps else "relabel",
            new_labels=() if keeps else (label,),
            at=datetime.now(UTC),
            seconds=reply.seconds,
            source="queue",
            origin=ModelAnswer(
                instruction=hash_of(self.instruction), tokens_in=reply.tokens_in, tokens_out=reply.tokens_out
            ),
        )


def choose_rows(found: Replayed, which: Which, query: str = "") -> list[int]:
    """Choose the rows to ask about, in the order of asking; see :meth:`auditor.Audit.judge`.

    Raises
    ------
    InputError
        If the choice is unknown.
    FilterError
        If the filter cannot be understood.
    """
    if which not in get_args(Which):
        raise InputError(f"rows is {which!r:.80}, which is unknown.", f"Choose from {', '.join(get_args(Which))}.")
    verdicts = found.verdicts
    if which == "blind":
        return list(dict.fromkeys(row for _, row in found.blind.settled()))
    wanted: Mask = verdicts.items.is_issue & (verdicts.bits() == 0)
    if which == "filter":
        wanted = Selection(verdicts.items, verdicts).mask(Filter.from_query(query))
    return found.learnt.order[wanted[found.learnt.order]].tolist()  # type: ignore[no-any-return]
