"""Label Studio's exports: JSON, JSON_MIN, CSV and TSV.

The format is that of Label Studio 1.x, from ``label_studio_sdk.converter`` 2.1 (JSON_MIN, CSV) and Label Studio's task
serializer (JSON). Its labels are the ``choices`` for a whole text; those for a passage have a ``start``. Neither
``predictions`` nor cancelled annotations are labels. Projects older than 1.0 call annotations ``completions``; they are
read in the same way.

In a corrected task with one annotation, its choice is replaced. Several annotations stay, and another one is appended
with ``"ground_truth": true``, which marks the correct answer in Label Studio; an earlier one loses the mark. It has no
``completed_by``: the importer refuses unknown people, and fills in the importing user if nobody is named.

JSON_MIN, CSV and TSV have a row for each annotation, with the choice in a column named like the question. Label Studio
imports them as data without annotations, so they are read and written as tables: rows of one task are votes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from auditor.data.formats.tools.base import Annotated, Edit, Object, Place, Tool, Value, Vote

TABLE = frozenset({"annotator", "annotation_id", "created_at", "updated_at", "lead_time"})
"""Columns that each row of JSON_MIN, CSV and TSV has."""


class LabelStudio(Tool):
    """Tasks with their annotations, or a table of annotations."""

    name, title, unit = "label-studio", "Label Studio", "task"

    def recognises(self, names: Collection[str], first: Object) -> bool:
        """Look for ``data`` and ``annotations``, or the columns of a table of annotations."""
        if self.flat(names):
            return True
        return "data" in names and _key(names) is not None and isinstance(first.get("data"), dict)

    def flat(self, names: Collection[str]) -> bool:
        """Return whether the layout is JSON_MIN, CSV or TSV."""
        return set(names) >= TABLE

    def homes(self, names: Collection[str]) -> tuple[str | None, frozenset[str]]:
        """Return ``data`` and ``annotations``."""
        return "data", frozenset({"annotations", "completions"})

    def annotated(self, row: Object, place: Place) -> Annotated:
        """Return the choices of each annotation that was not cancelled."""
        data = place.expect(row.get("data"), dict, "data")
        texts = {
            place.name(name, f"data.{name}"): place.text(value, f"data.{name}")
            for name, value in data.items()
            if value is None or isinstance(value, str)
        }
        votes: dict[str, list[Vote]] = defaultdict(list)
        key = _key(row) or "annotations"
        for at, annotation in enumerate(place.optional(row.get(key), list, key)):
            where = f"{key}[{at}]"
            annotation = place.expect(annotation, dict, where)
            if _is_cancelled(annotation):
                continue
            chosen: dict[str, list[Value]] = defaultdict(list)
            target = None
            for number, result in enumerate(place.optional(annotation.get("result"), list, f"{where}.result")):
                inside = f"{where}.result[{number}]"
                if not _is_choice(place.expect(result, dict, inside)):
                    continue
                question = place.name(result.get("from_name"), f"{inside}.from_name")
                chosen[question] += _choices(result, place, inside)
                target = result.get("to_name") if isinstance(result.get("to_name"), str) else None
            rater = _rater(annotation.get("completed_by"), place, f"{where}.completed_by")
            final = annotation.get("ground_truth") is True
            for question, labels in chosen.items():
                if labels:
                    votes[question].append(Vote(tuple(dict.fromkeys(labels)), rater, final, target=target))
        return Annotated(texts, dict(votes))

    def corrections(self, rows: Sequence[Object], question: str, label: Value) -> list[Edit]:
        """Replace the only annotation's choice, else append a ground-truth annotation."""
        (row,) = rows
        key = _key(row) or "annotations"
        found = list(_results(row, key, question))
        annotations = sorted({at for at, _ in found})
        marked = [at for at in annotations if row[key][at].get("ground_truth") is True]
        ours = [at for at in marked if row[key][at].get("completed_by") is None]
        unmarked = [Edit((0, key, at, "ground_truth"), False) for at in marked if at not in ours]
        if ours or len(annotations) == 1:
            places = [(at, number) for at, number in found if at in (ours or annotations)]
            replaced = [Edit((0, key, at, "result", number, "value", "choices"), [label]) for at, number in places]
            return [*replaced, *(unmarked if ours else [])]
        at, number = found[0]
        like = row[key][at]["result"][number]
        result = {
            "value": {"choices": [label]},
            **{name: like[name] for name in ("from_name", "to_name", "type") if name in like},
        }
        new = {"result": [result], "was_cancelled": False, "ground_truth": True}
        return [*unmarked, Edit((0, key, len(row[key])), new)]


def _key(names: Collection[str]) -> str | None:
    """Return the key of the list of annotations."""
    return next((key for key in ("annotations", "completions") if key in names), None)


def _is_cancelled(annotation: Object) -> bool:
    return any(annotation.get(name) is True for name in ("was_cancelled", "skipped"))


def _is_choice(result: Object) -> bool:
    """Return whether a result is a choice for the whole text."""
    value = result.get("value")
    return result.get("type") == "choices" and not (isinstance(value, dict) and "start" in value)


def _choices(result: Object, place: Place, inside: str) -> tuple[Value, ...]:
    value = place.expect(result.get("value"), dict, f"{inside}.value")
    chosen = place.optional(value.get("choices"), list, f"{inside}.value.choices")
    return place.labels(chosen, f"{inside}.value.choices")


def _rater(who: Any, place: Place, key: str) -> str | None:
    """Return the annotator's email address if the export has it, else the number."""
    if isinstance(who, dict):
        who = who.get("email") or who.get("id")
    return None if who is None else str(place.label(who, key)).strip() or None


def _results(row: Object, key: str, question: str) -> Iterator[tuple[int, int]]:
    """Yield the positions of the counted choices: of the annotation, and of the result in it."""
    for at, annotation in enumerate(row[key]):
        if not _is_cancelled(annotation):
            for number, result in enumerate(annotation.get("result") or ()):
                if _is_choice(result) and result["from_name"] == question and result["value"].get("choices"):
                    yield at, number
