"""The interface of runners, and what a task may be.

A task is a function at the top of a module. It takes JSON and returns JSON: paths and settings, never arrays. It writes
its results into files. Whether it runs here, in another process or on another machine therefore makes no difference to
them.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from auditor import errors
from auditor.errors import RunDamagedError, WorkerError
from auditor.storage import hash_file

Report = Callable[[int, int], None]
"""Receives the progress of a task: done, total."""
Result = Mapping[str, Any]
Task = Callable[[Mapping[str, Any], Report], Result]


@dataclass(frozen=True)
class Part:
    """One call of a task.

    Attributes
    ----------
    name : str
        Name for messages, such as ``finetuned/fold-2``.
    arguments : mapping
        Must be JSON.
    """

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Need:
    """What each part needs.

    Attributes
    ----------
    threads : int
    gpus : int
    memory : int
        Bytes.
    seconds : float
        Expected duration.
    uses_all_cores : bool
        Whether the caller would use all cores of its machine if it ran the parts itself.
    """

    threads: int = 1
    gpus: int = 0
    memory: int = 0
    seconds: float = 0.0
    uses_all_cores: bool = False


@runtime_checkable
class Runner(Protocol):
    """A place where tasks run."""

    def at_once(self, parts: int, need: Need) -> int:
        """Return how many of the parts run at the same time; 0 if the caller had better run them itself."""
        ...

    def map(
        self, task: Task, parts: Sequence[Part], need: Need, progress: Callable[[int, int, int], None]
    ) -> Generator[tuple[int, Result], None, None]:
        """Run a task on each part. Yield the number and the result of each part as it finishes.

        A part whose process or machine is lost starts a second time. When the iterator is closed, all parts end.

        Parameters
        ----------
        task : callable
        parts : sequence of Part
        need : Need
        progress : callable
            Called with (number of the part, done, total).

        Raises
        ------
        AuditorError
            The error of a part, or ``WorkerError`` if a part is lost twice.
        """
        ...


def address_of(task: Task) -> str:
    """Return where a task can be imported from, as ``module:name``."""
    return f"{task.__module__}:{task.__qualname__}"


def perform(address: str, arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Run a task in a worker. Return its outcome as JSON, errors included."""
    module, name = address.split(":")
    try:
        return {"result": getattr(import_module(module), name)(arguments, report)}
    except errors.AuditorError as error:
        return {"error": [type(error).__name__, error.what, error.todo]}
    except Exception:
        return {"bug": traceback.format_exc()}


def result_of(outcome: Mapping[str, Any]) -> Result:
    """Return the result in a worker's outcome, or raise its error."""
    if "error" in outcome:
        name, what, todo = outcome["error"]
        raise getattr(errors, name)(what, todo)
    if "bug" in outcome:
        raise RuntimeError(f"A worker failed:\n{outcome['bug']}")
    result: Result = outcome["result"]
    return result


def check_written(path: Path, recorded: str) -> None:
    """Check that a file that a worker wrote still has the SHA-256 that the worker reported.

    Raises
    ------
    RunDamagedError
    """
    if hash_file(path) != recorded:
        raise RunDamagedError(
            f"{path} has changed since it was written.",
            "Check the disk, or the file system that the machines share; then run the same command again.",
        )


def lost(part: Part, why: str) -> WorkerError:
    """Return the error for a part that was lost twice."""
    return WorkerError(
        f"{part.name} was started twice, and did not end either time: {why}.",
        "Free memory or choose a smaller number of --jobs, then run the same command again; it continues from here.",
    )
