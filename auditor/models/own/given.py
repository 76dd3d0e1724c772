"""Probabilities that somebody else's models have made, out of fold: read, checked, and one more model of a run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from auditor.data.formats.tables.parquet import read_parquet
from auditor.data.formats.text.encoding import read_bytes
from auditor.data.formats.text.sniff import HEAD, check_is_data
from auditor.data.labeled_texts import LabeledTexts
from auditor.data.source import counted, listed
from auditor.errors import AuditorError, ColumnError, InputError, RowError, SourceError
from auditor.models.own.distribution import TOLERANCE, normalised, rounding, wrong_row
from auditor.run import Run
from auditor.storage import open_file

if TYPE_CHECKING:
    import pandas as pd

_BLOCK = 1 << 16
_NAMES_SHOWN = 100

One = Union[str, Path, npt.NDArray[Any], "pd.DataFrame"]
AnyProbabilities = str | Path | Sequence[str | Path] | Mapping[str, One]
"""A file, several of them, or arrays, frames and files by name."""


@dataclass(frozen=True)
class Given:
    """Probabilities of one model, found to be in order.

    Attributes
    ----------
    name : str
    array : (R, K) float32 or float64 array
        Memory-mapped where it is a file.
    rows : (N,) int64 or None
        Row of the array for each row of the dataset; None where they are the same.
    content : str
        SHA-256 over the N rows, as they are written.
    tolerance : float
        How far from 1 the sum of a row may be.
    note : str or None
        What was done to them.
    """

    name: str
    array: npt.NDArray[Any]
    rows: npt.NDArray[np.int64] | None
    content: str
    tolerance: float = TOLERANCE
    note: str | None = None

    def judges(self) -> npt.NDArray[np.bool_]:
        """(N,) whether there are probabilities of a row."""
        first = self.array[:, 0] if self.rows is None else self.array[self.rows, 0]
        there: npt.NDArray[np.bool_] = ~np.isnan(np.asarray(first))
        return there

    def write(self, path: Path, judged: npt.NDArray[np.bool_]) -> None:
        """Write a copy: (N, K) float32, NaN in the rows that are not to be judged.

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
            raise InputError(f"The probabilities {self.name} have changed meanwhile.", "Give the same command again.")
        whole[~judged] = np.nan
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, whole, allow_pickle=False)


def names_of(source: AnyProbabilities | None) -> tuple[str, ...]:
    """What the models are called: the keys, or the files' names without their ending."""
    return tuple(_by_name(source))


def read_given(source: AnyProbabilities | None, texts: LabeledTexts) -> tuple[Given, ...]:
    """Read and check probabilities, each file once and in parts.

    Parameters
    ----------
    source : path, sequence of paths, mapping of str to array, frame or path, or None
        A ``.npy`` file or an array: float32 or float64, one row for each of the N rows of the dataset as it was read,
        or for each row of the source, those set aside counted; one column for each of the K labels, in the order of
        ``texts.label_names``. A ``.parquet`` or ``.csv`` file or a frame: a column named after each label, in any
        order. A row of NaN is not judged.
    texts : LabeledTexts

    Returns
    -------
    tuple of Given

    Raises
    ------
    SourceError
        If a file is missing, of another kind, or unreadable.
    ColumnError
        If the shape or the type is another one, or a label has no column.
    RowError
        If a row is no distribution: negative, not finite, or with a sum that is not 1. Where all values are rounded,
        to two decimals say, the sum may be off by as much as that makes.
    """
    return tuple(_read(name, one, texts) for name, one in _by_name(source).items())


def take_given(run: Run, given: Sequence[Given], judged: npt.NDArray[np.bool_]) -> None:
    """Copy the probabilities into a run, a stage for each: ``probabilities/<name>.npy``, NaN where not ``judged``.

    Raises
    ------
    RowError
        If no row is judged by all of them: a row that one of them leaves out is not judged at all.
    """
    together = reduce(np.logical_and, (each.judges() for each in given), judged)
    if judged.any() and not together.any():
        raise RowError(
            f"No row is judged by all of {listed([each.name for each in given])}: what one judges, another leaves out.",
            "Give probabilities of the same rows, or put those of one model into one file.",
        )
    for each in given:
        run.stage(
            f"models/{each.name}",
            partial(_write, each, judged),
            inputs=["dataset.parquet", "folds.npy"],
            parameters={"content": each.content},
        )


