"""Target: path and format of a corrected dataset, and checks against overwriting other files."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from auditor.correction.export.formats import FILES, FOLDERS
from auditor.correction.export.tables import split_names
from auditor.data.labeled_texts import Origin
from auditor.errors import ExportError
from auditor.formats import FORMATS, PACKED, WHOLE, Format, packing_of, suffix_of
from auditor.run.overwriting import check_place
from auditor.storage import hash_file, read_plain
from auditor.wording import listed

RECORD = "export.json"
EXCLUDED = "excluded"
_MAY_HOLD = {
    "lines": ("fasttext", "csv", "tsv"),
    "fasttext": ("lines", "csv", "tsv"),
    "jsonl": ("json",),
}
"""Formats that a file named for another format may hold."""
_IN_MEMORY = ("arrow", "dataset", "hub", "frame")


@dataclass(frozen=True)
class Target:
    """Destination of an export.

    Attributes
    ----------
    path : Path
        A file, or a folder that keeps the splits.
    format : str
    is_folder : bool
    is_archive : bool
        Whether it is a single file with the contents of a folder.
    """

    path: Path
    format: Format
    is_folder: bool
    is_archive: bool = False

    @property
    def home(self) -> Path:
        """Folder that holds the files."""
        return self.path if self.is_folder else self.path.parent

    @property
    def record(self) -> str:
        """Name of the record in that folder."""
        return RECORD if self.is_folder else f"{self.path.name}.{RECORD}"

    @cached_property
    def excluded(self) -> str:
        """Name of the file of rows left out, distinct from that of another export."""
        own = FILES[FOLDERS.get(self.format, self.format)]
        if self.is_folder:
            return EXCLUDED + own
        stem, ending = (self.path.stem, own) if self.is_archive else _split_name(self.path)
        name = EXCLUDED + ending
        is_own = name in _read_record(self.home / self.record).get("files", {})
        return name if is_own or not os.path.lexists(self.home / name) else f"{stem}.{name}"


def find_target(to: Path, format_: Format | None, origin: Origin) -> Target:
    """Derive from the name whether to write a file or a folder, and the format.

    Raises
    ------
    ExportError
        If the format is unknown or does not match the name.
    """
    to = Path(os.path.expanduser(to))
    suffix = suffix_of(to)
    if format_ not in (None, "arrow", *FILES, origin.format):
        raise ExportError(f"The format {format_!r} is unknown.", f"Choose from {listed([*FILES, 'arrow'], most=9)}.")
    default: Any = "arrow" if origin.format in _IN_MEMORY else origin.format
    if suffix in FORMATS:
        packing, found = packing_of(to), _format_of(suffix, origin)
        if os.path.isdir(to):
            raise ExportError(f"{to} is a folder, not a file.", "Give --to another name.")
        if packing and found in WHOLE:
            kind = "Parquet" if found == "parquet" else "A workbook"
            raise ExportError(
                f"{to}: {kind} is compressed internally, not as {packing}.", f"Omit {packing} from the name."
            )
        if format_ not in (None, found):
            raise ExportError(
                f"--format {format_} does not match the name {to.name}.", "Omit --format, or name a folder."
            )
        target = Target(to, found, is_folder=False)  # type: ignore[arg-type]
        if to.name == EXCLUDED + _split_name(to)[1]:
            raise ExportError(f"{to.name} is reserved for the file of the rows left out.", "Give --to another name.")
        return target
    if packing_of(to) == ".zip" and not os.path.isdir(to):
        if (format_ or default) == "arrow":
            raise ExportError(
                f"{to}: the datasets library cannot read a packed folder.", "Name a packed file: NAME.csv.zip."
            )
        return Target(to, format_ or default, is_folder=False, is_archive=True)
    if to.suffix and format_ is None and not os.path.isdir(to):
        raise ExportError(
            f"{to} has the unknown extension {to.suffix!r}.",
            f"Choose from {listed([*dict.fromkeys(FILES.values())], most=9)} (the text formats also with"
            f" {listed(list(PACKED))}). For a folder of that name, give --format as well.",
        )
    if os.path.isfile(to):
        raise ExportError(
            f"{to} is a file without a known extension, but the export would be a folder.", "Give --to another name."
        )
    return Target(to, format_ or default, is_folder=True)


def _format_of(suffix: str, origin: Origin) -> str:
    """Return the source's format for files of that extension, else the extension's own; ``.json`` is one array."""
    own = {suffix_of(Path(str(about.get("file", "")))) for about in origin.options["parts"]}
    if suffix in own and _may_hold(suffix, origin.format):
        return origin.format
    return "json" if suffix == ".json" else FORMATS[suffix]


def _may_hold(suffix: str, format_: str) -> bool:
    """Return whether a file with that extension may hold that format."""
    by_name = FORMATS.get(suffix, "")
    return by_name == format_ or format_ in _MAY_HOLD.get(by_name, ())


def _split_name(path: Path) -> tuple[str, str]:
    """Split a file's name into stem and extension, including that of packing."""
    ending = suffix_of(path) + packing_of(path)
    return path.name[: -len(ending)], ending


