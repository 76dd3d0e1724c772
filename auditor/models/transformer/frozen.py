"""The frozen lower layers of a fine-tuned transformer, whose states are computed once.

Nothing that is trained flows into a frozen layer, so its output for a text is the same in all epochs and folds. It is
stored as float16, memory-mapped, and the training looks it up instead of computing the layers.

Three texts of 4, 2 and 3 tokens, say, are stored longest first: ``bounds`` is ``[[0, 4], [7, 9], [4, 7]]``, and
``states`` has 9 rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from datasets import Dataset

from auditor.arrays import Float16, RowIndex
from auditor.config import EncoderConfig, FinetunedConfig
from auditor.errors import RunDamagedError
from auditor.models.classifier import Progress
from auditor.models.transformer.device import arithmetic, pick_device
from auditor.models.transformer.encoder import Encoder, default_budget, token_batches
from auditor.models.transformer.encoding import distinct
from auditor.models.transformer.weights import Weights
from auditor.run import Run
from auditor.run.artifacts import BOUNDS, STATES

STAGE = "frozen-layers"
"""Name of the stage that stores the states."""
LARGEST = 2_000_000_000
"""Most bytes of stored states: those of about 100,000 tweets with a small encoder. More are computed in training."""

_COLUMN = "text_number"
_LARGEST_FLOAT16 = float(np.finfo(np.float16).max)


def lower_layers(model: Any, count: int) -> list[torch.nn.Module]:
    """Return the lowest ``count`` layers of a transformer, at most all but the highest."""
    stacks = [part for part in model.base_model.modules() if isinstance(part, torch.nn.ModuleList)]
    layers = list(max(stacks, key=len, default=[]))
    return layers[: max(0, min(count, len(layers) - 1))]


def freeze(model: Any, count: int) -> None:
    """Freeze the lowest layers and the embeddings below them: no training, and no dropout."""
    frozen = lower_layers(model, count)
    if not frozen:
        return
    highest = list(frozen[-1].parameters())[-1]
    for parameter in model.base_model.parameters():
        parameter.requires_grad_(False)
        if parameter is highest:
            break
    for module in model.base_model.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()
            module.train = _stay_as_it_is(module)


def _stay_as_it_is(module: torch.nn.Module) -> Callable[..., torch.nn.Module]:
    return lambda mode=True: module


def describe_states(weights: Weights, config: FinetunedConfig, device: str) -> dict[str, Any]:
    """Return what the states depend on besides the texts, as JSON."""
    return {
        "layers": config.frozen_layers,
        "max_length": config.max_length,
        "token_budget": default_budget(_as_encoder(config), pick_device(device)),
        "most_bytes": LARGEST,
        "weights": weights.fingerprint,
        **arithmetic(config.precision, device),
    }


def _as_encoder(config: FinetunedConfig) -> EncoderConfig:
    return EncoderConfig(name=config.base_model, max_length=config.max_length, precision=config.precision)


# -- computing ------------------------------------------------------------------------------------------------------


class _Reached(Exception):  # noqa: N818 - no error: it ends a forward pass early
    def __init__(self, states: torch.Tensor) -> None:
        super().__init__()
        self.states = states


def _stop(layer: torch.nn.Module, given: Any, states: torch.Tensor) -> None:
    raise _Reached(states)


class LowerLayers(Encoder):
    """The frozen layers as an encoder: texts → the states of their tokens.

    Parameters
    ----------
    weights : Weights
        The base model.
    config : FinetunedConfig
    device : str
    """

    def __init__(self, weights: Weights, config: FinetunedConfig, device: str = "auto") -> None:
        super().__init__(weights, _as_encoder(config), device)
        self._layers = lower_layers(self._model, config.frozen_layers)
        freeze(self._model, config.frozen_layers)

    def write(self, texts: Sequence[str], folder: Path, progress: Progress) -> None:
        """Write ``states.npy``, (T, D) float16, and ``states.bounds.npy``, (U, 2) int64.

        Both are empty if the states of this model cannot be looked up, or if there are too many.

        Parameters
        ----------
        texts : sequence of N str
            U of them are distinct, with T tokens in all.
        folder : Path
        progress : callable
            Called with (batches done, total batches).

        Raises
        ------
        OSError
            If the disk is full.
        """
        unique, _ = distinct(texts)
        lengths = self._lengths(unique)
        if 2 * self.dimensions * int(lengths.sum()) > LARGEST or not self._can_be_looked_up(unique[:1]):
            unique, lengths = [], lengths[:0]
        else:
            self._layers[-1].register_forward_hook(_stop)
        batches = list(token_batches(lengths, self._budget))
        order = np.concatenate([np.empty(0, np.int64), *batches])
        ends = np.empty_like(lengths)
        ends[order] = np.cumsum(lengths[order])
        BOUNDS.save(folder, np.stack([ends - lengths, ends], axis=1))
        with (folder / STATES).open("wb") as file, self._workers() as workers:
            shape = (int(lengths.sum()), self.dimensions)
            np.lib.format.write_array_header_1_0(file, {"descr": "<f2", "fortran_order": False, "shape": shape})
            results = workers.map(self._states_of, ([unique[row] for row in rows] for rows in batches))
            for done, states in enumerate(results, start=1):
                file.write(states.data)
                progress(done, len(batches))

    def _can_be_looked_up(self, texts: Sequence[str]) -> bool:
        """Return whether the layers above depend on the output of the highest frozen one, and on nothing below.

        Each layer must pass on one tensor, into which nothing trained flows. And the result must stay the same if all
        layers return the states of the highest.
        """
        if self._model.config.is_encoder_decoder:
            return False
        outputs: list[Any] = []
        hooks = [layer.register_forward_hook(lambda layer, given, out: outputs.append(out)) for layer in self._layers]
        try:
            batch = self._batch(texts)
            computed = self._model(**batch)[0]
        finally:
            for hook in hooks:
                hook.remove()
        if not 0 < len(outputs) == len(self._layers) or not all(map(_is_frozen, outputs)):
            return False
        with _returning(lambda: outputs[-1], self._layers):
            return torch.allclose(self._model(**batch)[0], computed, rtol=0.01, atol=0.01)  # bfloat16 has 8 bits

    def _states_of(self, texts: Sequence[str]) -> Float16:
        """Return the states of a batch's tokens, (tokens, D), one text after the other."""
        batch = self._batch(texts)
        with torch.inference_mode():
            states = self._reached(batch)[batch["attention_mask"].bool()].float()
        bounded: Float16 = states.clamp(-_LARGEST_FLOAT16, _LARGEST_FLOAT16).half().cpu().numpy()
        return bounded

    def _reached(self, batch: Any) -> torch.Tensor:
        """Return the output of the highest frozen layer; the layers above it are not computed."""
        try:
            self._model(**batch)
        except _Reached as reached:
            return reached.states
        raise AssertionError("no frozen layer was computed")


