"""Progress in the terminal: bars with the time left, or a line per minute without a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from auditor.console import Advance, plain

_SHOWN_FROM = 2.0  # seconds
_EVERY = 60.0  # seconds between lines without a terminal


class Terminal:
    """A listener that draws bars on a terminal, and writes lines elsewhere.

    Parameters
    ----------
    console : Console
        Standard error, so that standard output holds results alone.
    verbosity : int
        -1 shows nothing, 0 tasks that take over two seconds, 1 everything.
    """

    def __init__(self, console: Console, verbosity: int = 0) -> None:
        self._console = console
        self._verbosity = verbosity

    def note(self, text: str) -> None:
        """Write a line."""
        if self._verbosity >= 0:
            self._console.print(plain(text), soft_wrap=True)

    @contextmanager
    def task(self, title: str, expected_seconds: float | None = None) -> Iterator[Advance]:
        """Draw a bar, or write a line per minute."""
        start = time.monotonic()
        if self._verbosity < 0:
            yield lambda done, total: None
            return
        if self._console.is_terminal:
            with self._bar(title, expected_seconds) as advance:
                yield advance
        else:
            yield self._lines(title)
        seconds = time.monotonic() - start
        if seconds > _SHOWN_FROM or self._verbosity > 0:
            self._console.print(Text(f"{title}: {seconds:.1f} s"))

    @contextmanager
    def _bar(self, title: str, expected_seconds: float | None) -> Iterator[Advance]:
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), _TimeLeft())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(title, total=None, expected=expected_seconds)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    def _lines(self, title: str) -> Advance:
        before: tuple[float, int] | None = None  # the time, and what was done, at the last line

        def advance(done: int, total: int) -> None:
            nonlocal before
            now = time.monotonic()
            if before is None:
                before = now, done  # preparation and the work of an earlier run say nothing about the speed
            elif now - before[0] >= _EVERY and before[1] < done < total:
                left = (now - before[0]) / (done - before[1]) * (total - done)
                before = now, done
                self._console.print(Text(f"{title}: {done / total:.0%}, about {_clock(left)} left"))

        return advance


class _TimeLeft(ProgressColumn):
    """Time left: from the speed so far, else from the expected duration."""

    def render(self, task: Task) -> Text:
        left = task.time_remaining
        expected = task.fields.get("expected")
        if left is None and expected is not None and task.elapsed is not None and task.elapsed < expected:
            left = expected - task.elapsed  # unknown once the task takes longer
        elapsed = _clock(task.elapsed or 0)
        return Text(elapsed if left is None else f"{elapsed}, about {_clock(left)} left")


def _clock(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
