"""read(): anything → LabeledTexts."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.arguments import checked
from auditor.config import ReadConfig
from auditor.data.check import as_texts, check_columns, check_storable, invalid_rows, refuse
from auditor.data.columns import Columns, find_columns, find_sentences
from auditor.data.formats.files.parts import read_paths, select
from auditor.data.formats.tables.casting import with_schema
from auditor.data.formats.tables.hub import read_hub
from auditor.data.formats.tables.memory import dataset_parts, frame_part, index_columns
from auditor.data.formats.tables.metadata import class_names, with_sound_metadata
from auditor.data.formats.tables.nested import with_nested
from auditor.data.formats.tools.reading import read_tool
from auditor.data.ids import find_ids
from auditor.data.labeled_texts import ORIGINAL, LabeledTexts, Origin
from auditor.data.labels.column import Labels, encode_labels
from auditor.data.labels.long import gather
from auditor.data.labels.mirrors import Mirror, find_mirrors
from auditor.data.labels.odd_labels import odd_notes
from auditor.data.labels.prodigy import accepted
from auditor.data.labels.row_votes import labels_of_votes, votes_in_rows
from auditor.data.labels.votes import Votes
from auditor.data.source import RAW, Source
from auditor.errors import ColumnError, RowError, SourceError
from auditor.formats import looks_like_path
from auditor.wording import counted

if TYPE_CHECKING:
    import datasets
    import pandas as pd

_NAMED_BY_US = ("lines", "fasttext", "parallel", "folders")
"""Formats whose columns are named by the readers."""
AnySource = Union[str, Path, Sequence[str | Path], "pd.DataFrame", "datasets.Dataset", "datasets.DatasetDict"]


@checked
def read(source: AnySource, config: ReadConfig | None = None, **options: Any) -> LabeledTexts:
    """Read labelled texts and check them.

    Parameters
    ----------
    source : str, Path, sequence of these, pandas.DataFrame, datasets.Dataset or datasets.DatasetDict
        A file (``.csv``, ``.tsv``, ``.txt`` of ``text;label`` or fastText's lines, ``.jsonl``, ``.json``, ``.xlsx``,
        ``.parquet``; text files may be compressed, and all of them may be in a ``.zip``), TweetEval's parallel files or
        their folder, a folder with a subfolder of texts for each class, a ``save_to_disk`` folder, several of these, or
        the name of a dataset on the Hub. An existing path takes precedence over a name on the Hub.
    config : ReadConfig, optional
        Columns, delimiter, encoding, splits …
    **options
        Fields of :class:`ReadConfig`, such as ``label="emotion"``, ``drop_invalid=True``.

    Returns
    -------
    LabeledTexts
        In the order of the source. Ids come from ``config.id``, else they are ``<split>-<row>``; rows are counted from
        0 within the split, including invalid rows but not blank lines: an id never depends on what is dropped.
        With ``config.annotator``, each row is one vote, and all votes on a text are merged into one row: see
        :func:`auditor.data.labels.long.gather`. With ``config.votes``, each row has all votes, in one column or in one
        column per rater: see :mod:`auditor.data.labels.row_votes`. Without given labels, texts without a vote are set
        aside.

    Raises
    ------
    SourceError
        If the source is missing, of an unknown format, unreadable, empty, or lacks a split.
    ColumnError
        If a column is missing, ambiguous or of the wrong type, or there is only one class.
    RowError
        If rows are malformed, ids not unique, or texts or labels missing (without ``config.drop_invalid``).
    HubError
        If the Hub cannot be reached, or has no such dataset.
    """
    config = (config or ReadConfig()).model_copy(update=options)
    found = _open(source, config)
    for part in found.parts:
        check_columns(part)
    found, config = read_tool(found, config)
    found = replace(found, parts=tuple(map(with_sound_metadata, found.parts)))
    original, nested = with_nested(_joined(found), (config.text, config.label, config.id, config.annotator))
    columns = _find_columns(found, original, config)
    check_storable(original)
    texts = as_texts(original, columns.text)
    raw = None if config.annotator else _raw(found)  # merged rows are not rows of the file
    found, original, texts, labels, votes = _labelled(found, original, texts, columns, config)
    ids = find_ids(original, config.id, found.parts)
    reasons = wrong = invalid_rows(texts, labels.codes)
    if config.annotator is not None or columns.added:  # a text without votes is not invalid
        wrong = pc.if_else(pc.equal(reasons, "missing label"), None, reasons)
    invalid, set_aside = (len(found_reasons) - found_reasons.null_count for found_reasons in (wrong, reasons))
    if invalid and not config.drop_invalid:
        gaps = [gap for part in found.parts for gap in part.about.get("gaps", ())]
        raise refuse(wrong, found.parts, because=(*labels.unlabelled, *gaps))
    valid = reasons.is_null()
    splits = pa.chunked_array([pa.repeat(part.split, part.table.num_rows) for part in found.parts], pa.string())
    ours = pa.table({"id": ids, "text": texts, "label": labels.codes, "split": splits})
    position = pa.array(np.arange(len(reasons), dtype=np.int64))
    originals = [(ORIGINAL + name, original[name]) for name in original.column_names]
    if raw is not None:
        originals.insert(0, (RAW, raw))
    table = _with_columns(ours, [("position", position), *originals])
    apart = _with_columns(pa.table({"split": splits, "position": position, "reason": reasons}), originals)
    if set_aside:
        table, apart = table.filter(valid), apart.filter(pc.invert(valid))
    else:  # filtering would copy everything
        apart = apart.slice(0, 0)
    _check_classes(table["label"], labels, columns, found.name)
    mirrors, mirror_notes = _mirrors(found, table, labels, columns, config)
    labels = replace(labels, notes=(*labels.notes, *mirror_notes))
    return LabeledTexts(
        table=table,
        rejected=apart,
        label_names=labels.names,
        label_values=labels.values,
        origin=_origin(found, columns, config, labels, mirrors, nested),
        notes=_notes(found, columns, labels, invalid, set_aside - invalid),
        votes=votes.only(valid.to_numpy()) if votes else None,
    )


def _labelled(
    source: Source, original: pa.Table, texts: pa.ChunkedArray, columns: Columns, config: ReadConfig
) -> tuple[Source, pa.Table, pa.ChunkedArray, Labels, Votes | None]:
    """Encode the given labels and any votes; with ``config.annotator``, merge the rows of each text."""
    if config.annotator is not None:
        found = gather(source, original, texts, columns, config)
        labels = replace(found.labels, notes=(*found.labels.notes, *found.notes))
        return found.source, found.original, found.texts, labels, found.votes
    if columns.added:
        votes, labels, column = labels_of_votes(original, source.parts, columns, config.missing_labels)
        source, original = _with_labels(source, columns.label, column), original.append_column(columns.label, column)
        return source, original, texts, labels, votes
    labels = _encoded(source, original, columns.label, config)
    if not columns.votes:
        return source, original, texts, labels, None
    votes, both = votes_in_rows(original, source.parts, columns, labels, config.missing_labels)
    return source, original, texts, replace(both, notes=(*labels.notes, *both.notes)), votes


def _open(source: Any, config: ReadConfig) -> Source:
    """Open a source of any kind."""
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        if os.path.exists(os.path.expanduser(path)) or not isinstance(source, str) or looks_like_path(source):
            return read_paths([path], config)
        return read_hub(source, config)
    if isinstance(source, Sequence) and source and all(isinstance(path, str | os.PathLike) for path in source):
        return read_paths([Path(path) for path in source], config)
    package, kind = type(source).__module__.split(".")[0], type(source).__name__
    if package == "pandas" and kind == "DataFrame":
        name, parts = "frame", [frame_part(source)]
    elif package == "datasets" and kind in ("Dataset", "DatasetDict"):
        name, parts = "dataset", dataset_parts(source)
    else:
        raise SourceError(
            f"A {type(source).__module__}.{kind} cannot be read.",
            "Pass a path, several paths, a pandas frame, a datasets.Dataset or DatasetDict, or a name on the Hub.",
        )
    chosen = select([part.split for part in parts], config.split, f"The {name}")
    return Source(name, name, tuple(part for part in parts if part.split in chosen))


def _joined(source: Source) -> pa.Table:
    """Concatenate all parts; a column that a part lacks is null in it."""
    tables = [part.table.replace_schema_metadata(None) for part in source.parts]
    try:
        table = pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ColumnError(
            f"{source.name}: a column has different types in different files or splits: {str(error).splitlines()[0]}.",
            "Give the column the same type everywhere.",
        ) from None
    if not table.num_rows:
        raise SourceError(f"{source.name} has no rows.", "Choose a source with labelled texts.")
    # Arrow cannot filter views yet.
    plain = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    return with_schema(table, pa.schema([field.with_type(plain.get(field.type, field.type)) for field in table.schema]))


def _raw(source: Source) -> pa.ChunkedArray | None:
    """Return the rows as they appear in their files, if all parts are text files."""
    raw = [part.raw for part in source.parts if part.raw is not None]
    if len(raw) < len(source.parts):
        return None
    return pa.chunked_array([chunk for part in raw for chunk in part.chunks], pa.large_binary())


def _find_columns(source: Source, original: pa.Table, config: ReadConfig) -> Columns:
    """Find the columns, and refuse ambiguous or mixed ones."""
    try:
        schema = _without_index(source, original.schema)
        columns = find_columns(schema, source.name, config, original.column_names)
    except ColumnError as error:
        if config.text is None and (text := find_sentences(original, {config.label, config.id, config.annotator})):
            found = _find_columns(source, original, config.model_copy(update={"text": text}))
            guessed = f"Column guessed from its contents: text={text!r}."
            return replace(found, note=f"{guessed} {found.note}" if found.note else guessed)
        suspected = [why for part in source.parts if (why := part.about.get("suspected"))]
        if not suspected:
            raise
        raise ColumnError(error.what, f"{suspected[0]} {error.todo}") from None
    for part in source.parts:
        for role, name in (("text", columns.text), ("label", columns.label)):
            if part.about.get("names", ()).count(name) > 1:
                raise ColumnError(
                    f"{part.name} has several columns named {name!r}, so the column of {role}s is ambiguous.",
                    "Give each column of the file a unique name.",
                )
            if why := part.about.get("json_columns", {}).get(name):
                raise ColumnError(
                    f"Column {name!r} of {part.name} cannot be used: {why}.",
                    f"Write every {role} as a string of valid Unicode, or choose another column with --{role}.",
                )
    return columns


def _without_index(source: Source, schema: pa.Schema) -> pa.Schema:
    """Omit a frame's index, which is neither texts nor labels."""
    index = index_columns(source.parts[0].table.schema) if source.format == "frame" else []
    return pa.schema([field for field in schema if field.name not in index])


