"""Out-of-fold probabilities of the user's own models: read, checked, and added to a run as models."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from auditor.arrays import Float32, Float64, Mask, RowIndex
from auditor.data.formats.tables.parquet import read_parquet
from auditor.data.formats.text.encoding import read_bytes
from auditor.data.formats.text.sniff import HEAD, check_is_data
from auditor.data.labeled_texts import LabeledTexts
from auditor.errors import AuditorError, ColumnError, InputError, RowError, SourceError
from auditor.models.own.distribution import TOLERANCE, normalised, rounding, wrong_row
from auditor.run import Reader, Run
from auditor.run.artifacts import BASELINE, CONSENSUS, DATASET, SCORES, folds, probabilities
from auditor.storage import open_file
from auditor.wording import counted, listed

if TYPE_CHECKING:
    import pandas as pd

_BLOCK = 1 << 16
_NAMES_SHOWN = 100

Table = Union[str, Path, npt.NDArray[Any], "pd.DataFrame"]
AnyProbabilities = str | Path | Sequence[str | Path] | Mapping[str, Table]
"""A file, several files, or arrays, frames and files by name."""


@dataclass(frozen=True)
class Given:
    """Checked probabilities of one model.

    Attributes
    ----------
    name : str
    array : (R, K) float32 or float64 array
        Memory-mapped if it is a file.
    rows : (N,) int64 or None
        Row of the array for each row of the dataset; None if they are the same.
    content : str
        SHA-256 of the N rows as written.
    tolerance : float
        Largest deviation of a row's sum from 1.
    note : str or None
        Sentence on changes to the probabilities.
    """

    name: str
    array: npt.NDArray[Any]
    rows: RowIndex | None
    content: str
    tolerance: float = TOLERANCE
    note: str | None = None

    def judges(self) -> Mask:
        """Return a mask of the rows with probabilities, (N,)."""
        first = self.array[:, 0] if self.rows is None else self.array[self.rows, 0]
        judged: Mask = ~np.isnan(np.asarray(first))
        return judged

    def copied(self, judged: Mask) -> Float32:
        """Return an (N, K) float32 copy, with NaN in the rows that are not judged.

        Raises
        ------
        InputError
            If the file has changed since it was read.
        """
        whole = np.empty((len(judged), self.array.shape[1]), dtype=np.float32)
        start = 0
        for block in _blocks(self.name, self.array, self.rows, self.tolerance):
            whole[start : start + len(block)] = block
            start += len(block)
        if _digest([whole]) != self.content:
            raise InputError(
                f"The probabilities {self.name} have changed in the meantime.", "Run the same command again."
            )
        whole[~judged] = np.nan
        return whole


def names_of(source: AnyProbabilities | None) -> tuple[str, ...]:
    """Return the models' names: the keys, or the files' names without extension."""
    return tuple(_by_name(source))


def read_given(source: AnyProbabilities | None, texts: LabeledTexts) -> tuple[Given, ...]:
    """Read and check probabilities, each file once and in parts.

    Parameters
    ----------
    source : path, sequence of paths, mapping of str to array, frame or path, or None
        A ``.npy`` file or an array of float32 or float64 has one row for each of the N rows of the dataset, or for each
        row of the source including those set aside, and one column for each of the K labels, in the order of
        ``texts.label_names``. A ``.parquet`` or ``.csv`` file or a frame has a column named after each label, in any
        order. A row of NaN is not judged.
    texts : LabeledTexts

    Returns
    -------
    tuple of Given

    Raises
    ------
    SourceError
        If a file is missing, of another format, or unreadable.
    ColumnError
        If the shape or the type is wrong, or a label has no column.
    RowError
        If a row is not a distribution: negative, not finite, or with a sum other than 1. If all values are rounded, for
        example to two decimals, the tolerance of the sum allows for it.
    """
    return tuple(_read(name, table, texts) for name, table in _by_name(source).items())


def take_given(run: Run, given: Sequence[Given], judged: Mask) -> None:
    """Copy the probabilities into a run, one stage per model: ``probabilities/<name>.npy``, NaN where not ``judged``.

    Raises
    ------
    RowError
        If no row is judged by all models: a row that one model omits is not judged at all.
    """
    together = reduce(np.logical_and, (model.judges() for model in given), judged)
    if judged.any() and not together.any():
        raise RowError(
            f"No row is judged by all of {listed([model.name for model in given])}: each row is omitted by some model.",
            "Provide probabilities of the same rows, and put those of one model into one file.",
        )
    for model in given:
        run.stage(
            f"models/{model.name}",
            partial(_write, model, judged),
            inputs=[DATASET, folds()],
            parameters={"content": model.content},
        )


def _write(given: Given, judged: Mask, space: Path, read: Reader) -> None:
    probabilities(given.name).save(space, given.copied(judged))


def _by_name(source: AnyProbabilities | None) -> dict[str, Table]:
    if source is None:
        return {}
    if isinstance(source, Mapping):
        return dict(source)
    files = [source] if isinstance(source, str | Path) else source
    if not isinstance(files, Sequence) or not all(isinstance(file, str | Path) for file in files):
        raise InputError(
            f"The probabilities are of type {type(source).__name__}, without a name.",
            'Name the model: probabilities={"mine": array}.',
        )
    paths = [Path(file) for file in files]
    names = [path.stem for path in paths]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"Two files of probabilities are named {name!r:.120}.", "Rename one of them.")
    return dict(zip(names, paths, strict=True))


def _read(name: str, table: Table, texts: LabeledTexts) -> Given:
    called = str(table) if isinstance(table, str | Path) else name
    array = _array(called, table, texts.label_names)
    if array.dtype.kind != "f" or array.dtype.itemsize not in (4, 8):
        raise ColumnError(
            f"{called} has the type {array.dtype}; expected float32 or float64.",
            "Rewrite it: np.save(path, probabilities.astype(np.float32)).",
        )
    rows = _rows(called, array, texts)
    decimals, tolerance = rounding(block for _, block in _parts(array, rows)) or (0, TOLERANCE)
    content = _digest(_blocks(called, array, rows, tolerance))
    found = Given(name, array, rows, content, tolerance, _rounded(called, array, rows) if decimals else None)
    if not found.judges().any():
        raise RowError(f"{called} judges no row: all are NaN.", "Provide probabilities of at least some rows.")
    return found


def _array(called: str, table: Table, label_names: Sequence[str]) -> npt.NDArray[Any]:
    if isinstance(table, np.ndarray):
        return table
    if not isinstance(table, str | Path):
        return _of_table(called, _of_frame(called, table), label_names)
    path = Path(table).expanduser()
    if not path.is_file():
        raise SourceError(f"{called} does not exist.", "Check the path of the file of probabilities.")
    kind = path.suffix.lower()
    try:
        with open_file(path) as file:
            check_is_data(file.read(HEAD), path)
        if kind == ".npy":
            return np.lib.format.open_memmap(path, mode="r")  # refuses pickles and any other format
        if kind == ".parquet":
            return _of_table(called, read_parquet(path), label_names)
        if kind == ".csv":
            return _of_table(called, csv.read_csv(pa.BufferReader(read_bytes(path))), label_names)
    except AuditorError:
        raise
    except Exception as error:  # a malformed file can raise any error
        raise SourceError(
            f"{called} cannot be read as {kind} of numbers: {str(error).splitlines()[0] if str(error) else 'it ends'}.",
            "Rewrite it: np.save(path, probabilities), as an array of float32, not of objects.",
        ) from None
    raise SourceError(
        f"{called} has an unknown format.",
        "Provide a .npy file, or a .parquet or .csv file with a column for each label.",
    )


def _of_frame(called: str, frame: Any) -> pa.Table:
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (AttributeError, TypeError, ValueError, pa.ArrowException):
        raise ColumnError(
            f"The probabilities {called} are of type {type(frame).__name__}.",
            "Provide a NumPy array, a pandas frame with a column for each label, or a path.",
        ) from None


def _of_table(called: str, table: pa.Table, label_names: Sequence[str]) -> Float64:
    names = table.column_names
    if lacking := [name for name in label_names if names.count(name) != 1]:
        raise ColumnError(
            f"{called} has no single column for {counted(len(lacking), 'label')}: {listed(lacking)}."
            f" Its columns are {listed(names)}.",
            "Name the columns after the labels, in any order; other columns are ignored.",
        )
    return np.column_stack([_numbers(called, name, table[name]) for name in label_names])


def _numbers(called: str, name: str, column: pa.ChunkedArray) -> Float64:
    try:
        return np.asarray(column.cast(pa.float64()).to_numpy())
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise ColumnError(
            f"Column {name!r} of {called} does not contain numbers: {reason}.",
            "Provide probabilities, or leave the whole row empty.",
        ) from None


def _rows(called: str, array: npt.NDArray[Any], texts: LabeledTexts) -> RowIndex | None:
    rows, apart, classes = len(texts), texts.rejected.num_rows, texts.num_classes
    if array.ndim == 2 and array.shape[1] == classes:
        if array.shape[0] == rows:
            return None
        if array.shape[0] == rows + apart:
            return np.asarray(texts.table["position"].to_numpy(), dtype=np.int64)
    all_of_them = f" (or {rows + apart:,}, including those set aside)" if apart else ""
    raise ColumnError(
        f"{called} has the shape {array.shape}; expected ({rows}, {classes}): a row for each of the {rows:,} rows of "
        f"the dataset{all_of_them}, in its order, and a column for each label.",
        f"The labels, in the order of the columns: {listed(texts.label_names, _NAMES_SHOWN)}.",
    )


def _parts(array: npt.NDArray[Any], rows: RowIndex | None) -> Iterator[tuple[RowIndex, npt.NDArray[Any]]]:
    """Yield blocks of the dataset's rows: their positions in the array, and their values."""
    count = len(array) if rows is None else len(rows)
    for start in range(0, count, _BLOCK):
        part = np.arange(start, min(start + _BLOCK, count)) if rows is None else rows[start : start + _BLOCK]
        yield part, np.asarray(array[part])


