"""LabeledTexts: the common form of all sources, on which all later stages work."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.arrays import Codes
from auditor.data.formats.tables.casting import with_schema
from auditor.data.labels.votes import Votes
from auditor.run import Reader
from auditor.run.artifacts import DATASET, REJECTED, VOTES, Artifact
from auditor.run.overwriting import Sources

ORIGINAL = "original:"
"""Prefix of the source's own columns in ``dataset.parquet``, which avoids collisions with ours."""
_METADATA = b"auditor"


@dataclass(frozen=True)
class Origin:
    """The origin of a dataset, and what an export needs to reproduce its format.

    Attributes
    ----------
    source : str
        Short name of the source: file names without folders, a Hub name, ``"frame"``.
    format : str
        ``csv``, ``tsv``, ``lines`` (``text;label`` without a header), ``fasttext``, ``jsonl``, ``json`` (one array),
        ``xlsx``, ``parquet``, ``arrow`` (a ``save_to_disk`` folder), ``parallel`` (a file of texts and one of labels),
        ``folders`` (one for each class), ``dataset``, ``frame`` or ``hub``.
    text, label : str
        Names of the source's columns.
    id : str or None
        Name of the source's id column, if any.
    options : dict
        Other details of the format (delimiter, encoding, files in order, ``datasets`` features as JSON …).
    """

    source: str
    format: str
    text: str
    label: str
    id: str | None
    options: dict[str, Any]

    @classmethod
    def of(cls, run: Reader) -> Self:
        """Read the origin of a run's dataset, without the dataset.

        Raises
        ------
        RunDamagedError
            If the file is missing or has been changed.
        """
        return cls(**json.loads(pq.read_schema(run.open(DATASET)).metadata[_METADATA])["origin"])

    def sources(self, paths: Iterable[Path] = ()) -> Sources:
        """Return the files that were read, as far as they are recorded, and those that the user has named."""
        parts = self.options["parts"]
        files = [about for part in parts for about in (part, part.get("texts", {}), part.get("labels", {}))]
        names = {about.get(key) for about in files for key in ("file", "archive")}
        hashes = {part.get("sha256") for part in parts}
        return Sources(tuple(paths), *(frozenset(map(str, values - {None})) for values in (names, hashes)))