def _with_labels(source: Source, name: str, column: pa.ChunkedArray) -> Source:
    """Append a column to all parts, split among them in order."""
    parts, start = [], 0
    for part in source.parts:
        own = column.slice(start, part.table.num_rows)
        parts.append(replace(part, table=part.table.append_column(name, own)))
        start += part.table.num_rows
    return replace(source, parts=tuple(parts))


def _with_columns(table: pa.Table, columns: Sequence[tuple[str, Any]]) -> pa.Table:
    for name, column in columns:
        table = table.append_column(name, column)
    return table


def _check_classes(codes: pa.ChunkedArray, labels: Labels, columns: Columns, source: str) -> None:
    if not len(codes):
        raise RowError(f"{source} has no row with both a text and a label.", "Check the columns, --text and --label.")
    present = pc.unique(codes).to_pylist()
    if len(present) == 1:
        raise ColumnError(
            f"Column {columns.label!r} has only one class, {labels.names[present[0]]!r}; expected two or more.",
            "Choose the column of labels with --label, or add rows of other classes.",
        )


def _encoded(source: Source, original: pa.Table, name: str, config: ReadConfig) -> Labels:
    of_tool = "tool" in source.options  # the tool's reader has checked the answers
    column, notes = (original[name], ()) if of_tool else accepted(original, name)
    labels = encode_labels(column, name, class_names(source.parts, name), config.missing_labels)
    rows = np.bincount(labels.codes.drop_null().to_numpy(), minlength=len(labels.names))
    return replace(
        labels,
        notes=(*labels.notes, *odd_notes(labels.names, rows.tolist())),
        unlabelled=(*notes, *labels.unlabelled),
    )


