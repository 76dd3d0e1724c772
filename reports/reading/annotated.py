"""Exports of annotation tools, in which each text has one annotation."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from made import LABELS, Made, pairs

_ANN = "1a1a1a1a-0000-4000-8000-000000000000"
Row = dict[str, Any]


def tool(
    row: Callable[[int, str, str], Row], name: str, surround: Callable[[str], str], characters: str = '"\n\t'
) -> Callable[[random.Random], Made]:
    """Write an object a row, as one array or one a line; ``surround`` adds what stands around a changed label."""

    def make(chance: random.Random) -> Made:
        found = pairs(chance, characters)
        ascii_ = chance.random() < 0.3
        array = name.endswith(".json")

        def written(label: str) -> str:
            return surround(json.dumps(label, ensure_ascii=ascii_))

        def relabel(row: str, old: str, new: str) -> str:
            assert row.count(written(old)) == 1
            return row.replace(written(old), written(new))

        objects = [json.dumps(row(at, *pair), ensure_ascii=ascii_) for at, pair in enumerate(found)]
        rows = [objects[0], *(f",\n{item}" for item in objects[1:])] if array else [item + "\n" for item in objects]
        return Made(name, "[" * array, rows, found, "]\n" * array, config={"drop_invalid": False}, relabel=relabel)

    return make


def _label_studio(at: int, text: str, label: str) -> Row:
    choice = {"value": {"choices": [label]}, "from_name": "mood", "to_name": "text", "type": "choices"}
    note = {"id": at, "completed_by": 1, "result": [choice], "was_cancelled": False}
    return {"id": at, "annotations": [note], "data": {"text": text}}


def _argilla(at: int, text: str, label: str) -> Row:
    return {
        "id": f"r{at}",
        "fields": {"text": text},
        "metadata": {"source": "web"},
        "suggestions": {"label": {"value": "fear", "score": 0.5, "agent": "bert"}},
        "responses": {"label": [{"value": label, "user_id": _ANN}]},
        "vectors": {},
        "status": "completed",
        "_server_id": f"5{at}",
    }


def _doccano(at: int, text: str, label: str) -> Row:
    return {"id": at + 1, "text": text, "source": "web", "label": [label], "Comments": []}


def _prodigy(at: int, text: str, label: str) -> Row:
    return {
        "text": text,
        "meta": {"n": at},
        "_input_hash": -1000 - at,
        "_task_hash": 2000 + at,
        "options": [{"id": option, "text": option.title()} for option in LABELS],
        "_view_id": "choice",
        "accept": [label],
        "config": {"choice_style": "single"},
        "answer": "accept",
        "_timestamp": 1700000000 + at,
        "_annotator_id": "db-ann",
        "_session_id": "db-ann",
    }


TOOLS = {
    "Label Studio": tool(_label_studio, "project.json", lambda label: f'"choices": [{label}]'),
    "Argilla": tool(_argilla, "records.json", lambda label: f'[{{"value": {label}, '),
    "Argilla, lines": tool(_argilla, "records.jsonl", lambda label: f'[{{"value": {label}, '),
    "doccano": tool(_doccano, "all.jsonl", lambda label: f'"label": [{label}]'),
    "doccano, an array": tool(_doccano, "all.json", lambda label: f'"label": [{label}]'),
    "Prodigy": tool(_prodigy, "answers.jsonl", lambda label: f'"accept": [{label}]'),
}
