"""Manifest: what ``manifest.json`` holds, with types.

Entries that this version does not know are kept when the file is written again.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

ArtifactName = Annotated[str, Field(pattern=r"^\w[\w.-]*(/\w[\w.-]*)*$")]
"""It never leads out of the run's directory."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class Stage(_Entry):
    """How a stage was done.

    Attributes
    ----------
    key : str
        SHA-256 over parameters and inputs: another one, and the stage is done again.
    parameters : dict
    inputs, outputs : dict of str to str
        SHA-256 of each artifact.
    seconds : float
    peak_memory : int or None
        Bytes; None where the system does not tell.
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
        As :meth:`auditor.data.LabeledTexts.fingerprint` gives it.
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
    """The whole file.

    Attributes
    ----------
    format : int
    created : str
        When, in ISO 8601.
    finished : bool
    stages : dict of str to Stage
    dataset : DatasetRecord or None
        None before anything was read.
    config : dict or None
        Of the :class:`~auditor.config.AuditConfig`; read it by :attr:`auditor.run.Run.config`.
    versions, machine : dict
        As :mod:`auditor.environment` describes them.
    used : tuple of str or None
        Stages of the configuration at hand; the run keeps those of others too.
    """

    format: Literal[1]
    created: str
    finished: bool
    stages: dict[str, Stage]
    dataset: DatasetRecord | None = None
    config: dict[str, Any] | None = None
    versions: dict[str, str] = {}
    machine: dict[str, Any] = {}
    used: tuple[str, ...] | None = None

    @classmethod
    def new(cls) -> Self:
        """Of a run in which nothing is done yet."""
        return cls(format=1, created=now(), finished=False, stages={})

    def updated(self, **entries: Any) -> Self:
        """Another manifest, with some entries changed or added."""
        return type(self).model_validate({**dict(self._entries()), **entries})

    def to_json(self) -> str:
        """The content of the file; what was never set is not in it."""
        return json.dumps(self.model_dump(exclude_unset=True), indent=1, ensure_ascii=False, sort_keys=True)

    def _entries(self) -> list[tuple[str, Any]]:
        return [(name, value) for name, value in self if name in self.model_fields_set]

    @cached_property
    def outputs(self) -> dict[str, str]:
        """SHA-256 of every artifact, as the first stage that has it says."""
        found: dict[str, str] = {}
        for stage in self.stages.values():
            for artifact, recorded in stage.outputs.items():
                found.setdefault(artifact, recorded)
        return found


def now() -> str:
    """The time, in UTC and ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