@dataclass(frozen=True)
class LabeledTexts:
    """N texts with one label each, as Arrow columns.

    Attributes
    ----------
    table : pyarrow.Table
        N rows: ``id`` (string, unique), ``text`` (string), ``label`` (int32 code), ``split`` (string), ``position``
        (int64, row over all files and splits read, rejected rows included), then every column of the
        source as ``original:<name>``, unchanged.
    rejected : pyarrow.Table
        The rows set aside: ``split``, ``position``, ``reason``, and the same ``original:<name>`` columns.
    label_names : tuple of str
        Name of each code, in a stable order: the source's own (``ClassLabel``), else numeric, else alphabetical; labels
        that occur only in votes come last.
    label_values : tuple
        Value in the source's label column for each code (str, int, float or bool).
    origin : Origin
    notes : tuple of str
        Sentences for the user about what the reader guessed, skipped or set aside.
    votes : Votes or None
        Votes of several raters, if known.
    """

    table: pa.Table
    rejected: pa.Table
    label_names: tuple[str, ...]
    label_values: tuple[str | int | float | bool, ...]
    origin: Origin
    notes: tuple[str, ...] = ()
    votes: Votes | None = None

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def ids(self) -> list[str]:
        """N unique ids."""
        return self.table["id"].to_pylist()  # type: ignore[no-any-return]

    @property
    def texts(self) -> Sequence[str]:
        """N texts."""
        return self.table["text"].to_pylist()  # type: ignore[no-any-return]

    @property
    def labels(self) -> Codes:
        """(N,) int32 codes of the given labels."""
        return np.asarray(self.table["label"].to_numpy(), dtype=np.int32)

    @property
    def splits(self) -> npt.NDArray[np.str_]:
        """(N,) names of the rows' splits."""
        return np.asarray(self.table["split"].to_pylist(), dtype=np.str_)

    @property
    def num_classes(self) -> int:
        """Number of classes K, including classes without rows."""
        return len(self.label_names)

    def fingerprint(self) -> str:
        """Return the SHA-256 of an audit's input: ids, texts, labels, splits, label names, and votes if any."""
        digest = hashlib.sha256(json.dumps([len(self), *self.label_names]).encode())
        for name in ("id", "text", "split"):
            # All lengths, then all bytes: unambiguous, and much faster than value by value.
            column = self.table[name]
            for chunk in pc.binary_length(column).chunks:
                digest.update(chunk.to_numpy().astype("<i8").tobytes())
            for chunk in column.chunks:
                values = chunk.cast(pa.large_binary())
                _, offsets, data = values.buffers()
                ends = np.frombuffer(offsets, "<i8")[values.offset : values.offset + len(values) + 1]
                if ends[-1] > ends[0]:
                    digest.update(memoryview(data)[ends[0] : ends[-1]])
        digest.update(self.labels.astype("<i4").tobytes())
        if self.votes is not None:
            digest.update(self.votes.fingerprint().encode())
        return digest.hexdigest()

    def contents(self) -> str:
        """Return the SHA-256 of what an export restores: the fingerprint, other columns, and rejected rows."""
        origin = self.origin
        about = [self.fingerprint(), self.label_values, origin.text, origin.label, origin.id]
        about += [origin.options[name] for name in ("list_style", "mirrors") if name in origin.options]
        digest = hashlib.sha256(json.dumps(about).encode())
        for table in (self.table, self.rejected):
            digest.update(str(table.schema.remove_metadata()).encode())
            for column in table.columns:
                digest.update(np.packbits(column.is_valid().to_numpy()).tobytes())
                for chunk in column.drop_null().chunks:  # the bytes under a null are arbitrary
                    values = chunk.dictionary_decode() if pa.types.is_dictionary(chunk.type) else chunk
                    digest.update(pa.record_batch([values], ["values"]).serialize())
        return digest.hexdigest()

    def write(self, dataset: Path, rejected: Path) -> None:
        """Write both files, and any votes as ``votes.parquet`` beside them; :meth:`load` reads them."""
        about = {
            "label_names": self.label_names,
            "label_values": self.label_values,
            "origin": self.origin.__dict__,
            "notes": self.notes,
        }
        metadata = {_METADATA: json.dumps(about, ensure_ascii=False, sort_keys=True).encode()}
        pq.write_table(self.table.replace_schema_metadata(metadata), dataset, compression="zstd")
        pq.write_table(self.rejected.replace_schema_metadata(None), rejected, compression="zstd")
        if self.votes is not None:
            self.votes.write(dataset.with_name(VOTES.name))

    @classmethod
    def of(cls, run: Reader) -> Self:
        """Read the dataset of a run.

        Raises
        ------
        RunDamagedError
            If a file is missing or has been changed.
        """
        return cls.load(*map(run.open, cls.artifacts(run)))

    @staticmethod
    def artifacts(run: Reader) -> list[Artifact[Any]]:
        """Return the artifacts that :meth:`of` reads."""
        return [DATASET, REJECTED, *([VOTES] if run.has(VOTES) else [])]

    @classmethod
    def load(cls, dataset: Path, rejected: Path, votes: Path | None = None) -> Self:
        """Read what :meth:`write` wrote, memory-mapped if possible."""
        table = _read(dataset)
        about = json.loads(table.schema.metadata[_METADATA])
        return cls(
            table=table.replace_schema_metadata(None),
            rejected=_read(rejected).replace_schema_metadata(None),
            label_names=tuple(about["label_names"]),
            label_values=tuple(about["label_values"]),
            origin=Origin(**about["origin"]),
            notes=tuple(about["notes"]),
            votes=None if votes is None else Votes.load(votes),
        )


def _read(path: Path) -> pa.Table:
    """Read a Parquet file with its original types.

    Parquet lacks a few types (seconds, dictionaries of numbers), but stores the Arrow schema beside the data.
    """
    with pq.ParquetFile(path, memory_map=True) as file:
        table = file.read()
        written = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(file.metadata.metadata[b"ARROW:schema"])))
    columns = [
        column.dictionary_encode() if pa.types.is_dictionary(type_) and type_ != column.type else column
        for column, type_ in zip(table.columns, written.types, strict=True)
    ]
    about = table.schema.metadata
    return with_schema(pa.table(columns, table.column_names), written.with_metadata(about))
