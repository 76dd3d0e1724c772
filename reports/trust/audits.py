"""Simulate many audits of one dataset together, card by card, by reviewers with a fixed outcome for every row.

The number comes from auditor.estimate: ``choose_q`` corrects forecasts, ``Wealth`` bets, ``interval`` reads the result.
Only P(error), which the product learns from all it knows of a row, comes from the static order (``bins.py``). Here is
only what the decision log would do: who judges which row when.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from bins import bin_order, fit_bins, mean_p

from auditor.estimate.interval import ALPHA, Interval, Wealth, interval
from auditor.estimate.stream import PENDING, Draws, choose_q

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LIMIT = -np.log(ALPHA)
REFIT = 10
"""Cards after which a learnt order is asked again."""
CARDS = 1_000

Order = Callable[[Ints, Bools, int], tuple[Ints, Floats] | None]
"""A learnt order, to be put in. It is asked every 10 cards, with the outcomes so far (A, N), :data:`PENDING` where
nobody has judged, the rows that were drawn blind (A, N) and the number of cards. It answers with the rows in their new
order (A, N) and with P(error) of every row (A, N), or with None to keep both as they are."""


def keep_order(outcomes: Ints, blind: Bools, cards: int) -> None:
    """The static order, for ever."""


@dataclass(frozen=True)
class Policy:
    """How cards are dealt, and what reviewers do beside judging.

    Attributes
    ----------
    name : str
    blind : float
        Probability that a card is blind.
    closing : int
        The last so many cards are all blind.
    skips : float
        Share of cards that are skipped: errors first, as if reviewers put off what is hard. They come again 100 cards
        later, and are judged.
    undos : float
        Probability that a card is no card, but an earlier verdict is taken back. Its row comes again 30 cards later.
    bulk : int
        Twice, at card 300 and 600, so many rows at the head of the queue get one verdict together.
    logs : int
        Reviewers, each with a log of their own, who take every second row of the order, and merge at card 500.
    drop_skips, count_bulk, leave_out : bool, bool, int
        What must not be done: drop skipped draws; count a bulk verdict as judged (as an error); leave so many rows,
        those that are next in the order and leased to others, out of the draws.
    """

    name: str
    blind: float = 0.0
    closing: int = 0
    skips: float = 0.0
    undos: float = 0.0
    bulk: int = 0
    logs: int = 1
    drop_skips: bool = False
    count_bulk: bool = False
    leave_out: int = 0

    @property
    def settled(self) -> bool:
        """Every draw is settled at once, and no verdict taken back: the end shows all that was shown on the way."""
        return not self.skips and not self.undos


AFTER_SKIP, AFTER_UNDO = 100, 30
BULK_AT = (300, 600)
MERGE_AT = CARDS // 2


@dataclass
class Audits:
    """A audits of the same N rows, in the static order.

    Attributes
    ----------
    outcome : (A, N) bool
        What each audit's reviewers would say of each row.
    """

    outcome: Bools
    policy: Policy
    seed: int
    cards: int = CARDS
    order: Order = keep_order
    ever_missed: Bools = field(init=False)

    def __post_init__(self) -> None:
        audits, rows = self.outcome.shape
        self.rng = np.random.default_rng(self.seed)
        self.rows = rows
        self.every = np.arange(audits)
        logs = self.policy.logs
        # Each log knows the rows that were judged in it, or merged into it.
        self.judged = np.zeros((logs, audits, rows), np.bool_)
        self.found = np.zeros((logs, audits), np.int64)
        self.count = np.zeros((logs, audits), np.int64)
        self.queue = np.broadcast_to(np.arange(rows), (audits, rows))
        self.head = np.zeros((logs, audits), np.int64)
        self.head[:] = np.arange(logs)[:, None]
        self.away = np.zeros((audits, rows), np.bool_)  # out of the ranked queue: waiting, or judged in bulk
        self.bins = bin_order(rows)
        self.bin_rows = np.bincount(self.bins)
        self.bin_judged = np.zeros((logs, audits, len(self.bin_rows)), np.int64)
        self.bin_errors = np.zeros_like(self.bin_judged)
        self.mean_p: Floats | None = None
        most = int(self.cards * min(1, self.policy.blind + 0.12)) + self.policy.closing + 10
        self.errors, self.unknown, self.pool = (np.zeros((audits, most), np.int64) for _ in range(3))
        self.q = np.full((audits, most), 0.5)
        self.drawn = np.full((audits, most), -1)
        self.state = np.full((audits, most), PENDING, np.int8)
        self.served = np.zeros((audits, most), np.int64)
        self.expected = np.zeros((audits, most))
        self.draws = np.zeros(audits, np.int64)
        self.due = np.full((audits, self.cards + AFTER_SKIP + 1), -1)
        self.entered = np.full((audits, rows), -1, np.int32) if self.policy.undos else None
        self.left = np.full((audits, rows), -1, np.int32) if self.policy.undos else None
        self.undone = np.zeros((audits, rows), np.bool_)
        self.history = np.zeros((audits, self.cards + 1), np.int64)
        self.verdicts = np.zeros(audits, np.int64)
        self.total = self.outcome.sum(axis=1)
        self.maker = np.zeros((audits, most), np.int64)
        self.ever_missed = np.zeros(audits, np.bool_)
        rate = self.total / rows
        share = self.policy.skips
        self.skip_error = np.minimum(share / np.maximum(rate, 1e-9), 0.9)
        self.skip_clean = np.maximum(share - self.skip_error * rate, 0) / np.maximum(1 - rate, 1e-9)

    # -- what happens to rows ---------------------------------------------------------------------------------------

    def judge(self, log: int, audits: Ints, rows: Ints, card: int) -> None:
        """A verdict on one row of each of these audits, unless this log has one."""
        new = ~self.judged[log, audits, rows]
        audits, rows = audits[new], rows[new]
        self._enter(log, audits, rows, self.outcome[audits, rows])
        last = np.maximum(self.draws[audits] - 1, 0)
        drawn = self.drawn[audits, last] == rows
        self.state[audits[drawn], last[drawn]] = self.outcome[audits[drawn], rows[drawn]]
        if self.policy.settled:
            return
        which, place = np.nonzero(self.drawn[audits] == rows[:, None])
        self.state[audits[which], place] = self.outcome[audits[which], rows[which]]
        if self.entered is not None and self.left is not None:
            self.history[audits, self.verdicts[audits]] = rows
            self.verdicts[audits] += 1
            back = self.away[audits, rows]
            self._settle(audits[back], rows[back], self.outcome[audits[back], rows[back]], -1)
            self.left[audits, rows] = -1
            self.entered[audits, rows] = card
            self.away[audits, rows] = False

    def _enter(self, log: int, audits: Ints, rows: Ints, errors: Bools) -> None:
        self.judged[log, audits, rows] = True
        self.found[log, audits] += errors
        self.count[log, audits] += 1
        self.bin_judged[log, audits, self.bins[rows]] += 1
        self.bin_errors[log, audits, self.bins[rows]] += errors

    def undo(self, audits: Ints, card: int) -> None:
        """Take back a verdict drawn at random, unless it was taken back before."""
        assert self.left is not None
        audits = audits[self.verdicts[audits] > 0]
        rows = self.history[audits, self.rng.integers(self.verdicts[audits])]
        new = ~self.undone[audits, rows]
        audits, rows = audits[new], rows[new]
        errors = self.outcome[audits, rows]
        self.judged[0, audits, rows] = False
        self.undone[audits, rows] = self.away[audits, rows] = True
        self.found[0, audits] -= errors
        self.count[0, audits] -= 1
        self.bin_judged[0, audits, self.bins[rows]] -= 1
        self.bin_errors[0, audits, self.bins[rows]] -= errors
        self.left[audits, rows] = card
        which, place = np.nonzero(self.drawn[audits] == rows[:, None])
        self.state[audits[which], place] = PENDING
        self._settle(audits, rows, errors, 1)
        self.due[audits, card + AFTER_UNDO] = rows

    def _settle(self, audits: Ints, rows: Ints, errors: Bools, sign: int) -> None:
        """The pools of earlier draws lose (1) the outcome of a row that they left out, or have it again (-1)."""
        assert self.entered is not None
        assert self.left is not None
        entered, left = self.entered[audits, rows][:, None], self.left[audits, rows][:, None]
        used = np.arange(self.served.shape[1]) < self.draws[audits][:, None]
        had = (self.served[audits] > entered) & (self.served[audits] < left) & (left >= 0) & used
        self.unknown[audits] += sign * had
        self.errors[audits] -= sign * had * errors[:, None].astype(np.int64)

    # -- what is dealt ----------------------------------------------------------------------------------------------

    def draw(self, log: int, audits: Ints, card: int) -> Ints:
        """A blind draw in each of these audits."""
        rows = self.rng.integers(self.rows, size=len(audits))
        barred = self._barred(log, audits)
        while (redrawn := barred(rows)).any():
            rows[redrawn] = self.rng.integers(self.rows, size=np.count_nonzero(redrawn))
        # Until logs are merged, each knows its own draws alone.
        decided = self.state[audits] != PENDING
        if self.policy.logs > 1:
            merged = (self.served[audits] < MERGE_AT) & (card >= MERGE_AT)
            decided &= (self.maker[audits] == log) | merged
        chances = self._mean_p(log, audits)
        place = self.draws[audits]
        self.q[audits, place] = choose_q(
            chances, (self.expected[audits] * decided).sum(axis=1), (self.state[audits] * decided).sum(axis=1)
        )
        self.errors[audits, place] = self.found[log, audits]
        self.pool[audits, place] = self.rows - self.count[log, audits]
        self.drawn[audits, place] = rows
        self.served[audits, place] = card
        self.maker[audits, place] = log
        self.expected[audits, place] = chances
        self.draws[audits] += 1
        # Another log may have judged the row.
        anywhere = self.judged[:, audits, rows].any(axis=0)
        self.state[audits, place] = np.where(anywhere, self.outcome[audits, rows], PENDING)
        return rows

    def _barred(self, log: int, audits: Ints) -> Callable[[Ints], Bools]:
        """Whether rows cannot be drawn: judged, or (which must not be) leased to others."""
        if not self.policy.leave_out:
            return lambda rows: self.judged[log, audits, rows]
        leased = np.zeros((len(audits), self.rows), np.bool_)
        open_rows = ~self.judged[log, audits]
        leased[open_rows & (np.cumsum(open_rows, axis=1) <= self.policy.leave_out)] = True
        own = np.arange(len(audits))
        return lambda rows: self.judged[log, audits, rows] | leased[own, rows]

    def _mean_p(self, log: int, audits: Ints) -> Floats:
        if self.mean_p is not None:  # of the learnt order: of every row
            unread = ~self.judged[log, audits]
            return (self.mean_p[audits] * unread).sum(axis=1) / np.maximum(unread.sum(axis=1), 1)
        judged = self.bin_judged[log, audits]
        return mean_p(fit_bins(judged, self.bin_errors[log, audits]), self.bin_rows - judged)

    def next_ranked(self, log: int, audits: Ints) -> Ints:
        """The first row of the queue that this log has not judged and that is not away."""
        step, head = self.policy.logs, self.head[log]
        while True:
            rows = self.queue[audits, head[audits]]
            stale = self.judged[log, audits, rows] | self.away[audits, rows]
            if not stale.any():
                return rows
            head[audits[stale]] += step

    def judge_in_bulk(self) -> None:
        """One verdict on the rows at the head of the queue; nobody has judged them one by one."""
        for audit in self.every:
            rows = np.flatnonzero(~self.judged[0, audit] & ~self.away[audit])[: self.policy.bulk]
            self.away[audit, rows] = True
            if self.policy.count_bulk:
                for row in rows:
                    self._enter(0, np.array([audit]), np.array([row]), np.array([True]))

    def merge(self) -> None:
        """Each log learns what the others have judged."""
        union = self.judged.any(axis=0)
        for log in range(self.policy.logs):
            audits, rows = np.nonzero(union & ~self.judged[log])
            self.judged[log] = union
            errors = self.outcome[audits, rows]
            np.add.at(self.found[log], audits, errors)
            np.add.at(self.count[log], audits, 1)
            np.add.at(self.bin_judged[log], (audits, self.bins[rows]), 1)
            np.add.at(self.bin_errors[log], (audits, self.bins[rows]), errors)

    # -- the audit --------------------------------------------------------------------------------------------------

    def run(self) -> Audits:
        """Deal all cards, and look at the interval after every one of them."""
        for card in range(self.cards):
            self.deal(card)
        if self.policy.settled:
            self.look(self.every)
        return self

    def deal(self, card: int) -> None:
        """One card in every audit."""
        log = card % self.policy.logs
        if self.policy.bulk and card in BULK_AT:
            self.judge_in_bulk()
        if self.policy.logs > 1 and card == MERGE_AT:
            self.merge()
        self.learn(card)
        chance = self.rng.random(len(self.every))
        due = self.due[:, card]
        late = due >= 0
        late &= ~self.judged[log, self.every, np.maximum(due, 0)]
        undoes = ~late & (self.rng.random(len(self.every)) < self.policy.undos)
        blind = ~late & ~undoes & ((chance < self.policy.blind) | (card >= self.cards - self.policy.closing))
        ranked = ~late & ~undoes & ~blind
        rows = np.where(late, due, -1)
        rows[blind] = self.draw(log, self.every[blind], card)
        rows[ranked] = self.next_ranked(log, self.every[ranked])
        shown = ~undoes
        skips = shown & ~late & self._skips(rows)
        judges = shown & ~skips
        self.judge(log, self.every[judges], rows[judges], card)
        if skips.any():
            self.skip(self.every[skips], rows[skips], blind[skips], card)
        if undoes.any():
            self.undo(self.every[undoes], card)
        if not self.policy.settled:
            self.look(self.every[blind | late | undoes])

    def learn(self, card: int) -> None:
        """Ask a learnt order what comes next."""
        if self.order is keep_order or card % REFIT:
            return
        seen = np.where(self.judged[0], self.outcome.astype(np.int64), PENDING)
        blind = np.zeros_like(self.outcome)
        used = self.drawn >= 0
        blind[np.nonzero(used)[0], self.drawn[used]] = True
        found = self.order(seen, blind, card)
        if found is not None:
            self.queue, self.mean_p = found
            self.head[:] = 0

    def _skips(self, rows: Ints) -> Bools:
        if not self.policy.skips:
            return np.zeros(len(rows), np.bool_)
        hard = self.outcome[self.every, np.maximum(rows, 0)]
        return self.rng.random(len(rows)) < np.where(hard, self.skip_error, self.skip_clean)

    def skip(self, audits: Ints, rows: Ints, blind: Bools, card: int) -> None:
        """Put rows off: drawn ones are pending."""
        self.away[audits, rows] = True
        if not self.policy.drop_skips:
            self.due[audits, card + AFTER_SKIP] = rows
            return
        audits = audits[blind]
        self.draws[audits] -= 1
        self.drawn[audits, self.draws[audits]] = -1

    # -- the number -------------------------------------------------------------------------------------------------

    def all_draws(self, audits: Ints) -> Draws:
        """The audits' draws; behind the last one of an audit, draws whose factor is 1 (pending, of certain outcome)."""
        most = int(self.draws[audits].max(initial=0))
        used = np.arange(most) < self.draws[audits][:, None]
        columns = (self.errors, self.unknown, self.pool, self.q, self.state)
        errors, unknown, pool, q, state = (values[audits, :most] for values in columns)
        return Draws(
            np.where(used, errors, 0),
            np.where(used, unknown, 0),
            np.where(used, pool, self.rows),
            np.where(used, q, 0.5),
            np.where(used, state, PENDING).astype(np.int8),
        )

    def look(self, audits: Ints) -> None:
        """Whether the interval, running intersection included, misses the true number now."""
        audits = audits[self.draws[audits] > 0]
        if len(audits):
            draws, total = self.all_draws(audits), self.total[audits]
            wealth = Wealth(draws)
            with np.errstate(invalid="ignore"):
                worst = wealth.log_largest(total)
            # Only where the rules are broken can a pool contradict the truth.
            impossible = ((wealth.low > total[:, None]) | (wealth.high < total[:, None])).any(axis=1)
            contradicted = (self.found.max(axis=0)[audits] > total) & self.policy.count_bulk
            self.ever_missed[audits] |= ~(worst < LIMIT) | impossible | contradicted

    def all_found(self) -> Ints:
        """Errors found in each audit, in all logs together."""
        return np.asarray((self.judged.any(axis=0) & self.outcome).sum(axis=1))

    def intervals(self, audits: int) -> list[Interval]:
        """The intervals of the first so many audits, as the product shows them."""
        every = []
        union = self.judged.any(axis=0)
        for audit in range(min(audits, len(self.every))):
            count = self.draws[audit]
            columns = (self.errors, self.unknown, self.pool, self.q, self.state)
            draws = Draws(*(values[audit, :count] for values in columns))
            q = float(self.q[audit, count - 1]) if count else 0.1
            judged = int(union[audit].sum())
            found = int((union[audit] & self.outcome[audit]).sum())
            every.append(interval(draws, rows=self.rows, judged=judged, found=found, q=q))
        return every