def _rounded(called: str, array: npt.NDArray[Any], rows: RowIndex | None) -> str | None:
    """Return a note on the rows whose sum differs from 1 only by rounding."""
    off, lowest, highest = 0, 1.0, 1.0
    for _, block in _parts(array, rows):
        sums = block.sum(axis=1, dtype=np.float64)
        sums = sums[np.abs(sums - 1) > TOLERANCE]
        off += len(sums)
        lowest, highest = min([lowest, *sums]), max([highest, *sums])
    if not off:
        return None
    return (
        f"{called}: {counted(off, 'row')} of rounded probabilities, which sum to {lowest:.4g} … {highest:.4g}, divided"
        " by their sum."
    )


def _blocks(called: str, array: npt.NDArray[Any], rows: RowIndex | None, tolerance: float) -> Iterator[Float32]:
    """Yield the dataset's rows, checked and normalised."""
    for part, block in _parts(array, rows):
        judged = np.flatnonzero(~np.isnan(block).all(axis=1))
        if wrong := wrong_row(block[judged], tolerance):
            row = int(part[judged[wrong[0]]])
            raise RowError(
                f"Row {row:,} of {called}, counted from 0, {wrong[1]}; expected probabilities >= 0 that sum to 1 "
                f"within {tolerance:.2g}.",
                "Provide probabilities (for logits, their softmax), or a row of NaN if a text was not judged.",
            )
        yield normalised(block)


