"""The fine-tuned classifier: the whole transformer, trained with Hugging Face's Trainer.

It is fast on a CPU because of bfloat16 autocast, batches of texts of similar length, frozen token embeddings (half the
parameters of a small model, which the optimiser would otherwise update at every step), plain attention (PyTorch's fused
kernel is slow on a CPU with dropout), a last layer that computes only the token that is classified, and frozen layers
whose states are looked up.
"""

from __future__ import annotations

import tempfile
import time
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import torch
from datasets import Dataset
from sklearn.metrics import accuracy_score, f1_score
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    EvalPrediction,
    TrainerCallback,
    TrainingArguments,
)

from auditor.arrays import Codes, Float32, LabelCodes, Mask, Probabilities, RowIndex
from auditor.config import FinetunedConfig
from auditor.errors import ModelError
from auditor.models.classifier import Progress, Watched, not_alike
from auditor.models.randomness import seeded, with_threads
from auditor.models.transformer.device import pick_device, pick_dtype
from auditor.models.transformer.first_token import only_first_token
from auditor.models.transformer.frozen import States, freeze
from auditor.models.transformer.recording import Epochs, RecordingTrainer, by_row, unlogged
from auditor.models.transformer.weights import Weights, load

_BATCHES = 6
"""Most batches of an epoch by which a cost is measured: with half as many, it can be a fifth too high or too low."""


class Cost(NamedTuple):
    """Seconds per text and epoch.

    Attributes
    ----------
    training : float
    evaluating : float
        Predicting a held-out text, after an epoch.
    """

    training: float
    evaluating: float


