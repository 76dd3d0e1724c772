"""doccano's exports of text classification: JSONL, JSON and CSV.

The format is that of doccano 1.8 (``backend/data_export/pipeline``): ``id``, ``text``, the example's ``meta`` columns,
``label`` and ``Comments``. In JSON, ``label`` is a list; in CSV, several labels are joined by ``#``. doccano 1.2 to 1.4
call the text ``data``; older exports have ``labels``, ``meta`` and ``annotation_approver``;
projects of intents have ``cats``. An export does not name the annotators.

The importer accepts ``text`` and ``label`` in the same form, so corrections replace the label.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from auditor.data.formats.tools.base import Annotated, Edit, Object, Place, Tool, Value, Vote

_TEXTS, _LABELS = ("text", "data"), ("label", "labels", "cats")
_MARKS = frozenset({"Comments", "annotation_approver"})


class Doccano(Tool):
    """Examples with their categories."""

    name, title, unit = "doccano", "doccano", "example"

    def recognises(self, names: Collection[str], first: Object) -> bool:
        """Look for an id, a text, a label, and the columns that only doccano has."""
        return "id" in names and bool(_MARKS & {*names}) and None not in (_first(names, _TEXTS), _first(names, _LABELS))

    def homes(self, names: Collection[str]) -> tuple[str | None, frozenset[str]]:
        """Return separate columns."""
        return None, frozenset(_LABELS)

    def annotated(self, row: Object, place: Place) -> Annotated:
        """Return the labels as one anonymous vote."""
        text, key = _first(row, _TEXTS) or "text", _first(row, _LABELS) or "label"
        labels = place.labels(row.get(key), key)
        return Annotated({text: place.text(row.get(text), text)}, {key: [Vote(labels, None)]} if labels else {})

    def settled(self, rows: list[Annotated]) -> list[Annotated]:
        """Split labels at ``#`` if each piece is a label elsewhere; ``C#`` stays whole."""
        labels = {label for row in rows for votes in row.votes.values() for vote in votes for label in vote.labels}

        def cut(vote: Vote) -> Vote:
            pieces = str(vote.labels[0]).split("#") if len(vote.labels) == 1 else []
            return replace(vote, labels=tuple(pieces)) if len(pieces) > 1 and labels.issuperset(pieces) else vote

        return [
            replace(row, votes={question: list(map(cut, votes)) for question, votes in row.votes.items()})
            for row in rows
        ]

    def corrections(self, rows: Sequence[Object], question: str, label: Value) -> list[Edit]:
        """Replace the label, keeping its form."""
        (row,) = rows
        value: Any = [label] if isinstance(row.get(question), list) else label
        return [Edit((0, question), value)]


def _first(names: Collection[str], wanted: Sequence[str]) -> str | None:
    return next((name for name in wanted if name in names), None)
