"""CSV: blank lines are counted and malformed rows found, whatever stands between quotes."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.data.formats.text.delimited import read_delimited
from auditor.errors import RowError

VALUES = st.text(st.sampled_from(list('ab ,"\n\r\x00é')), max_size=6).map(lambda text: "x" + text)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def line(end: str, *values: str) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator=end, quoting=csv.QUOTE_ALL).writerow(values)
    return file.getvalue()


def lines_in(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


@given(st.lists(st.tuples(VALUES, VALUES, st.integers(0, 2)), min_size=1, max_size=6), ENDS, st.booleans())
def test_blank_lines_are_counted(rows: list[tuple[str, str, int]], end: str, quoted_header: bool) -> None:
    header = line(end, "te\nxt", "label") if quoted_header else f"text,label{end}"
    text = end + header + "".join(line(end, text, label) + (" " * blank + end) * blank for text, label, blank in rows)
    found = read_delimited(text.encode(), "rows.csv", quoting="minimal")
    assert list(zip(*(column.to_pylist() for column in found.table.columns), strict=True)) == [row[:2] for row in rows]
    assert found.about["delimiter"] == ","
    blank = 1 + sum(row[2] for row in rows)
    assert found.notes == (f"rows.csv: {blank} blank line{'s' * (blank > 1)} skipped.",)


@given(st.lists(st.tuples(VALUES, VALUES, st.integers(0, 2)), max_size=6), ENDS, st.integers(0, 6), st.booleans())
def test_malformed_row_is_found(rows: list[tuple[str, str, int]], end: str, place: int, quoted_header: bool) -> None:
    good = [line(end, text, label) + (" " * blank + end) * blank for text, label, blank in rows]
    header = end + (line(end, "te\nxt", "label") if quoted_header else f"text,label{end}")
    before = header + "".join(good[:place])
    text = before + f"one,two,three{end}" + "".join(good[place:])
    number = lines_in(before) + 1
    with pytest.raises(RowError, match=f"line {number}: 3 fields found, 2 expected") as caught:
        read_delimited(text.encode(), "rows.csv")
    assert "'one,two,three'" in caught.value.what


@given(
    st.lists(st.tuples(VALUES, VALUES), max_size=6), ENDS, st.sampled_from(['"open,joy', 'fine,"open', 'a,"b,c', '"'])
)
def test_open_quote_is_found(rows: list[tuple[str, str]], end: str, row: str) -> None:
    rows = [("so, sad", "joy"), *rows]  # which shows that quotes are quoting
    before = f"text,label{end}" + "".join(line(end, *values) for values in rows)
    text = before + row + end + f"more,rows{end}" * 2
    with pytest.raises(RowError, match=f"line {lines_in(before) + 1}: a quote is opened and never closed"):
        read_delimited(text.encode(), "rows.csv")


def test_quote_at_the_end_is_no_open_quote() -> None:
    table = read_delimited(b'text,label\na,""""', "rows.csv").table
    assert table.to_pylist() == [{"text": "a", "label": '"'}]
    table = read_delimited(b'text,label\na,"""x\n"', "rows.csv").table
    assert table.to_pylist() == [{"text": "a", "label": '"x\n'}]


def test_rows_larger_than_usual_blocks() -> None:
    cell = "x\n" * 6_000_000
    data = line("\n", "text", "label") + line("\n", "a", "joy") + line("\n", cell, "sad")
    found = read_delimited(data.encode(), "rows.csv")
    assert found.table["text"].to_pylist() == ["a", cell]
    assert found.notes == ()


def texts(data: bytes, name: str = "rows.csv", **options: Any) -> list[str]:
    found = read_delimited(data, name, **options)
    whole = found.about["head"].encode() + b"".join(found.raw.to_pylist()) + found.about["tail"].encode()
    assert whole == data, "no byte is lost"
    return found.table["text"].to_pylist()  # type: ignore[no-any-return]


def rows_of(delimiter: str, *pairs: tuple[str, str]) -> bytes:
    return "".join(delimiter.join(pair) + "\n" for pair in (("text", "label"), *pairs)).encode()


