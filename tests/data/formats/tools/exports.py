"""Small exports of annotation tools, made to the form that their own code writes, and the way there and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor.config import ReadConfig
from auditor.correction.export.export import write_export
from auditor.correction.export.layouts.verbatim import copied_rows
from auditor.correction.export.tables import corrected_tables
from auditor.data import LabeledTexts, read
from auditor.data.formats.tools.base import Place, Tool
from auditor.errors import RowError
from tests.correction.deciding import relabelled

TEXTS = ["so glad", "hate it", "what a day", "go away", "lovely", "no, no"]
LABELS = ["joy", "anger", "joy", "anger", "joy", "anger"]


ODD: list[Any] = [None, 3, 2.5, True, "x", "", [], {}, [[]], [{}], [None], "\ud800", 2**70, {"a": {"a": [1]}}]
"""Values that most keys do not have."""


def written(path: Path, rows: list[dict[str, Any]], **style: Any) -> Path:
    """Write one object a line, or one array into ``.json``."""
    if path.suffix == ".json":
        path.write_text(json.dumps(rows, **style), "utf-8")
    else:
        path.write_text("".join(json.dumps(row, **style) + "\n" for row in rows), "utf-8")
    return path


def there_and_back(
    path: Path, changes: dict[int, str], to: str | None = None, **options: Any
) -> tuple[LabeledTexts, LabeledTexts, Path]:
    """Read an export, give some rows another label, write it and read that: before, after, and the file."""
    options = {"drop_invalid": True, **options}
    corrections = relabelled(path, changes, config=ReadConfig(**options))
    new = path.with_name(to or f"new-{path.name}")
    write_export(corrections, new, force=True)
    return corrections.texts, read(new, ReadConfig(**options)), new


def rewritten(path: Path, changes: dict[int, str], **options: Any) -> tuple[LabeledTexts, LabeledTexts]:
    """The same without the care that files take: before and after."""
    options = {"drop_invalid": True, **options}
    corrections = relabelled(path, changes, config=ReadConfig(**options))
    tables = corrected_tables(corrections)
    new = path.with_name(f"rewritten-{path.name}")
    new.write_bytes(b"".join(copied_rows(tables, guard=False, raw=False, newline="\n")))
    return corrections.texts, read(new, ReadConfig(**options))


def names(data: LabeledTexts) -> list[str]:
    return [data.label_names[code] for code in data.labels]


def votes(data: LabeledTexts) -> list[tuple[int, str, str]]:
    if data.votes is None:
        return []
    found = zip(data.votes.row, data.votes.rater, data.votes.label, strict=True)
    return [(int(row), data.votes.raters[rater], data.label_names[label]) for row, rater, label in found]


def check(path: Path, changes: dict[int, str], **options: Any) -> Path:
    """Check that the new labels are given when the corrected export is read, and that nothing else has changed."""
    before, after, new = there_and_back(path, changes, **options)
    compare(before, after, changes)
    return new


def compare(before: LabeledTexts, after: LabeledTexts, changes: dict[int, str]) -> None:
    """Check that these rows have these labels, and all others are what they were, byte for byte."""
    expected = names(before)
    for row, label in changes.items():
        expected[row] = label
    assert names(after) == expected
    assert list(after.texts) == list(before.texts)
    alone = {row for row in changes if sum(where == row for where, *_ in votes(before)) < 2}
    assert [vote for vote in votes(after) if vote[0] not in alone] == [
        vote for vote in votes(before) if vote[0] not in alone
    ]
    raws = zip(before.table["raw"].to_pylist(), after.table["raw"].to_pylist(), strict=True)
    assert {row for row, (old, now) in enumerate(raws) if old != now} == set(changes)
    assert before.rejected["raw"].to_pylist() == after.rejected["raw"].to_pylist()


def replaced(row: Any, path: tuple[Any, ...], value: Any) -> Any:
    row = json.loads(json.dumps(row))
    at = row
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return row


def refusal(tool: Tool, row: Any) -> str | None:
    """Read a row: what is wrong with it, if it is refused; else see to it that no vote is without a label."""
    try:
        found = tool.annotated(row, Place(tool.title, "odd.json", 2))
    except RowError as error:
        return error.what
    assert all(vote.labels for votes in found.votes.values() for vote in votes)
    return None
