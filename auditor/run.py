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
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from auditor.errors import RunDamagedError, RunError, RunHeldError, RunMissingError, StorageError

FORMAT = 1
DEFAULT_PLACE = Path("reports") / "runs"
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}

Make = Callable[[Path], None]


class Run:
    """A run directory.

    Parameters
    ----------
    directory : Path
        It need not exist yet.

    Raises
    ------
    RunError
        If the directory holds something else than a run.
    RunDamagedError
        If its manifest cannot be read.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.manifest = self._read_manifest()
        self._verified: set[str] = set()

    def __truediv__(self, artifact: str) -> Path:
        return self.directory / artifact

    # -- the manifest -------------------------------------------------------------------------------------------

    def _read_manifest(self) -> dict[str, Any]:
        path = self / "manifest.json"
        if not path.exists():
            if self.directory.is_file() or (self.directory.is_dir() and any(self._strangers())):
                raise RunError(
                    f"{self.directory} is not a run: it has no manifest.json, but other files.",
                    "Name another directory with --out.",
                )
            return {"format": FORMAT, "created": _now(), "finished": False, "stages": {}}
        try:
            manifest = json.loads(path.read_text("utf-8"))
            if manifest["format"] != FORMAT or not isinstance(manifest["stages"], dict):
                raise ValueError(f"format {manifest['format']!r}, expected {FORMAT}")
        except (ValueError, KeyError, TypeError) as error:
            raise RunDamagedError(
                f"{path} is damaged: {error}.", "Start over with --fresh, or audit into another directory with --out."
            ) from None
        return dict(manifest)

    def _strangers(self) -> Iterator[Path]:
        ours = {"run.lock", ".work", "decisions.db", "decisions.db-wal", "decisions.db-shm", "manifest.json.partial"}
        return (path for path in self.directory.iterdir() if path.name not in ours)

    def record(self, **entries: Any) -> None:
        """Write ``entries`` into the manifest, atomically."""
        self.manifest.update(entries)
        text = json.dumps(self.manifest, indent=1, ensure_ascii=False, sort_keys=True)
        partial = self / "manifest.json.partial"
        with _storage(partial):
            self.directory.mkdir(parents=True, exist_ok=True)
            partial.write_text(text, "utf-8")
            _flush(partial)
            os.replace(partial, self / "manifest.json")
            _flush(self.directory)

    # -- holding ------------------------------------------------------------------------------------------------

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the run for this process; freed also when the process is killed.

        Raises
        ------
        RunHeldError
            If another process holds it.
        """
        with _storage(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
        lock, holder = FileLock(self / "run.lock"), self / ".work" / "holder.json"
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise RunHeldError(
                f"{self.directory} is held by {_describe(holder)}.",
                "Wait until it ends, or audit into another directory with --out.",
            ) from None
        try:
            holder.parent.mkdir(exist_ok=True)
            holder.write_text(json.dumps({"pid": os.getpid(), "since": _now(), "command": sys.argv[:1]}), "utf-8")
            self.manifest = self._read_manifest()
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def clear(self) -> None:
        """Start over: remove the manifest and every file it names. ``decisions.db`` stays."""
        for stage in self.manifest["stages"].values():
            for name in stage["outputs"]:
                (self / name).unlink(missing_ok=True)
        shutil.rmtree(self / ".work", ignore_errors=True)
        (self / "manifest.json").unlink(missing_ok=True)
        self.manifest = {"format": FORMAT, "created": _now(), "finished": False, "stages": {}}
        self._verified.clear()

    # -- stages -------------------------------------------------------------------------------------------------

    def stage(
        self,
        name: str,
        make: Make,
        *,
        inputs: Iterable[str] = (),
        parameters: Mapping[str, Any] | None = None,
        resumable: bool = False,
    ) -> bool:
        """Have a stage done: run it, unless it was run before with the same inputs and parameters.

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

        Returns
        -------
        bool
            Whether it was run.

        Raises
        ------
        RunDamagedError
            If an artifact is not the one that was written.
        StorageError
            If the disk is full.
        """
        hashes = {artifact: self.hash_of(artifact) for artifact in inputs}
        key = _hash_json({"parameters": parameters or {}, "inputs": hashes})
        if self.is_done(name, key):
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
        entry = {
            "key": key,
            "parameters": dict(parameters or {}),
            "inputs": hashes,
            "outputs": outputs,
            "seconds": round(time.perf_counter() - start, 2),
            "peak_memory": _peak_memory(),
        }
        self.record(stages={**self.manifest["stages"], name: entry})
        shutil.rmtree(space, ignore_errors=True)
        return True

    def is_done(self, name: str, key: str) -> bool:
        """Whether the stage was run with this key; its artifacts are checked against their hashes."""
        stage = self.manifest["stages"].get(name)
        if stage is None or stage["key"] != key:
            return False
        for artifact in stage["outputs"]:
            self.hash_of(artifact)
        return True

    def _move_in(self, name: str, space: Path) -> dict[str, str]:
        """Flush and rename the stage's files into the run; their hashes."""
        files = sorted(p for p in space.rglob("*") if p.is_file() and p.suffix != ".partial")
        outputs = {}
        for path in files:
            _flush(path)
            outputs[path.relative_to(space).as_posix()] = hash_file(path)
        stages = {key: value for key, value in self.manifest["stages"].items() if key != name}
        if len(stages) < len(self.manifest["stages"]):
            self.record(stages=stages)  # what it stood for is about to be overwritten
        for artifact in outputs:
            (self / artifact).parent.mkdir(parents=True, exist_ok=True)
            os.replace(space / artifact, self / artifact)
        for folder in {(self / artifact).parent for artifact in outputs}:
            _flush(folder)
        self._verified.update(outputs)
        return outputs

    def hash_of(self, artifact: str) -> str:
        """SHA-256 of an artifact as recorded, after checking once that the file still has it."""
        for stage in self.manifest["stages"].values():
            if artifact in stage["outputs"]:
                break
        else:
            raise RunMissingError(f"{self.directory} has no {artifact}.", "Finish the run: give `auditor run` again.")
        recorded: str = stage["outputs"][artifact]
        if artifact not in self._verified:
            path = self / artifact
            if not path.is_file():
                raise self._damaged(artifact, "it is missing")
            if hash_file(path) != recorded:
                raise self._damaged(artifact, "it is not the file that was written")
            self._verified.add(artifact)
        return recorded

    def _damaged(self, artifact: str, what: str) -> RunDamagedError:
        return RunDamagedError(
            f"{self / artifact} is damaged: {what}.", "Make the run again with --fresh; decisions.db is kept."
        )

    def open(self, artifact: str) -> Path:
        """Path of an artifact, checked against its hash."""
        self.hash_of(artifact)
        return self / artifact

    @property
    def finished(self) -> bool:
        """Whether every stage of the audit was done."""
        return bool(self.manifest.get("finished", False))


def find_run(name: str | Path) -> Run:
    """Open a finished run by its name (under ``reports/runs``) or path.

    Raises
    ------
    RunMissingError
        If there is none, or it is not finished.
    """
    candidates = [Path(name), DEFAULT_PLACE / name]
    directory = next((path for path in candidates if (path / "manifest.json").is_file()), None)
    if directory is None:
        known = sorted(path.parent.name for path in DEFAULT_PLACE.glob("*/manifest.json"))
        raise RunMissingError(
            f"There is no run {str(name)!r}, neither as a path nor under {DEFAULT_PLACE}.",
            f"Runs there: {', '.join(known)}." if known else "Make one with `auditor run FILE`.",
        )
    run = Run(directory)
    if not run.finished:
        raise RunMissingError(
            f"The run {directory} is not finished.", "Give its `auditor run` command again: it goes on where it was."
        )
    return run


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash_json(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _flush(path: Path) -> None:
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
    """Turn the operating system's word for a full disk into ours."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL or isinstance(error, PermissionError):
            raise StorageError(
                f"{error.filename or place} cannot be written: {error.strerror}.",
                "Make room (or name another place with --out), then give the same command again: it goes on from here.",
            ) from error
        raise


def _describe(holder: Path) -> str:
    try:
        about = json.loads(holder.read_text("utf-8"))
        return f"process {about['pid']}, since {about['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _reset_peak_memory() -> None:
    with suppress(OSError):  # only Linux can; elsewhere no peak is told
        Path("/proc/self/clear_refs").write_text("5")


def _peak_memory() -> int | None:
    """Bytes of resident memory at the stage's highest; None where it cannot be known."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None
