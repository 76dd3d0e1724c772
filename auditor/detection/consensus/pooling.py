"""The stage before the last: from all that the models said, in every repeat, to the consensus."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from auditor.config import AuditConfig
from auditor.data.labeled_texts import LabeledTexts
from auditor.detection.consensus.consensus import consensus, judged_by
from auditor.detection.consensus.neighbourhoods import find_neighbourhoods
from auditor.detection.consensus.votes import Votes
from auditor.models.crossval import again
from auditor.models.folds import Folds, fold_numbers, held_out
from auditor.run import Run

CONSENSUS = "consensus"
EARLIER = "finetuned, earlier epochs"
"""The expert that stands for what was thought before the noise was learnt by heart."""
FROZEN, TUNED = "neighbours.npz", "neighbours.finetuned.npz"
REVISION = 6
"""Counted up when the same inputs come to another consensus, or to other issues: runs are then brought up to date."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Pooling:
    """What the stage works on.

    Attributes
    ----------
    run : Run
        Holds what the models said, and the neighbours.
    data : LabeledTexts
    config : AuditConfig
    folds : sequence of (N,) int16
        Of the first training and of each repeat.
    duplicates : (N,) int32
        Group of (near) duplicates of each row.
    """

    run: Run
    data: LabeledTexts
    config: AuditConfig
    folds: Sequence[Folds]
    duplicates: npt.NDArray[np.int32]

    @property
    def inputs(self) -> list[str]:
        """Artifacts that it reads."""
        repeats = range(len(self.folds))
        said = [file for repeat in repeats for file in (*self._models(repeat).values(), *self._epochs(repeat))]
        return list(dict.fromkeys(["dataset.parquet", "duplicates.parquet", "folds.npy", *said, *self._spaces]))

    @property
    def parameters(self) -> dict[str, Any]:
        """All else that its outputs depend on."""
        how = self.config.detection.consensus.model_dump(mode="json")
        return {"models": list(self.config.pooled), **how, "seed": self.config.seed, "revision": REVISION}

    @property
    def outputs(self) -> list[str]:
        """The consensus, and that of each repeat alone, where there are any."""
        alone = [f"probabilities/repeat-{repeat}/{CONSENSUS}.npy" for repeat in range(len(self.folds))]
        return [f"probabilities/{CONSENSUS}.npy", *(alone if len(alone) > 1 else [])]

    def write(self, space: Path) -> Floats:
        """Write all outputs, and ``consensus.json``: how far each expert is trusted, and the labels' estimated shares.

        The consensus pools each model's mean over its repeats. That of a repeat alone takes the models which were
        trained again then, and the others as they are. Returns the (N, K) probabilities of the consensus.
        """
        labels, seed, how = self.data.labels, self.config.seed, self.config.detection.consensus
        votes = {name: self._votes(file) for file, name in self._spaces.items()}
        experts = self._experts()
        around = find_neighbourhoods(list(votes.values()), labels, judged_by(experts[0]), seed, how.largest_shift)
        whole, *alone = self.outputs
        # Where there are no repeats, there is none alone.
        for file, models, folds in zip(alone, experts, self.folds, strict=False):
            _save(space / file, consensus(models, votes, labels, folds, around, how, seed).probabilities)
        means = {name: _mean([models[name] for models in experts]) for name in experts[0]}
        found = consensus(means, votes, labels, self.folds[0], around, how, seed)
        _save(space / whole, found.probabilities)
        about = {"weights": found.weights, "shares": dict(zip(self.data.label_names, found.shares, strict=True))}
        (space / "consensus.json").write_text(json.dumps(about, ensure_ascii=False, indent=1), "utf-8")
        return found.probabilities

    def _experts(self) -> list[dict[str, Floats]]:
        """By repeat, (N, K) by name: each model, and what the fine-tuned one thought before its last epoch."""
        earlier = [self._earlier(repeat) for repeat in range(self.config.repeats)] if self._epochs(0) else []
        experts = []
        for repeat in range(len(self.folds)):
            models = {name: self._load(file) for name, file in self._models(repeat).items()}
            if earlier:
                models[EARLIER] = earlier[_trained_in(repeat, len(earlier))]
            experts.append(models)
        return experts

    def _earlier(self, repeat: int) -> Floats:
        """(N, K) mean of the fine-tuned model's probabilities after each epoch but the last."""
        found = np.full((len(self.data), self.data.num_classes), np.nan, np.float32)
        for fold, file in enumerate(self._epochs(repeat)):
            logits = self._load(file)
            found[held_out(self.folds[repeat], fold)] = np.mean([softmax(each, axis=1) for each in logits[:-1]], axis=0)
        found[np.isnan(self._load(self._models(repeat)["finetuned"]))] = np.nan
        return found

    def _models(self, repeat: int) -> dict[str, str]:
        """Artifact of each model's probabilities in a repeat, by the model's name."""
        times = {name: self.config.times(name) for name in self.config.pooled}
        return {name: f"probabilities/{again(_trained_in(repeat, times[name]), name)}.npy" for name in times}

    def _epochs(self, repeat: int) -> list[str]:
        """Artifacts of the fine-tuned model's logits by epoch, fold by fold, where it has more epochs than one."""
        if "finetuned" not in self.config.models or self.config.finetuned.epochs < 2:
            return []
        trained = _trained_in(repeat, self.config.repeats)
        where = f"dynamics/{again(trained, 'finetuned')}"
        return [f"{where}/fold-{fold}.held_out.npy" for fold in fold_numbers(self.folds[trained])]

    @property
    def _spaces(self) -> dict[str, str]:
        """How the votes in each space are called, by the artifact of its neighbours."""
        tuned = {TUNED: "neighbours by the fine-tuned model"} if "finetuned" in self.config.models else {}
        return {FROZEN: "neighbours"} | tuned

    def _votes(self, file: str) -> Votes:
        with np.load(self.run.open(file), allow_pickle=False) as nearest:
            return Votes.of(
                nearest["index"], nearest["similarity"], self.duplicates, self.data.labels, self.data.num_classes
            )

    def _load(self, file: str) -> Floats:
        return np.asarray(np.load(self.run.open(file), mmap_mode="r", allow_pickle=False))


def _trained_in(repeat: int, times: int) -> int:
    """The repeat whose training counts in a repeat, of a model that is trained so many times."""
    return repeat if repeat < times else 0


def _mean(repeats: Sequence[Floats]) -> Floats:
    """(N, K) mean over the repeats that have judged a row."""
    total, counts = np.zeros(repeats[0].shape, np.float32), np.zeros((len(repeats[0]), 1), np.float32)
    for repeat in repeats:
        judged = ~np.isnan(repeat).any(axis=1, keepdims=True)
        np.add(total, repeat, out=total, where=judged)
        counts += judged
    total[counts[:, 0] == 0] = np.nan
    np.divide(total, counts, out=total, where=counts > 0)
    return total


def _save(path: Path, values: Floats) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values, allow_pickle=False)
