"""Untrusted strings, made safe for Markdown."""

from __future__ import annotations

import re

from auditor.wording import shorten

_PLAIN = re.compile(r"[^\W_](?:[\w ./:+-]*[^\W_])?")
_NOT_PLAIN = re.compile(r"[^\w ]|_")
_LONGEST = 80


def code(text: str, length: int = _LONGEST) -> str:
    """Format a name as code without markup: at most ``length`` characters, on one line.

    A name of letters, digits and harmless signs is put between backticks. In other names, each sign becomes a numeric
    entity, so that none can end a table cell, open a link or begin HTML.
    """
    line = one_line(text, length)
    if _PLAIN.fullmatch(line):
        return f"`{line}`"
    return f"<code>{_NOT_PLAIN.sub(lambda sign: f'&#{ord(sign[0])};', line)}</code>"


def one_line(text: str, length: int = _LONGEST) -> str:
    """Put a text on one line without invisible characters, cut to ``length`` characters."""
    visible = "".join(character if character.isprintable() else " " for character in text)
    return shorten(" ".join(visible.split()) or "(blank)", length)
