"""What is cut quickly is what is cut row by row, wherever the pieces end in which a file is looked at and parsed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.data.formats.text import quick
from auditor.data.formats.text.dialect import Dialect
from auditor.data.formats.text.quick import cut_quickly
from auditor.data.formats.text.quoting import Place, choose_dialect

FIELDS = st.one_of(
    st.text(st.sampled_from("ab é"), max_size=5),
    st.text(st.sampled_from('a,"\n\r'), max_size=5).map(lambda value: '"' + value.replace('"', '""') + '"'),
    st.sampled_from([" ", '""', '"a"b']),
)
ROWS = st.lists(st.tuples(FIELDS, FIELDS).map(",".join), min_size=1, max_size=8)
ENDS = st.sampled_from(["\n", "\r\n", "\n\n", "\n \n"])


@pytest.fixture(autouse=True, scope="module")
def _small_pieces() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quick, "_BLOCK", 7)
        patch.setattr(quick, "_PARSED", 5)
        yield


@settings(max_examples=60)
@given(ROWS, ENDS, st.booleans(), st.booleans())
def test_pieces_change_nothing(rows: list[str], end: str, header: bool, ended: bool) -> None:
    text = end.join([*["text,label"] * header, '"so, sad",joy', *rows]) + end * ended
    data, place = text.encode(), Place(0, header, 2)
    found = cut_quickly(data, place, Dialect())
    if found is None:
        return
    chosen = choose_dialect(data, place, ",", "auto")
    assert chosen.dialect == Dialect()
    assert chosen.notes == ()
    rows_ = chosen.rows
    assert rows_.whole
    assert (found.header, found.begin, found.end, found.blank) == (rows_.header, rows_.begin, rows_.end, rows_.blank)
    assert found.raw.to_pylist() == [row for batch in rows_.raw for row in batch.to_pylist()]
    for at, column in enumerate(found.table.columns):
        values = [chosen.dialect.values(batch[at]).to_pylist() for batch in rows_.fields]
        assert column.to_pylist() == [value for batch in values for value in batch]


def test_most_files_are_cut_quickly() -> None:
    rows = "".join(f'{number},"a, ""b""\n{number}",joy\r\n' for number in range(50))
    found = cut_quickly(f"id,text,label\r\n{rows}".encode(), Place(0, True, 3), Dialect())
    assert found is not None
    assert found.table["1"].to_pylist() == [f'a, "b"\n{number}' for number in range(50)]
    assert found.raw[7].as_py() == b'7,"a, ""b""\n7",joy\r\n'
