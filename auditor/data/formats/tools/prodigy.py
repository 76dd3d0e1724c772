"""Prodigy's exports: the JSON Lines of ``prodigy db-out``.

The format is inferred from published exports; it was tested neither with a copy of Prodigy nor against its
documentation. A row is one answer. In the *choice* interface, ``accept`` lists the chosen ``options``; in the
*classification* interface, ``label`` is the question and ``answer`` says whether it fits. ``answer: "ignore"`` is not a
label, nor is ``"reject"``, with one exception: if all rows ask about one label ``X``, a reject means the class
``not X``.

Rows with the same ``_input_hash`` are votes of their ``_annotator_id`` (older: ``_session_id``) on one text. Rows with
``versions`` come from the recipe ``review``: they are a reviewer's decisions, and ``versions`` are the votes.

In a corrected text with one answer, the answer is replaced. Several answers stay, and a row like those of ``review`` is
appended, with the answers in ``versions``. ``_task_hash`` is unchanged although it depends on ``label``;
``prodigy db-in --rehash`` should recompute it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from auditor.data.formats.tools.base import OURS, Annotated, Edit, Object, Place, Tool, Value, Vote

_QUESTION = "label"
_MARKS = frozenset({"_input_hash", "_task_hash", "answer"})
_NOT = "not "


class Prodigy(Tool):
    """Answers, of which several may be on one text."""

    name, title, unit = "prodigy", "Prodigy", "text"
    of_one_vote = frozenset(
        {"accept", "answer", "versions", "sessions", "_annotator_id", "_session_id", "_task_hash", "_timestamp"}
    )

    def recognises(self, names: Collection[str], first: Object) -> bool:
        """Look for the two hashes and the answer."""
        return set(names) >= _MARKS

    def homes(self, names: Collection[str]) -> tuple[str | None, frozenset[str]]:
        """Return separate columns."""
        return None, frozenset({"accept", "label", "answer"})

    def annotated(self, row: Object, place: Place) -> Annotated:
        """Return the answer, and for a review also the reviewed answers."""
        text = place.text(row.get("text"), "text")
        answer = _vote(row, place, "")
        votes = []
        for at, version in enumerate(place.optional(row.get("versions"), list, "versions")):
            where = f"versions[{at}]"
            if vote := _vote(place.expect(version, dict, where), place, f"{where}."):
                sessions = place.optional(version.get("sessions"), list, f"{where}.sessions")
                raters = [str(place.label(who, f"{where}.sessions")) for who in sessions]
                votes += [replace(vote, rater=rater) for rater in raters] or [vote]
        if answer:
            votes.append(replace(answer, rater=None, final=True) if _is_review(row) else answer)
        hash_ = row.get("_input_hash")
        key = None if hash_ is None else (place.label(hash_, "_input_hash"), text)
        return Annotated({"text": text}, {_QUESTION: votes} if votes else {}, key)

    def settled(self, rows: list[Annotated]) -> list[Annotated]:
        """Make rejects a class if all rows ask about one label; otherwise they are not votes."""
        votes = [vote for row in rows for vote in row.votes.get(_QUESTION, ())]
        denied = {vote.labels for vote in votes if vote.denied}
        single = len({vote.labels for vote in votes}) == 1

        def settle(vote: Vote) -> Vote:
            return replace(vote, labels=(f"{_NOT}{vote.labels[0]}",)) if vote.denied else vote

        def kept(row: Annotated) -> list[Vote]:
            found = row.votes.get(_QUESTION, [])
            return [settle(vote) for vote in found if single or not vote.denied]

        return [replace(row, votes={_QUESTION: kept(row)}) for row in rows] if denied else rows

    def corrections(self, rows: Sequence[Object], question: str, label: Value) -> list[Edit]:
        """Replace the only answer, or the review's, else append a review."""
        reviews = [at for at, row in enumerate(rows) if _is_review(row) and _answers(row)]
        accepted = [at for at, row in enumerate(rows) if _answers(row)]
        rejected = [at for at, row in enumerate(rows) if row.get("answer") == "reject"]
        given = reviews[-1:] or accepted or rejected or [len(rows) - 1]  # an ignored review has votes
        changes = _changes(rows[given[0]], label)
        if len(given) == 1:
            return [Edit((given[0], key), value) for key, value in changes.items() if rows[given[0]].get(key) != value]
        raters = [str(_rater(rows[at]) or number) for number, at in enumerate(given, 1)]
        versions = [{**rows[at], "sessions": [rater]} for at, rater in zip(given, raters, strict=True)]
        base = {key: value for key, value in rows[given[0]].items() if key != "_timestamp"}
        ours = {"_annotator_id": OURS, "_session_id": OURS, "sessions": raters, "versions": versions}
        return [Edit((len(rows),), {**base, **changes, **ours})]


def _vote(row: Object, place: Place, where: str) -> Vote | None:
    answer = row.get("answer", "accept")
    if answer not in ("accept", "reject", "ignore", None):
        raise place.wrong(answer, '"accept", "reject" or "ignore"', f"{where}answer")
    rater = _rater(row)
    rater = None if rater is None else str(place.label(rater, f"{where}_annotator_id")).strip() or None
    if _is_choice(row):
        labels = place.labels(place.optional(row.get("accept"), list, f"{where}accept"), f"{where}accept")
        return Vote(labels, rater) if labels and answer == "accept" else None
    labels = place.labels(row.get("label"), f"{where}label")
    return Vote(labels, rater, denied=answer == "reject") if labels and answer in ("accept", "reject") else None


def _is_choice(row: Object) -> bool:
    return "accept" in row or "options" in row


def _is_review(row: Object) -> bool:
    return bool(row.get("versions"))


def _answers(row: Object) -> bool:
    """Return whether a row says which label fits."""
    chosen = row.get("accept") or () if _is_choice(row) else (row.get("label"),)
    return row.get("answer", "accept") == "accept" and any(label not in (None, "") for label in chosen)


def _rater(row: Object) -> Any:
    return next((row[key] for key in ("_annotator_id", "_session_id") if row.get(key) is not None), None)


def _changes(row: Object, label: Value) -> dict[str, Any]:
    """Return the values of a row that gives a text this label."""
    if _is_choice(row):
        return {"accept": [label], "answer": "accept"}
    if label == f"{_NOT}{row.get('label')}":
        return {"answer": "reject"}
    return {"label": label, "answer": "accept"}