class Finetuned:
    """``AutoModelForSequenceClassification``, trained on texts.

    Parameters
    ----------
    weights : Weights
        The base model.
    config : FinetunedConfig
    label_names : sequence of str
        K names, which are stored in the model's configuration.
    device : str
    progress : callable, optional
        Called with (steps done, total steps) during training.
    threads : int, optional
        Threads to compute with; torch's own number by default.
    states : States, optional
        States of the frozen layers for all texts to learn from or to watch; computed in training by default.
    """

    def __init__(
        self,
        weights: Weights,
        config: FinetunedConfig,
        label_names: Sequence[str],
        device: str = "auto",
        progress: Progress | None = None,
        threads: int | None = None,
        states: States | None = None,
    ) -> None:
        self._weights = weights
        self._config = config
        self._label_names = list(label_names)
        self._device = pick_device(device)
        self._bf16 = pick_dtype(config.precision, self._device) is torch.bfloat16
        self._progress = progress
        self._threads = threads
        self._states = states
        self._epochs = Epochs()
        self._watched: Sequence[str] | None = None
        self.history: list[dict[str, float]] = []
        """Weighted F1, accuracy, loss and the seconds of the evaluation after each epoch, for the watched rows
        (``held_out_weighted_f1`` …) and for the rows that the epoch is chosen on (``chosen_on_weighted_f1`` …)."""

    @classmethod
    def restored(
        cls,
        weights: Weights,
        config: FinetunedConfig,
        label_names: Sequence[str],
        learned: Mask,
        device: str = "auto",
    ) -> Self:
        """Load a trained classifier.

        Parameters
        ----------
        weights : Weights
            Weights of a model whose head has K outputs.
        config : FinetunedConfig
        label_names : sequence of K str
        learned : (K,) bool
            Classes that the model saw in training.
        device : str

        Raises
        ------
        ModelError
            If the model cannot be loaded, or is incomplete.
        """
        found = cls(weights, config, label_names, device)
        found.tokenizer, (found.model, info) = load(
            weights,
            AutoModelForSequenceClassification,
            attn_implementation=found._attention,
            dtype=torch.float32,
            num_labels=len(label_names),
            output_loading_info=True,
        )
        if info["missing_keys"]:
            raise ModelError(
                f"The model {weights.name!r} does not classify texts: its files lack {min(info['missing_keys'])}.",
                "Choose a model that was trained to classify texts, or a retrained run.",
            )
        only_first_token(found.model)
        found.model.eval()
        found.learned = learned
        return found

    def fit(
        self,
        inputs: Sequence[str],
        labels: LabelCodes,
        seed: int,
        watched: Watched | None = None,
        groups: Codes | None = None,
    ) -> Self:
        """Train on N texts and their (N,) labels; after each epoch, evaluate the watched texts."""
        with self._reproducible(seed), tempfile.TemporaryDirectory() as folder:
            self.tokenizer, self.model = self._load()
            learn, choose = self._parts(labels, seed, groups)
            watch = {"held_out": self._numbered(watched.inputs, watched.labels)} if watched else {}
            if len(choose):
                watch["chosen_on"] = self._numbered([inputs[row] for row in choose], labels[choose])
            self.learned = np.isin(np.arange(len(self._label_names)), labels[learn])
            train = self._numbered([inputs[row] for row in learn], labels[learn])
            self._epochs = Epochs(learn, len(labels), len(self._label_names), choose=bool(len(choose)))
            trainer = RecordingTrainer(
                self._epochs,
                model=self.model,
                args=self._arguments(folder, seed, bool(watch)),
                train_dataset=train,
                eval_dataset=watch or None,
                data_collator=_collator(DataCollatorWithPadding(self.tokenizer)),
                compute_metrics=classification_metrics,
                callbacks=[_Ticker(self._progress)] if self._progress else [],
            )
            with self._looking_up(self.model):
                trainer.train()
        self._epochs.finish(self.model)
        self.history = self._epochs.history
        self._watched = watched.inputs if watched else None
        return self

    def predict_proba(self, inputs: Sequence[str]) -> Probabilities:
        """Return (N, K) float32 probabilities; each row sums to 1, and classes absent from training get 0."""
        logits = self.predict_logits(inputs)
        logits[:, ~self.learned] = -np.inf
        return softmax(logits)

    def predict_logits(self, inputs: Sequence[str]) -> Float32:
        """Return the (N, K) float32 logits; those of the watched texts are known from the evaluation of the epoch."""
        final = self._epochs.final
        if inputs is self._watched and final is not None:
            return final.copy()
        with self._reproducible(0), tempfile.TemporaryDirectory() as folder:
            trainer = RecordingTrainer(
                Epochs(),
                model=self.model,
                args=self._arguments(folder, 0, False),
                data_collator=_collator(DataCollatorWithPadding(self.tokenizer)),
            )
            return by_row(trainer.predict(self._tokens(inputs, np.zeros(len(inputs), np.int32))))

    def dynamics(self) -> Mapping[str, npt.NDArray[np.floating]]:
        """Return the float32 logits of each epoch, with rows in the order of :meth:`fit`, and float16 vectors.

        ``train``: (epochs, N, K), from the training pass, with dropout, each batch before its optimiser step; NaN in
        the rows that the epoch is chosen on. ``held_out``: (epochs, watched rows, K), after the epoch. ``vectors``:
        (watched rows, D), inputs of the last layer after the last epoch.
        """
        return self._epochs.dynamics()

    @contextmanager
    def _reproducible(self, seed: int) -> Iterator[None]:
        with seeded(seed, self._device), with_threads(self._threads):
            yield

    def _load(self) -> tuple[Any, Any]:
        tokenizer, model = load(
            self._weights,
            AutoModelForSequenceClassification,
            attn_implementation=self._attention,
            dtype=torch.float32,
            num_labels=len(self._label_names),
            id2label=dict(enumerate(self._label_names)),
            label2id={name: code for code, name in enumerate(self._label_names)},
            problem_type="single_label_classification",  # regardless of the base model's task
            ignore_mismatched_sizes=True,
        )
        if self._config.freeze_embeddings:
            model.get_input_embeddings().weight.requires_grad_(False)
        freeze(model, self._config.frozen_layers)
        only_first_token(model)
        return tokenizer, model

    @property
    def _attention(self) -> str:
        """Attention implementation: fused on a GPU; plain on a CPU, where the fused one is slow with dropout."""
        return "eager" if self._device.type == "cpu" else "sdpa"

    @property
    def _max_length(self) -> int:
        return min(self._config.max_length, int(self.tokenizer.model_max_length))

    def _parts(self, labels: LabelCodes, seed: int, groups: Codes | None) -> tuple[RowIndex, RowIndex]:
        """Return the rows to learn from, and the rows to choose the epoch on (none unless configured)."""
        rows = np.random.default_rng(seed).permutation(len(labels))
        tenth = len(rows) // 10 if self._config.choose_epoch else 0
        return not_alike(rows, rows[:tenth], groups), np.sort(rows[:tenth])

    def _tokens(self, texts: Sequence[str], labels: LabelCodes) -> Dataset:
        """Return token ids sorted by length; ``row`` is the position in ``texts``."""
        encoded = self.tokenizer(list(texts), truncation=True, max_length=self._max_length)
        lengths = np.array([len(ids) for ids in encoded["input_ids"]])
        order = np.argsort(-lengths, kind="stable")
        columns = {name: [values[i] for i in order] for name, values in encoded.items()}
        return Dataset.from_dict({**columns, "labels": labels[order], "length": lengths[order], "row": order})

    def _numbered(self, texts: Sequence[str], labels: LabelCodes) -> Dataset:
        """Return token ids for :meth:`_looking_up`."""
        tokens = self._tokens(texts, labels)
        return tokens if self._states is None else self._states.add_numbers(tokens, texts)

    def _looking_up(self, model: Any) -> AbstractContextManager[None]:
        """Return a block in which the states of the frozen layers are looked up, if there are any."""
        return self._states.instead_of_layers(model, self._config.frozen_layers) if self._states else nullcontext()

    def _arguments(self, folder: str, seed: int, evaluate: bool) -> TrainingArguments:
        config = self._config
        arguments = TrainingArguments(
            output_dir=folder,
            seed=seed,
            data_seed=seed,
            num_train_epochs=config.epochs,
            per_device_train_batch_size=config.batch_size,
            per_device_eval_batch_size=4 * config.batch_size,
            learning_rate=config.learning_rate,
            weight_decay=config.weight_decay,
            warmup_steps=config.warmup,
            bf16=self._bf16,
            optim="adamw_torch_fused",
            train_sampling_strategy="group_by_length",
            length_column_name="length",
            remove_unused_columns=False,
            label_names=["labels", "row"],
            eval_strategy="epoch" if evaluate else "no",
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=self._device.type == "cpu",
            dataloader_pin_memory=self._device.type == "cuda",
        )
        arguments._n_gpu = min(arguments.n_gpu, 1)  # with several, the Trainer would multiply the batch size
        return arguments

    def cost(self, texts: Sequence[str]) -> Cost:
        """Measure what training and evaluating cost on this machine, by training a model for a few steps.

        Parameters
        ----------
        texts : sequence of str
            Texts to be trained on. Those of about average length are chosen, which need no more padding than the
            batches of many texts do.
        """
        by_length, batch_size = sorted(texts, key=len), self._config.batch_size
        size = max(batch_size, min(_BATCHES * batch_size, len(texts) // 10))
        shorter = bisect(by_length, float(np.mean([*map(len, texts)])), key=len)
        sample = by_length[max(0, min(shorter - size // 2, len(texts) - size)) :][:size]
        labels = np.arange(len(sample), dtype=np.int32) % len(self._label_names)
        times: list[float] = []
        model = Finetuned(
            self._weights,
            self._config.model_copy(update={"epochs": 2, "choose_epoch": False}),
            self._label_names,
            str(self._device),
            lambda done, total: times.append(time.perf_counter()),
            self._threads,
            self._states,
        )
        with unlogged():
            model.fit(sample, labels, 0, Watched(sample, labels))
        first, second = (epoch["held_out_seconds"] for epoch in model.history)
        training = times[-1] - times[len(times) // 2 - 1] - first  # the first epoch is a warm-up
        return Cost(training / len(sample), second / len(sample))


def softmax(logits: Float32) -> Probabilities:
    """Convert (…, K) logits to probabilities, computed in float64."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True), dtype=np.float32)


def classification_metrics(prediction: EvalPrediction) -> dict[str, float]:
    """Return weighted F1 and accuracy in the Trainer's format."""
    labels, predicted = np.asarray(prediction.label_ids[0]), np.asarray(prediction.predictions).argmax(-1)
    return {
        "weighted_f1": float(f1_score(labels, predicted, average="weighted", zero_division=0.0)),
        "accuracy": float(accuracy_score(labels, predicted)),
    }


class _Ticker(TrainerCallback):
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Report the progress of the training."""
        self._progress(state.global_step, state.max_steps)


def _collator(pad: DataCollatorWithPadding) -> Any:
    def collate(rows: list[dict[str, Any]]) -> dict[str, Any]:
        return dict(pad([{key: value for key, value in row.items() if key != "length"} for row in rows]))

    return collate