def _is_frozen(output: Any) -> bool:
    return isinstance(output, torch.Tensor) and output.ndim == 3 and not output.requires_grad


# -- looking up -----------------------------------------------------------------------------------------------------


@contextmanager
def _returning(states: Callable[[], torch.Tensor], layers: Sequence[torch.nn.Module]) -> Iterator[None]:
    """Within the block, the layers return some states and compute nothing."""
    for layer in layers:
        layer.forward = lambda *given, **options: states()
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


@dataclass(frozen=True)
class States:
    """The states of all texts of a run.

    Attributes
    ----------
    numbers : mapping of str to int
        Number of each of the U distinct texts.
    bounds : (U, 2) int64
        First row of each text in ``states``, and the one after its last.
    states : (T, D) float16
    """

    numbers: Mapping[str, int]
    bounds: RowIndex
    states: Float16

    @classmethod
    def of(cls, run: Run, texts: Sequence[str], weights: Weights, config: FinetunedConfig, device: str) -> Self | None:
        """Read the states of a run's texts; None if no layer is frozen, or if the run stores none of such a model.

        Raises
        ------
        RunDamagedError
            If they are not those of the texts.
        """
        stage = run.manifest.stages.get(STAGE) if config.frozen_layers else None
        if stage is None or stage.parameters != describe_states(weights, config, device):
            return None
        bounds, states, (unique, _) = run.load(BOUNDS), run.load(STATES), distinct(texts)
        if not len(bounds):
            return None
        fit = bounds.dtype == np.int64 and bounds.shape == (len(unique), 2) and states.dtype == np.float16
        if not fit or states.ndim != 2 or bounds.min() < 0 or bounds.max() != len(states):
            raise RunDamagedError(
                f"{STATES.name} and {BOUNDS.name} in {run.directory} are not the states of its {len(unique)} texts.",
                "Start over with --fresh.",
            )
        return cls({text: number for number, text in enumerate(unique)}, bounds, states)

    def add_numbers(self, tokens: Dataset, texts: Sequence[str]) -> Dataset:
        """Add the column that says which states a row has; its column ``row`` is the position in ``texts``."""
        return tokens.add_column(_COLUMN, [self.numbers[texts[row]] for row in tokens["row"]])

    def batch(self, numbers: Sequence[int], mask: torch.Tensor) -> torch.Tensor:
        """Return the states of some texts as (B, L, D) float32, where the (B, L) mask of their tokens is not 0."""
        found = np.concatenate([self.states[start:end] for start, end in self.bounds[numbers]])
        states = torch.zeros(*mask.shape, found.shape[1], device=mask.device)
        states[mask.bool()] = torch.from_numpy(found).to(mask.device).float()
        return states

    @contextmanager
    def instead_of_layers(self, model: Any, count: int) -> Iterator[None]:
        """Within the block, look up the states of the lowest layers: batches must have the numbers of their texts."""
        current: list[torch.Tensor] = []

        def look_up(model: Any, given: Any, batch: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            current[:] = [self.batch(batch.pop(_COLUMN).tolist(), batch["attention_mask"])]
            return given, batch

        hook = model.register_forward_pre_hook(look_up, with_kwargs=True)
        try:
            with _returning(lambda: current[0], lower_layers(model, count)):
                yield
        finally:
            hook.remove()
