"""Opinion: the verdict that stands for a row that several people have judged one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from auditor.review.log.event import TOGETHER, Event


def leading_vote(votes: Iterable[Event]) -> Event | None:
    """Return a vote for the most frequent verdict and labels; at a tie, the first vote for one of the most frequent.

    Bulk and imported verdicts do not count, nor does *unsure*. An adjudication settles the row.

    Parameters
    ----------
    votes : iterable of Event
        Standing decisions on one row, and its adjudications.

    Returns
    -------
    Event or None
        None if nobody has judged the row one by one.
    """
    counted = [vote for vote in votes if vote.source not in TOGETHER and vote.verdict != "unsure"]
    counted.sort(key=lambda vote: (vote.at, vote.event_id))
    if settled := [vote for vote in counted if vote.adjudication]:
        return settled[-1]
    votes_of = Counter((vote.verdict, vote.new_labels) for vote in counted)
    most = max(votes_of.values(), default=0)
    return next((vote for vote in counted if votes_of[vote.verdict, vote.new_labels] == most), None)


def label_of(vote: Event, given: str) -> str | None:
    """Return the one label that a vote assigns to a row; None if it assigns several or none."""
    if vote.verdict == "keep":
        return given
    return vote.new_labels[0] if vote.verdict == "relabel" else None
