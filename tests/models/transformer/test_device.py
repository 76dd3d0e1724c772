from __future__ import annotations

from typing import Any

import pytest
import torch

from auditor.errors import ModelError
from auditor.models.transformer import device as module
from auditor.models.transformer.device import arithmetic, pick_device, pick_dtype

CPU, CUDA, MPS = (torch.device(name) for name in ("cpu", "cuda", "mps"))


def has(monkeypatch: pytest.MonkeyPatch, cuda: bool = False, mps: bool = False, **capabilities: Any) -> None:
    """What the machine says of itself."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)


@pytest.mark.parametrize(("cuda", "mps", "device"), [(0, 0, CPU), (0, 1, MPS), (1, 0, CUDA), (1, 1, CUDA)])
def test_auto_is_a_gpu_when_there_is_one(monkeypatch: pytest.MonkeyPatch, cuda: int, mps: int, device: torch.device):
    has(monkeypatch, bool(cuda), bool(mps))
    assert pick_device("auto") == device


def test_cpu_is_always_there():
    assert pick_device("cpu") == CPU


@pytest.mark.parametrize("name", ["xpu", "banana", "", "cpu:x", "meta"])
def test_device_that_is_not_there(name: str):
    with pytest.raises(ModelError, match=f"no device '{name}'") as caught:
        pick_device(name)
    assert "\n" not in caught.value.what
    assert "--device" in caught.value.todo


def test_only_the_first_device_can_be_trained_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch, "zeros", lambda size, device: torch.ones(size))  # as if it were there
    with pytest.raises(ModelError, match="'cuda:1' is not the first one") as caught:
        pick_device("cuda:1")
    assert "CUDA_VISIBLE_DEVICES=1" in caught.value.todo


@pytest.mark.parametrize(
    ("capabilities", "dtype"),
    [
        ({"avx512_bf16": True, "amx_bf16": False}, torch.bfloat16),
        ({"avx512_bf16": False, "amx_bf16": True}, torch.bfloat16),
        ({"bf16": True}, torch.bfloat16),  # Arm
        ({"avx512_bf16": False, "amx_bf16": False, "avx512_f": True}, torch.float32),
        ({"bf16": False}, torch.float32),
        ({}, torch.float32),
    ],
)
def test_the_cpu_is_asked_for_bfloat16(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], dtype: torch.dtype
):
    has(monkeypatch, **capabilities)
    assert pick_dtype("auto", CPU) is dtype


@pytest.mark.parametrize("native", [True, False])
def test_the_gpu_is_asked_for_bfloat16_that_is_not_emulated(monkeypatch: pytest.MonkeyPatch, native: bool):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or native)
    assert pick_dtype("auto", CUDA) is (torch.bfloat16 if native else torch.float32)


def test_other_devices_use_float32():
    assert pick_dtype("auto", MPS) is torch.float32


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("capable", [True, False])
def test_precision_that_is_asked_for_is_not_second_guessed(
    monkeypatch: pytest.MonkeyPatch, precision: str, capable: bool
):
    has(monkeypatch, avx512_bf16=capable)
    assert pick_dtype(precision, CPU) is getattr(torch, precision)


def test_arithmetic_is_what_auto_comes_to(monkeypatch: pytest.MonkeyPatch):
    for found in (torch.bfloat16, torch.float32):
        monkeypatch.setattr(module, "pick_dtype", lambda precision, device, found=found: found)
        assert arithmetic("auto", "cpu") == {"device": "cpu", "dtype": str(found).removeprefix("torch.")}
