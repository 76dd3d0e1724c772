"""Names and numbers, formatted for sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence

NARROW_SPACE = "\u202f"
"""Space between a number and its unit."""

_OPTION = re.compile(r"(?<![\w'-])--(?P<name>[a-z][a-z-]*)(?:[ =](?P<value>'[^']*'|(?!--)[\w.%,*-]*[\w%*]))?")
_QUOTED = re.compile(r"(?<!\w)'[^']*'")
_COMMAND = re.compile(r"\b(?:auditor|pip) [a-z]+ (?:(?![.;] ).)*$")
_ARGUMENTS = {"from": "tool", "config": "ReadConfig.config"}
"""Options of the command line whose arguments have another name."""
_FLAGS = frozenset(
    "add-classes create-pr drop-invalid force fresh guard label-names private provenance raw replace".split()
)
"""Options without a value."""
_WORDS = frozenset("and another are as file has if is keeps names puts reads repeats splits the to writes".split())
"""Words of a sentence that follow an option, and are no value of it."""


def listed(names: Sequence[object], most: int = 12) -> str:
    """Join names for a message, the first ``most`` of them."""
    shown = ", ".join(str(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} … ({len(names)} in all)"


def joined(names: Sequence[str]) -> str:
    """Join names in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def shorten(text: str, length: int) -> str:
    """Cut a text to at most ``length`` characters, ending in an ellipsis."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def quoted(value: object, length: int = 80) -> str:
    """Format a value as Python writes it, cut to ``length`` characters."""
    return shorten(repr(value), length)


def inside(value: float, digits: int = 2) -> str:
    """Format a share in decimals; a value just below 1 or above 0 becomes ``> 0.99`` or ``< 0.01``."""
    shown, least = f"{value:.{digits}f}", 10.0**-digits
    if value < 1 and float(shown) == 1:
        return f"> {1 - least:.{digits}f}"
    return f"< {least:.{digits}f}" if value > 0 and float(shown) == 0 else shown


def counted(number: int, noun: str) -> str:
    """Format a number with its noun: ``1 row``, ``2,000 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def in_python(text: str) -> str:
    """Replace the options of the command line by the arguments of Python, except in commands and in quotations.

    ``add --drop-invalid`` becomes ``add drop_invalid=True``; ``--from columns``, ``tool='columns'``; ``choose one with
    --label.``, ``choose one with label=.``
    """
    quoted_parts = [part.span() for part in _QUOTED.finditer(text)]

    def argument(found: re.Match[str]) -> str:
        option, value = found["name"], found["value"]
        if any(start < found.start() < end for start, end in quoted_parts):
            return found[0]
        if _COMMAND.search(text[: found.start()]):
            return found[0]
        name = _ARGUMENTS.get(option, option.replace("-", "_"))
        rest = found[0].removeprefix(f"--{option}")
        if option in _FLAGS:
            return f"{name}=True{rest}"
        if name.startswith("no_"):
            return f"{name.removeprefix('no_')}=False{rest}"
        if value is None or value in _WORDS:
            return f"{name}={rest}"
        if value.endswith("%"):
            return f"{name}={float(value[:-1]) / 100:g}"
        return f"{name}={value if value.startswith(chr(39)) else repr(value)}"

    return _OPTION.sub(argument, text)


def duration(seconds: float) -> str:
    """Format ``372.4`` as ``6 min 12 s``, ``360`` as ``6 min``."""
    if seconds < 10:
        return f"{seconds:.1f}{NARROW_SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    first = next(index for index, (value, _) in enumerate(parts) if value or index == 2)
    (value, unit), *smaller = parts[first : first + 2]
    shown = [(value, unit), *((value, unit) for value, unit in smaller if value)]
    return " ".join(f"{value}{NARROW_SPACE}{unit}" for value, unit in shown)
