"""Display: untrusted strings made safe, and numbers made easy to read.

Texts and label names are data: they may hold HTML, control characters, bidirectional overrides and a megabyte of
anything. Here they are shortened, and invisible or reordering characters are made visible.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from auditor.wording import NARROW_SPACE

_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero width, marks and isolates
    "\u2028-\u202e"  # separators and bidirectional overrides
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # non-characters
    "]"
    # Joiners are part of emoji and many scripts. Between ASCII characters, they only hide something.
    "|(?<![^\x00-\x7f])[\u200c\u200d](?![^\x00-\x7f])"
)
_SPACE = re.compile(r"\s+")
NOTHING = "–"
"""A figure over no rows."""


def visible(text: str) -> Markup:
    """Escape a text for HTML, and show its invisible characters as their code points."""
    pieces: list[Markup] = []
    end = 0
    for match in _INVISIBLE.finditer(text):
        pieces.append(escape(text[end : match.start()]))
        pieces.append(Markup('<span class="code-point">U+{:04X}</span>').format(ord(match[0])))
        end = match.end()
    pieces.append(escape(text[end:]))
    return Markup("").join(pieces)


def plain(text: str, length: int) -> str:
    """Return one line for a figure: no invisible characters, single spaces, at most ``length`` characters.

    It is cut in the middle: names of classes often share a beginning.
    """
    line = _SPACE.sub(" ", _INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", text)).strip() or "(blank)"
    if len(line) <= length:
        return line
    tail = (length - 1) // 2
    return line[: length - 1 - tail].rstrip() + "…" + line[len(line) - tail :].lstrip()


def count(number: int) -> str:
    """Format ``20000`` as ``20,000``."""
    return f"{number:,}"


def share(value: float | None, digits: int = 1) -> str:
    """Format ``0.021`` as ``2.1 %``, None as ``–``. Only zero is shown as 0 %, and only 1 as 100 %."""
    if value is None:
        return NOTHING
    text = f"{100 * value:.{digits}f}"
    smallest = 10.0**-digits
    if value > 0 and float(text) == 0:
        text = f"< {smallest:.{digits}f}"
    elif value < 1 and float(text) == 100:
        text = f"> {100 - smallest:.{digits}f}"
    return f"{text}{NARROW_SPACE}%"


def points(value: float) -> str:
    """Format a difference of shares in percentage points: ``0.021`` as ``+2.1``, zero without a sign."""
    text = f"{100 * value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "\N{MINUS SIGN}")


def memory(size: int) -> str:
    """Format ``1288490189`` bytes as ``1.2 GiB``."""
    if size < 2**30:
        return f"{size / 2**20:.0f}{NARROW_SPACE}MiB"
    return f"{size / 2**30:.1f}{NARROW_SPACE}GiB"