def part_files(target: Target, origin: Origin, parts: Sequence[dict[str, Any]]) -> list[str]:
    """Return the names of the parts' files in a folder: the source's if the format is the same, else the splits'.

    Parameters
    ----------
    parts : sequence of dict
        Facts on each part, including its ``split``.
    """
    names: list[str] = []
    taken = {RECORD, target.excluded}
    splits = split_names([about["split"] for about in parts])
    for about, split in zip(parts, splits, strict=True):
        own = str(about.get("file", ""))
        # A run may come from anywhere: a name with a folder in it must not lead out of this one.
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
    """Check that nothing is lost. Return the files of an earlier export that this one does not replace.

    With ``force``, existing files are overwritten, but never the source: a file in ``sources``, or one with the bytes
    or name of a file that was read, unless its record says that this run wrote it, or that another run did and this one
    has not read it. A folder must be an earlier export and hold nothing else.

    Raises
    ------
    ExportError
    """
    home, protected = target.home, origin.sources(Path(os.path.expanduser(source)) for source in sources)
    existing = [name for name in names if os.path.lexists(home / name)]
    if target.is_folder:
        existing = [home.name] if home.is_dir() and any(home.iterdir()) else []
    record = _read_record(home / target.record)
    files = record.get("files", {})
    is_ours = bool(files) and _of_run(record) == run
    for path in dict.fromkeys([target.path, *(home / name for name in names)]):
        found = _hash(path)
        is_export = bool(files) and (path.name == target.record or files.get(path.name, {}).get("sha256") == found)
        is_own = found is not None and is_export and (is_ours or found not in protected.hashes)
        if target.is_folder:
            is_own = bool(files) or path != target.path  # below, the folder is checked as a whole
        check_place(path, protected, is_own=is_own)
    if not existing:
        return []
    if not force:
        raise ExportError(
            f"{listed([str(target.path if target.is_folder else home / name) for name in existing])} already"
            f" exist{'s' * (len(existing) == 1)}.",
            "Give --to another name, or overwrite with --force.",
        )
    if target.is_folder:
        foreign = sorted(
            {path.relative_to(home).as_posix() for path in home.rglob("*") if not path.is_dir()} - {*files, RECORD}
        )
        if not files or foreign:
            raise ExportError(
                f"{home} holds files that no export wrote: {listed(foreign) or 'it has no record'}.",
                "Give --to another folder, or remove this one.",
            )
        if not is_ours:
            _refuse_source_folder(home, files, origin)
        return []
    return [
        name
        for name in files
        if name not in names
        and Path(name).name == name
        and files[name]["sha256"] == _hash(home / name)
        and not protected.read(home / name)
        and not protected.named(home / name)
    ]


def _refuse_source_folder(home: Path, files: dict[str, Any], origin: Origin) -> None:
    """Refuse a folder that this run has read: an export of another run may be its source."""
    read = {about.get("folder") for about in origin.options["parts"]}
    hashes = {about.get("sha256") for about in origin.options["parts"]} - {None}
    if home.name in read or hashes & {_hash(home / name) for name in files}:
        raise _is_source(home)


def _is_source(path: Path) -> ExportError:
    return ExportError(
        f"{path} is the source or a copy of it, and is never overwritten.",
        "Give --to another name, or another folder.",
    )


def _hash(path: Path) -> str | None:
    return hash_file(path) if path.is_file() else None


def _read_record(path: Path) -> dict[str, Any]:
    """Read the record of an earlier export; empty if there is none or it is invalid."""
    try:
        record = json.loads(read_plain(path))
        files = {str(name): dict(about) for name, about in record["files"].items() if isinstance(about["sha256"], str)}
        return {**record, "files": files}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _of_run(record: dict[str, Any]) -> str | None:
    run = record.get("run")
    return str(run["id"]) if isinstance(run, dict) and "id" in run else None
