"""Batches: which rows are whose, when the rows are split among named reviewers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from auditor.access.names import Reviewer
from auditor.arrays import Codes, Mask
from auditor.errors import SourceError
from auditor.review.filter.filter import Filter
from auditor.review.view.items import Items
from auditor.storage import open_file

Batches = Mapping[str, Mask]
"""By reviewer, in the order of their names: the (N,) mask of their rows."""

_MAX_BYTES = 1_000_000
_QUERIES: TypeAdapter[dict[str, str]] = TypeAdapter(dict[Reviewer, str])


def split_rows(items: Items, names: Sequence[str], how: str, people: int, find: Callable[[Filter], Mask]) -> Batches:
    """Split the rows among reviewers: the same rows and names always give the same batches.

    Parameters
    ----------
    items : Items
    names : sequence of str
        Reviewers; at least one.
    how : str
        ``evenly`` deals the rows in the order of suspicion, one after another; ``class`` and ``split`` give whole
        classes or splits, the largest first, to whoever has fewest rows. Otherwise, the name of a JSON file with a
        query of the page for each reviewer: ``{"ann": "given=joy&given=love", "bob": "split=test"}``.
    people : int
        Number of people who judge each row: with ``evenly``, so many batches have it.
    find : callable
        Finds the rows of a filter, for the queries of a file.

    Raises
    ------
    SourceError
        If there is no name, or the file cannot be read or names other people.
    FilterError
        If a query cannot be understood.
    """
    names = sorted(set(names))
    if not names:
        raise SourceError(
            "--assign splits the rows among accounts, and there are none.",
            "Make accounts (auditor user add NAME --auth FILE) and give --auth FILE.",
        )
    if how == "evenly":
        return _evenly(items, names, people)
    if how in ("class", "split"):
        return _by_code(items.given if how == "class" else items.split, items.rank, names)
    return {name: find(Filter.from_query(query)) for name, query in _read_queries(Path(how), names).items()}


def _evenly(items: Items, names: Sequence[str], people: int) -> Batches:
    place = np.empty(len(items), np.int64)
    place[np.argsort(items.rank, kind="stable")] = np.arange(len(items))
    first = (place * people) % len(names)
    return {name: (at - first) % len(names) < people for at, name in enumerate(names)}


def _by_code(codes: Codes, rank: Codes, names: Sequence[str]) -> Batches:
    sizes = np.bincount(codes, minlength=1)
    rows_of = dict.fromkeys(names, 0)
    batches = {name: np.zeros(len(rank), np.bool_) for name in names}
    for code in np.argsort(-sizes, kind="stable").tolist():
        name = min(names, key=lambda reviewer: (rows_of[reviewer], reviewer))
        rows_of[name] += int(sizes[code])
        batches[name] |= codes == code
    return batches


def _read_queries(path: Path, names: Sequence[str]) -> dict[str, str]:
    try:
        with open_file(path) as file:
            queries = _QUERIES.validate_python(json.loads(file.read(_MAX_BYTES)))
    except OSError as error:
        raise SourceError(
            f"--assign {path} cannot be read: {error.strerror or error}.",
            "Use evenly, class, split, or the name of a file.",
        ) from None
    except (ValueError, RecursionError, ValidationError):
        raise SourceError(
            f"{path} is not a JSON object of names and queries.",
            'Write it like {"ann": "given=joy", "bob": "split=test"}.',
        ) from None
    if strangers := sorted(queries.keys() - set(names)):
        raise SourceError(
            f"{path} names {strangers[0]!r:.80}, who has no account.", f"Choose from {', '.join(names[:20])}."
        )
    return dict(sorted(queries.items()))
