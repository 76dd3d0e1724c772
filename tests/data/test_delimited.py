"""CSV: blank lines are counted and malformed rows found, whatever stands between quotes."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.data.delimited import find_quoted, read_delimited
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
    table, delimiter, blank = read_delimited(text.encode(), "rows.csv")
    assert list(zip(*(column.to_pylist() for column in table.columns), strict=True)) == [row[:2] for row in rows]
    assert delimiter == ","
    assert blank == 1 + sum(row[2] for row in rows)


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
    before = f"text,label{end}" + "".join(line(end, *values) for values in rows)
    text = before + row + end + f"more,rows{end}" * 2
    with pytest.raises(RowError, match=f"line {lines_in(before) + 1}: a quote is opened and never closed"):
        read_delimited(text.encode(), "rows.csv")


def test_quote_at_the_end_is_no_open_quote() -> None:
    table, _, _ = read_delimited(b'text,label\na,""""', "rows.csv")
    assert table.to_pylist() == [{"text": "a", "label": '"'}]
    table, _, _ = read_delimited(b'text,label\na,"""x\n"', "rows.csv")
    assert table.to_pylist() == [{"text": "a", "label": '"x\n'}]


def test_rows_larger_than_usual_blocks() -> None:
    cell = "x\n" * 6_000_000
    data = line("\n", "text", "label") + line("\n", "a", "joy") + line("\n", cell, "sad")
    table, _, blank = read_delimited(data.encode(), "rows.csv")
    assert table["text"].to_pylist() == ["a", cell]
    assert blank == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"n","text"\n"1","a"\n', True),
        ('"n","text"\n1,"a"\n2,"b\n, ""c"""\n', ["text"]),
        ('"n","text"\n1,"a"\n2,NA\n', []),
        ('n,text\n1,"a"\n', False),
        ('"n","text"\n1,"a', False),
        ('"n","text"\n1,"a"\n2,"' + "b, c\n" * 30_000 + '"\n', ["text"]),
    ],
    ids=["all", "strings", "not always", "header bare", "one line", "longer than is looked at"],
)
def test_columns_that_are_always_quoted(text: str, found: bool | list[str]) -> None:
    assert find_quoted(text.encode(), ",", ["n", "text"]) == found
