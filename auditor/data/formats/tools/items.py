"""Items: the rows of an export merged by text, and the given label of each text."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from auditor.arrays import Mask
from auditor.data.formats.tools.base import Annotated, Value, Vote
from auditor.data.labels.votes import Votes, majority


@dataclass(frozen=True)
class Item:
    """A text, its rows, and their votes."""

    rows: list[int]
    text: str | None
    votes: list[Vote]


def gather_items(rows: Sequence[Annotated], field: str, question: str) -> list[Item]:
    """Group the rows by text."""
    items: list[Item] = []
    by_key: dict[Hashable, Item] = {}
    for at, row in enumerate(rows):
        item = Item([], row.texts.get(field), [])
        if row.key is not None:
            item = by_key.setdefault(row.key, item)
        if not item.rows:
            items.append(item)
        item.rows.append(at)
        item.votes.extend(row.votes.get(question, ()))
    return items


def cast(item: Item) -> list[Vote]:
    """Return the votes of people, each with a name; our own corrections are not votes."""
    votes = [vote for vote in item.votes if not (vote.final and vote.rater is None)]
    return [replace(vote, rater=vote.rater or str(at)) for at, vote in enumerate(votes, start=1)]


def is_shared(item: Item) -> bool:
    """Return whether several people have voted."""
    return len({vote.rater for vote in cast(item)}) > 1


def votes_as_json(item: Item) -> str | None:
    """Return the votes as JSON, rater → label, for a column of votes."""
    votes = {vote.rater: vote.labels[0] for vote in cast(item)}
    return json.dumps(votes, ensure_ascii=False) if votes else None


def given_labels(items: Sequence[Item]) -> tuple[list[Value | None], int]:
    """Return each text's label (the final one, else the only one, else the majority label) and the number of ties."""
    labels: list[Value | None] = [None] * len(items)
    open_ = []
    for at, item in enumerate(items):
        final = [vote.labels[0] for vote in item.votes if vote.final]
        chosen = {vote.labels[0] for vote in item.votes}
        if final or len(chosen) == 1:
            labels[at] = final[-1] if final else next(iter(chosen))
        elif chosen:
            open_.append(at)
    if not open_:
        return labels, 0
    most, tied = _majority(items)
    for at in open_:
        labels[at] = most[at]
    return labels, int(tied[open_].sum())


def _majority(items: Sequence[Item]) -> tuple[list[Value | None], Mask]:
    """Return the majority label of each text; ties depend on the raters' agreement over all texts."""
    votes = [(at, vote.rater or "", vote.labels[0]) for at, item in enumerate(items) for vote in cast(item)]
    values = sorted({value for *_, value in votes}, key=lambda value: (isinstance(value, str), value))
    codes = {value: code for code, value in enumerate(values)}
    at, raters, chosen = zip(*votes, strict=True)
    most, tied = majority(Votes.of(at, raters, [codes[value] for value in chosen]), len(items), len(values))
    return [values[code] if code >= 0 else None for code in most], tied
