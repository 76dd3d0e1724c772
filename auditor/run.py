"""Run: the directory of one audit.

Work is cut into stages. A stage writes its files into a directory of its own under ``.work/``; when it is done they
are flushed, renamed into place and recorded in ``manifest.json`` with their hashes. So a process can be killed at any
moment: what is in the manifest is whole, and the rest is made again. A stage whose parameters and inputs have not
changed is not run again.
"""

from __future__ import annotations

import errno
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

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auditor.errors import RunDamagedError, RunError, RunHeldError, RunMissingError, StorageError
from auditor.validation import first_fault

DEFAULT_PLACE = Path("reports") / "runs"
_OURS = ("run.lock", "run.holder", "run.id", ".work", "manifest.json.partial", "decisions.db")  # and its -wal, -shm
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.ENOENT}


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
        If its manifest cannot be read, unless it is a run that is to start over.
    """

    def __init__(self, directory: Path, *, fresh: bool = False) -> None:
        self.directory = directory
        self._fresh = fresh
        self._verified: set[str] = set()
        self.visited: set[str] = set()
        """Stages that this process has had done, or found done."""
        self.manifest = self._read_manifest()

    def __truediv__(self, artifact: str) -> Path:
        return self.directory / artifact

    # -- the manifest -------------------------------------------------------------------------------------------

    def _read_manifest(self) -> dict[str, Any]:
        path = self / "manifest.json"
        if not os.path.isfile(path):
            if not all(entry.name.startswith(_OURS) for entry in self.directory.glob("*")):
                raise RunError(
                    f"{self.directory} is not a run: it has no manifest.json, but other files.",
                    "Name another directory with --out.",
                )
            return _new_manifest()
        try:
            return _Manifest.model_validate_json(path.read_bytes()).model_dump()
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
        partial = self / "manifest.json.partial"
        with _storage(partial):
            self.directory.mkdir(parents=True, exist_ok=True)
            partial.write_text(text, "utf-8")
            flush(partial)
            os.replace(partial, self / "manifest.json")
            flush(self.directory)
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
        lock, holder = FileLock(self / "run.lock"), self / "run.holder"
        try:
            with _storage(self.directory):
                self.directory.mkdir(parents=True, exist_ok=True)
                lock.acquire(timeout=0)
        except Timeout:
            raise RunHeldError(
                f"{self.directory} is held by {_describe(holder)}.",
                "Wait until it ends, or audit into another directory with --out.",
            ) from None
        try:
            with _storage(self.directory):
                self.manifest = self._read_manifest()
                self._verified.clear()
                if self._fresh:
                    self._start_over()
                holder.write_text(json.dumps({"pid": os.getpid(), "since": _now()}), "utf-8")
            yield
            shutil.rmtree(self / ".work", ignore_errors=True)  # nothing is left to be taken up again
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def _start_over(self) -> None:
        """Forget first, then remove: whenever this is cut short, the directory is still a run."""
        stages = self.manifest["stages"]
        self.manifest = _new_manifest()
        self.record()
        for stage in stages.values():
            for artifact in stage["outputs"]:
                path = self / artifact
                inside = path.parent.resolve().is_relative_to(self.directory.resolve())
                if inside and artifact not in _OURS and not path.is_dir():  # else somebody has changed something
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
        with _storage(self.directory):
            space.mkdir(parents=True, exist_ok=True)
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
        for path in sorted(p for p in space.rglob("*") if p.is_file() and p.suffix != ".partial"):
            flush(path)
            outputs[path.relative_to(space).as_posix()] = hash_file(path)
        if name in self.manifest["stages"] or not (self / "manifest.json").exists():
            # What it stood for is about to be overwritten; and files without a manifest would be no run.
            self.record(stages={key: value for key, value in self.manifest["stages"].items() if key != name})
        for artifact in outputs:
            (self / artifact).parent.mkdir(parents=True, exist_ok=True)
            os.replace(space / artifact, self / artifact)
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
            path = self / artifact
            found = hash_file(path) if path.is_file() else None
            if found != recorded:
                raise RunDamagedError(
                    f"{path} is damaged: it is {'not the file that was written' if found else 'missing'}.",
                    "Make the run again with --fresh; decisions.db is kept.",
                )
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
    directory = next((place for place in places if os.path.isfile(place / "manifest.json")), None)
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


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Have a file's bytes, or a folder's names, on the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows has no handle to a folder
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _storage(place: Path) -> Iterator[None]:
    """Turn the operating system's word for a full disk, or one that must not be written to, into ours."""
    try:
        yield
    except OSError as error:
        # NumPy gives no number when the disk is full: "5000 requested and 359 written".
        if error.errno in _FULL | _REFUSED or (type(error) is OSError and error.errno is None):
            raise StorageError(
                f"{error.filename or place} cannot be written: {error.strerror or error}.",
                "Name another place with --out, or see to it that this one can be written to."
                if error.errno in _REFUSED
                else "Make room, then give the same command again: it goes on from here.",
            ) from error
        raise


def _describe(holder: Path) -> str:
    try:
        about = json.loads(holder.read_text("utf-8"))
        return f"process {about['pid']}, since {about['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"


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
