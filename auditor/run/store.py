"""Run: the directory of one audit.

An audit runs in stages. A stage writes its files into its own directory under ``.work/``. At its end, the files are
flushed, renamed into place and recorded in ``manifest.json`` with their hashes. A process can therefore be killed at
any moment: what the manifest lists is complete, and the rest is re-created. A stage is skipped if its parameters and
inputs have not changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import Timeout
from pydantic import ValidationError

from auditor.config import AuditConfig
from auditor.errors import InputError, RunDamagedError, RunError, RunHeldError, RunMissingError
from auditor.folders import check_tree, final_name
from auditor.run.artifacts import DECISIONS, FIGURES, HOLDER, LOCK, MANIFEST, REPORT, RUN_ID
from auditor.run.manifest import DatasetRecord, Manifest, Stage, now
from auditor.run.memory import give_back_memory, peak_memory, reset_peak_memory
from auditor.run.reader import DeclaredReader, Name, Reader, damaged
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

Make = Callable[[Path, Reader], None]
"""A stage's work: it writes artifacts into the directory, under their names in the run, and reads its inputs with the
reader."""
_WORK = ".work"
_IN_PLACE = (LOCK, f"{RUN_ID}.lock", DECISIONS, _WORK)
"""Prefixes of files that are written in place; ``decisions.db`` covers the files that SQLite puts beside it."""
_OURS = (*_IN_PLACE, HOLDER, RUN_ID, MANIFEST)
"""Prefixes of all files that a run may contain before its manifest is written."""


@dataclass(frozen=True)
class Pending:
    """A stage that is not up to date.

    Attributes
    ----------
    name, key : str
    parameters, inputs : dict
        As in :class:`~auditor.run.manifest.Stage`.
    space : Path
        Its directory under ``.work/``, which need not exist.
    """

    name: str
    key: str
    parameters: dict[str, Any]
    inputs: dict[str, str]
    space: Path


class Run(Reader):
    """A run directory.

    Parameters
    ----------
    directory : Path
        It need not exist.
    fresh : bool
        Start over when the run is first locked: discard every stage and its files. ``decisions.db`` stays.

    Raises
    ------
    RunError
        If the directory contains something other than a run.
    RunDamagedError
        If the manifest of a run cannot be read (and ``fresh`` is False), or it contains links, pipes or devices.
    """

    def __init__(self, directory: Path, *, fresh: bool = False) -> None:
        self.directory = directory
        self._fresh = fresh
        self._verified: set[str] = set()
        self.visited: set[str] = set()
        """Stages that this process ran or found up to date."""
        self.manifest = self._look()

    def __truediv__(self, name: Name) -> Path:
        return self.directory / name

    @property
    def decisions(self) -> Path:
        """Path of the run's own decision log, which need not exist."""
        return self / DECISIONS

    @property
    def page(self) -> Path:
        """Path of the run's report, which need not exist."""
        return self / REPORT

    # -- the manifest -------------------------------------------------------------------------------------------

    @property
    def dataset(self) -> DatasetRecord:
        """The dataset that was audited.

        Raises
        ------
        RunDamagedError
            If the manifest names no dataset.
        """
        if self.manifest.dataset is None:
            raise damaged(self / MANIFEST, "it names no dataset")
        return self.manifest.dataset

    @property
    def config(self) -> AuditConfig:
        """The configuration that the run was made with.

        Raises
        ------
        RunDamagedError
            If the manifest has no valid configuration.
        """
        settings, why = self.manifest.config, ""
        try:
            if settings is not None:
                return AuditConfig(**settings)
        except InputError as error:
            why = f": {error.what.removesuffix('.')}"
        raise RunDamagedError(f"{self / MANIFEST} has no valid configuration{why}.", "Re-create the run with --fresh.")

    def _look(self) -> Manifest:
        """Read the manifest, and check that the directory contains no links."""
        manifest = self._read_manifest()
        check_tree(self.directory, _IN_PLACE)
        return manifest

    def _read_manifest(self) -> Manifest:
        path = self / MANIFEST
        if not os.path.lexists(path):
            if not all(_is_ours(entry.name) for entry in self.directory.glob("*")):
                raise RunError(
                    f"{self.directory} is not a run: it contains files but no manifest.json.",
                    "Choose another directory with --out.",
                )
            return Manifest.new()
        try:
            return Manifest.model_validate_json(read_plain(path))
        except OSError as error:
            raise RunDamagedError(
                f"{path} cannot be read: {error.strerror}.",
                "Check its permissions, or choose another directory. If someone sent you this run, do not trust it.",
            ) from None
        except ValidationError as error:
            is_run = (self / LOCK).exists()  # otherwise the file may belong to another program
            if is_run and self._fresh:
                return Manifest.new()
            raise RunDamagedError(
                f"{path} is damaged: {first_fault(error, Manifest)}.",
                f"{'Start over with --fresh, or choose' if is_run else 'Choose'} another directory with --out.",
            ) from None

    def record(self, **entries: Any) -> None:
        """Write ``entries`` into the manifest, atomically."""
        manifest = self.manifest.updated(**entries)
        with storage_errors(self / MANIFEST):
            self.directory.mkdir(parents=True, exist_ok=True)
            write(self / MANIFEST, manifest.to_json().encode(), inside=self.directory)
        self.manifest = manifest

    # -- holding ------------------------------------------------------------------------------------------------

    @contextmanager
    def held(self) -> Iterator[None]:
        """Lock the run for this process; the lock is released even if the process is killed.

        Raises
        ------
        RunHeldError
            If another process has locked the run.
        """
        holder = self / HOLDER
        try:
            with storage_errors(self.directory):
                self.directory.mkdir(parents=True, exist_ok=True)
                held = lock(self / LOCK, timeout=0)
                held.acquire()
        except Timeout:
            raise RunHeldError(
                f"{self.directory} is locked by {_describe(holder)}.",
                "Wait until it ends, or choose another directory with --out.",
            ) from None
        try:
            with storage_errors(self.directory):
                self.manifest = self._look()
                self._verified.clear()
                for folder in (self.directory, self / FIGURES):
                    sweep(folder)
                if self._fresh:
                    self._start_over()
                about = json.dumps({"pid": os.getpid(), "since": now()})
                write(holder, about.encode(), inside=self.directory)
            yield
            shutil.rmtree(self / _WORK, ignore_errors=True)  # nothing is left to resume
        finally:
            holder.unlink(missing_ok=True)
            held.release()

    def _start_over(self) -> None:
        """Clear the manifest first, then remove files: if interrupted, the directory is still a run."""
        artifacts = self.manifest.outputs
        self.manifest = Manifest.new()
        self.record()
        for artifact in artifacts:
            path = self / artifact
            if not _is_ours(artifact) and not path.is_dir():  # a folder here is not the stage's
                path.unlink(missing_ok=True)
        self.page.unlink(missing_ok=True)
        for folder in (_WORK, FIGURES):
            shutil.rmtree(self / folder, ignore_errors=True)
        self._fresh = False

    # -- stages -------------------------------------------------------------------------------------------------

    def stage(
        self,
        name: str,
        make: Make,
        *,
        inputs: Iterable[Name] = (),
        parameters: Mapping[str, Any] | None = None,
        resumable: bool = False,
    ) -> bool:
        """Run a stage unless it is up to date. Return whether it ran.

        Parameters
        ----------
        name : str
            Name, unique in the run, such as ``encode`` or ``finetuned/fold-3``.
        make : callable of (directory, reader)
            It writes the stage's artifacts into the directory. It reads only its inputs, with the reader.
        inputs : iterable of artifacts or their names
            Artifacts of earlier stages that ``make`` reads.
        parameters : mapping
            Everything else that the result depends on; must be JSON.
        resumable : bool
            Pass ``make`` the directory that a killed run with the same inputs and parameters left, not an empty one.
            Files and folders whose names end in ``.partial`` are not artifacts.

        Raises
        ------
        RunDamagedError
            If an artifact is missing or has been changed.
        StorageError
            If the disk is full.
        """
        pending = self.pending(name, inputs=inputs, parameters=parameters)
        if pending is None:
            return False
        if not resumable:
            shutil.rmtree(pending.space, ignore_errors=True)
        reset_peak_memory()
        start = time.perf_counter()
        with storage_errors(self.directory):
            if not pending.space.exists():
                make_folder(pending.space)
            check_tree(pending.space, ("",))
            make(pending.space, DeclaredReader(self, name, pending.inputs))
        self.finish(pending, pending.space, time.perf_counter() - start, peak_memory())
        give_back_memory()
        return True

    def pending(
        self, name: str, *, inputs: Iterable[Name] = (), parameters: Mapping[str, Any] | None = None
    ) -> Pending | None:
        """Return what is needed to run a stage elsewhere, or None if it is up to date; see :meth:`stage`."""
        about: dict[str, Any] = {
            "parameters": dict(parameters or {}),
            "inputs": {os.fspath(artifact): self.hash_of(artifact) for artifact in inputs},
        }
        key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
        done = self.manifest.stages.get(name)
        if done and done.key == key:
            for artifact in done.outputs:
                self.hash_of(artifact)
            self.visited.add(name)
            return None
        about = json.loads(json.dumps(about))  # as the file will store it
        return Pending(name, key, **about, space=self / _WORK / f"{name.replace('/', '-')}-{key[:12]}")

    def finish(self, pending: Pending, folder: Path, seconds: float, peak: int | None) -> None:
        """Move the files that a pending stage has written into ``folder`` into the run, and record the stage."""
        with storage_errors(self.directory):
            outputs = self._move_in(pending.name, folder)
        entry = Stage(
            key=pending.key,
            parameters=pending.parameters,
            inputs=pending.inputs,
            outputs=outputs,
            seconds=round(seconds, 2),
            peak_memory=peak,
        )
        self.record(stages={**self.manifest.stages, pending.name: entry})
        self.visited.add(pending.name)
        shutil.rmtree(pending.space, ignore_errors=True)

    def _move_in(self, name: str, space: Path) -> dict[str, str]:
        """Flush the stage's files and move them into the run. Return their hashes."""
        outputs = {}
        check_tree(space)
        for path in sorted(path for path in space.rglob("*") if path.is_file()):
            name_in_run = path.relative_to(space)
            if not any(part.endswith(".partial") for part in name_in_run.parts):
                flush(path)
                outputs[name_in_run.as_posix()] = hash_file(path)
        if name in self.manifest.stages or not (self / MANIFEST).exists():
            # Its old artifacts are about to be overwritten, and files without a manifest would not be a run.
            self.record(stages={key: value for key, value in self.manifest.stages.items() if key != name})
        for artifact in outputs:
            move_in(space / artifact, self / artifact, self.directory)
        for folder in {folder for artifact in outputs for folder in PurePosixPath(artifact).parents}:
            flush(self.directory / folder)
        self._verified.update(outputs)
        return outputs

    # -- artifacts ----------------------------------------------------------------------------------------------

    def hash_of(self, artifact: Name) -> str:
        """Return the recorded SHA-256 of an artifact, after checking the file once."""
        name = os.fspath(artifact)
        recorded = self.manifest.outputs.get(name)
        if recorded is None:
            raise RunMissingError(f"{self.directory} has no {name}.", "Run `auditor run` again to finish the run.")
        if name not in self._verified:
            path, trouble = self / name, ""
            try:
                with open_plain(path, self.directory) as file:
                    if hash_open_file(file) != recorded:
                        trouble = "is damaged: it has changed since it was written"
            except FileNotFoundError:
                trouble = "is damaged: it is missing"
            except OSError as error:
                trouble = f"cannot be read: {error.strerror}"
            if trouble:
                raise RunDamagedError(f"{path} {trouble}.", "Re-create the run with --fresh; decisions.db is kept.")
            self._verified.add(name)
        return recorded

    def has(self, artifact: Name) -> bool:
        """Return whether a stage has written an artifact; runs of earlier versions may lack some."""
        return os.fspath(artifact) in self.manifest.outputs

    def open(self, artifact: Name) -> Path:
        """Check an artifact against its hash. Return its path."""
        self.hash_of(artifact)
        return self / artifact


def _describe(holder: Path) -> str:
    try:
        about = json.loads(read_plain(holder))
        return f"process {about['pid']}, since {about['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"


def _is_ours(name: str) -> bool:
    return (final_name(name) or name).startswith(_OURS)
