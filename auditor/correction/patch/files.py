"""Apply patches in files to a dataset, and write the corrected dataset to files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from auditor.arguments import checked
from auditor.config import ReadConfig
from auditor.correction.export.export import Exported, write_export
from auditor.correction.patch.apply import Applied, apply
from auditor.correction.patch.patch import Change, read_patch, read_reading
from auditor.correction.patch.reading import combine, described
from auditor.data import read
from auditor.data.read import AnySource
from auditor.errors import ColumnError
from auditor.formats import Format


@checked
def apply_patch(
    patch: str | Path | Sequence[str | Path | Change],
    source: AnySource,
    to: str | Path,
    *,
    config: ReadConfig | None = None,
    add_classes: bool = False,
    format: Format | None = None,
    raw: bool = False,
    guard: bool = False,
    label_names: bool = False,
    force: bool = False,
    encoding: str | None = None,
) -> tuple[Applied, Exported]:
    """Apply one or several patches to a dataset, and write the result.

    >>> auditor.apply_patch("patch.jsonl", "tweets.csv", "clean.csv")  # doctest: +SKIP

    Parameters
    ----------
    patch : str, Path, or sequence of these or of Change
        Files written by ``auditor patch``, in any order, or changes.
    source : str, Path, sequence of these, pandas.DataFrame, datasets.Dataset or datasets.DatasetDict
        Source for :func:`auditor.read`: the dataset that the patch was made from, or a newer version of it.
    to : str or Path
        A file (``.csv``, ``.tsv``, ``.txt``, ``.jsonl``, ``.xlsx``, ``.parquet`` …), or a folder that keeps the splits.
    config : ReadConfig, optional
        How to read the source. Options not set here are taken from the patches, if they record them.
    add_classes : bool
        Make changes to classes that the dataset does not have.
    format, raw, guard, label_names, force, encoding
        See :func:`auditor.correction.export.export.write_export`.

    Returns
    -------
    Applied
        Changes made, changes already present, and changes that do not fit.
    Exported
        The files written.

    Raises
    ------
    PatchError
        If a patch cannot be read or belongs to another dataset, or patches record different reading options.
    InputError, HubError
        If the source cannot be read.
    ExportError, StorageError
        If the result cannot be written.
    """
    given = [patch] if isinstance(patch, str | Path) else list(patch)
    files = [Path(os.path.expanduser(item)) for item in given if not isinstance(item, Change)]
    patches = [*map(read_patch, files), [item for item in given if isinstance(item, Change)]]
    config, taken = combine([*map(read_reading, files)], config or ReadConfig())
    note = f"Read with the options of the patch: {described(taken)}." if taken else ""
    try:
        texts = read(source, config)
    except ColumnError as error:
        if not taken:
            raise
        raise ColumnError(error.what, f"{error.todo} {note} Give another value, or '' for none.") from None
    applied = apply(patches, texts, add_classes=add_classes)
    paths = [source] if isinstance(source, str | Path) else source if isinstance(source, list | tuple) else []
    written = write_export(
        applied.corrections,
        to,
        sources=[*paths, *files],
        patch=applied.about(),
        format=format,
        raw=raw,
        guard=guard,
        label_names=label_names,
        force=force,
        encoding=encoding,
    )
    return applied, replace(written, notes=(*([note] if note else []), *written.notes))
