"""What a filter means, row by row, as simply as it can be said: the selection is held against it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np

from auditor.review.filter.filter import KINDS, TIERS, Filter
from auditor.review.view.items import Items

Standing = Mapping[int, Mapping[str, str]]
"""Row → reviewer → verdict."""


def find(filter: Filter, items: Items, standing: Standing, me: str | None = None) -> list[int]:
    """Rows that the filter finds, in the order of the dataset."""
    return [row for row in range(len(items)) if _fits(filter, items, standing.get(row, {}), me, row)]


def _fits(filter: Filter, items: Items, decided: Mapping[str, str], me: str | None, row: int) -> bool:
    given, suggested = items.label(items.given[row]), items.label(items.suggested[row])
    suspicion, text = items.suspicion[row], items.text_of(row)
    if filter.given and given not in filter.given:
        return False
    if filter.suggested and suggested not in filter.suggested:
        return False
    if filter.pair and (given, suggested) not in filter.pair:
        return False
    if filter.split and items.splits[items.split[row]] not in filter.split:
        return False
    if filter.text and not re.search(filter.text if filter.regex else re.escape(filter.text), text, re.IGNORECASE):
        return False
    if filter.min_suspicion is not None and not suspicion >= np.float32(filter.min_suspicion):
        return False
    if filter.max_suspicion is not None and not suspicion <= np.float32(filter.max_suspicion):
        return False
    if filter.issue is not None and bool(items.is_issue[row]) != filter.issue:
        return False
    if filter.kind and items.kind[row] not in [KINDS.index(kind) for kind in filter.kind]:
        return False
    if filter.tier and items.tier[row] not in [TIERS.index(tier) for tier in filter.tier]:
        return False
    fits = (_wanted(filter.reviewer, who) and _wanted(filter.verdict, what) for who, what in decided.items())
    if (filter.verdict or filter.reviewer) and not any(fits):
        return False
    if filter.undecided == "anyone" and decided:
        return False
    if filter.undecided == "me" and me in decided:
        return False
    if filter.duplicate_group is not None and items.duplicate_group[row] != filter.duplicate_group:
        return False
    if filter.group is not None and items.group[row] != filter.group:
        return False
    return not filter.ids or items.id_of(row) in filter.ids


def _wanted(chosen: Iterable[str], value: str) -> bool:
    return not chosen or value in chosen
