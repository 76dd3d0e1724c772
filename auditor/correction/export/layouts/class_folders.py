"""Class folders: write every file unchanged, in the folder of its text's new class."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from auditor.correction.export.cells import strings
from auditor.correction.export.tables import SplitTable
from auditor.data.formats.files.packed import is_junk
from auditor.errors import ExportError
from auditor.wording import counted, listed

_UNSAFE = re.compile(r"[/\\\x00-\x1f\x7f" + r'<>:"|?*' * (os.name == "nt") + "]")
_LONGEST = 255
"""Maximum bytes of a name."""


def write_class_folders(parts: Sequence[SplitTable], folder: Path) -> list[str]:
    """Write all files. Return a note on files renamed because their name was taken.

    Raises
    ------
    ExportError
        If a class, or a path in a received run, cannot be a folder inside the target.
    """
    renamed = []
    taken = {path.casefold() for part in parts for path, _, changed in _rows(part) if not changed}
    for part in parts:
        assert part.raw is not None
        for (path, label, changed), raw in zip(_rows(part), part.raw.to_pylist(), strict=True):
            place = list(PurePosixPath(path).parts)
            at = int(part.about["class_at"])
            if changed and at < len(place):
                place[at] = label
                _check(place)
                name = _free("/".join(place), taken)
                if name != "/".join(place):
                    renamed.append(name)
                place = name.split("/")
            _check(place)
            file = folder.joinpath(*place)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(raw)
    if not renamed:
        return []
    return [f"{counted(len(renamed), 'file')} renamed, because the name was taken: {listed(renamed)}."]


def _rows(part: SplitTable) -> Iterator[tuple[str, str, bool]]:
    """Yield path, label, and whether the label has changed."""
    columns = (strings(part.table[name]).to_pylist() for name in ("file", "label"))
    return zip(*columns, part.changed.tolist(), strict=True)


def _free(path: str, taken: set[str]) -> str:
    """Find a free name, ignoring case as some file systems do, and reserve it."""
    name, number = path, 2
    original = PurePosixPath(path)
    while name.casefold() in taken:
        name, number = str(original.with_name(f"{original.stem}-{number}{original.suffix}")), number + 1
    taken.add(name.casefold())
    return name


def _check(place: Sequence[str]) -> None:
    for name in place or [""]:
        if not name or name.startswith(".") or is_junk(name) or _UNSAFE.search(name) or len(name.encode()) > _LONGEST:
            raise ExportError(
                f"{name[:80]!r} cannot be the name of a folder or file.",
                "Give the class another name, or export to a file: --to NAME.csv, NAME.jsonl or NAME.parquet.",
            )
