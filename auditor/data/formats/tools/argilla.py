"""Argilla's exports: ``records.to_json()``, and the flat records of ``to_datasets()`` and ``to_list(flatten=True)``.

The format is that of Argilla 2.x (``argilla/src/argilla/records/_io``). A record is ``{"fields": …, "responses":
{question: [{"value", "user_id"}]}, "suggestions": {question: {"value", "score", "agent"}}}``; a flat one has the fields
as columns, and ``<question>.responses``, ``.responses.users``, ``.responses.status`` and ``<question>.suggestion``.
Responses are votes, unless their status is ``discarded`` or ``draft``; the nested form has no status.
Suggestions come from models and are not labels.

In a corrected record with one response, its value is replaced. Several responses stay, and none can be added: every
response belongs to a user of the server, and a user answers a question only once. Instead, the corrected label becomes
the suggestion of the agent ``auditor``, which ``records.from_json`` accepts and annotators see beside the question. In
a flat record, it goes into the column named like the question, which ``records.log`` reads as a suggestion.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from auditor.data.formats.tools.base import OURS, Annotated, Edit, Object, Place, Tool, Value, Vote

_NESTED = frozenset({"fields", "responses", "suggestions"})
_RESPONSES, _USERS, _STATUS = ".responses", ".responses.users", ".responses.status"
_OTHERS = frozenset({"id", "status", "_server_id", "score"})
"""Columns of a flat record that are not fields."""


class Argilla(Tool):
    """Records with their responses."""

    name, title = "argilla", "Argilla"

    def recognises(self, names: Collection[str], first: Object) -> bool:
        """Look for the three parts of a record, or the columns of a question's responses."""
        return set(names) >= _NESTED or bool(_flat_questions(names))

    def homes(self, names: Collection[str]) -> tuple[str | None, frozenset[str]]:
        """Return ``fields`` and ``responses``, or separate columns."""
        if "fields" in names:
            return "fields", frozenset({"responses"})
        return None, frozenset(name + end for name in _flat_questions(names) for end in ("", _RESPONSES))

    def annotated(self, row: Object, place: Place) -> Annotated:
        """Return the submitted responses, and the suggestion if it is ours."""
        return _nested(row, place) if "fields" in row else _flat(row, place)

    def corrections(self, rows: Sequence[Object], question: str, label: Value) -> list[Edit]:
        """Replace the only response, else set the suggestion."""
        (row,) = rows
        nested = "fields" in row
        if nested:
            suggestion = (row.get("suggestions") or {}).get(question) or {}
            given = [
                (at, response["value"])
                for at, response in enumerate(row["responses"].get(question) or ())
                if _counts(response)
            ]
            ours = suggestion.get("agent") == OURS
        else:
            given = [(at, value) for at, value in _answers(row, question)]
            ours = row.get(question) is not None
        as_list = any(isinstance(value, list) for _, value in given)
        value: Any = [label] if as_list else label
        if len(given) == 1 and not ours:
            path = ("responses", question, given[0][0], "value") if nested else (question + _RESPONSES, given[0][0])
            return [Edit((0, *path), value)]
        if nested:
            return [Edit((0, "suggestions", question), {"value": value, "score": None, "agent": OURS})]
        return [Edit((0, question), label)]


def _nested(row: Object, place: Place) -> Annotated:
    fields = place.expect(row.get("fields"), dict, "fields")
    texts = {
        place.name(name, f"fields.{name}"): place.text(value, f"fields.{name}")
        for name, value in fields.items()
        if value is None or isinstance(value, str)
    }
    votes: dict[str, list[Vote]] = {}
    for question, responses in place.optional(row.get("responses"), dict, "responses").items():
        key = f"responses.{place.name(question, f'responses.{question}')}"
        for at, response in enumerate(place.optional(responses, list, key)):
            response = place.expect(response, dict, f"{key}[{at}]")
            if _counts(response):
                rater = _rater(response.get("user_id"), place, f"{key}[{at}].user_id")
                _add(votes, question, response["value"], rater, place, f"{key}[{at}].value")
    for question, suggestion in place.optional(row.get("suggestions"), dict, "suggestions").items():
        suggestion = place.optional(suggestion, dict, f"suggestions.{question}")
        if suggestion.get("agent") == OURS and suggestion.get("value") is not None:
            _add(votes, question, suggestion["value"], None, place, f"suggestions.{question}.value", final=True)
    return Annotated(texts, votes)


def _flat(row: Object, place: Place) -> Annotated:
    questions = _flat_questions(row)
    texts = {
        name: place.text(value, name)
        for name, value in row.items()
        if (value is None or isinstance(value, str)) and not _is_of_question(name, questions) and name not in _OTHERS
    }
    votes: dict[str, list[Vote]] = {}
    for question in questions:
        for end in (_RESPONSES, _USERS, _STATUS):
            place.optional(row.get(question + end), list, question + end)
        users = row.get(question + _USERS) or []
        for at, value in _answers(row, question):
            rater = _rater(users[at] if at < len(users) else None, place, f"{question}{_USERS}[{at}]")
            _add(votes, question, value, rater, place, f"{question}{_RESPONSES}[{at}]")
        if row.get(question) is not None:
            _add(votes, question, row[question], None, place, question, final=True)
    return Annotated(texts, votes)


def _add(
    votes: dict[str, list[Vote]],
    question: str,
    value: Any,
    rater: str | None,
    place: Place,
    key: str,
    *,
    final: bool = False,
) -> None:
    """Add a vote; answers that are not labels (spans, ranks) are omitted."""
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        return
    labels = place.labels(value, key)
    if labels:
        votes.setdefault(question, []).append(Vote(labels, rater, final))


def _rater(who: Any, place: Place, key: str) -> str | None:
    return None if who is None else str(place.label(who, key)).strip() or None


def _counts(response: Object) -> bool:
    return response.get("value") is not None and response.get("status") in (None, "submitted")


def _answers(row: Object, question: str) -> Iterator[tuple[int, Any]]:
    """Yield the position and value of each counted response of a flat record."""
    status = row.get(question + _STATUS) or []
    for at, value in enumerate(row.get(question + _RESPONSES) or ()):
        if value is not None and (at >= len(status) or status[at] in (None, "submitted")):
            yield at, value


def _flat_questions(names: Collection[str]) -> list[str]:
    questions = (name.removesuffix(_USERS) for name in names if name.endswith(_USERS))
    return [question for question in questions if question + _RESPONSES in names]


def _is_of_question(name: str, questions: Sequence[str]) -> bool:
    return any(name == question or name.startswith(f"{question}.") for question in questions)
