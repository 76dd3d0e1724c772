"""What the terminal is given: results on standard output, the rest on standard error, nothing that it would obey."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import typer
from rich.console import Console
from rich.text import Text

Advance = Callable[[int, int], None]


class Listener(Protocol):
    """Hears of an audit's progress; the command line draws it."""

    def task(self, title: str, expected_seconds: float | None = None) -> AbstractContextManager[Advance]:
        """A stage begins; what is yielded is called with (done, total)."""
        ...

    def note(self, text: str) -> None:
        """Something to be told."""
        ...


class Silent:
    """A listener that does nothing."""

    def task(self, title: str, expected_seconds: float | None = None) -> AbstractContextManager[Advance]:
        """Yield a callable that ignores what it is told."""
        return nullcontext(lambda done, total: None)

    def note(self, text: str) -> None:
        """Ignore it."""


def plain(text: str) -> Text:
    """Text for the terminal as it stands: no markup, and nothing that a terminal would obey."""
    return Text("".join(character if character.isprintable() else " " for character in text))


def stdout() -> Console:
    """Give the console of results."""
    return Console(highlight=False)


def stderr() -> Console:
    """Give the console of errors, notes and progress."""
    return Console(stderr=True, highlight=False)


def say(line: str) -> None:
    """Print a sentence of results; it is not cut into lines."""
    stdout().print(plain(line), soft_wrap=True)


def print_json(value: Any, indent: int | None = 1) -> None:
    """Print JSON; what a terminal would obey, or what would reorder a line, is escaped."""
    typer.echo(inert_json(value, indent))


def inert_json(value: Any, indent: int | None = None) -> str:
    """Write JSON with letters as they are, and escaped whatever is not printable."""
    lines = json.dumps(value, ensure_ascii=False, indent=indent).split("\n")
    return "\n".join(line if line.isprintable() else "".join(map(_escaped, line)) for line in lines)


def _escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]
