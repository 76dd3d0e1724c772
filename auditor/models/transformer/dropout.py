"""Dropout on a CPU, with random numbers that are quick to draw.

torch draws the numbers of a mask at about ten nanoseconds each, a fifth of the time of fine-tuning on a processor with
bfloat16 matrices. NumPy's SFC64 needs a tenth of that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

_STEPS = 1 << 16
"""A number of a mask has 16 bits, so a probability is rounded to a multiple of 1 / 65,536."""


def quick_dropout(seed: int, device: torch.device) -> AbstractContextManager[Any]:
    """Return a context, which can be entered many times, in which ``torch.nn.functional.dropout`` is quicker."""
    return QuickDropout(seed) if device.type == "cpu" else nullcontext()


class QuickDropout(TorchFunctionMode):
    """Within the block, masks of dropout on a CPU are drawn by NumPy's SFC64, in this thread.

    The masks are a function of the seed and of the calls so far, on any number of threads. Everything else that torch
    does stays as it is, and so do torch's own random numbers.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._numbers = np.random.SFC64(seed)

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Call a function of torch, unless it is dropout on a CPU in training."""
        if func is torch.nn.functional.dropout:
            return self._dropout(func, *args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _dropout(
        self,
        func: Callable[..., torch.Tensor],
        input: torch.Tensor,
        p: float = 0.5,
        training: bool = True,
        inplace: bool = False,
    ) -> torch.Tensor:
        dropped = round(p * _STEPS)
        if not training or input.device.type != "cpu" or not 0 < dropped < _STEPS:
            return func(input, p, training, inplace)
        words = self._numbers.random_raw(-(-input.numel() // 4))  # four numbers each
        numbers = torch.from_numpy(np.asarray(words).view(np.int16)[: input.numel()]).view(input.shape)
        mask = (numbers >= dropped - _STEPS // 2).to(input.dtype).mul_(_STEPS / (_STEPS - dropped))
        return input.mul_(mask) if inplace else input * mask
