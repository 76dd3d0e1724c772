"""Choose the question of an export that provides the labels, and the field with the texts."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from auditor.config import ReadConfig
from auditor.data.columns import find_text
from auditor.data.formats.tools.base import Annotated, Tool, legible
from auditor.data.source import Source
from auditor.errors import ColumnError
from auditor.wording import counted, listed


def find_question(rows: Sequence[Annotated], source: Source, config: ReadConfig, tool: Tool) -> str:
    """Return the question that the labels answer.

    Raises
    ------
    ColumnError
        If there is none, the named one does not exist, or there are several and none is named.
    """
    questions = list(dict.fromkeys(question for row in rows for question, votes in row.votes.items() if votes))
    if not questions:
        raise ColumnError(
            f"{source.name}: no {tool.unit} of this export of {tool.title} has a label for its whole text.",
            f"Export labelled {tool.unit}s, or read the columns as they are: --from columns.",
        )
    home = tool.homes(source.parts[0].table.column_names)[1]
    wanted = config.label
    if wanted is not None and wanted not in questions and wanted not in home:
        found = [question for question in questions if wanted in {f"{name}.{question}" for name in home}]
        if not found:
            raise ColumnError(
                f"{source.name}, an export of {tool.title}, has no question {wanted!r}; it has {_quoted(questions)}.",
                "Choose one of these with --label.",
            )
        return found[0]
    if wanted in questions:
        return wanted
    if len(questions) > 1:
        raise ColumnError(
            f"{source.name}, an export of {tool.title}, has labels for several questions: {_quoted(questions)}.",
            "Choose one of these with --label.",
        )
    return questions[0]


def find_field(rows: Sequence[Annotated], question: str, source: Source, config: ReadConfig, tool: Tool) -> str:
    """Return the field with the texts.

    Raises
    ------
    ColumnError
        If there is none, the named one does not exist, or there are several and none is named.
    """
    fields = list(dict.fromkeys(name for row in rows for name, text in row.texts.items() if text is not None))
    home = tool.homes(source.parts[0].table.column_names)[0]
    where = f"{home}." if home else ""
    if not fields:
        raise ColumnError(
            f"{source.name}: no {tool.unit} of this export of {tool.title} has a text.",
            "Export a project of texts, or read the columns as they are: --from columns.",
        )
    if config.text is not None:
        name = config.text.removeprefix(where) if config.text not in fields else config.text
        if name not in fields:
            raise ColumnError(
                f"{source.name}, an export of {tool.title}, has no text {config.text!r}; it has"
                f" {_quoted([where + field for field in fields])}.",
                "Choose one of these with --text.",
            )
        return name
    shown = {vote.target for row in rows for vote in row.votes.get(question, ())} & {*fields}
    for found in (fields, list(shown)):
        if len(found) == 1:
            return found[0]  # type: ignore[return-value]
    if home is None:
        return find_text(pa.schema([(name, pa.string()) for name in fields]), source.name)
    raise ColumnError(
        f"{source.name}, an export of {tool.title}, has several texts in each {tool.unit}:"
        f" {_quoted([where + field for field in fields])}.",
        f"Choose the one that was labelled, for example --text {legible(where + fields[0])}.",
    )


def check_single(rows: Sequence[Annotated], question: str, source: Source, tool: Tool) -> None:
    """Refuse texts with several labels.

    Raises
    ------
    ColumnError
    """
    several = [
        (number, vote)
        for number, row in enumerate(rows, start=1)
        for vote in row.votes.get(question, ())
        if len(vote.labels) > 1
    ]
    if several:
        number, vote = several[0]
        many = len({number for number, _ in several})
        have = "has" if many == 1 else "have"
        shown = listed([f"{label!r:.60}" for label in vote.labels], most=5)
        raise ColumnError(
            f"{source.name}: {counted(many, tool.unit)} of {len(rows):,} {have} several labels for {question!r}, as"
            f" {shown} in object {number:,}: multi-label data is not supported.",
            "Make one dataset for each label (present, absent), or choose another question with --label.",
        )


def _quoted(names: Sequence[str]) -> str:
    return listed([f"'{legible(name)}'" for name in names])
