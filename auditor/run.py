"""Run: the directory of one audit.

Work is cut into stages. A stage writes its files into a directory of its own under ``.work/``; when it is done they
are flushed, renamed into place and recorded in ``manifest.json`` with their hashes. So a process can be killed at any
moment: what is in the manifest is whole, and the rest is made again. A stage whose parameters and inputs have not
changed is not run again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from filelock import Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auditor.errors import RunDamagedError, RunError, RunHeldError, RunMissingError
from auditor.folders import check_tree, final_name
from auditor.storage import (
    flush,
    hash_file,
    hash_open_file,
    lock,
    make_folder,
    move_in,
    open_plain,
    read_plain,
    storage_errors,
    sweep,
    write,
)
from auditor.validation import first_fault

DEFAULT_PLACE = Path("reports") / "runs"
_IN_PLACE = ("run.lock", "run.id.lock", "decisions.db", ".work")
"""Written to as they are, not replaced; with ``decisions.db``, what SQLite puts beside it."""
_OURS = (*_IN_PLACE, "run.holder", "run.id", "manifest.json")
"""All that may be in a run before its manifest is."""


class _Stage(BaseModel):
    key: str
    parameters: dict[str, Any]
    inputs: dict[str, str]
    outputs: dict[Annotated[str, Field(pattern=r"^\w[\w.-]*(/\w[\w.-]*)*$")], str]  # never out of the run's directory
    seconds: float
    peak_memory: int | None


class _Manifest(BaseModel):
    """What must be in ``manifest.json``, beside what the pipeline says of the audit."""

    model_config = ConfigDict(extra="allow")
    format: Literal[1]
    created: str
    finished: bool
    stages: dict[str, _Stage]


class Run:
    """A run directory.

    Parameters
    ----------
    directory : Path
        It need not exist yet.
    fresh : bool
        Start over when the run is first held: forget every stage and remove its files. ``decisions.db`` stays.

    Raises
    ------
    RunError
        If the directory holds something else than a run.
    RunDamagedError
        If its manifest cannot be read, unless it is a run that is to start over; if it holds links, pipes or devices.
    """

    def __init__(self, directory: Path, *, fresh: bool = False) -> None:
        self.directory = directory
        self._fresh = fresh
        self._verified: set[str] = set()
        self.visited: set[str] = set()
        """Stages that this process has had done, or found done."""
        self.manifest = self._look()

    def __truediv__(self, artifact: str) -> Path:
        return self.directory / artifact

    # -- the manifest -------------------------------------------------------------------------------------------

    def _look(self) -> dict[str, Any]:
        """Read the manifest, of a directory in which nothing leads elsewhere."""
        manifest = self._read_manifest()
        check_tree(self.directory, _IN_PLACE)
        return manifest

    def _read_manifest(self) -> dict[str, Any]:
        path = self / "manifest.json"
        if not os.path.lexists(path):
            if not all(_is_ours(entry.name) for entry in self.directory.glob("*")):
                raise RunError(
                    f"{self.directory} is not a run: it has no manifest.json, but other files.",
                    "Name another directory with --out.",
                )
            return _new_manifest()
        try:
            return _Manifest.model_validate_json(read_plain(path)).model_dump()
        except OSError as error:
            raise RunDamagedError(
                f"{path} cannot be read: {error.strerror}.",
                "Check its permissions, or name another directory. If somebody sent you this run, do not trust it.",
            ) from None
        except ValidationError as error:
            is_run = (self / "run.lock").exists()  # else the file may be another program's: it is left alone
            if is_run and self._fresh:
                return _new_manifest()
            raise RunDamagedError(
                f"{path} is damaged: {first_fault(error, _Manifest)}.",
                f"{'Start over with --fresh, or name' if is_run else 'Name'} another directory with --out.",
            ) from None

    def record(self, **entries: Any) -> None:
        """Write ``entries`` into the manifest, atomically."""
        text = json.dumps({**self.manifest, **entries}, indent=1, ensure_ascii=False, sort_keys=True)
        with storage_errors(self / "manifest.json"):
            self.directory.mkdir(parents=True, exist_ok=True)
            write(self / "manifest.json", text.encode(), inside=self.directory)
        self.manifest = json.loads(text)

    # -- holding ------------------------------------------------------------------------------------------------

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the run for this process; freed also when the process is killed.

        Raises
        ------
        RunHeldError
            If another process holds it.
        """
        holder = self / "run.holder"
        try:
            with storage_errors(self.directory):
                self.directory.mkdir(parents=True, exist_ok=True)
                held = lock(self / "run.lock", timeout=0)
                held.acquire()
        except Timeout:
            raise RunHeldError(
                f"{self.directory} is held by {_describe(holder)}.",
                "Wait until it ends, or audit into another directory with --out.",
            ) from None
        try:
            with storage_errors(self.directory):
                self.manifest = self._look()
                self._verified.clear()
                for folder in (self.directory, self / "figures"):
                    sweep(folder)
                if self._fresh:
                    self._start_over()
                about = json.dumps({"pid": os.getpid(), "since": _now()})
                write(holder, about.encode(), inside=self.directory)
            yield
            shutil.rmtree(self / ".work", ignore_errors=True)  # nothing is left to be taken up again
        finally:
            holder.unlink(missing_ok=True)
            held.release()

    def _start_over(self) -> None:
        """Forget first, then remove: whenever this is cut short, the directory is still a run."""
        stages = self.manifest["stages"]
        self.manifest = _new_manifest()
        self.record()
        for stage in stages.values():
            for artifact in stage["outputs"]:
                path = self / artifact
                if not _is_ours(artifact) and not path.is_dir():  # else somebody has changed something
                    path.unlink(missing_ok=True)
        (self / "report.html").unlink(missing_ok=True)
        for made in (".work", "figures"):
            shutil.rmtree(self / made, ignore_errors=True)
        self._fresh = False

    # -- stages -------------------------------------------------------------------------------------------------

    def stage(
        self,
        name: str,
        make: Callable[[Path], None],
        *,
        inputs: Iterable[str] = (),
        parameters: Mapping[str, Any] | None = None,
        resumable: bool = False,
    ) -> bool:
        """Have a stage done: run it, unless it was before with the same inputs and parameters; whether it was.

        Parameters
        ----------
        name : str
            Unique in the run, ``encode`` or ``finetuned/fold-3``.
        make : callable
            Given a directory, it writes the stage's artifacts there, under the names they will have in the run.
        inputs : iterable of str
            Artifacts of earlier stages that ``make`` reads.
        parameters : mapping
            All else that the outcome depends on; must be JSON.
        resumable : bool
            Hand ``make`` the directory as a killed run with the same inputs and parameters left it, instead of
            an empty one. Files whose name ends in ``.partial`` are not artifacts.

        Raises
        ------
        RunDamagedError
            If an artifact is not the one that was written.
        StorageError
            If the disk is full.
        """
        about = {"parameters": dict(parameters or {}), "inputs": {file: self.hash_of(file) for file in inputs}}
        key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
        done = self.manifest["stages"].get(name)
        if done and done["key"] == key:
            for artifact in done["outputs"]:
                self.hash_of(artifact)
            self.visited.add(name)
            return False
        space = self / ".work" / f"{name.replace('/', '-')}-{key[:12]}"
        if not resumable:
            shutil.rmtree(space, ignore_errors=True)
        _reset_peak_memory()
        start = time.perf_counter()
        with storage_errors(self.directory):
            if not space.exists():
                make_folder(space)
            check_tree(space, ("",))
            make(space)
            outputs = self._move_in(name, space)
        seconds = round(time.perf_counter() - start, 2)
        entry = {"key": key, **about, "outputs": outputs, "seconds": seconds, "peak_memory": _peak_memory()}
        self.record(stages={**self.manifest["stages"], name: entry})
        self.visited.add(name)
        shutil.rmtree(space, ignore_errors=True)
        return True

    def _move_in(self, name: str, space: Path) -> dict[str, str]:
        """Flush and rename the stage's files into the run; their hashes."""
        outputs = {}
        check_tree(space)
        for path in sorted(p for p in space.rglob("*") if p.is_file() and p.suffix != ".partial"):
            flush(path)
            outputs[path.relative_to(space).as_posix()] = hash_file(path)
        if name in self.manifest["stages"] or not (self / "manifest.json").exists():
            # What it stood for is about to be overwritten; and files without a manifest would be no run.
            self.record(stages={key: value for key, value in self.manifest["stages"].items() if key != name})
        for artifact in outputs:
            move_in(space / artifact, self / artifact, self.directory)
        for folder in {folder for artifact in outputs for folder in PurePosixPath(artifact).parents}:
            flush(self.directory / folder)
        self._verified.update(outputs)
        return outputs

    def hash_of(self, artifact: str) -> str:
        """SHA-256 of an artifact as recorded, after checking once that the file still has it."""
        stages = self.manifest["stages"].values()
        recorded: str | None = next((s["outputs"][artifact] for s in stages if artifact in s["outputs"]), None)
        if recorded is None:
            raise RunMissingError(f"{self.directory} has no {artifact}.", "Finish the run: give `auditor run` again.")
        if artifact not in self._verified:
            path, trouble = self / artifact, ""
            try:
                with open_plain(path, self.directory) as file:
                    if hash_open_file(file) != recorded:
                        trouble = "is damaged: it is not the file that was written"
            except FileNotFoundError:
                trouble = "is damaged: it is missing"
            except OSError as error:
                trouble = f"cannot be read: {error.strerror}"
            if trouble:
                raise RunDamagedError(f"{path} {trouble}.", "Make the run again with --fresh; decisions.db is kept.")
            self._verified.add(artifact)
        return recorded

    def open(self, artifact: str) -> Path:
        """Path of an artifact, checked against its hash."""
        self.hash_of(artifact)
        return self / artifact


