"""Formulas: none is left, at whatever character a spreadsheet splits; what is none stays as it is."""

from __future__ import annotations

import csv
import re
from io import StringIO

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.formulas import defang

STARTS = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\n=1", "＝1", "＋1", "－1", "＠x", "﹦1", "﹢1", "﹣1", "﹫x", "-so"]
UNSEEN = ["", " ", "\u00a0", "\u3000", "\ufeff", "\u200b", "\u2060", "\u00ad", "\x00", "\x1f", " \u200d\t"]
BLANKS = [" ", "\u00a0", "\u3000"]  # after a separator they make text of what follows
LATER = [
    "=1",
    "＝1",
    "﹦cmd",
    "@SUM(1)",
    "+1+1",
    "-2+3",
    "-A1|x",
    "+cmd|' /C calc'!A0",
    "-(1)",
    "@Sheet!A1",
    "-sin (1)",
]
HARMLESS = [
    *(
        "",
        "x=1",
        "'=1",
        "a = b",
        "1,000",
        "so;so",
        "tab\tand\nbreak",
        "ah; =1",
        "thanks, @you!",
        "hi;@you",
        "sad ;-)",
        ";-(",
        ";-D",
    ),
    *(
        "3,-5",
        "[0.1, -0.2]",
        '["a", -1e-5]',
        "between 3, -5 and 7",
        "list:\n- one\n- two",
        "a,+b",
        "-"[1:],
        "me|@you, so",
    ),
]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_formulas_at_the_beginning(unseen: str) -> None:
    starts = [unseen + start for start in STARTS if not unseen or not start[0].isspace()]
    assert all(
        safe[0] == "'" and safe.replace("'", "") == start for start, safe in zip(starts, safed(starts), strict=True)
    )


@pytest.mark.parametrize("separator", [*",;|\t\n\r", '","', ';"', "\r\n"])
def test_formulas_after_a_separator(separator: str) -> None:
    for unseen in (one for one in UNSEEN if one not in BLANKS):
        later = [f"so{separator}{unseen}{formula};x" for formula in LATER]
        expected = [f"so{separator}{unseen}'{formula};x" for formula in LATER]
        assert safed(later) == expected


def test_what_is_no_formula_stays() -> None:
    assert safed(HARMLESS) == HARMLESS
    assert safed([None, *HARMLESS]) == [None, *HARMLESS]
    assert defang(pa.chunked_array([["=1", None], [], ["a;=1"]])).to_pylist() == ["'=1", None, "a;'=1"]


SIGNS = st.text(st.sampled_from(list("=+-@＝＠;,|\t\r\n\"' \u200b\ufeff1a()!.")), max_size=14)


@given(st.lists(SIGNS, min_size=2, max_size=3))
def test_no_separator_makes_a_formula(row: list[str]) -> None:
    safe = safed(row)
    assert safed(safe) == safe
    assert [text.replace("'", "") for text in safe] == [text.replace("'", "") for text in row]
    line = ",".join('"' + text.replace('"', '""') + '"' for text in safe)
    for separator in ",;|\t":
        rows = [
            *csv.reader(re.split("[\r\n]", line), delimiter=separator),
            *csv.reader(StringIO(line, newline=""), delimiter=separator),
        ]
        for place, cell in (numbered for cells in rows for numbered in enumerate(cells)):
            # A quote that is left over in the file's own cells, or at a line's beginning, is a character of the text.
            quotes = '"' if separator != "," and place else ""
            # After a separator a blank makes a text of it, as in "ah; =)"; at the beginning none counts.
            assert not re.match(rf"[\t\r\n\x00{quotes}\u200b\ufeff]*([=＝]|[+@-][^,;]*\w\()", cell)


def safed(strings: list[str | None] | list[str]) -> list[str]:
    return defang(pa.array(strings, pa.string())).to_pylist()  # type: ignore[no-any-return]
