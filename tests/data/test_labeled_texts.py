"""The fingerprint: equal exactly when the audit's input is equal."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from auditor.data import LabeledTexts, Origin

ORIGIN = Origin("frame", "frame", "text", "label", None, {})
WORDS = st.text(st.sampled_from("aé😀\0"), max_size=3)
Rows = list[tuple[str, str, int, str]]


def dataset(rows: Rows, names: tuple[str, ...] = ("x", "y")) -> LabeledTexts:
    columns = list(zip(*rows, strict=True)) if rows else [()] * 4
    types = {"id": pa.string(), "text": pa.string(), "label": pa.int32(), "split": pa.string()}
    table = pa.table(
        [pa.array(column, type_) for column, type_ in zip(columns, types.values(), strict=True)], list(types)
    )
    return LabeledTexts(table, table.slice(0, 0), names, names, ORIGIN)


ROWS = st.lists(st.tuples(WORDS, WORDS, st.integers(0, 1), WORDS), max_size=4)


@given(ROWS, ROWS)
def test_fingerprints_are_equal_when_the_data_is(one: Rows, two: Rows) -> None:
    assert (dataset(one).fingerprint() == dataset(two).fingerprint()) == (one == two)


@given(ROWS, st.integers(0, 4))
def test_fingerprint_does_not_depend_on_chunks(rows: Rows, cut: int) -> None:
    data = dataset([*rows, *rows])
    pieces = replace(data, table=pa.concat_tables([data.table.slice(0, cut), data.table.slice(cut)]))
    assert pieces.fingerprint() == data.fingerprint()
    half = replace(data, table=data.table.slice(len(rows)))
    assert half.fingerprint() == dataset(rows).fingerprint()


def test_fingerprint_tells_names_apart_and_leaves_the_rest_out() -> None:
    data = dataset([("a", "b", 0, "c")])
    assert data.fingerprint() != dataset([("a", "b", 0, "c")], ("y", "x")).fingerprint()
    noted = replace(data, notes=("Columns guessed.",), table=data.table.append_column("original:n", pa.array([1])))
    assert noted.fingerprint() == data.fingerprint()


def test_contents_are_all_that_an_export_gives_back() -> None:
    data = dataset([("a", "b", 0, "c"), ("d", "e", 1, "c")])
    mood = pa.chunked_array([["calm", None]]).dictionary_encode()
    kept = replace(data, table=data.table.append_column("original:mood", mood))
    assert kept.contents() == replace(kept, notes=("Columns guessed.",)).contents()
    other = [
        data,
        replace(data, table=data.table.append_column("original:mood", pa.chunked_array([[None, "calm"]]))),
        replace(data, table=data.table.append_column("original:mood", pa.chunked_array([["cross", None]]))),
        replace(kept, rejected=kept.table.slice(1)),
        replace(kept, label_values=(0, 1)),
        replace(kept, origin=replace(ORIGIN, label="label_2")),
    ]
    assert len({one.contents() for one in [kept, *other]}) == 1 + len(other)
