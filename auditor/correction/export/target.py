"""Target: where a corrected dataset is written, in which format, and what must never be written over."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from auditor.correction.export.formats import FILES, FOLDERS, Format
from auditor.correction.export.tables import split_names
from auditor.data.labeled_texts import Origin
from auditor.data.source import listed
from auditor.errors import ExportError
from auditor.formats import FORMATS, PACKED, WHOLE, packing_of, suffix_of
from auditor.storage import hash_file, read_plain

RECORD = "export.json"
EXCLUDED = "excluded"
_WITHIN = {
    "lines": ("fasttext", "csv", "tsv"),
    "fasttext": ("lines", "csv", "tsv"),
    "jsonl": ("json",),
}
"""What files turn out to hold that are named like others."""
_IN_MEMORY = ("arrow", "dataset", "hub", "frame")


@dataclass(frozen=True)
class Target:
    """Where an export goes.

    Attributes
    ----------
    path : Path
        One file, or a folder that keeps the splits.
    format : str
    is_folder : bool
    is_archive : bool
        Whether it is one file that holds what a folder would.
    """

    path: Path
    format: Format
    is_folder: bool
    is_archive: bool = False

    @property
    def home(self) -> Path:
        """The folder that the files stand in."""
        return self.path if self.is_folder else self.path.parent

    @property
    def record(self) -> str:
        """Name of the record in it."""
        return RECORD if self.is_folder else f"{self.path.name}.{RECORD}"

    @cached_property
    def excluded(self) -> str:
        """Name of the file of the rows that are left out; one that another export has taken is left to it."""
        own = FILES[FOLDERS.get(self.format, self.format)]
        if self.is_folder:
            return EXCLUDED + own
        stem, ending = (self.path.stem, own) if self.is_archive else _cut(self.path)
        name = EXCLUDED + ending
        ours = name in _read_record(self.home / self.record).get("files", {})
        return name if ours or not os.path.lexists(self.home / name) else f"{stem}.{name}"


def find_target(to: Path, format_: Format | None, origin: Origin) -> Target:
    """Tell file from folder, and the format, by the name that is given.

    Raises
    ------
    ExportError
        If the format is unknown, or does not go with the name.
    """
    to = Path(os.path.expanduser(to))
    suffix = suffix_of(to)
    if format_ not in (None, "arrow", *FILES, origin.format):
        raise ExportError(f"There is no format {format_!r}.", f"Choose of {listed([*FILES, 'arrow'], most=9)}.")
    default: Any = "arrow" if origin.format in _IN_MEMORY else origin.format
    if suffix in FORMATS:
        packing, found = packing_of(to), _format_of(suffix, origin)
        if os.path.isdir(to):
            raise ExportError(f"{to} is a folder, not a file.", "Give --to another name.")
        if packing and found in WHOLE:
            kind = "Parquet" if found == "parquet" else "A workbook"
            raise ExportError(f"{to}: {kind} is packed within, not as {packing}.", f"Leave {packing} out of the name.")
        if format_ not in (None, found):
            raise ExportError(
                f"--format {format_} does not go with the name {to.name}.", "Leave --format out, or name a folder."
            )
        target = Target(to, found, is_folder=False)  # type: ignore[arg-type]
        if to.name == EXCLUDED + _cut(to)[1]:
            raise ExportError(f"{to.name} is the name of the file of the rows left out.", "Give --to another name.")
        return target
    if packing_of(to) == ".zip" and not os.path.isdir(to):
        if (format_ or default) == "arrow":
            raise ExportError(f"{to}: datasets read no folder that is packed.", "Name the file in it: NAME.csv.zip.")
        return Target(to, format_ or default, is_folder=False, is_archive=True)
    if to.suffix and format_ is None and not os.path.isdir(to):
        raise ExportError(
            f"{to} is of an unknown format: its name ends in {to.suffix!r}.",
            f"Known are {listed([*dict.fromkeys(FILES.values())], most=9)} (the text formats also with"
            f" {listed(list(PACKED))}). For a folder of that name, say --format as well.",
        )
    if os.path.isfile(to):
        raise ExportError(
            f"{to} is a file; its name ends in no format, so a folder would be made.", "Give --to another name."
        )
    return Target(to, format_ or default, is_folder=True)


def _format_of(suffix: str, origin: Origin) -> str:
    """What the source has in files of that name, whatever it is; else what the name says, ``.json`` one array."""
    own = {suffix_of(Path(str(about.get("file", "")))) for about in origin.options["parts"]}
    if suffix in own and _may_hold(suffix, origin.format):
        return origin.format
    return "json" if suffix == ".json" else FORMATS[suffix]


def _may_hold(suffix: str, format_: str) -> bool:
    """Whether a file of that name may be read as of that format, if only because of what is in it."""
    by_name = FORMATS.get(suffix, "")
    return by_name == format_ or format_ in _WITHIN.get(by_name, ())


def _cut(path: Path) -> tuple[str, str]:
    """A file's name without and with nothing but its extension, that of a packed file included."""
    ending = suffix_of(path) + packing_of(path)
    return path.name[: -len(ending)], ending


