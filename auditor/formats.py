"""Formats of data files by their names, and a check for missing files that imports nothing slow."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import Literal

from auditor.errors import SourceError
from auditor.wording import listed

Format = Literal["csv", "tsv", "lines", "fasttext", "jsonl", "json", "parquet", "xlsx", "arrow", "parallel", "folders"]
"""Formats of an export."""
FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "lines",
    ".ft": "fasttext",
    ".train": "fasttext",
    ".valid": "fasttext",
    ".test": "fasttext",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
"""File extension → format; a text file's contents may override it."""
PACKED = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zip": "zip"}
"""Second file extension → compression."""
WHOLE = ("parquet", "xlsx")
"""Formats that are compressed already."""
_ARCHIVES = {".7z", ".rar", ".tar", ".tgz", ".zst", ".tar.gz", ".tar.bz2", ".tar.xz"}
_SHEETS = {".ods", ".xls", ".xlsm", ".xlsb"}
_ARRAYS = {".arrow", ".feather", ".pkl"}
OTHER_FILES = {*_ARCHIVES, *_SHEETS, *_ARRAYS, ".dat", ".tab", ".xml"}
_HUB_NAME = re.compile(r"\w[\w.-]*(/[\w.-]+)?", re.ASCII)


def suffix_of(path: Path) -> str:
    """Return the extension, without a compression suffix."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    return "".join(suffixes[:1] if suffixes[1:] and suffixes[1] in PACKED else suffixes[-1:])


def packing_of(path: Path) -> str:
    """Return the compression suffix of a file; empty if it is not compressed."""
    suffix = path.suffix.lower()
    return suffix if suffix in PACKED else ""


def unknown_format(path: Path) -> SourceError:
    """Return the error for a file whose name does not say how to read it."""
    ending = "".join(path.suffixes[-2:]).lower()
    ending = ending if ending in _ARCHIVES else path.suffix
    named = f"its name ends in {ending!r}" if ending else "its name has no extension"
    if ending.lower() in _ARCHIVES:
        todo = "Unpack it and choose the files to read, or their folder."
    elif ending.lower() in _SHEETS:
        todo = "Save it as .xlsx or .csv."
    elif ending.lower() in _ARRAYS:
        todo = "Load it with the library that wrote it, and save it as .parquet or .csv."
    else:
        todo = (
            f"Rename it as what it is: {listed(list(FORMATS), most=20)} (all but {' and '.join(WHOLE)} also with"
            f" {listed(list(PACKED))}); or choose a folder of datasets' save_to_disk, a folder with a subfolder of"
            " texts for each class, or the name of a dataset on the Hub."
        )
    return SourceError(f"{path} has an unknown format: {named}.", todo)


def looks_like_path(source: str) -> bool:
    """Return whether a string that is not a path is more likely a mistyped path than a Hub dataset's name."""
    suffixes = {suffix_of(Path(source)), Path(source).suffix.lower()}
    return not _HUB_NAME.fullmatch(source) or not suffixes.isdisjoint({*FORMATS, *PACKED, *OTHER_FILES})


def check_exists(path: Path) -> None:
    """Refuse a path that does not exist, and suggest similar names.

    Raises
    ------
    SourceError
    """
    if os.path.exists(path):  # unlike Path's own, false for a name that is too long
        return
    folder = path.parent
    if re.match(r"\w{2,}:/", path.as_posix()):
        raise SourceError(
            f"{path.as_posix().replace(':/', '://', 1)} is a URL, not a local file.",
            "Download it and name the file.",
        )
    if not os.path.isdir(folder):
        raise SourceError(f"{path} does not exist, nor does the folder {folder}.", "Check the path.")
    names = sorted(entry.name for entry in folder.iterdir())
    close = difflib.get_close_matches(path.name, names) or [name for name in names if suffix_of(Path(name)) in FORMATS]
    todo = f"Did you mean one of these in {folder}: {listed(close)}?" if close else "Check the path."
    raise SourceError(f"{path} does not exist.", todo)
