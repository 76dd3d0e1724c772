"""Device and precision of models."""

from __future__ import annotations

import torch

from auditor.errors import ModelError


def pick_device(name: str) -> torch.device:
    """Return the device of a name; ``auto`` is a GPU if there is one.

    Raises
    ------
    ModelError
        If this machine has no such device.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            f"There is no device {name!r} on this machine: {str(error).splitlines()[0]}",
            "Use --device auto, cpu, cuda or mps.",
        ) from None
    if device.index:  # Trainer always uses the first device
        raise ModelError(
            f"The device {name!r} is not the first one; training requires the first.",
            f"Set CUDA_VISIBLE_DEVICES={device.index} and use --device {device.type}.",
        )
    return device


def pick_dtype(precision: str, device: torch.device) -> torch.dtype:
    """Return float32 or bfloat16; ``auto`` is bfloat16 if the hardware multiplies bfloat16 matrices.

    The hardware is queried, not timed: a timed choice could differ between a run and its resumption.
    """
    if precision != "auto":
        return torch.bfloat16 if precision == "bfloat16" else torch.float32
    return torch.bfloat16 if _multiplies_bfloat16(device) else torch.float32


def _multiplies_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        has = torch.cpu.get_capabilities()
        return bool(has.get("avx512_bf16") or has.get("amx_bf16") or has.get("bf16"))
    return False


def arithmetic(precision: str, device: str) -> dict[str, str]:
    """Return the stage parameters that affect the low bits of results: type of device, and precision."""
    where = pick_device(device)
    return {"device": where.type, "dtype": str(pick_dtype(precision, where)).removeprefix("torch.")}