QUOTES: dict[str, tuple[bytes, list[str], str]] = {
    "rows that a quote would swallow": (
        rows_of("\t", ('"so glad', "joy"), ("meh", "sad"), ('they say"', "joy")),
        *(['"so glad', "meh", 'they say"'], "no field is quoted"),
    ),
    "a quote that is never closed": (
        rows_of("\t", ('"so glad', "joy"), ("meh", "sad")),
        *(['"so glad', "meh"], "no field is quoted"),
    ),
    "a whole text between quotes, in TSV": (
        rows_of("\t", ('"so glad"', "joy"), *[("meh", "sad")] * 5),
        *(['"so glad"', *["meh"] * 5], "no field is quoted"),
    ),
    "a whole text between quotes, in CSV": (
        rows_of(",", ('"so glad"', "joy"), *[("meh", "sad")] * 5),
        *(["so glad", *["meh"] * 5], "the quotes around 1 field are read as CSV quoting"),
    ),
    "a delimiter between quotes": (rows_of(",", ('"a, b"', "joy"), ("c", "sad")), ["a, b", "c"], ""),
    "doubled quotes": (rows_of("\t", ('"a ""b"""', "joy"), ("c", "sad")), ['a "b"', "c"], ""),
    "all of a column": (rows_of("\t", ('"a"', "joy"), ('"b"', "sad")), ["a", "b"], ""),
    "labels with and without": (
        rows_of("\t", ("a", '"joy"'), ('"b"', "joy"), ("c", "sad")),
        *(["a", "b", "c"], ""),
    ),
    "quoted names": (b'"text"\tlabel\n"a"\tjoy\nb\tsad\n', ["a", "b"], ""),
    "what Excel quotes": (rows_of("\t", ('"a, b"', "joy"), ("c", "sad")), ["a, b", "c"], ""),
    "line breaks between quotes": (rows_of(",", ('"a\nb"', "joy"), ("c", "sad")), ["a\nb", "c"], ""),
    "quotes within": (rows_of(",", ('say "a"', "joy"), ("c", "sad")), ['say "a"', "c"], ""),
    "a text that looks like rows, among quoted ones": (
        rows_of(",", ('"a, b"', "joy"), ('"c,d\ne"', "sad")),
        *(["a, b", "c,d\ne"], "1 quoted text over several lines, each of which looks like a row"),
    ),
    "backslashes": (rows_of(",", ('"say \\"a\\", b"', "joy"), ("c", "sad")), ['say "a", b', "c"], "a backslash in it"),
    "backslashes without quotes": (rows_of(",", ("a\\, b", "joy"), ("c", "sad")), ["a, b", "c"], "a backslash in it"),
    "blanks": (rows_of(", ", ('"a, b"', '"joy"'), ("c", '"sad"')), ["a, b", "c"], "blanks after its delimiters"),
}


@pytest.mark.parametrize("case", QUOTES)
def test_quotes_are_looked_at_before_they_are_believed(case: str) -> None:
    data, expected, note = QUOTES[case]
    assert texts(data) == expected
    (found,) = read_delimited(data, "rows.csv").notes or ("",)
    assert found.startswith(f"rows.csv: {note}" if note else "")


def test_quoting_may_be_told() -> None:
    data = rows_of("\t", ('"so glad', "joy"), ("meh", "sad"), ('they say"', "joy"))
    assert texts(data, quoting="minimal") == ["so glad\tjoy\nmeh\tsad\nthey say"]
    data = rows_of(",", ('"a"', "joy"), ('"b"', "sad"))
    assert texts(data, quoting="none") == ['"a"', '"b"']


DELIMITERS: dict[str, tuple[bytes, str]] = {
    "commas in the header alone": (b"text;label;a, b, c, d\nso, glad;joy;x\nsad;sad;y\n", ";"),
    "semicolons in texts": (b"text,label\nso; glad;; yes,joy\nsad,sad\n", ","),
    "delimiters between quotes": (b'"text;a;b;c",label\n"x;y",joy\nz,sad\n', ","),
    "Excel's first line": (b"SEP=;\r\ntext;label\r\nso, glad;joy\r\n", ";"),
    "pipes": (b"text|label\nso, glad, yes|joy\n", "|"),
    "tabs and commas": (b"text\tlabel\nso, glad\tjoy\nsad, mad\tsad\n", "\t"),
}


@pytest.mark.parametrize("case", DELIMITERS)
def test_the_delimiter_is_found_in_the_first_rows(case: str) -> None:
    data, delimiter = DELIMITERS[case]
    assert read_delimited(data, "rows.csv").about["delimiter"] == delimiter


def test_columns_of_one_name_or_without_one() -> None:
    found = read_delimited(b"text,label,,,n,n,column_4\na,joy,1,2,3,4,5\n", "rows.csv")
    names = ["text", "label", "column_3", "column_4_", "n", "n_6", "column_4"]
    assert found.table.column_names == names
    assert found.about["names"] == ["text", "label", "", "", "n", "n", "column_4"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"4,so glad\n0,sad\n4,mad\n", "its first line contains '4', which is also a value of the same column"),
        (b"id1,i am so very glad to be here\nid2,sad\n", "which looks like a text, not like the name of a column"),
        (b"17,so glad\n18,sad\n", "its first line contains the number 17"),
        (b"text,joy\na,joy\nb,sad\n", None),
        (b"tweet_id,body\na,joy\nb,sad\n", None),
    ],
)
def test_a_first_line_that_looks_like_a_row(data: bytes, why: str | None) -> None:
    found = read_delimited(data, "rows.csv")
    assert (why or "") in found.about.get("suspected", "")
    assert bool(found.about.get("suspected")) == bool(why)
    assert read_delimited(data, "rows.csv", header=False).table.num_rows == found.table.num_rows + 1


def test_no_byte_is_lost_where_arrays_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.data.formats.text.quoting._ROWS", 2)
    monkeypatch.setattr("auditor.data.formats.text.quoting._BYTES", 7)
    pairs = [(f"z\r\n{number}, é" * number, "joy\r") for number in range(1, 12)]
    data = "".join(line("\r\n", *pair) for pair in [("text", "label"), *pairs]).encode()
    assert texts(data) == [pair[0] for pair in pairs]