def _write(given: Given, judged: npt.NDArray[np.bool_], space: Path) -> None:
    given.write(space / f"probabilities/{given.name}.npy", judged)


def _by_name(source: AnyProbabilities | None) -> dict[str, One]:
    if source is None:
        return {}
    if isinstance(source, Mapping):
        return dict(source)
    files = [source] if isinstance(source, str | Path) else source
    if not isinstance(files, Sequence) or not all(isinstance(one, str | Path) for one in files):
        raise InputError(
            f"The probabilities are of type {type(source).__name__}, without a name.",
            'Give the model a name: probabilities={"mine": array}.',
        )
    paths = [Path(one) for one in files]
    names = [path.stem for path in paths]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"Two files of probabilities are called {name!r:.120}.", "Rename one of them.")
    return dict(zip(names, paths, strict=True))


def _read(name: str, one: One, texts: LabeledTexts) -> Given:
    called = str(one) if isinstance(one, str | Path) else name
    array = _array(called, one, texts.label_names)
    if array.dtype.kind != "f" or array.dtype.itemsize not in (4, 8):
        raise ColumnError(
            f"{called} holds {array.dtype}; float32 or float64 is expected.",
            "Write it again: np.save(path, probabilities.astype(np.float32)).",
        )
    rows = _rows(called, array, texts)
    decimals, tolerance = rounding(block for _, block in _parts(array, rows)) or (0, TOLERANCE)
    content = _digest(_blocks(called, array, rows, tolerance))
    found = Given(name, array, rows, content, tolerance, _rounded(called, array, rows) if decimals else None)
    if not found.judges().any():
        raise RowError(f"{called} judges no row: all are NaN.", "Give probabilities, of some rows at least.")
    return found


def _array(called: str, one: One, label_names: Sequence[str]) -> npt.NDArray[Any]:
    if isinstance(one, np.ndarray):
        return one
    if not isinstance(one, str | Path):
        return _of_table(called, _of_frame(called, one), label_names)
    path = Path(one).expanduser()
    if not path.is_file():
        raise SourceError(f"There is no file {called}.", "Check the name of the file of probabilities.")
    kind = path.suffix.lower()
    try:
        with open_file(path) as file:
            check_is_data(file.read(HEAD), path)
        if kind == ".npy":
            return np.lib.format.open_memmap(path, mode="r")  # takes no pickle, nor anything but .npy
        if kind == ".parquet":
            return _of_table(called, read_parquet(path), label_names)
        if kind == ".csv":
            return _of_table(called, csv.read_csv(pa.BufferReader(read_bytes(path))), label_names)
    except AuditorError:
        raise
    except Exception as error:  # a strange file leads to errors of every kind
        raise SourceError(
            f"{called} cannot be read as {kind} of numbers: {str(error).splitlines()[0] if str(error) else 'it ends'}.",
            "Write it again: np.save(path, probabilities), an array of float32 and no object.",
        ) from None
    raise SourceError(
        f"{called} is of an unknown kind.",
        "Give a .npy file, or a .parquet or .csv file with a column for each label.",
    )


def _of_frame(called: str, frame: Any) -> pa.Table:
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (AttributeError, TypeError, ValueError, pa.ArrowException):
        raise ColumnError(
            f"The probabilities {called} are of type {type(frame).__name__}.",
            "Give a NumPy array, a pandas frame with a column for each label, or a path.",
        ) from None


def _of_table(called: str, table: pa.Table, label_names: Sequence[str]) -> npt.NDArray[np.float64]:
    names = table.column_names
    if lacking := [name for name in label_names if names.count(name) != 1]:
        raise ColumnError(
            f"{called} has no single column for {counted(len(lacking), 'label')}: {listed(lacking)}."
            f" Its columns are {listed(names)}.",
            "Name the columns after the labels; their order does not matter, and others are left alone.",
        )
    return np.column_stack([_numbers(called, name, table[name]) for name in label_names])