def part_files(target: Target, origin: Origin, parts: Sequence[dict[str, Any]]) -> list[str]:
    """Names of the parts' files in a folder: the source's own where the format is the same, else the splits'.

    Parameters
    ----------
    parts : sequence of dict
        What the source says of each part, its ``split`` among it.
    """
    names: list[str] = []
    taken = {RECORD, target.excluded}
    splits = split_names([about["split"] for about in parts])
    for about, split in zip(parts, splits, strict=True):
        own = str(about.get("file", ""))
        # A run may come from anywhere: a name with a folder in it does not lead out of this one.
        fits = (
            origin.format == target.format and own == Path(own).name and _may_hold(suffix_of(Path(own)), target.format)
        )
        base = own if fits else split + FILES[target.format]
        name, number = base, 2
        while name.casefold() in taken:
            name, number = f"{number}-{base}", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names


def check_free(
    target: Target, names: Sequence[str], origin: Origin, force: bool, run: str | None, sources: Sequence[Path]
) -> list[str]:
    """See to it that nothing is lost; the files of an earlier export there that this one does not write.

    With ``force`` an earlier file is written over, but never the source: a file among ``sources``, or one that has
    the bytes, or the name, of a file that was read, unless the record beside it says that this run wrote it. A folder
    must be an earlier export, and hold nothing else.

    Raises
    ------
    ExportError
    """
    home, sources = target.home, [Path(os.path.expanduser(source)).resolve() for source in sources]
    there = [name for name in names if os.path.lexists(home / name)]
    if target.is_folder:
        there = [home.name] if home.is_dir() and any(home.iterdir()) else []
    for path in [target.path, *(home / name for name in names)]:
        if any(_is_or_holds(path, source) for source in sources):
            raise _is_source(path)
    if not there:
        return []
    if not force:
        raise ExportError(
            f"There already: {listed([str(target.path if target.is_folder else home / name) for name in there])}.",
            "Give --to another name, or write over it with --force.",
        )
    record = _read_record(home / target.record)
    files = record.get("files", {})
    if target.is_folder:
        others = sorted(
            {path.relative_to(home).as_posix() for path in home.rglob("*") if not path.is_dir()} - {*files, RECORD}
        )
        if not files or others:
            raise ExportError(
                f"{home} holds what no export wrote: {listed(others) or 'no record of one'}.",
                "Give --to another folder, or remove this one.",
            )
        if _of_run(record) != run:
            _refuse_source_folder(home, files, origin)
        return []
    for name in there:
        ours = _of_run(record) == run and files.get(name, {}).get("sha256") == _hash(home / name)
        if not ours and _was_read(home / name, origin):
            raise _is_source(home / name)
    return [
        name
        for name in files
        if name not in names
        and Path(name).name == name
        and files[name]["sha256"] == _hash(home / name)
        and not _was_read(home / name, origin)
        and not any(_is_or_holds(home / name, source) for source in sources)
    ]


def _is_or_holds(path: Path, source: Path) -> bool:
    """Whether a path is the source, or a folder that it stands in and would go with."""
    if not (os.path.exists(path) and os.path.exists(source)):
        return False
    return path.samefile(source) or (path.is_dir() and path.resolve() in source.parents)


def _refuse_source_folder(home: Path, files: dict[str, Any], origin: Origin) -> None:
    """An export of another run may be what this run has read."""
    read = {about.get("folder") for about in origin.options["parts"]}
    hashes = {about.get("sha256") for about in origin.options["parts"]} - {None}
    if home.name in read or hashes & {_hash(home / name) for name in files}:
        raise _is_source(home)


def _was_read(path: Path, origin: Origin) -> bool:
    parts = origin.options["parts"]
    return any(path.name in _names(about) or about.get("sha256") == _hash(path) for about in parts)


def _names(about: dict[str, Any]) -> set[Any]:
    """Names of the files that a part was read from."""
    return {about.get("file"), about.get("archive")} | {about.get(role, {}).get("file") for role in ("texts", "labels")}


def _is_source(path: Path) -> ExportError:
    return ExportError(
        f"{path} is the source, or a copy of it, and is never written over.",
        "Give --to another name, or another folder.",
    )


def _hash(path: Path) -> str | None:
    return hash_file(path) if path.is_file() else None


def _read_record(path: Path) -> dict[str, Any]:
    """The record of an earlier export; empty if there is none that can be read."""
    try:
        record = json.loads(read_plain(path))
        files = {str(name): dict(about) for name, about in record["files"].items() if isinstance(about["sha256"], str)}
        return {**record, "files": files}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _of_run(record: dict[str, Any]) -> str | None:
    run = record.get("run")
    return str(run["id"]) if isinstance(run, dict) and "id" in run else None
