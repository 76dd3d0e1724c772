"""A runner for tests, without processes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from auditor.runner import Need, Part, Result, Task


class Here:
    """Runs the parts in this process, the last one first."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def at_once(self, parts: int, need: Need) -> int:
        return parts

    def map(
        self, task: Task, parts: Sequence[Part], need: Need, progress: Callable[[int, int, int], None]
    ) -> Generator[tuple[int, Result], None, None]:
        for number in reversed(range(len(parts))):
            self.parts.append(parts[number].name)
            yield (
                number,
                task(parts[number].arguments, lambda done, total, number=number: progress(number, done, total)),
            )
