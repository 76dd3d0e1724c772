"""Conditions: the rows that each field of a filter finds, for fields that neither search nor decisions affect."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from auditor.arrays import Codes, Mask, RowIndex
from auditor.errors import FilterError
from auditor.review.filter.filter import KINDS, TIERS, Filter
from auditor.review.view.items import Items

Fields = tuple[str, ...]


def _given(items: Items, filter: Filter) -> Mask:
    return _among(items.given, _codes("given", "label", filter.given, items.label_names), len(items.label_names))


def _suggested(items: Items, filter: Filter) -> Mask:
    codes = _codes("suggested", "label", filter.suggested, items.label_names)
    return _among(items.suggested, codes, len(items.label_names))


def _split(items: Items, filter: Filter) -> Mask:
    return _among(items.split, _codes("split", "split", filter.split, items.splits), len(items.splits))


def _pair(items: Items, filter: Filter) -> Mask:
    return _among(items.pair, np.flatnonzero(among_pairs(items, filter.pair)), len(items.pairs))


def _suspicion(items: Items, filter: Filter) -> Mask:
    low = 0.0 if filter.min_suspicion is None else filter.min_suspicion
    high = 1.0 if filter.max_suspicion is None else filter.max_suspicion
    # Both become float32, like suspicion, so that a displayed 0.9 equals a requested 0.9. NaN is in no range.
    return (items.suspicion >= np.float32(low)) & (items.suspicion <= np.float32(high))


def _issue(items: Items, filter: Filter) -> Mask:
    return items.is_issue if filter.issue else ~items.is_issue


def _kind(items: Items, filter: Filter) -> Mask:
    return _among(items.kind, [KINDS.index(kind) for kind in filter.kind], len(KINDS))


def _tier(items: Items, filter: Filter) -> Mask:
    return _among(items.tier, [TIERS.index(tier) for tier in filter.tier], len(TIERS))


def _duplicate_group(items: Items, filter: Filter) -> Mask:
    return _equal(items.duplicate_group, filter.duplicate_group)


def _group(items: Items, filter: Filter) -> Mask:
    return _equal(items.group, filter.group)


def _ids(items: Items, filter: Filter) -> Mask:
    return rows_of_ids(items, filter.ids)


CONDITIONS: dict[Fields, Callable[[Items, Filter], Mask]] = {
    ("given",): _given,
    ("suggested",): _suggested,
    ("pair",): _pair,
    ("split",): _split,
    ("min_suspicion", "max_suspicion"): _suspicion,
    ("issue",): _issue,
    ("kind",): _kind,
    ("tier",): _tier,
    ("duplicate_group",): _duplicate_group,
    ("group",): _group,
    ("ids",): _ids,
}
"""How to find the rows, by the fields that form one condition."""


def rows_of_ids(items: Items, ids: Sequence[str]) -> Mask:
    """Return the rows of the ids as an (N,) mask. Unknown ids are ignored."""
    found = np.zeros(len(items), dtype=np.bool_)
    rows = items.rows_of(ids)
    found[rows[rows >= 0]] = True
    return found


def among_pairs(items: Items, pairs: Sequence[tuple[str, str]]) -> Mask:
    """Return which of the run's pairs are among ``pairs``, as a (P,) mask."""
    labels, size = [label for pair in pairs for label in pair], len(items.label_names)
    wanted = np.reshape(np.array(_codes("pair", "label", labels, items.label_names), np.int64), (-1, 2))
    found: Mask = np.isin(items.pairs @ (size, 1), wanted @ (size, 1))
    return found


def _codes(field: str, kind: str, names: Sequence[str], choices: Sequence[str]) -> list[int]:
    codes = {name: code for code, name in enumerate(choices)}
    for name in names:
        if name not in codes:
            raise FilterError(
                f"The filter's field {field} is {name!r:.80}, but the run has no such {kind}.",
                f"Choose from {', '.join(choices[:20])}{' …' if len(choices) > 20 else ''}, or clear the filter.",
            )
    return [codes[name] for name in names]


def _equal(values: Codes, code: int | None) -> Mask:
    found: Mask = values == code
    return found


def _among(values: Codes, codes: Sequence[int] | RowIndex, size: int) -> Mask:
    """Return whether each value is one of the codes. -1 never is."""
    wanted = np.zeros(size + 1, dtype=np.bool_)
    wanted[codes] = True
    found: Mask = wanted[values]  # -1 reads the last entry, which is always False
    return found