def _mirrors(
    source: Source, table: pa.Table, labels: Labels, columns: Columns, config: ReadConfig
) -> tuple[list[Mirror], tuple[str, ...]]:
    """Find the source's columns that mirror the label and have no other role."""
    if not config.mirrors:
        return [], ()
    roles = {
        columns.text,
        columns.label,
        config.id,
        config.annotator,
        *columns.votes,
        *index_columns(source.parts[0].table.schema),
        *(name for part in source.parts for name in part.about.get("tool", {}).get("columns", ())),
    }
    others = [name for name in table.column_names if name.startswith(ORIGINAL)]
    originals = table.select(others).rename_columns([name.removeprefix(ORIGINAL) for name in others])
    ends = np.cumsum([part.table.num_rows for part in source.parts])
    position = table["position"].to_numpy()
    is_single = len(source.parts) == 1
    return find_mirrors(
        originals.select([name for name in originals.column_names if name not in roles]),
        replace(labels, codes=table["label"]),
        columns.label,
        source.parts,
        np.zeros(len(position), np.int64) if is_single else np.searchsorted(ends, position, side="right"),
    )


def _origin(
    source: Source,
    columns: Columns,
    config: ReadConfig,
    labels: Labels,
    mirrors: Sequence[Mirror],
    nested: Sequence[str],
) -> Origin:
    options: dict[str, Any] = {
        "list_style": labels.list_style,
        "missing_labels": [*config.missing_labels],
        "mirrors": [*mirrors],
    }
    options |= {"label_added": columns.added, "nested": [*nested]}
    parts = [
        {"split": part.split, "rows": part.table.num_rows, **part.about, "schema": _kept(part.table.schema)}
        for part in source.parts
    ]
    metadata = source.parts[0].table.schema.metadata or {}
    kept = {key: metadata[key.encode()].decode() for key in ("huggingface", "pandas") if key.encode() in metadata}
    return Origin(
        source=source.name,
        format=source.format,
        text=columns.text,
        label=columns.label,
        id=config.id,
        options={
            **source.options,
            **{name: value for name, value in options.items() if value},
            "parts": parts,
            "schema_metadata": kept,
        },
    )


def _kept(schema: pa.Schema) -> str:
    """Encode a schema in base64: joining the parts, or a run's files, may change it."""
    return base64.b64encode(schema.serialize()).decode()


def _notes(source: Source, columns: Columns, labels: Labels, invalid: int, unvoted: int) -> tuple[str, ...]:
    notes = [*source.notes, *(note for part in source.parts for note in part.notes)]
    if columns.note and source.format not in _NAMED_BY_US:
        notes.insert(0, columns.note)
    if invalid:
        notes.append(f"{counted(invalid, 'row')} without a text or a label set aside.")
    if unvoted:
        notes.append(f"{counted(unvoted, 'text')} without a vote set aside; exports bring such rows back.")
    return (*notes, *labels.unlabelled, *labels.notes)
