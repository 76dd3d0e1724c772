"""Manifest: the contents of ``manifest.json``, with types.

Unknown entries are kept when the file is rewritten.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

ArtifactName = Annotated[str, Field(pattern=r"^\w[\w.-]*(/\w[\w.-]*)*$")]
"""A path that stays inside the run's directory."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class Stage(_Entry):
    """The record of a finished stage.

    Attributes
    ----------
    key : str
        SHA-256 of parameters and inputs; if it differs, the stage runs again.
    parameters : dict
    inputs, outputs : dict of str to str
        SHA-256 of each artifact.
    seconds : float
    peak_memory : int or None
        Bytes; None where the system does not report it.
    """

    key: str
    parameters: dict[str, Any]
    inputs: dict[str, str]
    outputs: dict[ArtifactName, str]
    seconds: float
    peak_memory: int | None


class DatasetRecord(_Entry):
    """The dataset that was audited.

    Attributes
    ----------
    fingerprint : str
        From :meth:`auditor.data.LabeledTexts.fingerprint`.
    source : str
    rows, rejected : int
    label_names : tuple of str
    notes : tuple of str
        What the reader guessed, skipped or set aside.
    """

    fingerprint: str
    source: str
    rows: int
    rejected: int
    label_names: tuple[str, ...]
    notes: tuple[str, ...]


class Manifest(_Entry):
    """The whole manifest.

    Attributes
    ----------
    format : int
    created : str
        Time of creation, in ISO 8601.
    finished : bool
    ranked : bool
        There is a ranking that can be read, although the run need not be finished. ``config`` says which models it
        rests on.
    stages : dict of str to Stage
    dataset : DatasetRecord or None
        None before the dataset was read.
    config : dict or None
        The :class:`~auditor.config.AuditConfig` as a dict; use :attr:`auditor.run.Run.config` to read it.
    versions, machine : dict
        From :mod:`auditor.environment`.
    used : tuple of str or None
        Stages of the current configuration; the run keeps stages of other configurations too.
    """

    format: Literal[1]
    created: str
    finished: bool
    stages: dict[str, Stage]
    ranked: bool = False
    dataset: DatasetRecord | None = None
    config: dict[str, Any] | None = None
    versions: dict[str, str] = {}
    machine: dict[str, Any] = {}
    used: tuple[str, ...] | None = None

    @classmethod
    def new(cls) -> Self:
        """Return the manifest of a run without any stages."""
        return cls(format=1, created=now(), finished=False, stages={})

    def updated(self, **entries: Any) -> Self:
        """Return a copy with some entries changed or added."""
        return type(self).model_validate({**dict(self._entries()), **entries})

    def to_json(self) -> str:
        """Return the contents of the file, without entries that were never set."""
        return json.dumps(self.model_dump(exclude_unset=True), indent=1, ensure_ascii=False, sort_keys=True)

    def _entries(self) -> list[tuple[str, Any]]:
        return [(name, value) for name, value in self if name in self.model_fields_set]

    @cached_property
    def outputs(self) -> dict[str, str]:
        """SHA-256 of every artifact, from the first stage that lists it."""
        found: dict[str, str] = {}
        for stage in self.stages.values():
            for artifact, recorded in stage.outputs.items():
                found.setdefault(artifact, recorded)
        return found


def now() -> str:
    """Return the current time, in UTC and ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