def find_run(name: str | Path) -> Run:
    """Open a finished run by its name (under ``reports/runs``) or path.

    Raises
    ------
    RunMissingError
        If there is none, or it is not finished.
    """
    places = (Path(name), DEFAULT_PLACE / name)
    directory = next((place for place in places if os.path.lexists(place / "manifest.json")), None)
    if directory is None:
        known = sorted(path.parent.name for path in DEFAULT_PLACE.glob("*/manifest.json"))
        raise RunMissingError(
            f"There is no run {str(name)!r}, neither as a path nor under {DEFAULT_PLACE}.",
            f"Runs there: {', '.join(known)}." if known else "Make one with `auditor run FILE`.",
        )
    run = Run(directory)
    if not run.manifest["finished"]:
        raise RunMissingError(
            f"The run {directory} is not finished.", "Give its `auditor run` command again: it goes on where it was."
        )
    return run


def _describe(holder: Path) -> str:
    try:
        about = json.loads(read_plain(holder))
        return f"process {about['pid']}, since {about['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"


def _is_ours(name: str) -> bool:
    return (final_name(name) or name).startswith(_OURS)


def _new_manifest() -> dict[str, Any]:
    return {"format": 1, "created": _now(), "finished": False, "stages": {}}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _reset_peak_memory() -> None:
    with suppress(OSError):  # only Linux can; elsewhere no peak is told
        Path("/proc/self/clear_refs").write_text("5")


def _peak_memory() -> int | None:
    """Bytes of resident memory at the stage's highest; None where it cannot be known."""
    with suppress(OSError, IndexError):
        return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
    return None
