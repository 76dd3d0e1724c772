"""Versions and machine of a run, for its manifest."""

from __future__ import annotations

import platform
from importlib.metadata import version

import torch

from auditor.models.transformer.device import pick_dtype
from auditor.version import own_version

_LIBRARIES = (
    "accelerate cleanlab datasets datasketch numpy pandas pyarrow pynndescent scikit-learn scipy tokenizers torch "
    "transformers umap-learn"
).split()


def describe_versions() -> dict[str, str]:
    """Return versions of Python, of the libraries that affect results, and of auditor if it is installed."""
    versions = {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}
    ours = own_version()
    return {**versions, "label-auditor": ours} if ours else versions


def describe_machine(device: torch.device) -> dict[str, str | int]:
    """Return system, architecture, device, precision of ``auto``, and threads."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "device": str(device),
        "precision": str(pick_dtype("auto", device)).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }
