"""Terminal output: results on standard output, everything else on standard error, no control sequences."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, runtime_checkable

import typer
from rich.console import Console
from rich.text import Text

Advance = Callable[[int, int], None]


@runtime_checkable
class Listener(Protocol):
    """Receives an audit's progress; the command line draws it."""

    def task(self, title: str, expected_seconds: float | None = None) -> AbstractContextManager[Advance]:
        """Start a stage. Yield a callable that takes (done, total)."""
        ...

    def note(self, text: str) -> None:
        """Show a note."""
        ...


class Silent:
    """A listener that does nothing."""

    def task(self, title: str, expected_seconds: float | None = None) -> AbstractContextManager[Advance]:
        """Yield a callable that does nothing."""
        return nullcontext(lambda done, total: None)

    def note(self, text: str) -> None:
        """Ignore it."""


def plain(text: str) -> Text:
    """Return text for the terminal without markup or control characters."""
    return Text("".join(character if character.isprintable() else " " for character in text))


def stdout() -> Console:
    """Return the console for results."""
    return Console(highlight=False)


def stderr() -> Console:
    """Return the console for errors, notes and progress."""
    return Console(stderr=True, highlight=False)


def say(line: str) -> None:
    """Print a line of results without wrapping it."""
    stdout().print(plain(line), soft_wrap=True)


def print_json(value: Any, indent: int | None = 1) -> None:
    """Print JSON; characters that control the terminal or reorder a line are escaped."""
    typer.echo(inert_json(value, indent))


def inert_json(value: Any, indent: int | None = None) -> str:
    """Return JSON in which letters stay as they are and unprintable characters are escaped."""
    lines = json.dumps(value, ensure_ascii=False, indent=indent).split("\n")
    return "\n".join(line if line.isprintable() else "".join(map(_escaped, line)) for line in lines)


def _escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]
