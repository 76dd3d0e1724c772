"""A runner for tests, without processes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any

from auditor.runner import Done, Need, Part, Task
from auditor.runner.base import done_of, perform


class Here:
    """Runs the parts in this process, the last one first."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def at_once(self, parts: int, need: Need) -> int:
        return parts

    def map(
        self, task: Task, parts: Sequence[Part], need: Need, progress: Callable[[int, int, int], None]
    ) -> Generator[tuple[int, Done], None, None]:
        for number in reversed(range(len(parts))):
            self.parts.append(parts[number].name)
            report = partial(progress, number)
            yield number, done_of(self.do(perform(parts[number].call(task), report)))

    def do(self, outcome: dict[str, Any]) -> dict[str, Any]:
        """Tests may change what a worker says."""
        return outcome
