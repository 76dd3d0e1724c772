"""Parallel files: write a file of texts and one of labels for each split, and ``mapping.txt``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from auditor.correction.export.cells import strings
from auditor.correction.export.tables import SplitTable, split_names
from auditor.data.formats.text.parallel import BETWEEN, MAPPING
from auditor.errors import ExportError
from auditor.formats import packing_of

_SURROUNDED = re.compile(rb"(\s*)(.*?)(\s*)", re.DOTALL)


def write_parallel(parts: Sequence[SplitTable], folder: Path) -> None:
    """Write the splits that have rows.

    Raises
    ------
    ExportError
        If a new label does not fit in a line.
    """
    tokens, mapping = _tokens(parts)
    taken = {MAPPING}
    for part, split in zip(parts, split_names([part.split for part in parts]), strict=True):
        if not part.table.num_rows or part.raw is None:
            continue
        texts, labels = _lines(part, tokens)
        for role, usual, lines in (("texts", "text", texts), ("labels", "labels", labels)):
            about = part.about[role]
            # A run may come from anywhere: a name with a folder in it must not lead out of this one.
            name = str(about["file"]).removesuffix(packing_of(Path(about["file"])))
            if not _is_plain(name) or name.casefold() in taken:
                name = f"{split}_{usual}.txt"
            taken.add(name.casefold())
            _write(folder / name, lines, about)
    if mapping:
        _write(folder / MAPPING, [mapping.encode()], parts[0].about["mapping"])


def _is_plain(name: str) -> bool:
    return name == Path(name).name and "\\" not in name and not name.startswith(".") and bool(name)


def _lines(part: SplitTable, tokens: dict[str, str]) -> tuple[list[bytes], list[bytes]]:
    texts, labels = [], []
    names = strings(part.table[next(iter(part.touched))]).to_pylist()
    for row, name, changed in zip(part.raw.to_pylist(), names, part.changed.tolist(), strict=True):  # type: ignore[union-attr]
        text, _, label = row.rpartition(BETWEEN)
        if changed:
            before, _, after = _SURROUNDED.fullmatch(label).groups()  # type: ignore[union-attr]
            label = before + tokens.get(name, name).encode() + after
        texts.append(text)
        labels.append(label)
    return texts, labels


def _tokens(parts: Sequence[SplitTable]) -> tuple[dict[str, str], str]:
    """Return the token of each class in files of labels, and the mapping with new classes at its end."""
    names = {
        name for part in parts for name in strings(part.table[next(iter(part.touched))]).to_pylist() if name is not None
    }
    if broken := [name for name in names if "\n" in name or "\r" in name]:
        raise ExportError(f"The label {broken[0]!r} has a line break, which a line cannot hold.", "Rename the class.")
    if "mapping" not in parts[0].about:
        return {}, ""
    text = parts[0].about["mapping"]["text"]
    fields = [line.split("\t") if "\t" in line else line.split(maxsplit=1) for line in text.split("\n")]
    tokens = {pair[1].strip(): pair[0].strip() for pair in fields if len(pair) > 1}
    end = "\r\n" if "\r\n" in text else "\n"
    numbers = [int(token) for token in tokens.values() if token.isdecimal()]
    for name in sorted(names - {*tokens}):
        numbers.append(max(numbers, default=-1) + 1)
        tokens[name] = str(numbers[-1])
        text += ("" if text.endswith("\n") else end) + f"{tokens[name]}\t{name}{end}"
    return tokens, text


def _write(path: Path, lines: Iterable[bytes], about: dict[str, Any]) -> None:
    """Write UTF-8 lines in the encoding of the source file."""
    data, encoding = b"".join(lines), str(about["encoding"])
    if encoding not in ("utf-8", "utf8"):
        try:
            data = data.decode().encode(encoding)
        except UnicodeEncodeError as error:
            raise ExportError(
                f"{encoding}, the encoding of {about['file']}, has no {error.object[error.start]!r}.",
                "Export to another format, as UTF-8: --to NAME.csv.",
            ) from None
    path.write_bytes("\ufeff".encode(encoding) * bool(about["marked"]) + data)