def _numbers(called: str, name: str, column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    try:
        return np.asarray(column.cast(pa.float64()).to_numpy())
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise ColumnError(
            f"Column {name!r} of {called} holds no numbers: {reason}.",
            "Write probabilities, or nothing in a whole row.",
        ) from None


def _rows(called: str, array: npt.NDArray[Any], texts: LabeledTexts) -> npt.NDArray[np.int64] | None:
    rows, apart, classes = len(texts), texts.rejected.num_rows, texts.num_classes
    if array.ndim == 2 and array.shape[1] == classes:
        if array.shape[0] == rows:
            return None
        if array.shape[0] == rows + apart:
            return np.asarray(texts.table["position"].to_numpy(), dtype=np.int64)
    all_of_them = f" (or {rows + apart:,}, with those set aside)" if apart else ""
    raise ColumnError(
        f"{called} is of shape {array.shape}; expected is ({rows}, {classes}): a row for each of the {rows:,} rows of "
        f"the dataset{all_of_them}, in its order, and a column for each label.",
        f"The labels, in the order of the columns: {listed(texts.label_names, _NAMES_SHOWN)}.",
    )


def _parts(
    array: npt.NDArray[Any], rows: npt.NDArray[np.int64] | None
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[Any]]]:
    """The rows of the dataset, some at a time: their places in the array, and what stands there."""
    count = len(array) if rows is None else len(rows)
    for start in range(0, count, _BLOCK):
        part = np.arange(start, min(start + _BLOCK, count)) if rows is None else rows[start : start + _BLOCK]
        yield part, np.asarray(array[part])


def _rounded(called: str, array: npt.NDArray[Any], rows: npt.NDArray[np.int64] | None) -> str | None:
    """Say how many rows sum to 1 but for the rounding of their values."""
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


def _blocks(
    called: str, array: npt.NDArray[Any], rows: npt.NDArray[np.int64] | None, tolerance: float
) -> Iterator[npt.NDArray[np.float32]]:
    """The rows of the dataset, checked and normalised."""
    for part, block in _parts(array, rows):
        judged = np.flatnonzero(~np.isnan(block).all(axis=1))
        if wrong := wrong_row(block[judged], tolerance):
            row = int(part[judged[wrong[0]]])
            raise RowError(
                f"Row {row:,} of {called}, counted from 0, {wrong[1]}; probabilities are 0 or more, and sum to 1 "
                f"within {tolerance:.2g}.",
                "Give probabilities (of logits, their softmax), or a row of NaN where a text was not judged.",
            )
        yield normalised(block)


def _digest(blocks: Iterable[npt.NDArray[np.float32]]) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block.astype("<f4", copy=False).tobytes())
    return digest.hexdigest()


def doubts(run: Run, given: Sequence[str], label_names: Sequence[str]) -> list[str]:
    """Sentences on given probabilities that look wrong beside the run's other models, by ``scores.json``.

    Of labels that have errors, a model that never saw them cannot know nearly all while ours know far fewer; and one
    that is worse than naming the most frequent class says something else than it should.
    """
    scores = json.loads(run.open("scores.json").read_text("utf-8"))
    ours = [about["accuracy"] for name, about in scores.items() if name not in {*given, "dummy", "consensus"}]
    found = []
    for name in (one for one in given if one in scores):  # a run that was interrupted has scores of former models
        accuracy, loss = scores[name]["accuracy"], scores[name]["log_loss"]
        if ours and accuracy >= 0.995 and loss < 0.05 and max(ours) < 0.95:
            found.append(
                f"{name} agrees with {accuracy:.1%} of the given labels, our best model with {max(ours):.1%}: are its "
                "probabilities out of fold? A model that was trained on a row repeats its label, wrong ones too."
            )
        elif accuracy < scores["dummy"]["accuracy"]:
            found.append(
                f"{name} agrees with {accuracy:.1%} of the given labels, fewer than have the most frequent one: are "
                f"its rows in the order of the dataset, and its columns in this one: {listed(label_names)}?"
            )
    return found