def _digest(blocks: Iterable[Float32]) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block.astype("<f4", copy=False).tobytes())
    return digest.hexdigest()


def doubts(run: Run, given: Sequence[str], label_names: Sequence[str]) -> list[str]:
    """Return warnings about the user's probabilities that look wrong beside the run's other models.

    The scores come from ``scores.json``. If labels have errors, an out-of-fold model cannot agree with nearly all of
    them while ours agree with far fewer. A model worse than the most frequent class probably has its rows or columns
    in another order.
    """
    scores = run.load(SCORES)
    scores = {name: about for name, about in scores.items() if about["rows"]}  # the others have no accuracy
    ours = [about["accuracy"] for name, about in scores.items() if name not in {*given, BASELINE, CONSENSUS}]
    found = []
    for name in (model for model in given if model in scores):  # an interrupted run may have scores of earlier models
        accuracy, loss = scores[name]["accuracy"], scores[name]["log_loss"]
        if ours and accuracy >= 0.995 and loss < 0.05 and max(ours) < 0.95:
            found.append(
                f"{name} agrees with {accuracy:.1%} of the given labels, our best model with {max(ours):.1%}. Are its "
                "probabilities out of fold? A model that was trained on a row repeats its label, even a wrong one."
            )
        elif accuracy < scores[BASELINE]["accuracy"]:
            found.append(
                f"{name} agrees with {accuracy:.1%} of the given labels, less than the most frequent label does. Are "
                f"its rows in the order of the dataset, and its columns in this order: {listed(label_names)}?"
            )
    return found
