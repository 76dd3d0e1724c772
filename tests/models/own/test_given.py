"""Probabilities made elsewhere: what is taken, and what each mistake is told."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from auditor.config import ReadConfig
from auditor.data import LabeledTexts, read
from auditor.errors import ColumnError, InputError, RowError, SourceError
from auditor.models.own.given import Given, doubts, names_of, read_given, take_given
from auditor.run import Run

NAMES = ("anger", "joy", "sadness")
LABELS = ["joy", "anger", "sadness", "joy", "anger", "joy"]


@pytest.fixture(scope="module")
def texts() -> LabeledTexts:
    return read(pd.DataFrame({"text": [f"text {n}" for n in range(6)], "label": LABELS}))


def chances(rows: int = 6, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).dirichlet(np.ones(3), rows).astype(np.float32)


def one(source: Any, texts: LabeledTexts) -> Given:
    (given,) = read_given(source, texts)
    return given


def written(given: Given, folder: Path, judged: Any = None) -> np.ndarray[Any, Any]:
    return given.copied(np.ones(6, dtype=bool) if judged is None else judged)


@pytest.mark.parametrize("dtype", ["<f4", "<f8", ">f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_way_to_give_the_same_is_the_same(texts: LabeledTexts, tmp_path: Path, dtype: str, order: Any) -> None:
    array = chances()
    np.save(tmp_path / "bert.npy", np.asarray(array.astype(dtype), order=order))
    pd.DataFrame(array, columns=list(NAMES))[["sadness", "joy", "anger"]].to_parquet(tmp_path / "bert.parquet")
    frame = pd.DataFrame(array, columns=list(NAMES)).assign(id="x")
    ways: list[Any] = [
        str(tmp_path / "bert.npy"),
        [tmp_path / "bert.npy"],
        tmp_path / "bert.parquet",
        {"bert": array.astype(dtype)},
        {"bert": tmp_path / "bert.npy"},
        {"bert": frame},
    ]
    found = [one(way, texts) for way in ways]
    assert {given.name for given in found} == {"bert"} == {names_of(way)[0] for way in ways}
    assert len({given.content for given in found}) == 1
    for given in found:
        np.testing.assert_allclose(written(given, tmp_path), array, atol=1e-6)


def test_csv_is_read_by_the_names_of_its_columns(texts: LabeledTexts, tmp_path: Path) -> None:
    array = chances().astype(np.float64)
    array[2] = np.nan
    pd.DataFrame(array, columns=list(NAMES))[["joy", "sadness", "anger"]].to_csv(tmp_path / "bert.csv", index=False)
    np.testing.assert_allclose(written(one(tmp_path / "bert.csv", texts), tmp_path), array, atol=1e-6)


def test_rows_set_aside_may_have_a_row_or_none(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a", "", "b", "c", None, "d"], "label": ["x", "y", "y", "x", "x", "y"]})
    texts = read(frame, ReadConfig(drop_invalid=True))
    whole = np.random.default_rng(0).dirichlet(np.ones(2), 6)
    whole[[1, 4]] = 7.0  # nothing is asked of the rows that are set aside
    all_rows, valid = one({"m": whole}, texts), one({"m": whole[[0, 2, 3, 5]]}, texts)
    assert all_rows.content == valid.content
    copied = all_rows.copied(np.ones(4, dtype=bool))
    np.testing.assert_allclose(copied, whole[[0, 2, 3, 5]], atol=1e-6)
    with pytest.raises(ColumnError, match=r"expected \(4, 2\).*or 6, including those set aside"):
        one({"m": whole[:5]}, texts)


def test_rows_of_nan_and_rows_not_judged_are_nan(texts: LabeledTexts, tmp_path: Path) -> None:
    array = chances()
    array[0] = np.nan
    found = written(one({"m": array}, texts), tmp_path, np.array([1, 1, 0, 1, 1, 1], dtype=bool))
    assert np.isnan(found).all(axis=1).tolist() == [True, False, True, False, False, False]
    with pytest.raises(RowError, match="judges no row"):
        one({"m": np.full((6, 3), np.nan)}, texts)


def test_sums_within_a_thousandth_are_made_one(texts: LabeledTexts, tmp_path: Path) -> None:
    array = chances().astype(np.float64)
    np.testing.assert_allclose(written(one({"m": array * 1.0009}, texts), tmp_path).sum(1), 1, atol=1e-6)
    with pytest.raises(RowError, match=r"sums to 1\.002"):
        one({"m": array * 1.002}, texts)


@pytest.mark.parametrize(
    ("decimals", "classes", "dtype"),
    [(1, 3, "f8"), (2, 3, "f4"), (2, 3, "f8"), (3, 40, "f4"), (3, 40, "f8"), (4, 200, "f4"), (4, 200, "f8")],
)
def test_rounded_rows_are_divided_by_their_sum(tmp_path: Path, decimals: int, classes: int, dtype: str) -> None:
    array = np.random.default_rng(0).dirichlet(np.ones(classes), 400).round(decimals).astype(dtype)
    off = np.abs(array.sum(axis=1, dtype=np.float64) - 1) > 1e-3
    assert off.any()
    labels = [f"label {row % classes:03}" for row in range(400)]
    data = read(pd.DataFrame({"text": [f"text {row}" for row in range(400)], "label": labels}))
    found = one({"m": array}, data)
    assert found.note is not None
    assert f"m: {off.sum()} row" in found.note
    assert "divided by their sum" in found.note
    copied = found.copied(np.ones(400, dtype=bool))
    np.testing.assert_allclose(copied, array / array.sum(axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([0.34, 0.33, 0.31], "sums to 0.98; .* within 0.015"),
        ([0.5, 0.5, 0.5], "sums to 1.5"),
        ([0.0, 0.0, 0.0], "sums to 0"),
        ([1.01, 0.0, 0.0], "sums to 1.01; .* within 0.001"),
        ([1.02, 0.0, -0.01], "has the value -0.01"),
        ([0.3333, 0.3333, 0.3325], None),
        ([0.33333, 0.33333, 0.33], "within 0.001"),
        ([0.34, np.nan, 0.66], "not finite"),
    ],
)
def test_what_is_more_than_rounding_is_refused(texts: LabeledTexts, row: list[float], said: str | None) -> None:
    array = np.array([[0.25, 0.25, 0.5], [0.33, 0.33, 0.33], *[[0.1, 0.2, 0.7]] * 4])
    assert (
        one({"m": array}, texts).note
        == "m: 1 row of rounded probabilities, which sum to 0.99 … 1, divided by their sum."
    )
    array[1] = row
    if said is None:
        assert one({"m": array}, texts).note is None
        return
    with pytest.raises(RowError, match=f"Row 1 .*{said}"):
        one({"m": array}, texts)


def test_rounding_says_nothing_of_full_numbers(texts: LabeledTexts) -> None:
    assert one({"m": chances()}, texts).note is None
    with pytest.raises(RowError, match=r"sums to 1\.0"):
        one({"m": chances().astype(np.float64) * 1.01}, texts)


WRONG = [
    (3, [0.5, -0.1, 0.6], "Row 3 .*has the value -0.1"),
    (4, [0.5, np.nan, 0.5], "Row 4 .*not finite"),
    (5, [np.inf, 0, 0], "Row 5 .*not finite"),
    (0, [0.5, 0.5, 0.5], "Row 0 .*sums to 1.5"),
    (1, [2.0, -3.0, 1.0], "Row 1 .*has the value -3"),
]


@pytest.mark.parametrize(("row", "values", "said"), WRONG)
def test_the_first_wrong_row_is_named(texts: LabeledTexts, row: int, values: list[float], said: str) -> None:
    array = chances()
    array[row] = values
    array[5] = values
    with pytest.raises(RowError, match=said):
        one({"m": array}, texts)


@pytest.mark.parametrize("shape", [(6, 2), (5, 3), (3, 6), (18,), (6, 3, 1), (), (0, 3)])
def test_another_shape_is_told_with_the_labels_in_order(texts: LabeledTexts, shape: tuple[int, ...]) -> None:
    with pytest.raises(ColumnError) as told:
        one({"m": np.full(shape, 0.5)}, texts)
    assert str(shape) in told.value.what
    assert "(6, 3)" in told.value.what
    assert "anger, joy, sadness" in told.value.todo


@pytest.mark.parametrize(
    "values",
    [np.eye(6, 3, dtype=int), np.eye(6, 3) > 0, chances().astype(np.float16), chances().astype(str)],
)
def test_only_floats_are_probabilities(texts: LabeledTexts, values: Any) -> None:
    with pytest.raises(ColumnError, match="expected float32 or float64"):
        one({"m": values}, texts)
    with pytest.raises(ColumnError, match="are of type list"):
        one({"m": chances().tolist()}, texts)


class _Armed:
    def __reduce__(self) -> Any:
        return pytest.fail, ("a pickle was run",)


def _npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


HOSTILE = {
    "objects.npy": _npy(np.array([[_Armed()]], dtype=object)),
    "pickle.npy": pickle.dumps(_Armed()),
    "empty.npy": b"",
    "text.npy": b"0.1,0.9\n",
    "cut.npy": _npy(chances(10_000))[:5000],
    "header.npy": b"\x93NUMPY\x01\x00\x20\x00{'descr': __import__('os').abort()}",
    "huge.npy": _npy(chances()).replace(b"(6, 3), }", b"(9999999999999999, 3), }")[:-16],
    "zip.npy": b"PK\x03\x04" + bytes(40),
    "broken.parquet": b"PAR1 not really",
    "broken.csv": b'anger,joy\n"',
    "pickle.pkl": pickle.dumps(_Armed()),
    "bert.npz": b"PK\x03\x04",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_something_else_is_refused_and_nothing_in_it_run(
    texts: LabeledTexts, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(HOSTILE[name])
    with pytest.raises((SourceError, ColumnError), match=name):
        one(tmp_path / name, texts)


def test_missing_files_and_folders_are_told(texts: LabeledTexts, tmp_path: Path) -> None:
    (tmp_path / "folder.npy").mkdir()
    for name in ("nothing.npy", "folder.npy"):
        with pytest.raises(SourceError, match=f"{name} (does not exist|is a folder|is not a file)"):
            one(tmp_path / name, texts)


def test_a_table_lacks_a_label_or_holds_no_numbers(texts: LabeledTexts) -> None:
    frame = pd.DataFrame(chances(), columns=["anger", "joy", "Sadness"])
    with pytest.raises(ColumnError, match=r"1 label: sadness. Its columns are anger, joy, Sadness"):
        one({"m": frame}, texts)
    with pytest.raises(ColumnError, match="Column 'anger' of m does not contain numbers"):
        one({"m": pd.DataFrame({name: ["a"] * 6 for name in NAMES})}, texts)


def test_two_files_of_one_name_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Two files of probabilities are named 'bert'"):
        names_of([tmp_path / "a" / "bert.npy", tmp_path / "b" / "bert.npy"])


def test_what_has_no_name_is_told() -> None:
    for source in (chances(), [chances()], pd.DataFrame(chances())):
        with pytest.raises(InputError, match="without a name") as caught:
            names_of(source)
        assert 'probabilities={"mine": array}' in str(caught.value)


def test_models_that_share_no_row_are_told_before_anything_is_trained(texts: LabeledTexts, tmp_path: Path) -> None:
    first, last = chances(), chances()
    first[:3], last[3:] = np.nan, np.nan
    given = read_given({"a": first, "b": last}, texts)
    with pytest.raises(RowError, match="No row is judged by all of a, b: each row is omitted"):
        take_given(Run(tmp_path), given, np.ones(6, dtype=bool))
    with pytest.raises(RowError, match="No row is judged by all of a"):
        take_given(Run(tmp_path), given[:1], np.arange(6) < 3)


def test_a_file_that_changes_between_check_and_copy_is_told(texts: LabeledTexts, tmp_path: Path) -> None:
    np.save(tmp_path / "bert.npy", chances(seed=0))
    given = one(tmp_path / "bert.npy", texts)
    with (tmp_path / "bert.npy").open("r+b") as file:
        file.write(_npy(chances(seed=1)))
    with pytest.raises(InputError, match="have changed in the meantime"):
        written(given, tmp_path)


@pytest.mark.parametrize(
    ("bert", "features", "doubted"),
    [
        ((0.999, 0.001), 0.7, "out of fold"),
        ((0.999, 0.001), 0.97, None),
        ((0.999, 0.4), 0.7, None),
        ((0.9, 0.2), 0.7, None),
        ((0.1, 3.0), 0.7, "anger, joy, sadness"),
        ((0.999, 0.001), None, None),
    ],
)
def test_what_looks_wrong_is_said(
    tmp_path: Path, bert: tuple[float, float], features: float | None, doubted: str | None
) -> None:
    scores = {"dummy": (0.4, 1.0), "bert": bert, "consensus": (0.8, 0.5)}
    scores |= {"features": (features, 0.8)} if features is not None else {}
    rest: dict[str, object] = {"rows": 9, "f1_by_class": [], "confusion": []}
    about = {name: {"accuracy": accuracy, "log_loss": loss, **rest} for name, (accuracy, loss) in scores.items()}
    run = Run(tmp_path)
    run.stage("consensus", lambda space, read: (space / "scores.json").write_text(json.dumps(about)) and None)
    notes = doubts(run, ["bert"], NAMES)
    assert (doubted is None) == (notes == [])
    assert all(doubted is not None and doubted in note for note in notes)
