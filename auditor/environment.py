"""What a manifest says of where a run was made: versions and machine."""

from __future__ import annotations

import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

import torch

from auditor.models.device import pick_dtype

_LIBRARIES = (
    "accelerate cleanlab datasets datasketch numpy pandas pyarrow pynndescent scikit-learn scipy tokenizers torch "
    "transformers umap-learn"
).split()


def describe_versions() -> dict[str, str]:
    """Of Python, the libraries that results depend on, and auditor itself where it is installed."""
    versions = {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}
    with suppress(PackageNotFoundError):  # run from its source tree
        versions["label-auditor"] = version("label-auditor")
    return versions


def describe_machine(device: torch.device) -> dict[str, str | int]:
    """System, architecture, device, precision of ``auto``, and threads."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "device": str(device),
        "precision": str(pick_dtype("auto", device)).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }
