"""Export: the corrected dataset as files, the excluded rows beside it, and a record of what was done."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.correction.decide.corrections import Corrections
from auditor.correction.decide.policy import in_words
from auditor.correction.decide.summary import Summary, summarise
from auditor.correction.export.classes import class_names
from auditor.correction.export.formats import FOLDERS, style_of, write_parts
from auditor.correction.export.labels import mirror_notes
from auditor.correction.export.layouts.arrow import save_datasets
from auditor.correction.export.layouts.class_folders import write_class_folders
from auditor.correction.export.layouts.parallel import write_parallel
from auditor.correction.export.packing import pack
from auditor.correction.export.publish import flush_all, publish_files, publish_folder, staging
from auditor.correction.export.tables import SplitTable, corrected_tables, excluded_tables
from auditor.correction.export.target import Target, check_free, find_target, part_files
from auditor.data.labeled_texts import Origin
from auditor.errors import ConfigError, ExportError
from auditor.formats import Format
from auditor.storage import hash_file
from auditor.version import own_version
from auditor.wording import counted, listed

_BARE = {
    "lines": "Lines of text and label",
    "fasttext": "fastText's lines",
    "parallel": "Files of texts and of labels",
    "folders": "Files that each hold a text",
}
"""Formats without columns other than text and label."""
_HOST_ENCODINGS = {"idna", "punycode"}
"""Python's encodings for host names, which would lose texts written line by line."""


@dataclass(frozen=True)
class Exported:
    """Result of an export.

    Attributes
    ----------
    files : tuple of Path
        The dataset, then the excluded rows if any. For an arrow folder, the folder.
    record : Path
    summary : Summary
    notes : tuple of str
        Sentences on what was changed or left out, to show to the user.
    """

    files: tuple[Path, ...]
    record: Path
    summary: Summary
    notes: tuple[str, ...]


def write_export(
    corrections: Corrections,
    to: str | Path,
    *,
    format: Format | None = None,
    provenance: bool = False,
    raw: bool = False,
    guard: bool = False,
    label_names: bool = False,
    force: bool = False,
    encoding: str | None = None,
    sources: Sequence[str | Path] = (),
    run: dict[str, str] | None = None,
    patch: dict[str, Any] | None = None,
) -> Exported:
    """Write the corrected dataset, the excluded rows and the record: all of them, or none.

    Parameters
    ----------
    corrections : Corrections
    to : str or Path
        A single file with all splits, if its name ends in ``.csv``, ``.tsv``, ``.txt``, ``.jsonl``, ``.json`` (these
        also with ``.gz``, ``.bz2``, ``.xz`` or ``.zip``), ``.xlsx`` or ``.parquet``; an archive that keeps the splits
        if it ends only in ``.zip``; otherwise a folder that keeps them.
    format : str, optional
        Format of the folder: ``csv``, ``tsv``, ``lines``, ``fasttext``, ``jsonl``, ``json``, ``xlsx``, ``parquet``, or
        ``arrow`` as ``datasets`` saves it. Default: the source's format, including parallel files and a folder per
        class; arrow if the source was not a file.
    provenance : bool
        Add columns: see :func:`auditor.correction.export.provenance.provenance_table`.
    raw : bool
        Write formulas in CSV and TSV cells unchanged. Rows copied from a source of the same format keep theirs anyway,
        unless ``guard`` is set.
    guard : bool
        Put an apostrophe before formulas even in copied rows.
    label_names : bool
        Write names of classes where the source has numbers.
    force : bool
        Overwrite an earlier export or other files, but never the source.
    encoding : str, optional
        Encoding of text files. Default: the source's if the format is the same, otherwise UTF-8.
    sources : sequence of str or Path
        Files and folders never to overwrite, besides those that the dataset was read from.
    run : dict, optional
        ``id`` and ``name``, for the record.
    patch : dict, optional
        Outcome of a patch's changes, for the record.

    Returns
    -------
    Exported

    Raises
    ------
    ConfigError
        If the encoding does not exist, or both ``raw`` and ``guard`` are given.
    ExportError
        If there is nothing to write, a file is in the way, or the format cannot hold a row.
    StorageError
        If the disk is full, or refuses to be written to.
    """
    if raw and guard:
        raise ConfigError(
            "--raw leaves cells with formulas unchanged, and --guard changes even copied ones.",
            "Choose one of the two.",
        )
    origin, summary = corrections.texts.origin, summarise(corrections)
    target = find_target(Path(to), format, origin)
    if target.format in _BARE and provenance:
        raise ExportError(
            f"{_BARE[target.format]} have no room for the columns of --provenance.",
            "Omit it, or export to another format: --to NAME.csv, NAME.jsonl or NAME.parquet.",
        )
    if target.format in ("parallel", "folders") and (origin.text, origin.label) != ("text", "label"):
        raise ExportError(
            "Files that hold only texts and labels can only be written from these columns.",
            "Export to another format: --to NAME.csv, NAME.jsonl or NAME.parquet.",
        )
    style = style_of(target.format, origin, {}, encoding=encoding, raw=raw, guard=guard)
    _check_encoding(style.encoding)
    tables = corrected_tables(corrections, provenance=provenance, label_names=label_names)
    excluded = excluded_tables(corrections, provenance=provenance, label_names=label_names)
    plan = _plan(target, tables, excluded, corrections)
    notes = _notes(target, tables, corrections, label_names)
    with staging(target.path) as stage:  # first, since it may restore files that a killed export moved
        gone = check_free(
            target, [*plan, target.record], origin, force, run["id"] if run else None, list(map(Path, sources))
        )
        notes += _write(plan, stage, target, origin, encoding, raw, guard)
        files = _written(plan, stage)
        options = {
            "format": target.format,
            "provenance": provenance,
            "raw": raw,
            "guard": guard,
            "label_names": label_names,
        }
        record = _record(corrections, summary, run, options, files, notes)
        record |= {"patch": patch} if patch else {}
        record |= {"estimate": _estimated(corrections)} if corrections.estimate else {}
        if certificates := corrections.certificates:
            record |= {"certificates": [asdict(certificate) for certificate in certificates]}
        # File names need not be valid UTF-8: invalid parts are written as JSON escapes.
        written = json.dumps(record, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")
        (stage / target.record).write_bytes(written)
        flush_all(stage)
        if target.is_folder:
            publish_folder(stage, target.path)
        else:
            publish_files(stage, [*reversed(plan), target.record], target.home, gone)
    return Exported(
        files=tuple(target.home / name for name in plan),
        record=target.home / target.record,
        summary=summary,
        notes=tuple(notes),
    )


def _estimated(corrections: Corrections) -> dict[str, Any]:
    """Return the shares of wrong labels for the record: before, and after where known."""
    found, after = corrections.estimate, corrections.left_wrong
    assert found is not None
    return {
        "random_cards": found.blind,
        "wrong_before": asdict(found.rate) if found.rate else None,
        "wrong_after": asdict(after) if after else None,
    }


Plan = dict[str, tuple[Format, Sequence[SplitTable]]]
_FOLDER_WRITERS: dict[str, Callable[[Sequence[SplitTable], Path], list[str] | None]] = {
    "arrow": save_datasets,
    "parallel": write_parallel,
    "folders": write_class_folders,
}


def _plan(
    target: Target, tables: Sequence[SplitTable], excluded: Sequence[SplitTable], corrections: Corrections
) -> Plan:
    """Assign parts and formats to files. The excluded rows come last."""
    if not any(part.table.num_rows for part in tables):
        raise ExportError(
            "No row would be written: the policy leaves out all of them.",
            f"{' '.join(in_words(corrections.policy))} Change the policy, or review some rows first.",
        )
    if target.is_folder:
        plan = _in_folder(target, tables, corrections.texts.origin)
    else:
        plan = {target.path.name: (target.format, [part for part in tables if part.table.num_rows])}
    if excluded:
        plan[target.excluded] = (FOLDERS.get(target.format, target.format), excluded)
    return plan


def _in_folder(target: Target, tables: Sequence[SplitTable], origin: Origin) -> Plan:
    if target.format in FOLDERS:
        return {"": (target.format, tables)}
    names = part_files(target, origin, [part.about for part in tables])
    pairs = zip(names, tables, strict=True)
    return {name: (target.format, [part]) for name, part in pairs if part.table.num_rows}


def _write(
    plan: Plan, stage: Path, target: Target, origin: Origin, encoding: str | None, raw: bool, guard: bool
) -> list[str]:
    """Write all files. Return notes on them."""
    notes = []
    for name, (format_, parts) in plan.items():
        if target.is_archive and name == target.path.name:
            inside = stage.parent / "inside"
            inside.mkdir()
            packed = replace(target, is_folder=True, is_archive=False)
            notes += _write(_in_folder(packed, parts, origin), inside, packed, origin, encoding, raw, guard)
            pack(inside, stage / name)
            continue
        if format_ in FOLDERS:
            notes += _FOLDER_WRITERS[format_](parts, stage) or []
            continue
        style = style_of(format_, origin, parts[0].about, encoding=encoding, raw=raw, guard=guard)
        part_notes = write_parts(format_, parts, stage / name, style, origin)
        notes += [note if len(plan) == 1 else f"{name}: {note}" for note in part_notes]
    return notes


def _written(plan: Plan, stage: Path) -> dict[str, Any]:
    """Return the hash of each file written, and the number of rows of single-table files."""
    files: dict[str, Any] = {
        path.relative_to(stage).as_posix(): {"sha256": hash_file(path)}
        for path in sorted(stage.rglob("*"))
        if path.is_file()
    }
    for name, (_, parts) in plan.items():
        if name in files:
            files[name]["rows"] = sum(part.table.num_rows for part in parts)
    return files


def _check_encoding(encoding: str) -> None:
    try:
        "".encode(encoding)
        is_known = codecs.lookup(encoding).name not in _HOST_ENCODINGS
    except (LookupError, UnicodeError):
        is_known = False
    if not is_known:
        raise ConfigError(f"The text encoding {encoding!r} does not exist.", "Name another, such as utf-8.")


def _notes(target: Target, tables: Sequence[SplitTable], corrections: Corrections, label_names: bool) -> list[str]:
    notes = []
    splits = [part.split for part in tables if part.table.num_rows]
    empty = [part.split for part in tables if not part.table.num_rows]
    if not (target.is_folder or target.is_archive) and len(splits) > 1:
        notes.append(
            f"One file holds the splits {listed(splits)} one after the other. To keep them apart, name a folder."
        )
    if target.is_folder and target.format != "arrow" and empty:
        notes.append(f"No file for {listed(empty)}: none of {'its' if len(empty) == 1 else 'their'} rows is written.")
    if class_names(corrections.texts) and not label_names and target.format not in ("parquet", "arrow"):
        notes.append("Labels are numbers, as in the source. To write names instead, add --label-names.")
    notes += mirror_notes(corrections)
    origin = corrections.texts.origin
    if any("tool" in part.about for part in tables) and target.format != origin.format:
        notes.append(
            f"The labels are in column {origin.label!r}; each annotator's choice is unchanged. To import the labels"
            f" into the tool again, export to the source's format, {origin.format}."
        )
    notes += [certificate.sentence for certificate in corrections.certificates]
    if stale := len(corrections.outcomes.stale):
        notes.append(f"{counted(stale, 'decision')} on rows that have changed since had no effect.")
    return notes


def _record(
    corrections: Corrections,
    summary: Summary,
    run: dict[str, str] | None,
    options: dict[str, Any],
    files: dict[str, Any],
    notes: Sequence[str],
) -> dict[str, Any]:
    texts = corrections.texts
    return {
        "auditor": own_version() or "unknown",
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": run,
        "source": texts.origin.source,
        "fingerprint": texts.fingerprint(),
        "policy": corrections.policy.model_dump(mode="json"),
        "policy_in_words": in_words(corrections.policy),
        "options": options,
        "summary": asdict(summary),
        "files": files,
        "notes": list(notes),
    }
