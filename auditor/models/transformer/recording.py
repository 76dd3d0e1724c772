"""A Trainer that records the logits of each epoch and the vectors of watched rows, at no extra cost."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from transformers import PrinterCallback, Trainer, TrainerCallback

from auditor.arrays import Float16, Float32, RowIndex

_LOG = logging.getLogger(__name__)


def by_row(output: Any) -> Float32:
    """Return the logits in the order of the texts, regardless of the Trainer's order."""
    logits: Float32 = _unsorted(np.asarray(output.predictions, dtype=np.float32), output.label_ids[1])
    return logits


def _unsorted(values: Any, rows: Any) -> Any:
    """Reorder values from the order of ``rows`` to that of the texts."""
    out = np.empty_like(values)
    out[rows] = values
    return out


@contextmanager
def unlogged() -> Iterator[None]:
    """Leave the epochs of a training out of the log."""

    def refuse(record: logging.LogRecord) -> bool:
        return False

    _LOG.addFilter(refuse)
    try:
        yield
    finally:
        _LOG.removeFilter(refuse)


@contextmanager
def last_vectors(model: Any, wanted: bool = True) -> Iterator[list[Float16]]:
    """Collect the inputs of the last layer, batch by batch: the vectors by which the model separates classes.

    Models without a final linear layer over whole texts (some classify each token) yield nothing.
    """
    head = [layer for layer in model.modules() if isinstance(layer, torch.nn.Linear)] if wanted else []
    seen: list[Float16] = []

    def keep(layer: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        if given[0].ndim == 2:
            seen.append(given[0].detach().to(torch.float16).cpu().numpy())

    last = next((layer for layer in reversed(head) if layer.out_features == model.config.num_labels), None)
    hook = last.register_forward_pre_hook(keep) if last is not None else None
    try:
        yield seen
    finally:
        if hook is not None:
            hook.remove()


class Epochs:
    """Collects the logits of each epoch from the training pass and the evaluations."""

    def __init__(self, rows: RowIndex | None = None, total: int = 0, classes: int = 0, choose: bool = False) -> None:
        self._rows = rows if rows is not None else np.empty(0, np.int64)
        self._shape = (total, classes)
        self._choose = choose
        self._train: list[Float32] = []
        self._held_out: list[Float32] = []
        self._vectors: Float16 | None = None
        self._best: tuple[float, dict[str, torch.Tensor], Float16 | None, int] | None = None
        self._kept = -1
        self.history: list[dict[str, float]] = []

    def start(self) -> None:
        """Start an epoch."""
        self._train.append(np.full(self._shape, np.nan, dtype=np.float32))
        self.history.append({})

    def saw(self, rows: torch.Tensor, logits: torch.Tensor) -> None:
        """Keep the logits of a training batch."""
        self._train[-1][self._rows[rows.cpu().numpy()]] = logits.detach().float().cpu().numpy()

    def evaluated(
        self, name: str, logits: Float32, metrics: Mapping[str, float], model: Any, vectors: Float16 | None = None
    ) -> None:
        """Keep the result of an evaluation and, if an epoch is to be chosen, the best model so far."""
        figures = {key.removeprefix("eval_"): float(value) for key, value in metrics.items()}
        self.history[-1].update(figures)
        _LOG.info("epoch %d %s", len(self.history), "  ".join(f"{key} {figures[key]:.4f}" for key in sorted(figures)))
        if name == "held_out":
            self._held_out.append(logits)
            self._vectors = vectors
        elif self._choose and (self._best is None or metrics["eval_chosen_on_loss"] < self._best[0]):
            state = {key: value.detach().clone() for key, value in model.state_dict().items()}
            self._best = (float(metrics["eval_chosen_on_loss"]), state, self._vectors, len(self.history) - 1)

    def finish(self, model: Any) -> None:
        """Restore the best epoch, if one is to be chosen."""
        if self._best is not None:
            _, state, self._vectors, self._kept = self._best
            model.load_state_dict(state)
            self._best = None
        model.eval()

    @property
    def final(self) -> Float32 | None:
        """Logits of the watched rows by the model as it is kept, (watched rows, K); None if no rows were watched."""
        return self._held_out[self._kept] if self._held_out else None

    def dynamics(self) -> dict[str, npt.NDArray[np.floating]]:
        """Return the (epochs, N, K) logits, and the (watched rows, D) vectors of the last epoch."""
        logits = {"train": self._train, "held_out": self._held_out}
        found: dict[str, npt.NDArray[np.floating]] = {name: np.stack(by) for name, by in logits.items() if by}
        return found if self._vectors is None else {**found, "vectors": self._vectors}


class _EpochStarts(TrainerCallback):
    def __init__(self, epochs: Epochs) -> None:
        self._epochs = epochs

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start recording an epoch."""
        self._epochs.start()


class RecordingTrainer(Trainer):
    """A Trainer that records its logits and vectors."""

    def __init__(self, epochs: Epochs, **options: Any) -> None:
        super().__init__(**options)
        self.epochs = epochs
        self.remove_callback(PrinterCallback)
        self.add_callback(_EpochStarts(epochs))

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Compute the Trainer's loss, and keep the logits of training rows."""
        rows = inputs.pop("row")
        kwargs["return_outputs"] = True
        loss, outputs = super().compute_loss(model, inputs, *args, **kwargs)
        if model.training:
            self.epochs.saw(rows, outputs.logits)
            return loss
        return loss, outputs

    def evaluation_loop(self, dataloader: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the Trainer's evaluation, and keep the logits and vectors of watched rows."""
        name = str(kwargs.get("metric_key_prefix", "eval")).removeprefix("eval_")
        start = time.perf_counter()
        with last_vectors(self.model, name == "held_out") as seen:
            output = super().evaluation_loop(dataloader, *args, **kwargs)
        if name in ("held_out", "chosen_on"):  # not a prediction
            rows = cast(Any, output.label_ids)[1]
            vectors = _unsorted(np.concatenate(seen), rows) if seen else None
            metrics = {**(output.metrics or {}), f"eval_{name}_seconds": time.perf_counter() - start}
            self.epochs.evaluated(name, by_row(output), metrics, self.model, vectors)
        return output
