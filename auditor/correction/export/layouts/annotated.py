"""Rows of an annotation tool's export: write a corrected label where the tool reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.correction.export.layouts.json_text import JsonStyle, is_compact, objects, put
from auditor.data.formats.text.encoding import line_end
from auditor.data.formats.tools import TOOLS
from auditor.data.formats.tools.base import Edit
from auditor.errors import ExportError


@dataclass(frozen=True)
class AnnotatedRows:
    """Layout of one text's rows in JSON Lines or an array.

    Attributes
    ----------
    about : dict
        Facts from reading: the tool, its question, and the style of the file.
    """

    about: Mapping[str, Any]

    def edit(self, row: bytes, values: Mapping[str, Any]) -> bytes:
        """Change the label of the text, and mirror columns in the rows that state it."""
        try:
            return self._edited(row.decode(), values).encode()
        except RecursionError:
            raise ExportError(
                f"A row of {self.about['file']} is nested too deeply to be rewritten:"
                f" {row[:60].decode('utf-8', 'replace')!r}.",
                "Export to another format: --to NAME.csv, or NAME.parquet.",
            ) from None

    def _edited(self, text: str, values: Mapping[str, Any]) -> str:
        rows = [json.loads(text[begin:end]) for begin, end in objects(text)]
        tool = TOOLS[self.about["tool"]["name"]]
        edits = tool.corrections(rows, self.about["tool"]["question"], values[self.about["tool"]["label"]])
        mirrors = [(name, value) for name, value in values.items() if name != self.about["tool"]["label"]]
        edits += [Edit((at, name), value) for at in sorted({at for (at, *_), _ in edits}) for name, value in mirrors]
        for (at, *path), value in edits:
            assert isinstance(at, int)
            text = self._put(text, at, path, value)
        return text

    def _put(self, text: str, at: int, path: Sequence[str | int], value: Any) -> str:
        spans, style = objects(text), JsonStyle.of(self.about)
        if at < len(spans):
            return put(text, spans[at][0], path, value, style)
        end = spans[-1][1]
        new = style.dumped(value, compact=is_compact(text))
        if not self.about["array"]:
            return text[:end] + line_end(text.encode()) + new + text[end:]
        return f"{text[:end]},{text[: spans[0][0]].lstrip(', ')}{new}{text[end:]}"
