"""Formulas: make strings that a spreadsheet would run into strings that it shows.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-`` or ``@`` (OWASP, *CSV injection*), also in full width and
after invisible characters. If its list separator differs from the file's delimiter, it splits a text at each
separator, even within quotes, and runs those parts too.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

# Both Arrow's RE2 and Python's re read these.
_UNSEEN = (
    "\\x00-\\x20\\x7f-\\xa0\\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180e\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
)
_EQUALS, _SIGNS, _AT = "=\uff1d\ufe66", "+\\-\uff0b\uff0d\ufe62\ufe63", "@\uff20\ufe6b"
_BEGINS = f"^([{_UNSEEN}]*[{_EQUALS}{_SIGNS}{_AT}]|[\t\r\n])"
_HIDDEN = _UNSEEN.replace("\\x20", "\\x1f").replace("\\xa0", "\\x9f").replace("\u3000", "")
_AFTER = f'[,;|\t\r\n][{_HIDDEN}"]*'
_MAYBE = f"{_AFTER}[{_EQUALS}{_SIGNS}{_AT}]"

_REST = r"[^,;\t\r\n]*?"
_CALLS = rf"{_REST}(?:\w\s*\(|\||![\w$'\"])"  # a function, another program (DDE), another sheet
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_ALONE = rf"{_NUMBER}(?:\s*[,;|\t\r\n\])}}\"]|\s*\Z|\s+[^\W\d])"
_RECKONS = rf"\s*(?!{_ALONE})(?:[\d.]|\([^\s)])"
_WITHIN = re.compile(f"({_AFTER})(?=[{_EQUALS}]|[{_SIGNS}{_AT}]{_CALLS}|[{_SIGNS}]{_RECKONS})")
"""At the beginning of a text, every sign counts. Within a text, only what a spreadsheet would compute counts:
``a;=1+2`` and ``a;-2+3`` do, but ``thanks, @you``, ``;-)`` and ``3,-5`` do not."""


def defang(strings: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Put an apostrophe before each string, or part of one, that a spreadsheet would run as a formula.

    Nulls stay null, and defanged strings stay as they are.
    """
    if isinstance(strings, pa.ChunkedArray):
        return pa.chunked_array([defang(chunk) for chunk in strings.chunks], strings.type)
    safe = pc.replace_substring_regex(strings, _BEGINS, r"'\1")
    maybe = pc.fill_null(pc.match_substring_regex(safe, _MAYBE), False)
    if not pc.any(maybe).as_py():
        return safe
    parts = [_WITHIN.sub(r"\1'", string) for string in safe.filter(maybe).to_pylist()]
    return pc.replace_with_mask(safe, maybe, pa.array(parts, safe.type))
