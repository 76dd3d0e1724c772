"""The interface of runners, and what a task may be.

A task is a function at the top of a module. It takes JSON and returns JSON: settings and paths, never arrays. It reads
files and writes files into a folder of its own. Whether it runs here, in another process or on another machine
therefore makes no difference to them.
"""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from auditor import errors
from auditor.errors import RunDamagedError, WorkerError
from auditor.runner.exchange import Exchange
from auditor.storage import hash_file, storage_errors

Report = Callable[[int, int], None]
"""Receives the progress of a task: done, total."""
Result = Mapping[str, Any]
Task = Callable[[Mapping[str, Any], Path, Report], Result]
"""Receives its arguments and an empty folder for the files that it writes."""


@dataclass(frozen=True)
class Files:
    """Files in a folder that a task reads; their names are relative to it."""

    folder: Path
    names: Sequence[str]


@dataclass(frozen=True)
class Part:
    """One call of a task.

    Attributes
    ----------
    name : str
        Name for messages, such as ``finetuned/fold-2``.
    arguments : mapping
        Must be JSON.
    space : Path
        Each start of the part writes into a new folder in it, whose name ends in ``.partial``: a lost worker that is
        still writing does no harm.
    inputs : mapping of str to Files
        Further arguments, whose values are the paths of the folders.
    """

    name: str
    arguments: Mapping[str, Any]
    space: Path
    inputs: Mapping[str, Files] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, dict[str, Path]]:
        """Path of each file of each input, by its name there."""
        return {name: {file: files.folder / file for file in files.names} for name, files in self.inputs.items()}

    def call(self, task: Task) -> dict[str, Any]:
        """Return what :func:`perform` needs, as JSON."""
        paths = {name: os.path.abspath(files.folder) for name, files in self.inputs.items()}
        return {
            "task": f"{task.__module__}:{task.__qualname__}",
            "arguments": {**self.arguments, **paths},
            "space": os.path.abspath(self.space),
        }


@dataclass(frozen=True)
class Done:
    """What a part has done: its result, and the folder with the files that it wrote."""

    result: Result
    folder: Path


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
    ) -> Generator[tuple[int, Done], None, None]:
        """Run a task on each part. Yield the number of each part as it finishes, and what it has done.

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
            The error of a part, ``RunDamagedError`` if a file has changed since a worker wrote it, or ``WorkerError``
            if a part is lost twice.
        """
        ...


def run_parts(
    runner: Runner, task: Task, parts: Sequence[Part], need: Need, sizes: Sequence[int], progress: Report
) -> Generator[tuple[int, Done], None, None]:
    """Run a task on each part, as :meth:`Runner.map` does, and report the progress of all parts together.

    Parameters
    ----------
    runner, task, parts, need
        As for :meth:`Runner.map`.
    sizes : sequence of int
        Size of each part, in the unit of the progress.
    progress : callable
        Called with (done, total) of all parts.
    """
    done = [0] * len(parts)

    def advance(number: int, so_far: int, total: int) -> None:
        done[number] = sizes[number] * so_far // max(total, 1)
        progress(sum(done), sum(sizes))

    with closing(runner.map(task, parts, need, advance)) as finished:
        for number, result in finished:
            yield number, result  # the caller keeps it; only then is it done
            advance(number, 1, 1)


def perform(call: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Run a part in a worker. Return its outcome as JSON, errors included."""
    do = partial(_do, report=report)
    try:
        return {"done": Exchange(call["exchange"]).work(call, do) if "exchange" in call else do(call)}
    except errors.AuditorError as error:
        return {"error": [type(error).__name__, error.what, error.todo]}
    except Exception:
        return {"bug": traceback.format_exc()}


def _do(call: Mapping[str, Any], report: Report) -> dict[str, Any]:
    module, name = call["task"].split(":")
    if not os.path.isdir(call["space"]):
        raise WorkerError(
            f"A worker on {platform.node()} does not find {call['space']}.",
            "Choose a directory that all machines share with --out, or name an exchange with --exchange.",
        )
    with storage_errors(Path(call["space"])):
        folder = Path(tempfile.mkdtemp(".partial", dir=call["space"]))
        result = getattr(import_module(module), name)(call["arguments"], folder, report)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        hashes = {path.relative_to(folder).as_posix(): hash_file(path) for path in files}
    return {"result": result, "folder": str(folder), "hashes": hashes}


def done_of(outcome: Mapping[str, Any]) -> Done:
    """Return what a worker has done, if its files are as it wrote them, or raise its error.

    Raises
    ------
    AuditorError
        The worker's error, or ``RunDamagedError``.
    """
    if "error" in outcome:
        name, what, todo = outcome["error"]
        raise getattr(errors, name)(what, todo)
    if "bug" in outcome:
        raise RuntimeError(f"A worker failed:\n{outcome['bug']}")
    done = outcome["done"]
    folder = Path(done["folder"])
    for name, recorded in done["hashes"].items():
        with storage_errors(folder):
            found = hash_file(folder / name)
        if found != recorded:
            raise RunDamagedError(
                f"{folder / name} has changed since it was written.",
                "Check the disk, or the file system that the machines share; then run the same command again.",
            )
    return Done(done["result"], folder)


def lost(part: Part, why: str) -> WorkerError:
    """Return the error for a part that was lost twice."""
    return WorkerError(
        f"{part.name} was started twice, and did not end either time: {why}.",
        "Free memory or choose a smaller number of --jobs, then run the same command again; it continues from here.",
    )
