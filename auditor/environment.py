"""Versions and machine of a run, for its manifest."""

from __future__ import annotations

import platform
import re
from importlib.metadata import version

import torch
from threadpoolctl import threadpool_info

from auditor.models.transformer.device import pick_dtype
from auditor.version import own_version

_LIBRARIES = (
    "accelerate cleanlab datasets datasketch numpy pandas pyarrow pynndescent scikit-learn scipy tokenizers torch "
    "transformers umap-learn"
).split()
_INSTRUCTIONS = "sve neon_dotprod neon bf16 avx2 avx512_f avx512_vnni avx512_bf16 amx_int8 amx_bf16".split()
_LINKED_INTO_TORCH = re.compile(
    r"(?P<name>Math Kernel Library|MKL-DNN|OpenBLAS)\s+(?:Version )?v?(?P<version>\d[\d.]*\d)"
)


def describe_versions() -> dict[str, str]:
    """Return versions of Python, of the libraries that affect results, and of auditor if it is installed."""
    versions = {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}}
    ours = own_version()
    return {**versions, "label-auditor": ours} if ours else versions


def describe_machine(device: torch.device) -> dict[str, str | int]:
    """Return what the last bits of results depend on, apart from the libraries' versions.

    Returns
    -------
    dict
        ``system``; ``architecture``, and the processor's ``instructions`` for vectors and matrices; ``device``;
        ``precision``: what ``auto`` means on it; ``matrix_libraries``, with the kernel that each has chosen, where it
        says so; ``threads``; and ``gpu``, the name of the one in use, if there is one.
    """
    has = torch.cpu.get_capabilities()
    found: dict[str, str | int] = {
        "system": platform.system(),
        "architecture": platform.machine(),
        "instructions": ", ".join(name for name in _INSTRUCTIONS if has.get(name)) or "unknown",
        "device": str(device),
        "precision": str(pick_dtype("auto", device)).removeprefix("torch."),
        "matrix_libraries": ", ".join(_matrix_libraries()) or "unknown",
        "threads": torch.get_num_threads(),
    }
    return {**found, "gpu": torch.cuda.get_device_name(device)} if device.type == "cuda" else found


def _matrix_libraries() -> list[str]:
    """Return those linked into torch, and those that numpy and scipy have loaded."""
    linked = [f"{found['name']} {found['version']}" for found in _LINKED_INTO_TORCH.finditer(torch.__config__.show())]
    loaded = [
        f"{found['internal_api']} {found['version']} ({found.get('architecture', 'unknown kernel')})"
        for found in threadpool_info()
        if found["user_api"] == "blas"
    ]
    return [*linked, *sorted(set(loaded))]
