"""Files and ``save_to_disk`` folders → parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from auditor.config import ReadConfig
from auditor.data.delimited import read_delimited
from auditor.data.encoding import line_end, read_utf8
from auditor.data.jsonl import read_json
from auditor.data.lines import read_lines
from auditor.data.parquet import read_parquet
from auditor.data.saved import SAVED, saved_parts
from auditor.data.source import Contents, Part, Source, listed
from auditor.errors import SourceError
from auditor.formats import FORMATS, check_exists, suffix_of
from auditor.storage import hash_file, kind_of

SPLIT_NAMES = {"train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval", "evaluation"}


def read_paths(paths: Sequence[Path], config: ReadConfig) -> Source:
    """Read one or several files, or ``save_to_disk`` folders.

    The splits are the files' names without their extension when there are several files, or when a single one is
    named as a split usually is (``train``, ``val`` …); else the one split is ``all``. A folder's splits are its own.

    Raises
    ------
    SourceError
        If a path is missing, of an unknown format or unreadable, or the splits' names would not be unique.
    """
    paths = [Path(os.path.expanduser(path)) for path in paths]
    formats = {path: format_of(path) for path in paths}
    if len(set(formats.values())) > 1:
        kinds = listed([f"{path.name} ({format_})" for path, format_ in formats.items()])
        raise SourceError(f"Files of several formats were given: {kinds}.", "Give files of one format.")
    format_ = formats[paths[0]]
    if format_ == "arrow":
        parts = [part for path in paths for part in saved_parts(path)]
        _check_unique([part.split for part in parts])
        chosen = select([part.split for part in parts], config.split, listed([path.name for path in paths]))
        parts = [part for part in parts if part.split in chosen]
    else:
        splits = _split_names(paths)
        chosen = select(splits, config.split, listed([path.name for path in paths]))
        parts = [_read_file(path, split, config) for path, split in zip(paths, splits, strict=True) if split in chosen]
    found = {str(part.about.get("format", format_)) for part in parts}
    if len(found) > 1:
        raise SourceError(
            f"{listed([path.name for path in paths])} are partly JSON Lines and partly JSON arrays.",
            "Give files of one layout.",
        )
    options = {"encoding": parts[0].about["encoding"]} if "encoding" in parts[0].about else {}
    return Source(listed([path.name for path in paths], most=4), found.pop(), tuple(parts), options)


def select(splits: Sequence[str], wanted: Sequence[str], source: str) -> list[str]:
    """Choose the wanted splits, all when none is named.

    Raises
    ------
    SourceError
        If one is not there; those that are, are listed.
    """
    unknown = [split for split in wanted if split not in splits]
    if unknown:
        raise SourceError(
            f"{source} has no split {listed([repr(split) for split in unknown])}; it has {listed(splits)}.",
            "Name one of these with --split, or leave it out for all.",
        )
    return [split for split in splits if not wanted or split in wanted]


def format_of(path: Path) -> str:
    """Tell a file's format from its name, and a saved folder by what is in it.

    Raises
    ------
    SourceError
        If the path is missing, or its format unknown.
    """
    if os.path.isdir(path):  # unlike Path's own, false for a name that is too long
        if any((path / name).is_file() for name in SAVED):
            return "arrow"
        files = sorted(entry.name for entry in path.iterdir() if suffix_of(entry) in FORMATS)
        raise SourceError(
            f"{path} is a folder, but not one that datasets' save_to_disk wrote.",
            f"Name the files in it: {listed(files)}." if files else "Name a file, or such a folder.",
        )
    check_exists(path)
    if not path.is_file():
        raise SourceError(f"{path} is {kind_of(path.stat().st_mode)}, not a file.", "Save what it gives to a file.")
    if suffix_of(path) not in FORMATS or (path.suffix.lower() == ".gz" and suffix_of(path) == ".parquet"):
        raise SourceError(
            f"{path} is of an unknown format: its name ends in {path.suffix or 'no extension'!r}.",
            f"Known are {listed(list(FORMATS))} (all but parquet also with .gz), folders of datasets' save_to_disk,"
            " and names of datasets on the Hub.",
        )
    return FORMATS[suffix_of(path)]


def _stem(path: Path) -> str:
    name = path.name[: -len(".gz")] if path.suffix.lower() == ".gz" else path.name
    return Path(name).stem


def _split_names(paths: Sequence[Path]) -> list[str]:
    if len(paths) == 1:
        stem = _stem(paths[0])
        return [stem if stem.casefold() in SPLIT_NAMES else "all"]
    absolute = [path.resolve() for path in paths]
    namings: tuple[Callable[[Path], str], ...] = (
        _stem,
        lambda path: f"{path.parent.name}/{_stem(path)}",
        lambda path: path.name,
        lambda path: f"{path.parent.name}/{path.name}",
    )
    names = [[naming(path) for path in absolute] for naming in namings]
    unique = next((naming for naming in names if len(set(naming)) == len(naming)), names[-1])
    _check_unique(unique)
    return unique


def _check_unique(splits: Sequence[str]) -> None:
    repeated = sorted({split for split in splits if splits.count(split) > 1})
    if repeated:
        raise SourceError(
            f"Several files or folders would be the split {listed(repeated)}.",
            "Name each file once, and give files different names.",
        )


def _read_file(path: Path, split: str, config: ReadConfig) -> Part:
    name, format_ = path.name, FORMATS[suffix_of(path)]
    about: dict[str, Any] = {"file": name, "format": format_}
    if format_ == "parquet":
        table = read_parquet(path)
        return Part(split, table, {**about, "sha256": hash_file(path)})
    decoded = read_utf8(path, config.encoding)
    contents = _contents(decoded.data, name, format_, config)
    if format_ == "jsonl" and contents.about["array"]:
        about["format"] = "json"
    about |= {
        "sha256": hash_file(path),
        "encoding": decoded.encoding,
        "marked": decoded.marked,
        "newline": line_end(decoded.data),
    }
    about["ended"] = decoded.data.endswith((b"\n", b"\r"))
    notes = contents.notes
    if not decoded.exact:
        notes += (f"{name}: {decoded.encoding} has several ways to write some characters; an export takes the usual.",)
    return Part(split, contents.table, {**about, **contents.about}, notes, contents.raw)


def _contents(data: bytes, name: str, format_: str, config: ReadConfig) -> Contents:
    """Read a text file by its format."""
    delimiter = "\t" if config.delimiter == "\\t" else config.delimiter
    if format_ == "jsonl":
        return read_json(data, name)
    if format_ == "lines":
        return read_lines(data, name, delimiter)
    header = config.header and not config.columns
    return read_delimited(data, name, delimiter, quoting=config.quoting, header=header, columns=config.columns)
